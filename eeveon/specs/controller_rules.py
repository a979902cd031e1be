"""What JSON Schema cannot say of a Controller: addresses, networks, waits, and what one entry says of another."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Any, Final

from eeveon.specs import quantities
from eeveon.specs.drift import too_often
from eeveon.specs.problem import Path, Problem
from eeveon.specs.repositories import is_folder, likeness, wrong_address, wrong_ref

SQLITE: Final = "sqlite://"
FILE: Final = "eeveon.db"  # the name that the store gives its file
_SPEC: Final[Path] = ("spec",)
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_SECRETS: Final = 2


def controller_rules(document: Mapping[str, Any]) -> Iterator[Problem]:
    """Everything that is wrong with the operator's file."""
    spec = document["spec"]
    yield from _places(spec)
    yield from _networks(spec.get("trustedProxies", []), (*_SPEC, "trustedProxies"))
    yield from too_often(spec.get("drift", {}), (*_SPEC, "drift"), "every")
    for index, repository in enumerate(spec["repositories"]):
        at: Path = (*_SPEC, "repositories", index)
        yield from _addresses(repository, at)
        yield from _access(repository, at)
        yield from _polling(repository.get("poll", {}), (*at, "poll"))
        yield from _webhook(repository.get("webhook", {}), (*at, "webhook"))
    yield from _told_twice(spec["repositories"])


def _places(spec: Mapping[str, Any]) -> Iterator[Problem]:
    if "listen" in spec and int(spec["listen"].rpartition(":")[2]) > 65535:
        yield _wrong("a port is a number up to 65535", (*_SPEC, "listen"))
    store = spec.get("store", "")
    scheme, has_one, _ = store.partition("://")
    if has_one and scheme != "sqlite":
        hint = "name a folder, or leave it out"
        yield _wrong(f"the state is kept in SQLite, and not in `{scheme}`", (*_SPEC, "store"), hint)
    elif has_one and not (store.startswith(f"{SQLITE}/") and store.endswith(f"/{FILE}")):
        hint = f"write `{SQLITE}/var/lib/eeveon/{FILE}`, or the folder alone"
        yield _wrong(
            f"an address of SQLite here ends with the absolute path of `{FILE}`", (*_SPEC, "store"), hint
        )
    if "bodyLimit" in spec and not quantities.size(spec["bodyLimit"]):
        yield _wrong("a limit of 0 lets nothing through", (*_SPEC, "bodyLimit"))


def _networks(written: list[str], at: Path) -> Iterator[Problem]:
    for index, text in enumerate(written):
        try:
            ip_network(text)
        except ValueError:
            yield _wrong(f'"{text}" is no network', (*at, index), _meant(text))


def _meant(text: str) -> str:
    try:
        return f"did you mean `{ip_network(text, strict=False)}`?"  # an address with a length
    except ValueError:
        return "write it as in 10.0.0.0/8"


def _addresses(repository: Mapping[str, Any], at: Path) -> Iterator[Problem]:
    if complaint := wrong_address(repository["url"]):
        yield _wrong(f"this is no address of a repository: {complaint}", (*at, "url"))
    if complaint := wrong_ref(repository["branch"]):
        yield _wrong(f"this is no name of a branch: {complaint}", (*at, "branch"))


def _access(repository: Mapping[str, Any], at: Path) -> Iterator[Problem]:
    """Whether what a repository is read with fits how it is reached. A token over plain http is everybody's."""
    url, access = repository["url"], repository.get("access", {})
    scheme = url.partition("://")[0] if "://" in url else "a folder" if is_folder(url) else "ssh"
    local = scheme == "http" and likeness(url).partition("/")[0] in _LOOPBACK
    if "token" in access and scheme != "https" and not local:
        yield _wrong(
            f"a token is shown over https only, and this repository is reached by {scheme}",
            (*at, "access", "token"),
            "write the https address, or give a `key` for ssh",
        )
    for name in ("key", "knownHosts"):
        if name in access and scheme != "ssh":
            message = f"`{name}` is for ssh, and this repository is reached by {scheme}"
            yield _wrong(message, (*at, "access", name), "write the ssh address, or remove it")
    if "user" in access and "token" not in access:
        yield _wrong("`user` only makes sense beside `token`", (*at, "access", "user"))


def _polling(poll: Mapping[str, Any], at: Path) -> Iterator[Problem]:
    yield from too_often(poll, at, "interval")
    interval, most = (
        quantities.duration(poll.get(name, usual)) for name, usual in (("interval", "2m"), ("max", "15m"))
    )
    if most < interval:
        name = "max" if "max" in poll else "interval"
        yield _wrong("`max` must not be less than `interval`", (*at, name))


def _webhook(hook: Mapping[str, Any], at: Path) -> Iterator[Problem]:
    yield from _networks(hook.get("allow", []), (*at, "allow"))
    if len(hook.get("secrets", [])) > _SECRETS:
        yield _wrong(
            "there are at most two `secrets`: the one that is used, and the one before or after it",
            (*at, "secrets", _SECRETS),
            "remove those that are not used any more",
        )


def _told_twice(repositories: list[Mapping[str, Any]]) -> Iterator[Problem]:
    names: dict[str, int] = {}
    owners: dict[tuple[str, str], int] = {}  # of each environment
    wholes: dict[str, int] = {}  # of all environments of a repository
    for index, repository in enumerate(repositories):
        at: Path = (*_SPEC, "repositories", index)
        name, same = repository["name"], likeness(repository["url"])
        if name in names:
            message = f"`{name}` is in `repositories` twice; the first is entry {names[name] + 1}"
            yield _twice(message, (*at, "name"), "give it another name")
        names.setdefault(name, index)
        environments = repository.get("environments", [])
        taken = [owners[same, one] for one in environments if (same, one) in owners]
        taken += [wholes[same]] if same in wholes else []
        taken += [] if environments else [owner for (of, _), owner in owners.items() if of == same]
        if taken:
            message = f"entry {taken[0] + 1} brings the same environment of this repository to a commit"
            yield _twice(message, (*at, "url"), "name in each entry the `environments` that are its own")
        owners.update(((same, one), index) for one in environments)
        if not environments:
            wholes.setdefault(same, index)


def _wrong(message: str, path: Path, hint: str = "") -> Problem:
    return Problem(code="wrong-value", message=message, path=path, hint=hint)


def _twice(message: str, path: Path, hint: str) -> Problem:
    return Problem(code="duplicate-item", message=message, path=path, hint=hint)
