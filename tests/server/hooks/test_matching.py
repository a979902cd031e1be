"""A delivery reaches every environment that it concerns, and no other."""

from dataclasses import replace
from typing import Any

import pytest

from eeveon.core.controller import Controller, Hook, Provider, Repository
from eeveon.core.delivery import Delivery, Kind
from eeveon.core.names import EnvironmentName
from eeveon.server.hooks.matching import Matching
from tests.server.hooks.samples import NOW, URL

PUSH = Delivery(
    id="d-1",
    provider=Provider.GITHUB,
    repository="shop",
    kind=Kind.PUSH,
    event="push",
    ref="refs/heads/main",
    urls=(URL,),
    paths=("specs/web.yaml", "readme.md"),
    received=NOW,
)
TAG = replace(PUSH, ref="refs/tags/v1.0", paths=None)
RELEASE = replace(TAG, kind=Kind.RELEASE)


def entry(
    name: str = "shop", url: str = URL, *environments: str, branch: str = "main", **hook: Any
) -> Repository:
    return Repository(
        name=name,
        url=url,
        branch=branch,
        environments=tuple(map(EnvironmentName, environments)),
        hook=Hook(provider=Provider.GITHUB, secrets=(), **hook) if hook else None,
    )


def woken(delivery: Delivery, *entries: Repository) -> tuple[str, ...]:
    return Matching(Controller(repositories=entries)).environments(delivery)


def test_one_delivery_reaches_every_entry_of_its_repository() -> None:
    entries = (
        entry("shop", URL, "staging", "production"),
        entry("again", "git@git.example.com:acme/shop"),
        entry("other", "https://git.example.com/acme/other.git"),
    )
    assert woken(PUSH, *entries) == ("shop/staging", "shop/production", "again/*")


def test_each_branch_wakes_the_entry_that_follows_it() -> None:
    entries = (entry("shop", URL, "production"), entry("next", URL, "staging", branch="next"))
    assert woken(PUSH, *entries) == ("shop/production",)
    assert woken(replace(PUSH, ref="refs/heads/next"), *entries) == ("next/staging",)


def test_the_addressed_entry_counts_whatever_the_payload_calls_the_repository() -> None:
    assert woken(replace(PUSH, urls=("https://mirror.example.com/x",)), entry()) == ("shop/*",)
    assert woken(replace(PUSH, urls=(), repository="gone"), entry()) == ()


@pytest.mark.parametrize(
    ("delivery", "hook", "wakes"),
    [
        (PUSH, {"branches": ("release/*",)}, False),
        (replace(PUSH, ref="refs/heads/release/1"), {"branches": ("release/*",)}, True),
        (replace(PUSH, ref="refs/heads/Main"), {}, False),
        (replace(PUSH, ref="refs/heads/mainly"), {}, False),
        (replace(PUSH, deleted=True, paths=None), {}, True),
        (replace(PUSH, ref=""), {"paths": ("x",)}, False),
        (replace(PUSH, ref="", paths=None), {"branches": ("x",)}, True),
        (TAG, {}, False),
        (TAG, {"tags": ("v*",)}, True),
        (TAG, {"tags": ("w*",)}, False),
        (replace(PUSH, ref="refs/heads/v1.0"), {"tags": ("v*",)}, False),
        (RELEASE, {}, False),
        (RELEASE, {"events": frozenset({"release"})}, True),
        (RELEASE, {"events": frozenset({"release"}), "tags": ("w*",)}, False),
        (PUSH, {"events": frozenset({"release"})}, False),
        (PUSH, {"paths": ("specs/**",)}, True),
        (PUSH, {"paths": ("*.yaml",)}, True),
        (PUSH, {"paths": ("docs/*",)}, False),
        (replace(PUSH, paths=None), {"paths": ("docs/*",)}, True),
        (replace(PUSH, kind=Kind.PING), {}, False),
        (replace(PUSH, kind=Kind.OTHER), {}, False),
    ],
)
def test_filters_let_through_what_they_name(delivery: Delivery, hook: dict[str, Any], wakes: bool) -> None:
    assert woken(delivery, entry("shop", URL, **hook)) == (("shop/*",) if wakes else ())


def test_environments_whose_services_come_from_there_are_woken() -> None:
    code = "git.example.com/acme/shop"
    matching = Matching(
        Controller(repositories=()),
        lambda likeness: frozenset({"b/prod", "a/prod"}) if likeness == code else frozenset(),
    )
    assert matching.environments(replace(PUSH, ref="refs/heads/feature")) == ("a/prod", "b/prod")
    assert matching.environments(replace(PUSH, kind=Kind.PING)) == ()
