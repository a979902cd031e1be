"""Whom a delivery concerns: every environment of every entry whose repository it is and whose filters let it through."""

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Final

from eeveon.core.controller import Controller, Hook, Provider, Repository
from eeveon.core.delivery import Delivery, Kind
from eeveon.server.hooks.reading import HEADS, TAGS
from eeveon.specs.repositories import likeness

Followers = Callable[
    [str], frozenset[str]
]  # by `likeness`: environments whose services' code comes from there
_USUAL: Final = Hook(
    provider=Provider.GENERIC, secrets=()
)  # for an entry that is woken by another one's webhook

_likeness = lru_cache(1024)(likeness)


def nobody(_likeness: str) -> frozenset[str]:
    """For a controller whose services have no code of their own."""
    return frozenset()


class Matching:
    """The controller's repositories by their name and by what their addresses have in common."""

    def __init__(self, controller: Controller, followers: Followers = nobody) -> None:
        self._followers = followers
        self._alike: dict[str, list[Repository]] = {}
        self._names = {one.name: one for one in controller.repositories}
        for one in controller.repositories:
            self._alike.setdefault(likeness(one.url), []).append(one)

    def environments(self, delivery: Delivery) -> tuple[str, ...]:
        """The keys of all that the delivery concerns, each once, in the order of the controller's file."""
        if delivery.kind not in (Kind.PUSH, Kind.RELEASE):
            return ()
        likenesses = sorted({_likeness(url) for url in delivery.urls})
        found = [
            key for one in self._entries(delivery, likenesses) if wakes(one, delivery) for key in one.keys
        ]
        for other in likenesses:
            found += sorted(self._followers(other))
        return tuple(dict.fromkeys(found))

    def _entries(self, delivery: Delivery, likenesses: list[str]) -> Iterator[Repository]:
        """The entry that it was sent to, whatever address its payload gives, and all with such an address."""
        if (addressed := self._names.get(delivery.repository)) is not None:
            yield addressed
        for one in likenesses:
            yield from self._alike.get(one, ())


def wakes(repository: Repository, delivery: Delivery) -> bool:
    """Whether the filters of the repository let the delivery through."""
    hook = repository.hook or _USUAL
    if delivery.kind not in hook.events:
        return False
    if delivery.ref.startswith(TAGS):
        patterns = hook.tags or (("*",) if delivery.kind is Kind.RELEASE else ())
        if not _fits(delivery.ref.removeprefix(TAGS), patterns):
            return False
    elif delivery.ref:
        branch = delivery.ref.removeprefix(HEADS)
        if not (_fits(branch, hook.branches) if hook.branches else branch == repository.branch):
            return False
    if not hook.paths or delivery.paths is None:
        return True
    return any(_fits(path, hook.paths) for path in delivery.paths)


def _fits(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
