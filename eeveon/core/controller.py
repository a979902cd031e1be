"""The controller, as its operator wrote it: where it listens, what it keeps, which repositories it follows and how.

One file, one process, one state folder. It is no part of a repository of specs: whoever may write specs does not thereby
decide what the controller trusts.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network

from eeveon.core.diagnostic import Position
from eeveon.core.names import EnvironmentName
from eeveon.core.secret import SecretRef

ALL_OF_IT = EnvironmentName("*")  # in a key: every environment of the repository's Project

Network = IPv4Network | IPv6Network


class Provider(StrEnum):
    """Who sends a repository's webhooks, and so how they are signed and read."""

    GITHUB = "github"
    GITLAB = "gitlab"
    GITEA = "gitea"  # and Forgejo, which sends the same
    GENERIC = "generic"


class Rewrite(StrEnum):
    """What follows when a branch no longer contains the commit that was applied last."""

    REFUSE = "refuse"
    FOLLOW = "follow"


class OnDrift(StrEnum):
    """What follows when something runs otherwise than the applied commit says."""

    REPORT = "report"
    REVERT = "revert"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """The address that is served."""

    host: str = "127.0.0.1"
    port: int = 8080  # 0: any free one

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """How often a repository is asked of itself: every `interval` after a change, up to `most` while it is quiet."""

    interval: timedelta = timedelta(minutes=2)
    most: timedelta = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """How a repository's webhooks are told from anybody else's, and which of them wake somebody.

    `branches` empty is the branch that is followed, `tags` empty none, `paths` empty all. `allow` empty is everybody.
    """

    provider: Provider
    secrets: tuple[SecretRef, ...]  # one, or two while one is being replaced
    allow: tuple[Network, ...] = ()
    events: frozenset[str] = frozenset({"push"})  # of `delivery.Kind`
    branches: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verify:
    """Whose signatures a commit must bear. Exactly one is set; a path counts from the folder of the controller's file."""

    signers: str = ""  # an allowed_signers file of SSH keys
    keyring: str = ""  # a file of OpenPGP public keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a repository is read with."""

    token: SecretRef | None = None  # for https
    user: str = ""  # beside the token, where the server wants a name
    key: SecretRef | None = None  # a private key, for ssh
    known_hosts: str = ""  # a file; "": the controller's own


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """One branch of one repository. `environments` empty is all of its Project."""

    name: str
    url: str
    branch: str
    environments: tuple[EnvironmentName, ...] = ()
    poll: Poll = Poll()
    hook: Hook | None = None
    verify: Verify | None = None
    access: Access = Access()
    on_rewrite: Rewrite = Rewrite.REFUSE
    position: Position | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """What its environments are called among all of the controller's: `shop/production`, or `shop/*`."""
        return tuple(f"{self.name}/{environment}" for environment in self.environments or (ALL_OF_IT,))


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftWish:
    """What one environment says of its drift; None is nothing."""

    every: timedelta | None = None
    on: OnDrift | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How often an environment is looked at without a new commit, and what follows."""

    every: timedelta = timedelta(minutes=5)
    on: OnDrift = OnDrift.REPORT

    def but(self, wish: DriftWish) -> "Drift":
        """The same, but for what is wished."""
        return Drift(every=wish.every or self.every, on=wish.on or self.on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """The whole file. `store` "" is the usual state folder of the controller's user."""

    listen: Listen = Listen()
    store: str = ""
    repositories: tuple[Repository, ...]
    trusted_proxies: tuple[Network, ...] = ()
    body_limit: int = 25 * 2**20  # bytes; GitHub sends no more
    drift: Drift = Drift()  # of the environments that say nothing themselves

    def repository(self, name: str) -> Repository | None:
        """The entry of that name."""
        return next((one for one in self.repositories if one.name == name), None)
