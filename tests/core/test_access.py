"""Both a token and the policies of an environment must allow what somebody asks for."""

from dataclasses import replace
from datetime import timedelta

import pytest

from eeveon.core.access import AccessPolicy, Right, Role, Token, may
from eeveon.core.names import EnvironmentName
from tests.core.moments import NOON

TOKEN = Token(
    id="a1",
    user="alice",
    rights=frozenset({Right.READ, Right.PAUSE}),
    repositories=frozenset({"shop"}),
    made=NOON,
    expires=NOON + timedelta(days=1),
)
STAGING = frozenset({EnvironmentName("staging")})
TEAM = AccessPolicy(
    name="team",
    roles={
        "viewer": Role(rights=frozenset({Right.READ})),
        "deployer": Role(rights=frozenset({Right.PAUSE, Right.APPLY}), environments=STAGING),
    },
    bindings=frozenset({("viewer", "alice"), ("deployer", "alice"), ("viewer", "bob")}),
)


@pytest.mark.parametrize(
    ("right", "key", "allowed"),
    [
        (Right.READ, "shop/production", True),
        (Right.PAUSE, "shop/production", False),  # the role is for staging
        (Right.PAUSE, "shop/staging", True),
        (Right.APPLY, "shop/staging", False),  # the token was not made for it
        (Right.READ, "other/staging", False),
    ],
)
def test_both_must_allow_it(right: Right, key: str, allowed: bool) -> None:
    assert may(TOKEN, right, key, [TEAM]) is allowed


def test_without_a_policy_the_token_decides() -> None:
    assert may(TOKEN, Right.PAUSE, "shop/production", [])
    assert not may(TOKEN, Right.APPROVE, "shop/production", [])
    assert may(replace(TOKEN, repositories=frozenset()), Right.READ, "other/staging", [])


def test_who_has_no_role_may_nothing_and_roles_of_several_policies_add_up() -> None:
    carol = replace(TOKEN, user="carol")
    assert not may(carol, Right.READ, "shop/staging", [TEAM])
    more = AccessPolicy(name="more", roles=TEAM.roles, bindings=frozenset({("viewer", "carol")}))
    assert may(carol, Right.READ, "shop/staging", [TEAM, more])


def test_a_token_works_until_it_expires_or_is_revoked() -> None:
    assert TOKEN.works(NOON)
    assert not TOKEN.works(NOON + timedelta(days=1))
    assert not replace(TOKEN, revoked=NOON).works(NOON)
