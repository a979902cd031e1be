import pytest

from eeveon.specs.suggest import did_you_mean, listed, suggestion

FIELDS = ("replicas", "stopGrace", "dependsOn", "image")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("replica", "replicas"),
        ("stop_grace", "stopGrace"),
        ("DEPENDSON", "dependsOn"),
        ("imgae", "image"),
        ("xyz", None),
    ],
)
def test_finds_the_field_that_was_meant(written: str, meant: str | None) -> None:
    assert suggestion(written, FIELDS) == meant


def test_says_nothing_where_nothing_is_near() -> None:
    assert did_you_mean("xyz", FIELDS) == ""
    assert did_you_mean("imag", FIELDS) == "did you mean `image`?"


def test_names_are_joined_as_in_a_sentence() -> None:
    assert listed([]) == ""
    assert listed(["a"]) == "`a`"
    assert listed(["a", "b", "c"], "and") == "`a`, `b` and `c`"
