"""Names and labels."""

import re
from collections.abc import Iterator

from tests.lab.kubernetes.resources import Resource
from tests.lab.kubernetes.statuses import Cause
from tests.lab.kubernetes.types import Object
from tests.lab.kubernetes.validation.causes import forbidden, invalid, required

_LABEL = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_DNS_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_LABEL_WHY = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_NAME_WHY = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_SERVICE_WHY = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and "
    "end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_LONGEST = 63  # characters of a label's value
_FREE = frozenset({"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"})


def check(made: Object, resource: Resource) -> Iterator[Cause]:
    """What is wrong with them."""
    meta = made["metadata"]
    name = meta.get("name", "")
    if not name:
        yield required("metadata.name", "name or generateName is required")
    elif resource.kind == "Service" and not _DNS_LABEL.fullmatch(name):
        yield invalid("metadata.name", name, _SERVICE_WHY)
    elif resource.kind not in _FREE and not _SUBDOMAIN.fullmatch(name):
        yield invalid("metadata.name", name, _NAME_WHY)
    yield from labels("metadata.labels", meta.get("labels"))


def labels(field: str, given: Object | None) -> Iterator[Cause]:
    """What is wrong with labels."""
    for value in (given or {}).values():
        if len(value) > _LONGEST:
            yield invalid(field, value, f"must be no more than {_LONGEST} bytes")
        elif not _LABEL.fullmatch(value):
            yield invalid(field, value, _LABEL_WHY)


def finalizers(live: Object, made: Object) -> Iterator[Cause]:
    """None may be added to what is being deleted."""
    if "deletionTimestamp" not in live["metadata"]:
        return
    new = [
        name
        for name in made["metadata"].get("finalizers") or ()
        if name not in (live["metadata"].get("finalizers") or ())
    ]
    if new:
        said = (
            f"no new finalizers can be added if the object is being deleted, found new finalizers {_go(new)}"
        )
        yield forbidden("metadata.finalizers", said)
        yield forbidden("metadata.finalizers", said)  # a real server says it twice


def _go(names: list[str]) -> str:
    return "[]string{" + ", ".join(f'"{name}"' for name in names) + "}"
