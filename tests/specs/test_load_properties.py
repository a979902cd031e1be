"""Reading specs agrees with ruamel.yaml on every text, and places point at what they name."""

import datetime
import io
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings, strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.util import create_timestamp, timestamp_regexp

from eeveon.core.diagnostic import Position
from eeveon.specs.load import Loaded, PositionIndex, SourceFile, load_file, position_of

# What ruamel reads and specs refuse, on purpose; eeveon/specs/load.py says why.
DELIBERATE = frozenset(
    {
        "key-not-text", "unsupported-tag", "unsupported-value", "not-a-mapping", "duplicate-key", "yaml-version",
        "recursive-alias", "nesting-too-deep", "too-much-by-aliases", "not-utf-8", "bad-merge",
    }
)  # fmt: skip
LIKE_A_DATE = re.compile(rb"[0-9]{4}-[0-9][0-9]?-[0-9]")
KEYS = st.text(max_size=6)
INTEGERS = st.integers(min_value=-(2**63), max_value=2**63 - 1)
SCALARS = (
    st.none()
    | st.booleans()
    | INTEGERS
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=15,
)
MAPPINGS = st.dictionaries(KEYS, VALUES, min_size=1, max_size=5)
PIECES = st.sampled_from(
    ["a", "b", "key", ": ", ":", "\n", "\n", "\n  ", "\n    ", "- ", "\n- ", "\n  - ", "? ", "{", "}", "[", "]", ", ", ",",
     "&x ", "*x", "&y ", "*y", "<<: *x", "<<: ", "<<", "<<: [*x, *y]", "!foo ", "!!str ", "!!int ", "! ", "|\n", ">-\n", '"', "'", "#", " # c", "---\n",
     "\n...\n", "%YAML 1.2\n", "\t", "\r\n", "1", "0", "-", "+", ".", "_", "e", "0x", "0o", "0b", "true", "null", "~", "=", ".inf", "yes",
     "2020-01-01", " ", "  ", "é", "\\", "@", "`", "\ufeff", "\x85", "a: 1\n", "b: &x {c: 1}\n", "d: {<<: *x}\n"]
)  # fmt: skip
YAMLISH = st.lists(PIECES, max_size=14).map("".join)
NUMBERISH = st.text(alphabet="0123456789+-._eExobaf:TZ ", min_size=1, max_size=10)


def as_json(data: Any, indent: int | None) -> str:
    """JSON with the characters themselves, but for those that YAML wants escaped."""
    text = json.dumps(data, indent=indent, ensure_ascii=False)
    return re.sub("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]", lambda char: f"\\u{ord(char[0]):04x}", text)


def load(content: bytes) -> Loaded:
    return load_file(SourceFile(path="f.yaml", content=content))


def by_ruamel(content: bytes) -> list[Any] | None:
    """Every document, or None where ruamel refuses or crashes."""
    try:
        return list(YAML(typ="safe", pure=False).load_all(content))
    except Exception:  # noqa: BLE001  # ruamel raises ValueError, KeyError, AttributeError… for some texts
        return None


def same(ours: Any, theirs: Any) -> bool:
    """Equal in value and type; a date of ruamel's is equal to the text that gives it."""
    match theirs:
        case datetime.date():
            written = timestamp_regexp.match(ours)
            return written is not None and create_timestamp(**written.groupdict()) == theirs
        case dict():
            return isinstance(ours, dict) and _same_keys(ours, theirs)
        case list():
            return isinstance(ours, list) and len(ours) == len(theirs) and all(map(same, ours, theirs))
        case _:
            return type(ours) is type(theirs) and bool(ours == theirs)


def _same_keys(ours: dict[str, Any], theirs: dict[Any, Any]) -> bool:
    dates = any(
        isinstance(key, datetime.date) for key in theirs
    )  # two writings of one date are two keys here
    return dates or (ours.keys() == theirs.keys() and all(same(ours[key], theirs[key]) for key in theirs))


def agrees_with_ruamel(content: bytes) -> None:
    ours = load(content)
    theirs = by_ruamel(content)
    if ours.diagnostics:
        refused = {diagnostic.code for diagnostic in ours.diagnostics}
        assert theirs is None or refused & DELIBERATE, (refused, theirs)
        return
    if theirs is None:
        assert LIKE_A_DATE.search(content), ours  # ruamel raises for the 45th of a month
        return
    assert same(
        [document.data for document in ours.documents],
        [theirs[document.index] for document in ours.documents],
    )
    given_back = {document.index for document in ours.documents}
    assert all(data is None for index, data in enumerate(theirs) if index not in given_back)


@given(MAPPINGS)
def test_reads_back_what_ruamel_wrote(data: dict[str, Any]) -> None:
    stream = io.BytesIO()
    YAML(typ="safe", pure=False).dump(data, stream)
    loaded = load(stream.getvalue())
    assert loaded.diagnostics == ()
    assert same(loaded.documents[0].data, data)


@given(MAPPINGS, st.sampled_from([None, 2]))
def test_reads_back_what_json_wrote(data: dict[str, Any], indent: int | None) -> None:
    loaded = load(as_json(data, indent).encode())
    assert loaded.diagnostics == ()
    assert same(loaded.documents[0].data, data)


