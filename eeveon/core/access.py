"""Who may ask the controller for what: tokens say who asks and how far a token goes, AccessPolicies what people may do.

Both must allow it. Where an environment has no AccessPolicy, what its tokens were made for is all that counts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from eeveon.core.diagnostic import Position
from eeveon.core.names import EnvironmentName


class Right(StrEnum):
    """What somebody may do. Each stands for itself alone."""

    READ = "read"  # status, history, events
    PLAN = "plan"  # see what would be done
    APPLY = "apply"  # have an environment reconciled now, an event tried again
    APPROVE = "approve"
    ROLLBACK = "rollback"
    PAUSE = "pause"  # and resume


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What those may do who have it. `environments` empty is all of the Project."""

    rights: frozenset[Right]
    environments: frozenset[EnvironmentName] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPolicy:
    """One document. Everybody has the rights of all roles that are bound to them; there is nothing that takes some away."""

    name: str
    roles: Mapping[str, Role]
    bindings: frozenset[tuple[str, str]] = frozenset()  # role and user
    position: Position | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What is known of a token. Not what it is: of that only a digest is kept."""

    id: str
    user: str
    rights: frozenset[Right]
    repositories: frozenset[str] = frozenset()  # of the controller; empty: all
    note: str = ""
    made: datetime
    expires: datetime
    revoked: datetime | None = None

    def works(self, now: datetime) -> bool:
        """Whether it is good for anything."""
        return self.revoked is None and now < self.expires

    def reaches(self, right: Right, repository: str) -> bool:
        """Whether it was made for that."""
        return right in self.rights and (not self.repositories or repository in self.repositories)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. `token` and `user` are "" for one without a token that works."""

    at: datetime
    token: str
    user: str
    address: str
    method: str
    path: str
    status: int


def may(token: Token, right: Right, key: str, policies: Iterable[AccessPolicy]) -> bool:
    """Whether who has the token may do that in an environment, by its key `repository/environment`."""
    repository, _, environment = key.partition("/")
    if not token.reaches(right, repository):
        return False
    known = tuple(policies)
    return not known or any(_allows(policy, token.user, right, environment) for policy in known)


def _allows(policy: AccessPolicy, user: str, right: Right, environment: str) -> bool:
    roles = (policy.roles[role] for role, who in policy.bindings if who == user)
    return any(
        right in role.rights and (not role.environments or environment in role.environments) for role in roles
    )
