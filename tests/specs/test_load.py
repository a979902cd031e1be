"""What spec files hold, and what is said about the mistakes in them."""

import time

import pytest

from eeveon.core.diagnostic import Diagnostic
from eeveon.specs.load import Limits, Loaded, SourceFile, load_file

LAUGHS = "a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGED_LAUGHS = "a: &a {x: lol}\n" + "".join(
    f"{name}: &{name} {{<<: [{', '.join([f'*{before}'] * 9)}]}}\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def load(text: str | bytes, limits: Limits | None = None) -> Loaded:
    content = text.encode() if isinstance(text, str) else text
    return load_file(SourceFile(path="f.yaml", content=content), limits or Limits())


def data(text: str | bytes) -> object:
    loaded = load(text)
    assert loaded.diagnostics == ()
    return [document.data for document in loaded.documents]


def told(text: str | bytes, limits: Limits | None = None) -> list[str]:
    return [f"{d.position} {d.code}" for d in load(text, limits).diagnostics]


def only(text: str | bytes) -> Diagnostic:
    (diagnostic,) = load(text).diagnostics
    return diagnostic


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("", None), ("~", None), ("null", None), ("Null", None), ("NULL", None), ("nUll", "nUll"), ("none", "none"),
        ("true", True), ("True", True), ("FALSE", False), ("tRue", "tRue"),
        ("yes", "yes"), ("no", "no"), ("on", "on"), ("off", "off"), ("y", "y"), ("N", "N"),
        ("0", 0), ("-0", 0), ("+12", 12), ("010", 10), ("089", 89), ("0o10", 8), ("0x1F", 31), ("0b101", 5),
        ("-0x1f", -31), ("1_000", 1000), ("1__0", 10), ("_1", "_1"), ("0o9", "0o9"), ("22:22", "22:22"), ("1:2:3", "1:2:3"),
        ("9223372036854775807", 2**63 - 1), ("-9223372036854775808", -(2**63)),
        ("1.5", 1.5), ("1.", 1.0), (".5", 0.5), ("-.5", -0.5), ("1e3", 1000.0), ("1E-2", 0.01), ("1_0.5_0", 10.5),
        ("1.5e", "1.5e"), ("e3", "e3"), ("1.2.3", "1.2.3"), ("10.0.3.11", "10.0.3.11"), (".", "."), ("+", "+"),
        ("1e", "1e"), (".5e3", ".5e3"), (".5e+3", 500.0),
        ("30s", "30s"), ("256Mi", "256Mi"), ("10%", "10%"), ("1/s", "1/s"), ("a:b", "a:b"), ("a#b", "a#b"), ("-.5.", "-.5."),
        ("2027-03-09", "2027-03-09"), ("2027-13-45", "2027-13-45"), ("2001-12-14t21:59:43.10-05:00",) * 2,
        ("2001-12-14 21:59:43", "2001-12-14 21:59:43"), ("2026-12-20/2027-01-03", "2026-12-20/2027-01-03"),
        ('"1"', "1"), ("'true'", "true"), ('""', ""), ('"<<"', "<<"), ("'='", "="), ('"\\u00e9\\n"', "é\n"), ("'it''s'", "it's"),
        ("! 12", 12), ("!!str 12", "12"), ("!!int 12", 12), ('!!int "0x1f"', 31), ("!!float 3", 3.0), ("!!float 1.5", 1.5),
        ("!!bool 'true'", True), ("!!null ''", None), ("!!map {a: 1}", {"a": 1}), ("!!seq [1]", [1]),
        ("|\n  a\n   b\n", "a\n b\n"), (">-\n  a\n  b\n", "a b"), ("[]", []), ("{}", {}), ("[a: 1]", [{"a": 1}]), ("{a, b: }", {"a": None, "b": None}),
    ],
)  # fmt: skip
def test_reads_a_scalar_as_yaml_1_2(written: str, expected: object) -> None:
    (document,) = load(f"x: {written}").documents
    assert load(f"x: {written}").diagnostics == ()
    assert document.data == {"x": expected}
    assert type(document.data["x"]) is type(expected)


@pytest.mark.parametrize(
    "written",
    [".nan", ".NaN", ".inf", "-.INF", "1e999", "1" * 400 + ".5", "9223372036854775808", "-9223372036854775809", "9" * 5000, "=", "<<",
     "-_", "0x_", "0b_", "._", "!!int abc", "!!bool yes", "!!float x", "!!null x", "!!int 1.5", "!!bool 1"],
)  # fmt: skip
def test_refuses_a_value_that_specs_cannot_hold_and_keeps_its_text(written: str) -> None:
    loaded = load(f"a: 1\nx: {written}\n")
    assert [f"{d.position} {d.code}" for d in loaded.diagnostics] == ["f.yaml:2:4 unsupported-value"]
    assert loaded.diagnostics[0].path == ("x",)
    assert loaded.diagnostics[0].hint
    assert len(loaded.diagnostics[0].message) < 120
    assert loaded.documents[0].data["x"] == written.split()[-1]


