"""Which requests go to which service, as one table that every balancer's language can say. Pure.

The rules are those of the more special first: those of the host name, the longer path before the shorter; then those
of any host. A balancer that looks for the host name first would never come to the latter, so the table repeats them
for each host name, as far as they are not covered there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from eeveon.core.desired import Route
from eeveon.core.names import ServiceName


@dataclass(frozen=True, slots=True)
class Rule:
    """Requests whose path is `path`, or below it, go to `service`. "" is every path."""

    path: str
    service: ServiceName


@dataclass(frozen=True, slots=True)
class Site:
    """All rules for one host name, the first that matches is meant. The name "" is any that has no site."""

    host: str
    rules: tuple[Rule, ...]

    @property
    def is_whole(self) -> bool:
        """Whether every path has a rule."""
        return any(not rule.path for rule in self.rules)


def sites(routes: Mapping[ServiceName, Route]) -> tuple[Site, ...]:
    """The table: host names in their order, any other last."""
    by_host: dict[str, list[Rule]] = {}
    for service, route in sorted(routes.items()):
        by_host.setdefault(route.host, []).append(Rule(route.path.rstrip("/"), service))
    everywhere = by_host.pop("", [])
    named = [
        Site(host, _ordered([*own, *_uncovered(everywhere, own)])) for host, own in sorted(by_host.items())
    ]
    return (*named, *([Site("", _ordered(everywhere))] if everywhere else ()))


def _uncovered(rules: Iterable[Rule], own: Iterable[Rule]) -> list[Rule]:
    covering = [rule.path for rule in own]
    return [rule for rule in rules if not any(_covers(path, rule.path) for path in covering)]


def _covers(path: str, other: str) -> bool:
    return other == path or other.startswith(f"{path}/")


def _ordered(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    return tuple(sorted(rules, key=lambda rule: (-len(rule.path), rule.path)))


def described(routes: Mapping[ServiceName, Route]) -> Mapping[str, str]:
    """For the plan: `shop.example.com/api` → `web:http`; `*` is any host."""
    return {
        f"{route.host or '*'}{route.path}": f"{service}:{route.port}"
        for service, route in sorted(routes.items())
    }
