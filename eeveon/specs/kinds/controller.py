"""Kind Controller: the operator's own file, for `eeveon serve`. It is no part of a repository of specs."""

from typing import ClassVar, Literal

from eeveon.specs.kinds.common import (
    VERSION_NOTE,
    ApiVersion,
    Choice,
    DriftSpec,
    Duration,
    Filled,
    Filledlist,
    Line,
    LoginName,
    Metadata,
    Name,
    Network,
    Size,
    SocketAddress,
    Spec,
    Variable,
    may,
    must,
)


class Credential(Choice):
    """Where a secret of the controller comes from. Its file never holds the value."""

    exactly_one: ClassVar[tuple[str, ...]] = ("env", "file")

    env: Variable = may("A variable in the environment of the controller.")
    file: Filled = may("A file, the whole content of which it is; relative to the controller's file.")


class Polling(Spec):
    """How often a repository is asked of itself."""

    interval: Duration = may("From a change to the next question.", default="2m")
    max: Duration = may("The longest pause while nothing changes.", default="15m")


class Webhook(Spec):
    """Which requests to `/hooks/PROVIDER/NAME` are believed, and which of them wake somebody."""

    provider: Literal["github", "gitlab", "gitea", "forgejo", "generic"] = must(
        "Who sends them, and so how they are signed.", "github"
    )
    secrets: Filledlist[Credential] = must(
        "What they are signed with; two while one is being replaced.", [{"env": "SHOP_HOOK"}]
    )
    allow: list[Network] = may("Networks that they may come from. Without it, from anywhere.")
    events: Filledlist[Literal["push", "release"]] = may(
        "What wakes somebody. Without it, `push`: a branch or tag was made, moved or deleted."
    )
    branches: Filledlist[Line] = may("Patterns of branches: `main`, `release/*`. Without it, `branch` alone.")
    tags: Filledlist[Line] = may("Patterns of tags: `v*`. Without it, none; of releases, all.")
    paths: Filledlist[Line] = may(
        "Patterns of files, `specs/**`, of which at least one must have changed. Without it, all."
    )


class Verification(Choice):
    """Whose signature the newest commit must bear to be applied."""

    exactly_one: ClassVar[tuple[str, ...]] = ("signers", "keyring")

    signers: Filled = may(
        "A file of SSH keys, as `allowed_signers` of Git; relative to the controller's file."
    )
    keyring: Filled = may("A file of OpenPGP public keys; relative to the controller's file.")


class RepositoryAccess(Spec):
    """What a repository is read with. Without it, what the controller's user can read anyway."""

    token: Credential = may("A token or password, for https.")
    user: LoginName = may("The name beside the token, where the server wants one.")
    key: Credential = may("A private key without a passphrase, for ssh: a deploy key that may only read.")
    known_hosts: Filled = may(
        "The file of host keys, relative to the controller's file. Keys are always checked. Without it, "
        "~/.ssh/known_hosts of the controller's user."
    )


class Repository(Spec):
    """One branch of one repository of specs. Two entries may follow two branches of the same."""

    name: Name = must("Unique in this file; the last part of the address of its webhooks.", "shop-production")
    url: Filled = must(
        "Its address: https://, ssh://, `host:path`, or a folder of this machine.",
        "git@github.com:acme/shop-production.git",
    )
    branch: Filled = must("The branch that is followed.", "main")
    environments: Filledlist[Name] = may("Environments of its Project. Without it, all of them.")
    poll: Polling = may("How often it is asked of itself.")
    webhook: Webhook = may("How it tells of changes. Without it, it is only polled.")
    verify: Verification = may("Whose signature a commit must bear. Without it, none is asked for.")
    access: RepositoryAccess = may("What it is read with.")
    on_rewrite: Literal["refuse", "follow"] = may(
        "What follows when the branch no longer contains what was applied last: a force-push.",
        default="refuse",
    )


class ControllerSpec(Spec):
    """Where the controller listens, what it keeps, and which repositories it follows."""

    listen: SocketAddress = may(
        "The address that is served, without TLS: put a proxy before it. Port 0 is any free one.",
        default="127.0.0.1:8080",
    )
    store: Filled = may(
        "The folder of its state, or `sqlite:///` with the absolute path of `eeveon.db` in it. Without it, the usual "
        "state folder."
    )
    repositories: Filledlist[Repository] = must(
        "The repositories that it follows.",
        [{"name": "shop", "url": "https://git.example.com/shop.git", "branch": "main"}],
    )
    trusted_proxies: list[Network] = may(
        "Networks of proxies whose `X-Forwarded-For` is believed. Without it, nobody's is."
    )
    body_limit: Size = may("The largest request that is read.", default="25Mi")
    drift: DriftSpec = may(
        "How environments are looked at when nothing was committed, unless their Project says it of them."
    )


class Controller(Spec):
    """The configuration of `eeveon serve`: a file of its operator, outside of the repositories that it follows."""

    api_version: ApiVersion = may(VERSION_NOTE)
    kind: Literal["Controller"] = must("The kind of the document.", "Controller")
    metadata: Metadata = may("Its name, and what is said about it. Nothing depends on it.")
    spec: ControllerSpec = must(
        "What it does.",
        {"repositories": [{"name": "shop", "url": "https://git.example.com/shop.git", "branch": "main"}]},
    )
