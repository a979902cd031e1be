"""An object as Go's types write it: nothing empty that may be left out, quantities in their canonical form."""

from typing import Any

from tests.lab.kubernetes.quantities import canonical as quantity
from tests.lab.kubernetes.types import Listing, Mapped, Object, Scalar, Type, of_field, resolved

# Numbers and switches that are no pointers in Go: zero is the same as absent.
_ZERO_IS_ABSENT = frozenset(
    {"minReadySeconds", "initialDelaySeconds", "periodSeconds", "timeoutSeconds", "successThreshold"}
    | {"failureThreshold", "hostPort", "nodePort", "paused", "readOnly", "hostNetwork", "hostPID", "hostIPC"}
    | {"stdin", "stdinOnce", "tty", "publishNotReadyAddresses", "observedGeneration", "generation"}
    | {"readyReplicas", "availableReplicas", "updatedReplicas", "unavailableReplicas", "currentReplicas"}
    | {"fullyLabeledReplicas", "healthCheckNodePort", "succeeded", "failed", "active"}
)
_EMPTY_IS_KEPT = frozenset({"storageClassName"})  # strings that are pointers in Go


def tidied(value: Any, kind: Type) -> Any:
    """The value with what Go would leave out left out."""
    match resolved(kind):
        case Scalar(name="quantity"):
            return quantity(value)
        case Listing() as listing:
            return [tidied(item, listing.element) for item in value] if isinstance(value, list) else value
        case Mapped(fields=fields) as mapped if isinstance(value, dict):
            return (
                _tidied_struct(value, mapped) if fields and not mapped.element else _tidied_map(value, mapped)
            )
        case _:
            return value


def _tidied_map(value: Object, mapped: Mapped) -> Object:
    zero = "" if mapped.element == Scalar(name="string") else None
    found = {}
    for name, inner in value.items():
        kind = mapped.fields.get(name, mapped.element)
        found[name] = zero if inner is None else tidied(inner, kind) if kind else inner
    return found


def _tidied_struct(value: Object, mapped: Mapped) -> Object:
    found: Object = {}
    for name, inner in value.items():
        if name not in mapped.fields:
            continue  # nobody knows it
        kind = of_field(mapped, name)
        made = tidied(inner, kind)
        if made == [] and name in mapped.always:
            made = None  # so it comes back from storage
        if made is None or (name not in mapped.always and _absent(name, made, kind)):
            continue
        found[name] = made
    for name in mapped.always - found.keys():
        found[name] = _nothing(name, mapped)
    return found


def _absent(name: str, value: Any, kind: Type) -> bool:
    """Whether Go leaves it out."""
    match value:
        case "":
            return name not in _EMPTY_IS_KEPT
        case []:
            return True
        case {} if not value:
            plain = resolved(kind)
            return isinstance(plain, Mapped) and not plain.fields
        case bool() | int():
            return not value and name in _ZERO_IS_ABSENT
        case _:
            return False


def _nothing(name: str, mapped: Mapped) -> Any:
    kind = resolved(mapped.fields[name])
    if name in mapped.structs and isinstance(kind, Mapped):
        return tidied({}, kind)
    match kind:
        case Scalar(name="int"):
            return 0
        case Scalar(name="string" | "intstr" | "quantity"):
            return ""
        case Scalar(name="bool"):
            return False
        case _:
            return None
