"""Variables in texts come out as `docker compose` puts them in."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from hypothesis import given, strategies as st

from eeveon.importing.compose.interpolation import BadInterpolation, interpolated

NAMES = ("A", "B_1", "_c", "EMPTY", "UNSET")
VALUES = {"A": "a}", "B_1": "$B ${", "_c": " ", "EMPTY": ""}


@dataclass(frozen=True)
class Text:
    text: str


@dataclass(frozen=True)
class Variable:
    name: str
    braces: bool


@dataclass(frozen=True)
class Conditional:
    name: str
    operator: str  # with or without colon
    argument: "tuple[Piece, ...]"


Piece = Text | Variable | Conditional

_texts = st.builds(Text, st.text(st.characters(exclude_characters="{}"), max_size=6))
_pieces = st.recursive(
    _texts | st.builds(Variable, st.sampled_from(NAMES), st.booleans()),
    lambda inner: st.builds(
        Conditional,
        st.sampled_from(NAMES),
        st.sampled_from([":-", "-", ":+", "+"]),
        st.lists(inner, max_size=3).map(tuple),
    ),
    max_leaves=8,
)


def source(pieces: tuple[Piece, ...]) -> str:
    """What a person writes. Behind a name without braces comes no letter that could belong to it."""
    out = ""
    for piece in pieces:
        match piece:
            case Text(text=text):
                out += text.replace("$", "$$")
            case Variable(name=name, braces=True):
                out += f"${{{name}}}"
            case Variable(name=name):
                out += f"${name}|"
            case Conditional(name=name, operator=operator, argument=argument):
                out += f"${{{name}{operator}{source(argument)}}}"
    return out


def meaning(pieces: tuple[Piece, ...], values: Mapping[str, str]) -> str:
    """What it stands for, by the words of the Compose specification."""
    out = ""
    for piece in pieces:
        match piece:
            case Text(text=text):
                out += text
            case Variable(name=name, braces=braces):
                out += values.get(name, "") + ("" if braces else "|")
            case Conditional(name=name, operator=operator, argument=argument):
                value = values.get(name)
                given_ = value is not None and (value != "" or ":" not in operator)
                if operator.endswith("-"):
                    out += (value or "") if given_ else meaning(argument, values)
                else:
                    out += meaning(argument, values) if given_ else ""
    return out


@given(st.lists(_pieces, max_size=5).map(tuple))
def test_every_text_stands_for_what_the_specification_says(pieces: tuple[Piece, ...]) -> None:
    assert interpolated(source(pieces), VALUES).text == meaning(pieces, VALUES)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = interpolated(text, VALUES)
    except BadInterpolation:
        assert "$" in text
    else:
        assert found.text == text or "$" in text


@given(st.text())
def test_a_text_with_its_dollars_doubled_stays_as_it_is(text: str) -> None:
    found = interpolated(text.replace("$", "$$"), VALUES)
    assert (found.text, found.used, found.unset) == (text, frozenset(), frozenset())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("$", "`$` is no variable"),
        ("a $1", "`$1` is no variable"),
        ("${}", "names no variable"),
        ("${1A}", "names no variable"),
        ("${A", "never closed"),
        ("${A!x}", "has `!x`"),
        ("${UNSET:?say what}", "`UNSET` needs a value: say what"),
        ("${EMPTY:?}", "`EMPTY` needs a value"),
        ("${UNSET?$A}", "`UNSET` needs a value: a}"),
        ("${A:-" * 30 + "}" * 30, ""),
    ],
)
def test_what_compose_refuses_is_refused(text: str, said: str) -> None:
    values = {} if text.startswith("${A:-") else VALUES
    with pytest.raises(BadInterpolation) as refused:
        interpolated(text, values)
    assert said in str(refused.value)


def test_tells_which_variables_gave_the_text_and_which_had_no_value() -> None:
    found = interpolated("$A ${UNSET} ${EMPTY-x} ${NOT:-y} ${NOR:+z}", VALUES)
    assert found.text == "a}   y "
    assert found.used == {"A", "EMPTY"}
    assert found.unset == {"UNSET"}


def test_a_set_but_empty_variable_is_no_error_without_the_colon() -> None:
    assert interpolated("[${EMPTY?}]", VALUES).text == "[]"