def test_gives_each_document_with_its_index_and_line_and_skips_the_empty_ones() -> None:
    loaded = load("# first\n---\n---\n# second\na: 1\n---\n\nb: 2\n...\n---\n")
    assert [(d.file, d.index, d.line, d.data) for d in loaded.documents] == [
        ("f.yaml", 1, 5, {"a": 1}),
        ("f.yaml", 2, 8, {"b": 2}),
    ]
    assert loaded.diagnostics == ()


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "---\n---\n...\n", "\ufeff"])
def test_nothing_in_a_file_is_no_document_and_no_mistake(text: str) -> None:
    assert load(text) == Loaded(documents=(), diagnostics=())


@pytest.mark.parametrize(
    "text", ["a: 1\r\nb: [2]\r\n", "a: 1\rb: [2]\r", "\ufeffa: 1\nb: [2]\n", '{"a":1,"b":[2]}']
)
def test_line_ends_byte_order_marks_and_json_make_no_difference(text: str) -> None:
    assert data(text) == [{"a": 1, "b": [2]}]


def test_an_alias_is_a_copy_of_what_it_names() -> None:
    (document,) = load("a: &x [1, {b: 2}]\nc: *x\n").documents
    assert document.data == {"a": [1, {"b": 2}], "c": [1, {"b": 2}]}
    assert document.data["a"] is not document.data["c"]


@pytest.mark.parametrize(
    ("merge", "expected"),
    [
        ("{<<: *a, y: 9}", {"x": 1, "y": 9}),
        ("{y: 9, <<: *a}", {"x": 1, "y": 9}),
        ("{<<: [*a, *b]}", {"x": 1, "y": 2, "z": 4}),
        ("{<<: [*b, *a]}", {"x": 1, "y": 3, "z": 4}),
        ("{<<: {<<: *a, x: 7}}", {"x": 7, "y": 2}),
        ("{<<: []}", {}),
        ('{"<<": 1}', {"<<": 1}),
    ],
)
def test_merges_mappings_with_the_nearest_writing_the_strongest(merge: str, expected: object) -> None:
    (document,) = load(f"a: &a {{x: 1, y: 2}}\nb: &b {{y: 3, z: 4}}\nm: {merge}").documents
    assert document.data["m"] == expected


def test_reports_all_mistakes_of_a_file_together() -> None:
    text = "a: 1\na: 2\nb: {c: 1, c: 2, d: .nan}\n8080: x\n---\n- list\n---\ne: !foo 1\nf: 'open\n"
    assert told(text) == [
        "f.yaml:2:1 duplicate-key",
        "f.yaml:3:11 duplicate-key",
        "f.yaml:3:20 unsupported-value",
        "f.yaml:4:1 key-not-text",
        "f.yaml:6:1 not-a-mapping",
        "f.yaml:9:4 yaml-syntax",
    ]
    assert load(text).documents[0].data == {"a": 1, "b": {"c": 1, "d": ".nan"}, "8080": "x"}


def test_names_both_places_of_a_key_that_is_written_twice() -> None:
    diagnostic = only("spec:\n  replicas: 1\n  image: x\n  replicas: 2\n")
    assert diagnostic.message == "`replicas` is written twice in this mapping; first on line 2, column 3"
    assert diagnostic.path == ("spec", "replicas")


def test_says_once_what_aliases_repeat() -> None:
    assert told("a: &x {b: 1, b: 2}\nc: [*x, *x, *x]\n") == ["f.yaml:1:14 duplicate-key"]


def test_tells_the_path_of_a_mistake_beside_and_behind_aliases() -> None:
    loaded = load("z: .nan\na: &x {b: [0, .inf]}\nc: *x\na: text\n")
    assert [(d.code, d.path) for d in loaded.diagnostics] == [
        ("unsupported-value", ("z",)),
        ("unsupported-value", ("a", "b", 1)),
        ("duplicate-key", ("a",)),
    ]
    assert loaded.documents[0].data["a"] == {"b": [0, ".inf"]}


def test_tells_paths_where_keys_are_aliases() -> None:
    assert [d.path for d in load("a: &x .nan\n? *x\n: 1\n? &y [1]\n: *y\n").diagnostics] == [
        ("a",),
        ("a",),
        ("",),
    ]
    assert told("a: &x {b: {? *x : 1}}\n") == ["f.yaml:1:4 key-not-text"]


