"""The operator's file as the controller's noun, or everything that is wrong with it."""

import posixpath
from collections.abc import Iterator, Mapping
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

from eeveon.core.controller import (
    Access,
    Controller,
    Drift,
    Hook,
    Listen,
    Network,
    Poll,
    Provider,
    Repository,
    Rewrite,
    Verify,
)
from eeveon.core.diagnostic import Diagnostic, Position
from eeveon.core.secret import FromEnvironment, FromFile, SecretRef
from eeveon.errors import SpecsRejected
from eeveon.specs.catalog import CONTROLLER
from eeveon.specs.controller_rules import SQLITE
from eeveon.specs.drift import read_drift
from eeveon.specs.load import Document, PositionIndex, SourceFile, load_file
from eeveon.specs.locate import Locator
from eeveon.specs.problem import Problem
from eeveon.specs.quantities import duration, size
from eeveon.specs.repositories import is_folder
from eeveon.specs.suggest import did_you_mean
from eeveon.specs.validate import problems

Written = Mapping[str, Any]


def read_controller(file: str, content: bytes) -> Controller:
    """The controller of this file. Raises SpecsRejected with everything that is wrong.

    Relative paths in it count from the folder of `file`; they are given below that folder as it is written.
    """
    loaded = load_file(SourceFile(path=file, content=content))
    locator = Locator({file: content}.get)
    found = [*loaded.diagnostics, *_misplaced(file, loaded.documents, locator)]
    for document in loaded.documents[:1]:
        if document.data.get("kind") == CONTROLLER:
            found += [
                locator.diagnostic(problem, file, document.index)
                for problem in problems(CONTROLLER, document.data)
            ]
    if found:
        raise SpecsRejected(sorted(found, key=lambda diagnostic: diagnostic.sort_key))
    (document,) = loaded.documents
    return _Reading(file, PositionIndex(content, file), document).controller()


def _misplaced(file: str, documents: tuple[Document, ...], locator: Locator) -> Iterator[Diagnostic]:
    """What is wrong with the kinds of the documents; one Controller is wanted, and nothing else."""
    if not documents:
        hint = "write one with `apiVersion: eeveon/v2` and `kind: Controller`"
        yield Diagnostic(
            code="missing-controller",
            message="the file holds no Controller",
            position=Position(file=file),
            hint=hint,
        )
    for number, document in enumerate(documents):
        kind = document.data.get("kind")
        if kind == CONTROLLER and number == 0:
            continue
        message, hint = "the file of a controller holds one Controller, and nothing else", "remove it"
        if kind is None:
            message, hint = "the document does not say its kind", f"write `kind: {CONTROLLER}`"
        elif kind != CONTROLLER:
            hint = did_you_mean(str(kind), [CONTROLLER]) or "specs belong into the repositories"
        path = ("kind",) if "kind" in document.data else ()
        problem = Problem(code="misplaced-kind", message=message, path=path, hint=hint)
        yield locator.diagnostic(problem, file, document.index)


class _Reading:
    """A valid document as the nouns of the core. What it leaves out gets their defaults."""

    def __init__(self, file: str, places: PositionIndex, document: Document) -> None:
        self._file = file
        self._places = places
        self._document = document

    def controller(self) -> Controller:
        spec: Written = self._document.data["spec"]  # type: ignore[assignment]  # it is valid
        given: dict[str, Any] = {}
        if "listen" in spec:
            host, _, port = spec["listen"].rpartition(":")
            given["listen"] = Listen(host=host.strip("[]"), port=int(port))
        if "store" in spec:
            given["store"] = self._store(spec["store"])
        if "bodyLimit" in spec:
            given["body_limit"] = size(spec["bodyLimit"])
        return Controller(
            repositories=tuple(
                self._repository(written, index) for index, written in enumerate(spec["repositories"])
            ),
            trusted_proxies=_networks(spec.get("trustedProxies", [])),
            drift=Drift().but(read_drift(spec.get("drift", {}))),
            **given,
        )

    def _repository(self, written: Written, index: int) -> Repository:
        url = written["url"]
        return Repository(
            name=written["name"],
            url=self._path(url) if is_folder(url) else url,
            branch=written["branch"],
            environments=tuple(written.get("environments", ())),
            poll=Poll(**_times(written.get("poll", {}), interval="interval", most="max")),
            hook=self._hook(written["webhook"]) if "webhook" in written else None,
            verify=self._verify(written["verify"]) if "verify" in written else None,
            access=self._access(written.get("access", {})),
            on_rewrite=Rewrite(written.get("onRewrite", Rewrite.REFUSE)),
            position=self._places.position(self._document.index, ("spec", "repositories", index)),
        )

    def _hook(self, written: Written) -> Hook:
        provider = written["provider"]
        given = {"events": frozenset(written["events"])} if "events" in written else {}
        return Hook(
            provider=Provider.GITEA if provider == "forgejo" else Provider(provider),
            secrets=tuple(self._secret(one) for one in written["secrets"]),
            allow=_networks(written.get("allow", [])),
            branches=tuple(written.get("branches", ())),
            tags=tuple(written.get("tags", ())),
            paths=tuple(written.get("paths", ())),
            **given,
        )

    def _verify(self, written: Written) -> Verify:
        ((name, path),) = written.items()
        return Verify(**{name: self._path(path)})

    def _access(self, written: Written) -> Access:
        return Access(
            token=self._secret(written["token"]) if "token" in written else None,
            user=written.get("user", ""),
            key=self._secret(written["key"]) if "key" in written else None,
            known_hosts=self._path(written["knownHosts"]) if "knownHosts" in written else "",
        )

    def _secret(self, written: Written) -> SecretRef:
        if "env" in written:
            return FromEnvironment(variable=written["env"])
        return FromFile(path=self._path(written["file"]))

    def _store(self, written: str) -> str:
        if written.startswith(SQLITE):
            return posixpath.dirname("/" + written.removeprefix(SQLITE).lstrip("/"))
        return self._path(written)

    def _path(self, written: str) -> str:
        """A path of this machine: absolute, of the user's home, or from the folder of the file."""
        if written.startswith(("/", "~/")):
            return written
        return posixpath.normpath(posixpath.join(posixpath.dirname(self._file), written))


def _networks(written: list[str]) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in written)


def _times(written: Written, **names: str) -> dict[str, timedelta]:
    return {noun: duration(written[name]) for noun, name in names.items() if name in written}
