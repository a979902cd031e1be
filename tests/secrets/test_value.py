import copy
import json
import logging
import pickle
from dataclasses import asdict, dataclass

import pytest

from eeveon.core.secret import FromEncrypted, FromEnvironment, FromFile, SecretValue
from eeveon.core.values import plain

CANARY = "canary-4711"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    value: SecretValue


def test_prints_as_redacted_in_every_way() -> None:
    value = SecretValue(CANARY)
    holder = Holder(value=value)
    shown = [repr(value), str(value), f"{value}", f"{value:>40}", f"{value!r}", format(value, "s")]
    shown += [
        repr(holder),
        str([value]),
        str({"k": value}),
        str(asdict(holder)),
        str(copy.deepcopy(holder)),
        str(copy.copy(value)),
    ]
    assert all(CANARY not in text and "[redacted]" in text for text in shown)


def test_reaches_no_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").warning("value %s in %r", SecretValue(CANARY), [SecretValue(CANARY)])
    assert "[redacted]" in caplog.text
    assert CANARY not in caplog.text


def test_has_no_serial_form() -> None:
    value = SecretValue(CANARY)
    for write in (json.dumps, pickle.dumps, plain, hash):
        with pytest.raises(TypeError) as raised:
            write(value)
        assert CANARY not in str(raised.value)
    assert not hasattr(value, "__dict__")


def test_is_equal_only_to_the_same_text() -> None:
    assert SecretValue("ü\ud800") == SecretValue("ü\ud800")
    assert SecretValue("a") != SecretValue("b")
    assert SecretValue("a") != "a"
    assert SecretValue(CANARY).reveal() == CANARY


def test_references_say_where_and_never_what() -> None:
    assert str(FromEnvironment(variable="TOKEN")) == "environment variable TOKEN"
    assert str(FromFile(path="/run/token")) == "file /run/token"
    assert str(FromEncrypted(file="a.yaml", key="db.password")) == "a.yaml, key db.password"
    assert str(FromEncrypted(file="a.age")) == "a.age"
