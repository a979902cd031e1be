"""Whether a body fits its kind's schema, in the words in which the server says it does not."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tests.lab.kubernetes import statuses
from tests.lab.kubernetes.fieldsets import item_key, spoken
from tests.lab.kubernetes.quantities import amount
from tests.lab.kubernetes.types import Anything, Listing, Mapped, Object, Scalar, Type, of_field, resolved

if TYPE_CHECKING:
    from tests.lab.kubernetes.write import Write


def check(write: "Write", body: Object) -> None:
    """Refuse or warn of unknown fields, as fieldValidation asks."""
    if write.validation == "Ignore":
        return
    unknown = list(_unknown(body, write.resource.type, ""))
    if not unknown:
        return
    texts = [f'unknown field "{path}"' for path in unknown]
    if write.validation == "Strict" and write.patched:
        whole, said = statuses.quoted(statuses.quoted(body)), f"strict decoding error: {', '.join(texts)}"
        cause = statuses.Cause(
            reason="FieldValueInvalid", message=f"Invalid value: {whole}: {said}", field="patch"
        )
        raise statuses.invalid("", "", "", [cause])
    if write.validation == "Strict":
        kind, version = write.resource.kind, write.resource.version
        said = f'{kind} in version "{version}" cannot be handled as a {kind}: strict decoding error: {", ".join(texts)}'
        raise statuses.bad_request(said)
    write.warnings.extend(texts)


def _unknown(value: Any, kind: Type, path: str) -> Iterator[str]:
    match resolved(kind):
        case Listing(element=element) if isinstance(value, list):
            for at, item in enumerate(value):
                yield from _unknown(item, element, f"{path}[{at}]")
        case Mapped() as mapped if isinstance(value, dict):
            for name, inner in value.items():
                here = f"{path}.{name}" if path else name
                if name in mapped.fields or mapped.element is not None:
                    yield from _unknown(inner, of_field(mapped, name), here)
                else:
                    yield here
        case _:
            return


def check_apply(write: "Write", config: Object) -> None:
    """Refuse what does not fit: a 500."""
    errors = list(_errors(config, write.resource.type, ()))
    if errors:
        meta = config.get("metadata") or {}
        where = meta.get("namespace", ""), meta.get("name", "")
        raise statuses.schema_error(*where, write.resource.api_version, write.resource.kind, errors)


_EXPECTED = {"string": str, "int": int, "bool": bool, "bytes": str}
_SPOKEN = {"string": "string", "int": "numeric (int or float)", "bool": "boolean", "bytes": "string"}


def _errors(value: Any, kind: Type, path: tuple[str, ...]) -> Iterator[str]:
    if value is None:
        return
    match resolved(kind):
        case Scalar(name=name) if name in _EXPECTED:
            fits = isinstance(value, _EXPECTED[name]) and (name == "bool" or not isinstance(value, bool))
            if not fits:
                got = "string" if isinstance(value, str) else _go(value)
                yield f"{spoken(path)}: expected {_SPOKEN[name]}, got {got}"
        case Listing() as listing:
            yield from _list_errors(value, listing, path)
        case Mapped() as mapped:
            if not isinstance(value, dict):
                yield f"{spoken(path)}: expected map, got {_go(value)}"
                return
            for name in value:
                if name not in mapped.fields and mapped.element is None:
                    yield f"{spoken((*path, f'f:{name}'))}: field not declared in schema"
                else:
                    yield from _errors(value[name], of_field(mapped, name), (*path, f"f:{name}"))
        case Anything() | Scalar():
            return


def _list_errors(value: Any, listing: Listing, path: tuple[str, ...]) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{spoken(path)}: expected list, got {_go(value)}"
        return
    if listing.atomic:
        for at, item in enumerate(value):
            yield from _errors(item, listing.element, (*path, f"i:{at}"))
        return
    seen = set()
    for item in value:
        key = item_key(listing, item)
        if key in seen:
            yield f"{spoken(path)}: duplicate entries for key {spoken((key,))}"
        seen.add(key)
        yield from _errors(item, listing.element, (*path, key))


def _go(value: Any) -> str:
    """A value as Go prints what it did not expect."""
    match value:
        case dict():
            return f"&{{{_go_inner(value)}}}"
        case _:
            return f"&value.valueUnstructured{{Value:{_go_literal(value)}}}"


def _go_literal(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return statuses.quoted(value)
        case _:
            return str(value)


def _go_inner(value: Any) -> str:
    match value:
        case dict():
            return "map[" + " ".join(f"{name}:{_go_inner(value[name])}" for name in sorted(value)) + "]"
        case list():
            return "[" + " ".join(_go_inner(item) for item in value) + "]"
        case bool():
            return str(value).lower()
        case _:
            return str(value)


_QUANTITY = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")


def check_values(write: "Write", config: Object, made: Object) -> None:
    """Refuse texts of a merged object that are no quantity or no base64: a 500 too."""
    for said in _unreadable(made, write.resource.type):
        meta, version = config.get("metadata") or {}, write.resource.api_version
        kind = f"{version if '/' in version else '/' + version}, Kind={write.resource.kind}"
        whose = f"{meta.get('namespace', '')}/{meta.get('name', '')}; {kind}"
        text = f"failed to convert new object ({whose}) to proper version: unable to convert unstructured object to {kind}: "
        raise statuses.Refused(500, text + said)


def _unreadable(value: Any, kind: Type) -> Iterator[str]:
    match resolved(kind):
        case Scalar(name="quantity") if value is not None and amount(value) is None:
            yield _QUANTITY
        case Scalar(name="bytes") if isinstance(value, str) and (at := _bad_base64(value)) is not None:
            yield f"error decoding from json: illegal base64 data at input byte {at}"
        case Listing(element=element) if isinstance(value, list):
            for item in value:
                yield from _unreadable(item, element)
        case Mapped() as mapped if isinstance(value, dict):
            for name, inner in value.items():
                yield from _unreadable(inner, of_field(mapped, name))
        case _:
            return


def _bad_base64(value: str) -> int | None:
    found = _BASE64.match(value)
    end = found.end() if found else 0
    if end < len(value):
        return end
    return len(value) if len(value) % 4 else None


def fill(kind: Type, value: Any) -> None:
    """Fill in the defaults of a custom resource's schema, in place."""
    match resolved(kind):
        case Listing(element=element) if isinstance(value, list):
            for item in value:
                fill(element, item)
        case Mapped() as mapped if isinstance(value, dict):
            for name, default in mapped.defaults.items():
                value.setdefault(name, default)
            for name, inner in value.items():
                fill(of_field(mapped, name), inner)
        case _:
            return
