"""Whatever the text was and whatever the tree is: the patched text reads as the tree, and little of it changed."""

import re

import pytest
from hypothesis import given, strategies as st

from eeveon.errors import SecretError
from eeveon.secrets.notation import Notation
from eeveon.secrets.notation.dotenv import Dotenv
from eeveon.secrets.notation.json import Json
from eeveon.secrets.notation.yaml import Yaml
from eeveon.secrets.tree import Node, Scalar, Tree

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    [
        "a\nb\n",
        "a\n\n",
        "|x\n y",
        "- a",
        "#",
        "a # b",
        "null",
        "yes",
        "1",
        " ",
        "'",
        "---\n",
        "\u2028\ufeff\x85",
        "~",
    ]
)
keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
scalars = texts.map(lambda text: Scalar("str", text)) | st.sampled_from(
    [Scalar("bool", "true"), Scalar("float", "1.50"), Scalar("null", "null")]
)
nodes: st.SearchStrategy[Node] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)
trees: st.SearchStrategy[Tree] = st.dictionaries(keys, nodes, max_size=4)
flat: st.SearchStrategy[Tree] = st.dictionaries(
    st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,6}", fullmatch=True).filter(
        lambda key: not key.startswith("sops")
    ),
    texts.filter(lambda text: "\r" not in text and "\\n" not in text).map(lambda text: Scalar("str", text)),
    max_size=4,
)


@pytest.mark.parametrize("notation", [Yaml(), Json()], ids=["yaml", "json"])
@given(before=trees, after=trees)
def test_a_patched_text_reads_as_the_tree(notation: Notation, before: Tree, after: Tree) -> None:
    text = notation.patch("", before, "f")
    assert notation.parse(text, "f") == before
    assert notation.parse(notation.patch(text, after, "f"), "f") == after
    assert notation.patch(text, before, "f") == text


@given(before=flat, after=flat)
def test_a_patched_dotenv_reads_as_the_tree(before: Tree, after: Tree) -> None:
    text = Dotenv().patch("", before, "f")
    assert Dotenv().parse(text, "f") == before
    assert Dotenv().parse(Dotenv().patch(text, after, "f"), "f") == after


@given(tree=trees.filter(lambda tree: len(tree) > 1), value=texts)
def test_one_changed_entry_leaves_the_lines_of_the_others(tree: Tree, value: str) -> None:
    before = Yaml().patch("", tree | {"last": Scalar("str", "x")}, "f")
    after = Yaml().patch(before, tree | {"last": Scalar("str", value)}, "f")
    assert after.startswith(before.rpartition("last:")[0])


HAND_WRITTEN = """\
# top
a: x   # inline
b:
  # in b
  - one   # first
  - k: v
    l: "w"
c: |
  text # none
  of two
# before d
d: {e: 1}
"""


def test_comments_and_form_are_kept() -> None:
    tree = Yaml().parse(HAND_WRITTEN, "f")
    assert isinstance(tree["b"], list)
    changed = tree | {
        "a": Scalar("str", "z"),
        "b": [Scalar("str", "two"), tree["b"][1]],
        "o": Scalar("int", "1"),
    }
    assert Yaml().patch(HAND_WRITTEN, changed, "f") == (
        HAND_WRITTEN.replace("a: x ", "a: z ").replace("- one ", "- two ") + "o: 1\n"
    )
    del changed["c"]
    without = Yaml().patch(HAND_WRITTEN, {key: tree[key] for key in "abd"}, "f")
    assert without == re.sub(r"c: .*?two\n", "", HAND_WRITTEN, flags=re.DOTALL)


def test_finds_comments_and_not_what_looks_like_one() -> None:
    spans = Yaml().comment_spans(HAND_WRITTEN)
    assert [(HAND_WRITTEN[start:end], path) for start, end, path in spans] == [
        ("# top", ()),
        ("# inline", ()),
        ("# in b", ("b",)),
        ("# first", ("b",)),
        ("# before d", ()),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "a: b: c",
        "- a",
        "a: 1\na: 2",
        "a: &x 1\nb: *x",
        "%YAML 1.2\n---\na: 1",
        "a: [",
        "a: 1\n---\nb: 1",
        "\x00",
        "[1]: 2",
        "a",
        "\t- x: [",
        "a: " + "[" * 100_000,
    ],
)
def test_yaml_that_is_no_plain_map_is_refused_with_the_file(text: str) -> None:
    with pytest.raises(SecretError, match=r"^f\.yaml"):
        Yaml().parse(text, "f.yaml")


@pytest.mark.parametrize("text", ["", "[1]", '{"a": 1, "a": 2}', '{"a": ', '"a"', "[" * 100_000])
def test_json_that_is_no_plain_map_is_refused_with_the_file(text: str) -> None:
    with pytest.raises(SecretError, match=r"^f\.json"):
        Json().parse(text, "f.json")


@pytest.mark.parametrize("text", ["a", "a b=1", "A=1\nA=2", "=x"])
def test_dotenv_that_is_no_plain_map_is_refused_with_the_file(text: str) -> None:
    with pytest.raises(SecretError, match=r"^\.env:\d"):
        Dotenv().parse(text, ".env")
