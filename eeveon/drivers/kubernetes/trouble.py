"""What a cluster refuses, as the three target errors, in words for people. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from eeveon.drivers.kubernetes.resources import Resource
from eeveon.errors import ActionRefused, ActionUncertain, TargetError, TargetUnreachable

_VERBS: Final = {"GET": "get", "PATCH": "patch", "POST": "create", "PUT": "update", "DELETE": "delete"}
# The words of every authorizer. Quotas, policies and webhooks refuse with 403 as well, in words of their own.
_BY_RIGHTS: Final = re.compile(r'User ".*?" cannot (?P<verb>\w+) (?:resource|path) ')
_NO_WEBHOOK: Final = re.compile(r'failed calling webhook "(?P<name>[^"]+)"')
_SHOWN: Final = 6  # causes of one refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, as an error names it."""

    method: str
    resource: Resource
    namespace: str = ""
    name: str = ""
    dry: bool = False

    @property
    def verb(self) -> str:
        """The right that it takes."""
        if self.method == "GET" and not self.name:
            return "list"
        return _VERBS[self.method]

    @property
    def reads(self) -> bool:
        """Whether it is the same to ask twice."""
        return self.method == "GET"

    @property
    def writes(self) -> bool:
        """Whether the cluster may be another one afterwards."""
        return self.method != "GET" and not self.dry

    def __str__(self) -> str:
        within = f" in {self.namespace}" if self.namespace and self.resource.namespaced else ""
        return f"{self.resource}{f'/{self.name}' if self.name else ''}{within}"


class Forbidden(ActionRefused):
    """The rights that we have do not suffice; the message names the one that is missing."""


class Conflict(ActionRefused):
    """Fields belong to another manager, or the object has moved. `causes` are (field, text)."""

    def __init__(self, message: str, causes: tuple[tuple[str, str], ...]) -> None:
        super().__init__(message)
        self.causes = causes


class Gone(ActionRefused):
    """It does not exist: the object, its kind, or its namespace."""


def error_of(asked: Asked, status: int, answer: Mapping[str, Any]) -> TargetError:  # noqa: PLR0911 - one line a case
    """The error that a status and its `Status` object are."""
    said = str(answer.get("message") or f"status {status}").strip()
    match status:
        case 401:
            return TargetUnreachable(
                f"the cluster does not take our credentials any more for {asked}: {said}",
                hint="log in again; `kubectl auth whoami` shows who you are there",
            )
        case 403 if (right := _BY_RIGHTS.search(said)) is not None:
            where = f" in {asked.namespace}" if asked.namespace and asked.resource.namespaced else ""
            return Forbidden(f"needs `{right['verb']}` on {asked.resource}{where}", hint=said)
        case 404 if not asked.name or not (answer.get("details") or {}).get("name"):
            return Gone(f"the cluster serves no {asked.resource} in version {asked.resource.api_version}")
        case 404:
            return Gone(f"cannot {asked.verb} {asked}: {said}")
        case 409:
            return Conflict(f"{asked}: {said}", _causes(answer))
        case 429 | 503:
            return TargetUnreachable(
                f"the cluster is too busy for {asked}: {said}", hint="try again in a while"
            )
        case 410:
            return TargetUnreachable(
                f"the list of {asked} ran out while it was read: {said}", hint="try again"
            )
        case 500 | 502 | 504 if not _is_by_schema(asked, answer):
            return _broken(asked, said)
        case _:
            return ActionRefused(f"the cluster refuses {asked}: {_detailed(said, answer)}")


def _broken(asked: Asked, said: str) -> TargetError:
    """Where the server, or one on the way, gave up in the middle."""
    webhook = _NO_WEBHOOK.search(said)
    if webhook is not None:
        return TargetUnreachable(
            f"the admission webhook {webhook['name']} is not reached, so nothing happens to {asked}: {said}",
            hint="it has to answer again, or its configuration be removed",
        )
    if asked.writes:
        return ActionUncertain(f"the cluster broke off to {asked.verb} {asked}: {said}")
    return TargetUnreachable(f"the cluster broke off {asked}: {said}", hint="try again in a while")


def _is_by_schema(asked: Asked, answer: Mapping[str, Any]) -> bool:
    """An apply of what the kind does not have is a 500 without a reason; what broke has the reason `InternalError`."""
    return asked.method == "PATCH" and answer.get("kind") == "Status" and not answer.get("reason")


def _causes(answer: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    found = (answer.get("details") or {}).get("causes") or ()
    return tuple((str(one.get("field", "")), str(one.get("message", ""))) for one in found)


def _detailed(said: str, answer: Mapping[str, Any]) -> str:
    causes = [f"{field}: {text}" for field, text in _causes(answer) if field]
    if not causes or all(text.partition(": ")[2] in said for text in causes):
        return said
    more = f" and {len(causes) - _SHOWN} more" if len(causes) > _SHOWN else ""
    return "; ".join(causes[:_SHOWN]) + more
