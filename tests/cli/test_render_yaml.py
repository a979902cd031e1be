"""What the YAML emitter writes is read back as the same data by every reader, and is quoted only where it must be."""

import json
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # noqa: TID251 - the reader of YAML 1.1; it ships no types
from hypothesis import given, strategies as st
from ruamel.yaml import YAML

from eeveon.render.yaml import yaml_text
from eeveon.specs.load import SourceFile, load_file

LEGAL = st.characters(exclude_categories=["Cs"])
LIKELY = st.text(
    alphabet=" \n\t:-#?'\"\\{}[],&*!|>%@`=~<.+_0123456789eExob TZynoaf\x85\u2028\ufeff\xa0é", max_size=12
)
TELLING = st.sampled_from(
    ["yes", "No", "on", "OFF", "y", "null", "~", "", "=", "<<", "010", "0o17", "0x1f", "0b1", "1_000", "1e3", "1.", ".5",
     "-.inf", ".nan", "190:20:30", "08:30", "2027-03-09", "2027-3-9 1:02:03 +1", "---", "--- a", "...", "- a", "-a", "? a",
     "?a", ": a", ":a", "a:", "a: b", "a #b", "a#b", "a ", " a", "a\n", "a\nb\n", "a\n\nb", "a\n \nb", "\na", "a\n\n",
     "a\n b", " a\nb", "\ta\nb", "%a", "@a", "`a", "!a", "&a", "*a", "|", ">", "-", "+", ".", "_", "-_", "._", "+.inf"]
)  # fmt: skip
TEXT = st.text(LEGAL, max_size=30) | LIKELY | TELLING
NUMBER = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
SCALAR = TEXT | NUMBER | st.booleans() | st.none()
KEY = TEXT | st.text("a:b \n", min_size=990, max_size=1100)
VALUE = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEY, inner, max_size=4), max_leaves=12
)
DOCUMENT = st.dictionaries(KEY, VALUE, max_size=5)


def by_eeveon(text: str) -> Any:
    loaded = load_file(SourceFile(path="x.yaml", content=text.encode()))
    assert not loaded.diagnostics, loaded.diagnostics
    return loaded.documents[0].data


def by_ruamel(text: str) -> Any:
    return YAML(typ="safe").load(text)


def by_pyyaml(text: str) -> Any:
    return yaml.safe_load(text)


READERS = (by_eeveon, by_ruamel, by_pyyaml)


def same(one: Any, other: Any) -> bool:
    """Equal in value and in type: 1, 1.0 and True differ."""
    return json.dumps(one) == json.dumps(other)


@given(DOCUMENT)
def test_every_reader_gives_back_the_same_data(document: dict[str, Any]) -> None:
    text = yaml_text(document)
    for reader in READERS:
        assert same(reader(text), document), (reader.__name__, text)


@given(DOCUMENT)
def test_the_same_data_gives_the_same_bytes(document: dict[str, Any]) -> None:
    assert yaml_text(document) == yaml_text(json.loads(json.dumps(document)))


@given(TEXT.filter(lambda text: "\n" not in text))
def test_a_text_is_quoted_only_where_some_reader_would_misread_it_plain(text: str) -> None:
    value = yaml_text({"k": text}).removeprefix("k: ").removesuffix("\n")
    if value == text or text.lower() in {"y", "n"} or "\ufeff" in text:
        return  # besides what these readers misread: YAML 1.1's shortest truth values, and a mark that nobody sees
    plain = (f"k: {text}\n", {"k": text}), (f"{text}: k\n", {text: "k"})
    assert any(_misread(reader, *case) for case in plain for reader in READERS), text


def _misread(reader: Any, written: str, meant: Any) -> bool:
    try:
        return not same(reader(written), meant)
    except Exception:  # noqa: BLE001 - however it refuses the text
        return True


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("sh -c 'x'", "k: sh -c 'x'\n"),
        ("yes", 'k: "yes"\n'),
        ("a\nb\n", "k: |\n  a\n  b\n"),
        ("a\n\nb", "k: |-\n  a\n\n  b\n"),
        ("a \n \nb", 'k: "a \\n \\nb"\n'),
        ([], "k: []\n"),
        ({}, "k: {}\n"),
        ([{"a": 1, "b": [2, [3]]}], "k:\n  - a: 1\n    b:\n      - 2\n      - - 3\n"),
        (1e16, "k: 1.0e+16\n"),
        (None, "k: null\n"),
    ],
)
def test_looks_as_a_person_would_write_it(value: object, written: str) -> None:
    assert yaml_text({"k": value}) == written
