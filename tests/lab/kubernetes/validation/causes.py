"""The kinds of causes, in the server's words."""

from typing import Any

from tests.lab.kubernetes.statuses import Cause, quoted


def required(field: str, why: str = "") -> Cause:
    """It must be there."""
    return Cause(
        reason="FieldValueRequired", message=f"Required value{f': {why}' if why else ''}", field=field
    )


def invalid(field: str, value: Any, why: str) -> Cause:
    """It may not be that."""
    return Cause(reason="FieldValueInvalid", message=f"Invalid value: {quoted(value)}: {why}", field=field)


def unsupported(field: str, value: Any, *known: str) -> Cause:
    """It is none of these."""
    names = ", ".join(quoted(name) for name in known)
    message = f"Unsupported value: {quoted(value)}: supported values: {names}"
    return Cause(reason="FieldValueNotSupported", message=message, field=field)


def forbidden(field: str, why: str) -> Cause:
    """It may not be there, or not change."""
    return Cause(reason="FieldValueForbidden", message=f"Forbidden: {why}", field=field)


def unknown(field: str, value: Any) -> Cause:
    """What it names is not there."""
    return Cause(reason="FieldValueNotFound", message=f"Not found: {quoted(value)}", field=field)
