"""A secret's value shows itself to nobody but who asks for it."""

import copy
import json
import logging
import pickle
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from string import Template

import pytest

from eeveon.core.secret import (
    REDACTED,
    FromEncrypted,
    FromEnvironment,
    FromFile,
    SecretRef,
    SecretValue,
    references,
)
from eeveon.core.values import canonical, plain

CANARY = "hunter2-canary"


@dataclass(frozen=True)
class Holder:
    name: str
    value: SecretValue


def shown_in_a_traceback(value: SecretValue) -> str:
    try:
        raise ValueError(f"cannot use {value}", value)
    except ValueError as error:
        return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


def logged(value: SecretValue) -> str:
    record = logging.LogRecord("eeveon", logging.INFO, "a.py", 1, "value %s %r", (value, value), None)
    return logging.Formatter().format(record)


SHOWN: dict[str, Callable[[SecretValue], str]] = {
    "repr": repr,
    "str": str,
    "a format": "{:>20}".format,
    "percent": lambda value: f"{value!r} %s" % value,
    "an f-string with a width": lambda value: f"{value:*^30}",
    "a template": lambda value: Template("$v").substitute(v=value),
    "a list": lambda value: str([value, (value,), {"key": value}]),
    "a dataclass": lambda value: repr(Holder("key", value)),
    "a traceback with locals": shown_in_a_traceback,
    "a log line": logged,
    "a copy": lambda value: repr([copy.copy(value), copy.deepcopy([value])]),
}


@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN.keys())
def test_prints_as_redacted_in(show: Callable[[SecretValue], str]) -> None:
    text = show(SecretValue(CANARY))
    assert REDACTED in text
    assert CANARY not in text


SERIAL: dict[str, Callable[..., object]] = {
    "pickle": pickle.dumps,
    "json": json.dumps,
    "plain": plain,
    "canonical": canonical,
    "hash": hash,
    "length": len,
    "order": lambda value: value < value,
    "bytes": bytes,
    "iteration": list,
    "its attributes": vars,
}


@pytest.mark.parametrize("take", SERIAL.values(), ids=SERIAL.keys())
def test_has_no(take: Callable[[SecretValue], object]) -> None:
    with pytest.raises(TypeError) as caught:
        take(SecretValue(CANARY))
    assert CANARY not in str(caught.value)


def test_is_equal_to_the_same_text_in_a_secret_only() -> None:
    assert SecretValue("a") == SecretValue("a")
    assert SecretValue("a") != SecretValue("b")
    assert SecretValue("a") != "a"
    assert SecretValue("\udc80ü") == SecretValue("\udc80ü")


def test_shows_itself_to_who_asks() -> None:
    assert SecretValue(CANARY).reveal() == CANARY


@pytest.mark.parametrize(
    ("ref", "text"),
    [
        (FromEnvironment(variable="TOKEN"), "environment variable TOKEN"),
        (FromFile(path="/run/token"), "file /run/token"),
        (FromEncrypted(file="secrets.enc.yaml", key="db.password"), "secrets.enc.yaml, key db.password"),
        (FromEncrypted(file="key.pem.enc"), "key.pem.enc"),
    ],
)
def test_a_reference_says_where_the_value_comes_from(ref: SecretRef, text: str) -> None:
    assert str(ref) == text


def test_references_are_read_back_from_the_fields_of_an_instance() -> None:
    refs = {
        "TOKEN": FromEnvironment(variable="TOKEN"),
        "KEY": FromFile(path="/run/key"),
        "PASSWORD": FromEncrypted(file="secrets.enc.yaml", key="db", version="1f"),
    }
    written = json.loads(canonical({"image": "web:1", "secrets": plain(refs)}))
    assert references(written) == refs
    assert references({"image": "web:1"}) == {}
