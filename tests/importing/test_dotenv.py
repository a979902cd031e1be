"""Files of variables are read as `docker compose` reads them."""

import pytest
from hypothesis import given, strategies as st

from eeveon.importing.compose import dotenv


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A=1\nB=2", {"A": "1", "B": "2"}),
        ("export A=1", {"A": "1"}),
        ("A: yaml", {"A": "yaml"}),
        ("  A = b c  \n", {"A": "b c"}),
        ("A=b # comment\n# A=c\nC=#none\nD=x#y", {"A": "b", "C": "", "D": "x#y"}),
        ("A='$X # no'\nB=\"$X # no\"", {"A": "$X # no", "B": "given # no"}),
        ('A="two\nlines"\nB=1', {"A": "two\nlines", "B": "1"}),
        (r'A="x\ty\n\"q\" \$X"', {"A": 'x\ty\n"q" $X'}),
        ("A='it\\'s'", {"A": "it's"}),
        ("A=1\nB=${A}2\nC=${NONE:-d}", {"A": "1", "B": "12", "C": "d"}),
        ("X=mine\nB=$X", {"X": "mine", "B": "given"}),
        ("X\nNONE\nB=1", {"X": "given", "B": "1"}),
        ("A=\nB=''", {"A": "", "B": ""}),
        ("\ufeffA=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
        ("A=a=b:c", {"A": "a=b:c"}),
        ("", {}),
    ],
)
def test_reads(text: str, found: dict[str, str]) -> None:
    assert dotenv.parsed(text, {"X": "given"}) == found


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("A=1\n=2", 2, "does not begin a line"),
        ("\n\n1A=2", 3, "does not begin a line"),
        ("A='open\nB=1", 1, "never closed"),
        ("A=1\nB=${C:?needed}", 2, "`C` needs a value: needed"),
    ],
)
def test_names_the_line_of_a_mistake(text: str, line: int, said: str) -> None:
    with pytest.raises(dotenv.BadDotenv) as refused:
        dotenv.parsed(text, {})
    assert refused.value.line == line
    assert said in str(refused.value)


def test_a_mistake_never_tells_a_value() -> None:
    with pytest.raises(dotenv.BadDotenv) as refused:
        dotenv.parsed("MY KEY=hunter2", {})
    assert "hunter2" not in str(refused.value)


@given(
    st.dictionaries(
        st.from_regex(r"\A[A-Z_][A-Z0-9_]{0,8}\Z"),
        st.text(st.characters(codec="utf-8", exclude_characters="\r\x00")),
    )
)
def test_any_value_in_double_quotes_comes_back(values: dict[str, str]) -> None:
    lines = [
        f'{name}="' + value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$") + '"'
        for name, value in values.items()
    ]
    assert dotenv.parsed("\n".join(lines), {}) == values


def test_a_raw_file_has_nothing_special() -> None:
    assert dotenv.raw("# c\nA='$X' # y\n\nB=\n") == {"A": "'$X' # y", "B": ""}
