"""In which order services change: a wave waits for the healthy end of what its services depend on."""

from collections.abc import Mapping, Sequence

from eeveon.core.names import ServiceName


def waves(dependencies: Mapping[ServiceName, Sequence[ServiceName]]) -> Mapping[ServiceName, int]:
    """The wave of each service, counted from 1.

    A service that is not a key does not change and is nobody's reason to wait, but what it depends on in turn is
    looked through by the caller. `dependencies` has no cycle: `resolve` refuses one.
    """
    found: dict[ServiceName, int] = {}
    for start in sorted(dependencies):
        stack = [start]
        while stack:
            service = stack[-1]
            before = [name for name in dependencies[service] if name in dependencies]
            open_ends = [name for name in before if name not in found]
            if open_ends:
                stack += open_ends
                continue
            found[service] = 1 + max((found[name] for name in before), default=0)
            stack.pop()
    return found


def through(
    changed: frozenset[ServiceName], dependencies: Mapping[ServiceName, Sequence[ServiceName]]
) -> Mapping[ServiceName, tuple[ServiceName, ...]]:
    """For each changed service the changed ones that it depends on, directly or through unchanged ones."""
    return {service: changed_before(service, changed, dependencies) for service in changed}


def changed_before(
    service: ServiceName,
    changed: frozenset[ServiceName],
    dependencies: Mapping[ServiceName, Sequence[ServiceName]],
) -> tuple[ServiceName, ...]:
    """The changed ones that one service depends on, directly or through unchanged ones."""
    seen: set[ServiceName] = set()
    found: set[ServiceName] = set()
    stack = list(dependencies.get(service, ()))
    while stack:
        name = stack.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in changed:
            found.add(name)
        else:
            stack += dependencies.get(name, ())
    return tuple(sorted(found))
