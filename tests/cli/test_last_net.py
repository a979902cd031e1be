"""What nobody thought of reaches a person in words, and with `--debug` as it is."""

from tests.cli.conftest import SHOP, Cli

ASCII = {"PYTHONIOENCODING": "ascii"}  # an output that cannot say what the specs do


def test_an_unexpected_exception_is_a_bug_that_can_be_reported(shop: Cli) -> None:
    shop.write({"specs/web.yaml": SHOP["specs/web.yaml"].replace("spec:", "spec:\n  env: {WHO: Łukasz}")})
    said = shop("render", env=ASCII)
    assert said.status == 1
    assert said.err.startswith("error: internal error: UnicodeEncodeError: 'ascii' codec can't encode")
    assert "this is a bug of EEveon; run the command again with --debug" in said.err
    assert "Traceback" not in said.err


def test_with_debug_it_is_raised(shop: Cli) -> None:
    shop.write({"specs/web.yaml": SHOP["specs/web.yaml"].replace("spec:", "spec:\n  env: {WHO: Łukasz}")})
    assert "Traceback" in shop("--debug", "render", env=ASCII).err
