"""Releases on a host, by the very scripts that hosts get, in a shell of this machine."""

from pathlib import Path

import pytest

from eeveon.core.observed import Condition
from tests.drivers.ssh.harbour import Harbour
from tests.git.conftest import Repository


@pytest.fixture
def harbour(tmp_path: Path) -> Harbour:
    made = Repository(tmp_path / "code")
    made.root.mkdir()
    made.git("init", "-q", "-b", "main")
    return Harbour(tmp_path, made)


def test_a_release_climbs_from_nothing_to_serving(harbour: Harbour) -> None:
    one = harbour.commit({"index.html": "one", "a/b": "x"})

    seen = harbour.bring(one, Condition.RUNNING)
    assert seen is not None
    assert seen.condition is Condition.RUNNING
    assert seen.fields == one
    assert not harbour.current.exists()

    seen = harbour.bring(one, Condition.SERVING)
    assert seen is not None
    assert seen.condition is Condition.SERVING
    assert (harbour.current / "index.html").read_text() == "one"
    assert harbour.current.readlink().parts[0] == "releases"
    assert harbour.objects() == {seen.id: seen}