@settings(max_examples=1500)
@given(YAMLISH)
@example("a: &x {b: 1}\nc: {<<: [*x, {b: 2, d: 3}], e: 1}")
@example("? ! a\n: ! 12")
@example("a: !!str\nb: !!null\n")
def test_agrees_with_ruamel_on_any_text(text: str) -> None:
    agrees_with_ruamel(text.encode())


@settings(max_examples=1500)
@given(NUMBERISH)
@example("1_e5")
@example("-.5e+3")
@example("2020-1-1 1:00:00")
def test_agrees_with_ruamel_on_anything_like_a_number(text: str) -> None:
    agrees_with_ruamel(b"x: " + text.encode())
    agrees_with_ruamel(b"- " + text.encode())


@settings(max_examples=600)
@given(
    st.binary(max_size=60)
    | st.text(max_size=40).map(str.encode)
    | YAMLISH.map(lambda text: text.encode("utf-16"))
)
@example(b"a: !%ED%A0%80 x")
@example(b"!<%00> x")
@example(b"%TAG ! %FF\n---\n!a b")
def test_no_bytes_make_it_raise(content: bytes) -> None:
    loaded = load(content)
    for diagnostic in loaded.diagnostics:
        assert diagnostic.position.file == "f.yaml"
        assert diagnostic.position.line >= 1
        assert diagnostic.position.column >= 1
        assert diagnostic.message
    PositionIndex(content, "f.yaml").position(0, ("a", 0))


def paths(data: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    yield path, data
    children = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, child in children:
        yield from paths(child, (*path, step))


@settings(max_examples=60)
@given(MAPPINGS, st.sampled_from([None, 2]), st.sampled_from(["", "---\nx: 1\n---\n"]))
def test_a_place_is_where_the_text_of_value_and_key_stands(
    data: dict[str, Any], indent: int | None, before: str
) -> None:
    text = before + as_json(data, indent)
    lines = text.split("\n")
    index = 1 if before else 0
    places = PositionIndex(text.encode(), "f.yaml")
    decoder = json.JSONDecoder()
    for path, value in paths(data):
        assert value_at(lines, places.position(index, path), decoder) == value
        if path and isinstance(path[-1], str):
            assert value_at(lines, places.position(index, path, key=True), decoder) == path[-1]


def value_at(lines: list[str], position: Position, decoder: json.JSONDecoder) -> Any:
    rest = "\n".join(lines[position.line - 1 :])
    return decoder.raw_decode(rest, position.column - 1)[0]


TEXT = b"""base: &base
  image: x
  ports: [80, {port: 81}]
web:
  <<: [*base, {cpu: 1}]
  env: {A: b}
other: *base
empty:
again: {a: 1, a: 2}
---
second: 1
"""


@pytest.mark.parametrize(
    ("index", "path", "key", "expected"),
    [
        (0, (), False, "1:1"),
        (0, ("base", "image"), False, "2:10"),
        (0, ("base", "image"), True, "2:3"),
        (0, ("base", "ports", 1, "port"), False, "3:22"),
        (0, ("base", "ports", 1), True, "3:15"),
        (0, ("web", "image"), False, "2:10"),
        (0, ("web", "ports", 0), False, "3:11"),
        (0, ("web", "cpu"), True, "5:16"),
        (0, ("web", "env", "A"), False, "6:12"),
        (0, ("other", "image"), True, "2:3"),
        (0, ("other",), True, "7:1"),
        (0, ("empty",), False, "8:7"),
        (0, ("again", "a"), False, "9:12"),
        (1, ("second",), False, "11:9"),
        (0, ("web", "env", "missing", "deeper"), False, "6:8"),
        (0, ("web", "env", "missing"), True, "6:3"),
        (0, ("base", "ports", 7), False, "3:10"),
        (0, ("base", "ports", "x"), False, "3:10"),
        (0, ("base", "image", "x"), False, "2:10"),
    ],
)
def test_finds_the_place_where_the_text_that_says_it_stands(
    index: int, path: tuple[str | int, ...], key: bool, expected: str
) -> None:
    assert str(position_of(TEXT, "f.yaml", index, path, key=key)) == f"f.yaml:{expected}"


def test_a_document_that_is_not_there_has_only_a_file() -> None:
    assert position_of(TEXT, "f.yaml", 2, ("a",)) == Position(file="f.yaml")
    assert position_of(b"a: [", "f.yaml", 0, ("a",)) == Position(file="f.yaml")


def test_finds_places_before_a_syntax_error_and_through_recursive_aliases() -> None:
    assert str(position_of(b"a: 1\n---\nb: [", "f.yaml", 0, ("a",))) == "f.yaml:1:4"
    assert str(position_of(b"a: &a {<<: *a, b: 1}", "f.yaml", 0, ("a", "c"))) == "f.yaml:1:4"
    assert str(position_of(b"a: &a [*a]", "f.yaml", 0, ("a", 0, 0, 0))) == "f.yaml:1:4"
