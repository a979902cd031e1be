"""Finds the driver of a target by its kind. The only place that loads plug-ins.

Drivers of our own are in a table: asking the installed packages for entry points costs some 60 ms, and most commands
need none of them. Drivers of others are found by the entry-point group `eeveon.drivers`.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from importlib import import_module

from eeveon.core.desired import Target
from eeveon.drivers.base import Connect, Context, Driver, Existing
from eeveon.errors import UsageError

GROUP = "eeveon.drivers"

BUILT_IN = {
    "docker": "eeveon.drivers.docker.driver:connect",
    "fake": "eeveon.drivers.fake.driver:connect",
    "kubernetes": "eeveon.drivers.kubernetes.driver:connect",
    "local": "eeveon.drivers.local.driver:connect",
    "ssh": "eeveon.drivers.ssh.driver:connect",
}
EXISTING = {  # kinds whose targets can be asked what is there, whoever made it
    "kubernetes": "eeveon.drivers.kubernetes.listing:existing",
}
EXTRAS = {  # a module of somebody else → the extra that brings it
    "docker": "docker",
    "fabric": "ssh",
    "kubernetes": "kubernetes",
    "orjson": "kubernetes",
    "paramiko": "ssh",
    "urllib3": "kubernetes",
}


def connect(target: Target, context: Context) -> Driver:
    """A driver for the target. Raises UsageError where there is none for its kind, or its extra is not installed."""
    return driver_of(target)(target, context)


def driver_of(target: Target) -> Connect:
    """What connects to targets of this kind. Raises UsageError as `connect` does."""
    place = BUILT_IN.get(target.kind)
    try:
        if place is not None:
            return _loaded(place)
        return _of_somebody_else(target)
    except ModuleNotFoundError as cause:
        raise _not_installed(target, cause) from cause


def existing_on(target: Target) -> Existing:
    """What is on the target. Raises UsageError where its extra is not installed, KeyError for kinds not in EXISTING."""
    module, _, attribute = EXISTING[target.kind].partition(":")
    try:
        found: Existing = getattr(import_module(module), attribute)(target.settings)
    except ModuleNotFoundError as cause:
        raise _not_installed(target, cause) from cause
    return found


def known_kinds() -> tuple[str, ...]:
    """Every kind that a target may have here, sorted."""
    return tuple(sorted({*BUILT_IN, *_installed()}))


def _loaded(place: str) -> Connect:
    module, _, attribute = place.partition(":")
    connect_of_kind: Connect = getattr(import_module(module), attribute)
    return connect_of_kind


def _of_somebody_else(target: Target) -> Connect:
    place = _installed().get(target.kind)
    if place is not None:
        return _loaded(place)
    raise _unknown(target, known_kinds())


def _installed() -> dict[str, str]:
    from importlib.metadata import entry_points  # costs 60 ms, and most commands do without

    return {entry.name: entry.value for entry in entry_points(group=GROUP) if entry.name not in BUILT_IN}


def _unknown(target: Target, known: Iterable[str]) -> UsageError:
    close = get_close_matches(target.kind, known, n=1)
    guess = f"did you mean `{close[0]}`? " if close else ""
    return UsageError(
        f"target {target.name} is of kind {target.kind}, which nothing here knows",
        hint=f"{guess}known kinds: {', '.join(known)}",
    )


def _not_installed(target: Target, cause: ModuleNotFoundError) -> UsageError:
    missing = (cause.name or "").partition(".")[0]
    if missing in EXTRAS:
        return UsageError(
            f"target {target.name} is of kind {target.kind}, whose package {missing} is not installed",
            hint=f"install it with `pip install 'eeveon[{EXTRAS[missing]}]'`",
        )
    return UsageError(
        f"target {target.name} is of kind {target.kind}, whose driver needs a module that is not installed: {cause.name}",
        hint="install the package that brings it",
    )
