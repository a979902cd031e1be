"""What a failed program wrote last is told beneath the first cause: short, tame, and without its secrets."""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

import pytest
from hypothesis import given, strategies as st

from eeveon.core.desired import Port
from eeveon.core.health import Health, HttpCheck
from eeveon.core.names import ObjectId, Revision
from eeveon.core.observed import Condition
from eeveon.core.outcome import Ending
from eeveon.core.plan import Effect
from eeveon.core.secret import FromEncrypted, FromEnvironment, SecretRef, SecretValue
from eeveon.core.values import plain
from eeveon.core.wanted import WantedObject, instance_id
from eeveon.drivers.base import LogLine
from eeveon.drivers.fake.faults import Refuse, Unhealthy
from eeveon.errors import SecretError, TargetUnreachable
from eeveon.execution.last_lines import LINES, LONGEST, Witness
from eeveon.execution.redact import redacted
from tests.core.worlds import HERE, SERVICES, desired, service
from tests.execution.stage import Ears, NoSecrets, Stage

TOKEN = FromEnvironment(variable="TOKEN")
SEALED = FromEncrypted(file="web.enc.yaml", key="token", version="1f")
VALUE = 'canary/4711+"ü'


class Known:
    """Secrets that are known, and those that are not."""

    def __init__(self, values: Mapping[SecretRef, str]) -> None:
        self._values = values

    def resolve(self, ref: SecretRef) -> SecretValue:
        if ref not in self._values:
            raise SecretError(f"{ref} is not set")
        return SecretValue(self._values[ref])


class Writes(Ears):
    """A driver whose instances have written these lines; None: the target does not answer."""

    said: tuple[str, ...] | None = ()

    def logs(self, object_id: ObjectId, *, tail: int, follow: bool) -> Iterator[LogLine]:
        if self.said is None:
            raise TargetUnreachable("no route to host")
        assert not follow
        for text in self.said[-tail:]:
            yield LogLine(instance=object_id.name, text=text)


def effect(**secrets: SecretRef) -> Effect:
    identity = instance_id(HERE, SERVICES[0], 1, Revision("0a1b2c"))
    want = WantedObject(
        id=identity,
        service=SERVICES[0],
        ordinal=1,
        revision=Revision("0a1b2c"),
        fields={"secrets": plain(secrets)},
    )
    return Effect(object=identity, condition=Condition.RUNNING, wanted=want)


def lines(
    *said: str, asked: Effect | None = None, known: Mapping[SecretRef, str] | None = None, old: bool = False
) -> tuple[str, ...]:
    asked = asked or effect()
    stage = Stage()
    driver = Writes(stage.drivers[HERE].inner, stage.lines)
    driver.said = said
    before = frozenset({asked.object} if old else ())
    return Witness(secrets=Known(known or {}), before=before).last_lines(driver, asked)


def test_are_few_and_short() -> None:
    said = [str(number) for number in range(20)]
    assert lines(*said) == tuple(said[-LINES:])
    (long,) = lines("x" * 5000)
    assert len(long) == LONGEST
    assert long.endswith("x…")


def test_do_nothing_to_a_terminal() -> None:
    assert lines("\x1b[31mred\x1b[0m\ttab\x07\x1b]0;title\x07 \u202eback") == ("red tab  ]0;title   back",)


def test_hold_no_secret_of_the_instance() -> None:
    said = lines(f"token={VALUE} and {VALUE}", "fine", asked=effect(A=TOKEN), known={TOKEN: VALUE})
    assert said == ("token=[redacted] and [redacted]", "fine")


@pytest.mark.parametrize(
    ("known", "old", "shown"),
    [
        ({}, False, False),
        ({TOKEN: VALUE}, True, False),
        ({TOKEN: VALUE}, False, True),
    ],
    ids=["unknown value", "an instance that may have an older value", "known value"],
)
def test_are_left_out_where_a_secret_could_be_in_them(
    known: Mapping[SecretRef, str], old: bool, shown: bool
) -> None:
    assert bool(lines("fine", asked=effect(A=TOKEN), known=known, old=old)) is shown


def test_of_an_older_instance_are_shown_if_its_secrets_have_versions_or_it_has_none() -> None:
    assert lines(VALUE, asked=effect(A=SEALED), known={SEALED: VALUE}, old=True) == ("[redacted]",)
    assert lines("fine", old=True) == ("fine",)


def test_are_none_where_nothing_was_to_run_or_nobody_answers() -> None:
    asked = effect()
    assert lines("fine", asked=Effect(object=asked.object, condition=Condition.STOPPED)) == ()
    volume = ObjectId(target=HERE, kind="volume", name="data")
    assert lines("fine", asked=Effect(object=volume, condition=Condition.RUNNING, wanted=asked.wanted)) == ()
    stage = Stage()
    mute = Writes(stage.drivers[HERE].inner, stage.lines)
    mute.said = None
    assert Witness(secrets=NoSecrets(), before=frozenset()).last_lines(mute, asked) == ()


SECRETS = st.text(st.characters(exclude_categories=["Cs"]), min_size=6).filter(
    lambda text: len(text.strip()) > 5
)


@given(value=SECRETS, before=st.text(), after=st.text())
def test_no_form_of_a_value_is_left(value: str, before: str, after: str) -> None:
    for form in (value, repr(value)[1:-1]):
        assert value not in redacted(f"{before}{form}{after}", [SecretValue(value)])


@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
@pytest.mark.parametrize("user", ["", "a", "ab", "abc"])
def test_a_value_is_found_inside_of_a_header(encode: Callable[[bytes], bytes], user: str) -> None:
    header = encode(f"{user}:canary?4711>:end".encode()).decode()
    left = redacted(f"Basic {header}, 63616e6172793f343731313e", [SecretValue("canary?4711>")])
    assert left.count("[redacted]") == 2
    assert encode(b"canary?4711>")[4:12].decode() not in left


def test_a_key_of_several_lines_is_masked_line_by_line_and_the_longest_first() -> None:
    key = "-----BEGIN-----\nabcdefgh\n}\n"
    assert redacted("abcdefgh }", [SecretValue(key)]) == "[redacted] }"
    assert redacted("abcdefgh-more", [SecretValue("abcdefgh"), SecretValue("abcdefgh-more")]) == "[redacted]"
    assert redacted("nothing", [SecretValue(""), SecretValue(" \n")]) == "nothing"


class TestRun:
    health = Health(check=HttpCheck(port="http", path="/"), startup=timedelta(seconds=1))
    specs = desired(
        service(
            "web",
            env={"FAKE_LOG": "starting\nno database"},
            ports=(Port(name="http", port=80),),
            health=health,
        )
    )

    def test_an_ill_instance_is_heard_before_it_is_taken_back(self) -> None:
        stage = Stage()
        stage.here.add(Unhealthy())
        result = stage.apply(self.specs)
        assert result.ending is Ending.FAILED
        assert result.output == ("starting", "no database")

    def test_what_could_not_be_started_has_written_nothing(self) -> None:
        stage = Stage()
        stage.here.add(Refuse())
        assert stage.apply(self.specs).output == ()

    def test_a_run_that_succeeds_tells_nothing(self) -> None:
        assert Stage().apply(self.specs).output == ()
