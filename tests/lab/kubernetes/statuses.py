"""Refusals: the `Status` bodies of an API server, in its own words."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.lab.kubernetes.types import Object


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One thing that is wrong with a field."""

    reason: str
    message: str
    field: str | None = None

    def shown(self) -> Object:
        """As `details.causes` has it."""
        row: Object = {"reason": self.reason, "message": self.message}
        return row | ({"field": self.field} if self.field is not None else {})


@dataclass(slots=True)
class Refused(Exception):  # noqa: N818 - what the server did
    """The request was refused; `headers` go with the answer, and `text` is said instead of a Status."""

    code: int
    message: str
    reason: str | None = None
    details: Object | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None
    warnings: tuple[str, ...] = ()

    def status(self) -> Object:
        """The body."""
        body: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        body["message"] = self.message
        if self.reason:
            body["reason"] = self.reason
        if self.details is not None:
            body["details"] = self.details
        return body | {"code": self.code}


def named(name: str, group: str, kind: str) -> Object:
    """Details that say which object."""
    found = {"name": name, "group": group, "kind": kind}
    return {key: value for key, value in found.items() if value}


def qualified(group: str, plural: str) -> str:
    """`deployments.apps`, `configmaps`."""
    return f"{plural}.{group}" if group else plural


def not_found(group: str, plural: str, name: str) -> Refused:
    """No such object."""
    message = f'{qualified(group, plural)} "{name}" not found'
    return Refused(404, message, "NotFound", named(name, group, plural))


def no_resource() -> Refused:
    """No such kind in a group that is there."""
    return Refused(404, "the server could not find the requested resource", "NotFound", {})


def no_page() -> Refused:
    """No such group."""
    return Refused(404, "", text="404 page not found\n")


def exists(group: str, plural: str, name: str) -> Refused:
    """It is there already."""
    message = f'{qualified(group, plural)} "{name}" already exists'
    return Refused(409, message, "AlreadyExists", named(name, group, plural))


def conflict(group: str, plural: str, name: str, why: str) -> Refused:
    """Somebody else was faster, or a precondition does not hold."""
    message = f'Operation cannot be fulfilled on {qualified(group, plural)} "{name}": {why}'
    return Refused(409, message, "Conflict", named(name, group, plural))


MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def invalid(group: str, kind: str, name: str, causes: Iterable[Cause]) -> Refused:
    """Refused by validation, with all that is wrong."""
    found = tuple(causes)
    said = list(dict.fromkeys(f"{cause.field}: {cause.message}" for cause in found))
    text = said[0] if len(said) == 1 else f"[{', '.join(said)}]"
    details = named(name, group, kind) | {"causes": [cause.shown() for cause in found]}
    return Refused(422, f'{qualified(group, kind)} "{name}" is invalid: {text}', "Invalid", details)


def bad_request(message: str) -> Refused:
    """It makes no sense."""
    return Refused(400, message, "BadRequest")


def forbidden(group: str, plural: str, name: str, why: str) -> Refused:
    """Admission refuses it."""
    which = f' "{name}"' if name else ""
    message = f"{qualified(group, plural)}{which} is forbidden: {why}"
    return Refused(403, message, "Forbidden", named(name, group, plural))


def unauthorized() -> Refused:
    """Nobody knows this token."""
    return Refused(401, "Unauthorized", "Unauthorized")


def no_method() -> Refused:
    """Not by this method."""
    return Refused(
        405, "the server does not allow this method on the requested resource", "MethodNotAllowed", {}
    )


def schema_error(namespace: str, name: str, version: str, kind: str, errors: list[str]) -> Refused:
    """An apply that does not fit the kind's schema: a 500 without a reason."""
    said = errors[0] if len(errors) == 1 else "errors:\n" + "\n".join(f"  {error}" for error in errors)
    whose = f"{namespace}/{name}; {version if '/' in version else '/' + version}, Kind={kind}"
    return Refused(500, f"failed to create typed patch object ({whose}): {said}")


def expired(message: str, token: str | None = None) -> Refused:
    """What was asked for is too old."""
    refused = Refused(410, message, "Expired")
    refused.details = None
    if token is not None:
        refused.headers = {"continue": token}
    return refused


def quoted(value: Any) -> str:
    """A value as validation says it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def warned(texts: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Warning headers."""
    return tuple(("Warning", f"299 - {json.dumps(text, ensure_ascii=False)}") for text in texts)


def deprecated(kind: str) -> list[str]:
    """What a real server warns of."""
    if kind != "Endpoints":
        return []
    return ["v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"]
