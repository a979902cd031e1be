"""AccessPolicies: what they say, and what in them names nothing."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from eeveon.core.access import AccessPolicy, Right, Role
from eeveon.core.diagnostic import Position
from eeveon.core.names import EnvironmentName
from eeveon.specs.catalog import ACCESS_POLICY
from eeveon.specs.problem import Problem
from eeveon.specs.references import Finding
from eeveon.specs.suggest import did_you_mean

Written = Mapping[str, Any]


def access_policy(document: Written, position: Position) -> AccessPolicy:
    """An AccessPolicy as the controller goes by it."""
    spec = document["spec"]
    return AccessPolicy(
        name=document["metadata"]["name"],
        roles={name: _role(written) for name, written in spec["roles"].items()},
        bindings=frozenset((one["role"], one["user"]) for one in spec.get("bindings", ())),
        position=position,
    )


def _role(written: Written) -> Role:
    return Role(
        rights=frozenset(Right(verb) for verb in written["verbs"]),
        environments=frozenset(EnvironmentName(name) for name in written.get("environments", ())),
    )


def roles_exist(document: Written) -> Iterator[Problem]:
    """A binding to a role that the document does not have gives nobody anything."""
    roles = document["spec"]["roles"]
    for at, binding in enumerate(document["spec"].get("bindings", ())):
        if binding["role"] not in roles:
            yield Problem(
                code="unknown-role",
                message=f"there is no role `{binding['role']}` in this document",
                path=("spec", "bindings", at, "role"),
                hint=did_you_mean(binding["role"], roles),
            )


def unknown_environments(policies: Iterable[AccessPolicy], known: Collection[str]) -> Iterator[Finding]:
    """Roles in environments that the Project does not have."""
    for policy in policies:
        for role, one in policy.roles.items():
            for name in sorted(one.environments - set(known)):
                problem = Problem(
                    code="unknown-environment",
                    message=f"there is no environment `{name}` in the Project",
                    path=("spec", "roles", role, "environments"),
                    hint=did_you_mean(name, known),
                )
                yield Finding(owner=(ACCESS_POLICY, policy.name), problem=problem)