def test_finds_mistakes_inside_the_value_of_a_second_key() -> None:
    assert told("a: 1\na: {b: .nan}\n") == ["f.yaml:2:1 duplicate-key", "f.yaml:2:8 unsupported-value"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1: x", "f.yaml:1:1 key-not-text"),
        ("a: {true: x}", "f.yaml:1:5 key-not-text"),
        ("a: {~: x}", "f.yaml:1:5 key-not-text"),
        ("?\n: x", "f.yaml:1:2 key-not-text"),
        (".inf: x", "f.yaml:1:1 key-not-text"),
        ("? [a]\n: x", "f.yaml:1:3 key-not-text"),
        ("? {a: 1}\n: x", "f.yaml:1:3 key-not-text"),
        ("!!int 1: x", "f.yaml:1:1 key-not-text"),
        ("a: !foo b", "f.yaml:1:4 unsupported-tag"),
        ("a: !!python/object:os.system [ls]", "f.yaml:1:4 unsupported-tag"),
        ("a: !!binary aGk=", "f.yaml:1:4 unsupported-tag"),
        ("a: !!set {b, c}", "f.yaml:1:4 unsupported-tag"),
        ("a: !!map [b]", "f.yaml:1:4 unsupported-tag"),
        ("a: !!timestamp 2020-01-01", "f.yaml:1:4 unsupported-tag"),
        ("<<: 1", "f.yaml:1:5 bad-merge"),
        ("<<: [{a: 1}, [b]]", "f.yaml:1:14 bad-merge"),
        ("<<: {a: 1}\n<<: {b: 1}", "f.yaml:2:1 duplicate-key"),
        ("text", "f.yaml:1:1 not-a-mapping"),
        ("# x\nnull", "f.yaml:2:1 not-a-mapping"),
        ("[1]", "f.yaml:1:1 not-a-mapping"),
        ("%YAML 1.1\n---\na: yes", "f.yaml:1:1 yaml-version"),
        ("%YAML 1.3\n---\na: yes", "f.yaml:1:1 yaml-syntax"),
        ("a: *b", "f.yaml:1:4 unknown-alias"),
        ("a: &x 1\nb: &x 2", "f.yaml:2:4 duplicate-anchor"),
        ("a: !%ED%A0%80 x", "f.yaml:1:3 yaml-syntax"),
    ],
)
def test_refuses_what_is_not_of_the_spec_language(text: str, expected: str) -> None:
    assert told(text) == [expected]
    assert only(text).hint


@pytest.mark.parametrize(
    "text", ["=: 1", "2020-01-01: 1", "30s: 1", "yes: 1", "!!str 80: 1", '"80": 1', "%YAML: 1"]
)
def test_reads_every_other_key_as_text(text: str) -> None:
    assert load(text.replace("%YAML", "'%YAML'")).diagnostics == ()


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ('a: "x\nb: 1\n', "1:4", "never closed"),
        ("a: 'x\n---\nb: 1", "1:4", "never closed"),
        ("a: [1, 2\n", "1:4", "`[` opens on line 1"),
        ("a: {b: 1\nc: 2", "2:2", "`{` opens on line 1"),
        ("a: b: c", "1:5", "`:` with a value cannot stand here"),
        ("a: 1\n  b: 2", "2:4", "`:` with a value cannot stand here"),
        ("a: 1\nb\nc: 2", "2:1", "neither `key: value` nor a part of the text above"),
        ("a:\n  b: 1\n c: 2", "3:2", "does not continue the mapping that starts on line 1"),
        ("- a\nb: 1", "2:1", "does not continue the list that starts on line 1"),
        ('a: "x" y', "1:8", "does not continue the mapping"),
        ("a: - b", "1:4", "a list item (`- `) cannot stand here"),
        ("a: @x", "1:4", "cannot start with this character"),
        ("a: *", "1:4", "start the name of an alias or anchor"),
        ("a: **/x", "1:4", "start the name of an alias or anchor"),
        ('a: "\\d"', "1:5", "not an escape"),
        ('a: "\\ud83d\\ude00"', "1:7", "not a character"),
        ("a: > text\n", "1:4", "after `|` or `>`"),
        ("a: !x!y z", "1:4", "not a tag"),
        ("{a: 1} b", "1:8", "the document has ended"),
        ("a: ]", "1:4", "a value is expected here"),
        ("%FOO\n---\na: 1", "1:5", "directive"),
        ("%TAG ! a\n%TAG ! b\n---\na: 1", "2:1", "duplicate %TAG directive"),
    ],
)
def test_says_a_syntax_error_in_words_for_people(text: str, place: str, words: str) -> None:
    diagnostic = only(text)
    assert (str(diagnostic.position), diagnostic.code) == (f"f.yaml:{place}", "yaml-syntax")
    assert words in diagnostic.message


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a:\n\tb: 1", "2:1"), ("a: 1\n\tb: 2", "2:1"), ("a:\n  b: 1\n  \tc: 2", "3:3"), ("- a\n\t- b", "2:1"),
        ("a: |\n\ttext", "2:1"), ("a:\r\n\tb: 1", "2:1"),
    ],
)  # fmt: skip
def test_says_that_a_tab_stands_in_the_indentation(text: str, place: str) -> None:
    diagnostic = only(text)
    assert (str(diagnostic.position), diagnostic.code) == (f"f.yaml:{place}", "yaml-tab")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a: 1\nb: x\xff", "f.yaml:2:5 not-utf-8"),
        (b"\xef\xbb\xbfa: \xc3\xa9\xc3(", "f.yaml:1:5 not-utf-8"),
        (b"a: \xed\xa0\x80", "f.yaml:1:4 not-utf-8"),
        (b"a: \xc3", "f.yaml:1:4 not-utf-8"),
        ("a: 1".encode("utf-16"), "f.yaml:1:1 not-utf-8"),
        ("a: 1".encode("utf-16-be"), "f.yaml:1:1 control-character"),
        (b"a: 1\nb: \0", "f.yaml:2:4 control-character"),
        (b"a: \x1b[0m", "f.yaml:1:4 control-character"),
        ("a: é\x9f".encode(), "f.yaml:1:5 control-character"),
    ],
)
def test_shows_the_first_byte_that_is_not_text(content: bytes, expected: str) -> None:
    assert told(content) == [expected]


def test_names_the_control_character() -> None:
    assert "U+0000" in only(b"abc: 1\nb: \0").message
    assert "UTF-16" in only("a: 1".encode("utf-16-be")).hint


def test_keeps_what_stands_before_a_syntax_error() -> None:
    loaded = load("a: 1\n---\nb: [\n")
    assert [document.data for document in loaded.documents] == [{"a": 1}]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[" * 10_000, "nesting-too-deep"),
        ("a: " + "{b: " * 10_000, "nesting-too-deep"),
        ("- " * 10_000, "nesting-too-deep"),
        ("a: " + "[" * 100 + "]" * 100, "nesting-too-deep"),
        ("".join(" " * depth + "a:\n" for depth in range(600)), "nesting-too-deep"),
        ("? " * 10_000, "nesting-too-deep"),
        ("a0: &a0 [1]\n" + "".join(f"a{n + 1}: &a{n + 1} [*a{n}]\n" for n in range(200)), "nesting-too-deep"),
        ("a: &a [*a]", "recursive-alias"),
        ("a: &a {b: *a}", "recursive-alias"),
        ("a: &a {<<: *a}", "recursive-alias"),
        ("a: &a [*a, *a, *a]", "recursive-alias"),
        ("a: &a {b: &b [*a], c: *b}", "recursive-alias"),
        (LAUGHS, "too-much-by-aliases"),
        (MERGED_LAUGHS, "too-much-by-aliases"),
        (f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 1000)}]\n", "too-much-by-aliases"),
        ("a: 1\n" * 300_000, "file-too-large"),
        ("a: 1\n" * 200_000, "too-many-problems"),
        ("".join(" " * depth + "!x\n" + " " * depth + "?\n" for depth in range(600)), "nesting-too-deep"),
    ],
)
def test_bounds_the_work_that_a_file_can_make(text: str, code: str) -> None:
    started = time.monotonic()
    assert told(text)[-1].endswith(code)
    assert time.monotonic() - started < 20  # seconds, where unbounded work would take hours


def test_reads_what_is_just_within_the_limits() -> None:
    deep = "a: " + "[" * 99 + "]" * 99
    assert told(deep) == []
    flat = "a:\n" + "- b\n" * 250_000
    assert told(flat) == []
    assert told("a: &a [1, 2]\nb: [*a, *a]\n", Limits(values=15)) == []
    assert told("a: &a [1, 2]\nb: [*a, *a]\n", Limits(values=14)) == ["f.yaml:1:4 too-much-by-aliases"]


def test_reports_no_more_than_the_limit_and_says_so() -> None:
    loaded = load("".join(f"{n}: x\n" for n in range(500)))
    assert len(loaded.diagnostics) == 101
    assert loaded.diagnostics[-1].code == "too-many-problems"
    assert "100" in loaded.diagnostics[-1].message


def test_a_colon_in_flow_style_says_to_quote_the_text() -> None:
    loaded = load_file(SourceFile(path="a.yaml", content=b"spec: {image: nginx:1.27}\n"))
    (diagnostic,) = loaded.diagnostics
    assert (diagnostic.code, diagnostic.position.line, diagnostic.position.column) == ("yaml-syntax", 1, 20)
    assert diagnostic.hint == 'write `image: "nginx:1.27"`'
