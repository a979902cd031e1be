"""Releases on a host, by the very scripts that hosts get, in a shell of this machine."""

import contextlib
import os
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from eeveon.core.observed import Condition
from eeveon.errors import ActionRefused, ActionUncertain, TargetUnreachable
from tests.drivers.ssh.harbour import Harbour
from tests.git.conftest import Repository


def harbour_in(folder: Path) -> Harbour:
    made = Repository(folder / "code")
    made.root.mkdir()
    made.git("init", "-q", "-b", "main")
    return Harbour(folder, made)


@pytest.fixture
def harbour(tmp_path: Path) -> Harbour:
    return harbour_in(tmp_path)


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


NAMES = [
    "-rf",
    " a b ",
    "new\nline",
    "quote'\"$(touch x)`",
    "ünï",
    os.fsdecode(b"\xff\xfe"),
    "*?[x]",
    "d/e/f",
    "%s\\n",
]


def tree_of(folder: Path) -> dict[str, tuple[str, bytes]]:
    """Every file below a folder: its mode, or `link`, and what it holds."""
    found = {}
    for at, _, names in os.walk(folder):
        for name in names:
            place = Path(at) / name
            path = str(place.relative_to(folder))
            if place.is_symlink():
                found[path] = ("link", os.fsencode(place.readlink()))
            else:
                found[path] = (f"{place.stat().st_mode & 0o777:o}", place.read_bytes())
    return found


def test_files_arrive_as_they_are_in_git(harbour: Harbour) -> None:
    for name in NAMES:
        harbour.repository.write(name, "x")
    harbour.repository.write("empty", "")
    harbour.repository.write("run", "#!/bin/sh\n")
    (harbour.repository.root / "run").chmod(0o755)
    harbour.repository.link("deep/link", "../run")
    one = harbour.commit()

    harbour.bring(one, Condition.SERVING)

    found = tree_of(harbour.current.resolve())
    assert found == {
        **dict.fromkeys(NAMES, ("644", b"x")),
        "empty": ("644", b""),
        "run": ("755", b"#!/bin/sh\n"),
        "deep/link": ("link", b"../run"),
    }
    assert (harbour.current / "d").stat().st_mode & 0o777 == 0o755
    assert harbour.objects()[harbour.wanted(one).id].condition is Condition.SERVING


names_of_files = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=12
).filter(lambda name: name not in {".", ".."} and name.lower() != ".git" and len(name.encode()) < 200)
files = st.dictionaries(names_of_files, st.binary(max_size=40), max_size=6)


@settings(max_examples=15, suppress_health_check=list(HealthCheck), deadline=None)
@given(first=files, second=files)
def test_whatever_was_there_before_the_release_holds_what_git_holds(
    tmp_path_factory: pytest.TempPathFactory, first: dict[str, bytes], second: dict[str, bytes]
) -> None:
    here = harbour_in(tmp_path_factory.mktemp("host"))
    for files_of_one in (first, second):
        for old in here.repository.root.iterdir():
            if old.name != ".git":
                old.unlink()
        for name, content in files_of_one.items():
            (here.repository.root / name).write_bytes(content)
        fields = here.commit()
        here.bring(fields, Condition.SERVING)
        assert tree_of(here.current.resolve()) == {name: ("644", body) for name, body in files_of_one.items()}


def test_only_what_the_host_lacks_is_sent(harbour: Harbour) -> None:
    big = os.urandom(40_000)
    (harbour.repository.root / "big").write_bytes(big)
    one = harbour.commit({f"f{number}": f"text {number}" for number in range(300)})
    harbour.bring(one, Condition.SERVING)
    harbour.repository.git("mv", "big", "other")
    two = harbour.commit({"f1": "changed"})
    before = harbour.shell.sent

    harbour.bring(two, Condition.SERVING)

    assert harbour.shell.sent - before < 30_000  # scripts and one file; `other` is copied from `big` there
    assert (harbour.current / "other").read_bytes() == big
    assert any("sends 1 of 301 files" in line for line in harbour.told)


def test_a_controller_that_lost_its_memory_asks_the_host_for_its_manifest(harbour: Harbour) -> None:
    one = harbour.commit({f"f{number}": f"{number}" for number in range(50)})
    harbour.bring(one, Condition.SERVING)
    for kept in (harbour.folder / "controller" / "ssh" / "manifests").iterdir():
        kept.unlink()
    two = harbour.commit({"f1": "changed"})

    harbour.bring(two, Condition.SERVING)

    assert any("sends 1 of 50 files" in line for line in harbour.told)


def test_going_back_is_a_link_and_sends_nothing(harbour: Harbour) -> None:
    one = harbour.commit({"index.html": "one"})
    harbour.bring(one, Condition.SERVING)
    two = harbour.commit({"index.html": "two"})
    harbour.bring(two, Condition.SERVING)
    harbour.move(one, Condition.STOPPED)

    seen = harbour.move(one, Condition.SERVING)

    assert seen is not None
    assert seen.condition is Condition.SERVING
    assert (harbour.current / "index.html").read_text() == "one"
    assert harbour.objects()[harbour.wanted(two).id].condition is Condition.RUNNING


def test_a_release_goes_when_nobody_uses_it_and_leaves_nothing(harbour: Harbour) -> None:
    one = harbour.commit({"index.html": "one"})
    harbour.bring(one, Condition.SERVING)
    harbour.move(one, Condition.RUNNING)
    assert not harbour.current.is_symlink()

    assert harbour.bring(one, Condition.ABSENT) is None

    assert not harbour.path.exists()
    assert not list((harbour.root / "shop" / "test" / "releases").iterdir())


@pytest.mark.parametrize("share", [0.0, 0.05, 0.3, 0.6, 0.9, 0.99, 0.999])
def test_a_stream_that_is_cut_leaves_the_release_in_service_and_no_half_of_another(
    harbour: Harbour, share: float
) -> None:
    one = harbour.commit({"index.html": "one"})
    harbour.bring(one, Condition.SERVING)
    (harbour.repository.root / "noise").write_bytes(os.urandom(100_000))
    two = harbour.commit({f"f{number}": f"{number}" for number in range(40)})
    harbour.shell.cut = int(100_000 * share)

    with pytest.raises(ActionRefused, match="did not arrive whole"):
        harbour.bring(two, Condition.RUNNING)

    assert (harbour.current / "index.html").read_text() == "one"
    assert harbour.objects().keys() == {harbour.wanted(one).id}
    assert len(list((harbour.path / "releases").glob("2*"))) == 1
    harbour.shell.cut = None
    harbour.bring(two, Condition.SERVING)
    assert (harbour.current / "f7").read_text() == "7"


STEPS = [
    "mkdir",
    "tar",
    "comm",
    "sha256sum",
    "find",
    "mv",
    "sync",
    "sort",
    "cut",
    "xargs",
    "ln",
    "rm",
    "tail",
]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("nth", [1, 2, 4])
def test_a_shell_that_is_killed_at_any_step_leaves_a_whole_release_in_service(
    harbour: Harbour, step: str, nth: int
) -> None:
    one = harbour.commit({"index.html": "one"})
    harbour.bring(one, Condition.SERVING)
    two = harbour.commit({"index.html": "two", "a/b": "x"})
    count = harbour.folder / "count"
    harbour.shell.before = (  # the nth time that this is to run, everything ends as by `kill -9`
        f'{step}() {{ echo >> {count}; [ $(wc -l < {count}) -lt {nth} ] || kill -9 $$; command {step} "$@"; }}\n'
    )

    with contextlib.suppress(TargetUnreachable, ActionRefused, ActionUncertain):
        harbour.bring(two, Condition.SERVING)

    harbour.shell.before = ""
    assert (harbour.current / "index.html").read_text() in {"one", "two"}
    for seen in harbour.objects().values():
        assert seen.fields in (one, two)  # nothing of what counts is half
    harbour.bring(two, Condition.SERVING)
    assert tree_of(harbour.current.resolve()) == {
        "index.html": ("644", b"two"),
        "a/b": ("644", b"x"),
    }
    assert not list((harbour.path / "releases").glob(".*.new"))


def test_files_that_somebody_edits_are_named_and_put_back(harbour: Harbour) -> None:
    harbour.repository.link("link", "same")
    one = harbour.commit({name: name for name in ("edited", "gone", "mode", "touched", "same")})
    harbour.bring(one, Condition.SERVING)
    now = harbour.current.resolve()
    (now / "edited").write_text("EDITED")
    (now / "gone").unlink()
    (now / "mode").chmod(0o600)
    os.utime(now / "touched", (1, 1))
    (now / "extra").write_text("not ours")
    (now / "link").unlink()
    (now / "link").symlink_to("gone")

    (seen,) = harbour.objects().values()
    edited = seen.fields["edited"]
    assert isinstance(edited, dict)
    assert edited.keys() == {"edited", "gone", "link", "mode"}
    assert edited["edited"].startswith("edited 20")
    assert edited["gone"] == "deleted"
    assert edited["mode"].startswith("mode 600 ")
    assert seen.applied == one
    assert "4 files" in seen.trace

    seen = harbour.bring(one, Condition.SERVING)  # type: ignore[assignment]
    assert seen.fields == one
    assert tree_of(now) == {
        **{name: ("644", name.encode()) for name in ("edited", "gone", "mode", "touched", "same")},
        "extra": ("644", b"not ours"),
        "link": ("link", b"same"),
    }


def test_what_was_edited_does_not_get_into_the_next_release(harbour: Harbour) -> None:
    one = harbour.commit({"a": "a", "b": "b"})
    harbour.bring(one, Condition.SERVING)
    (harbour.current / "a").write_text("EDITED")
    two = harbour.commit({"b": "B"})

    harbour.bring(two, Condition.SERVING)

    assert tree_of(harbour.current.resolve()) == {"a": ("644", b"a"), "b": ("644", b"B")}


def test_current_that_was_moved_by_hand_is_seen_with_where_it_leads(harbour: Harbour) -> None:
    one = harbour.commit({"a": "a"})
    harbour.bring(one, Condition.SERVING)
    harbour.current.unlink()
    harbour.current.symlink_to("/somewhere/else")

    (seen,) = harbour.objects().values()

    assert seen.condition is Condition.RUNNING
    assert "`current` leads to /somewhere/else since 20" in seen.trace
    seen = harbour.bring(one, Condition.SERVING)  # type: ignore[assignment]
    assert seen.condition is Condition.SERVING


def test_a_folder_that_was_there_is_moved_aside_and_comes_back_if_nothing_takes_over(
    harbour: Harbour,
) -> None:
    harbour.path.mkdir(parents=True)
    (harbour.path / "index.html").write_text("old")
    (harbour.path / ".env").write_text("secret")
    one = harbour.commit({"index.html": "one"})

    harbour.bring(one, Condition.RUNNING)
    assert (harbour.path / "index.html").read_text() == "old"  # shipping touches nothing

    harbour.bring(one, Condition.SERVING)
    (aside,) = (harbour.path / "releases").glob("adopted-*")
    assert sorted(item.name for item in aside.iterdir()) == [".env", "index.html"]
    assert sorted(item.name for item in harbour.path.iterdir()) == ["current", "releases"]

    harbour.move(one, Condition.RUNNING)
    assert (harbour.path / "index.html").read_text() == "old"
    assert (harbour.path / ".env").read_text() == "secret"
    harbour.bring(one, Condition.ABSENT)
    assert (harbour.path / "index.html").read_text() == "old"


def test_a_folder_in_the_place_of_current_is_moved_aside(harbour: Harbour) -> None:
    (harbour.path / "current").mkdir(parents=True)
    (harbour.path / "current" / "index.html").write_text("old")
    one = harbour.commit({"index.html": "one"})

    harbour.bring(one, Condition.SERVING)

    (aside,) = (harbour.path / "releases").glob("adopted-*")
    assert (aside / "index.html").read_text() == "old"
    assert (harbour.current / "index.html").read_text() == "one"


def test_the_colours_of_0_4_are_taken_over(harbour: Harbour) -> None:
    blue = harbour.path.with_name("web_blue")
    blue.mkdir(parents=True)
    blue.chmod(0o750)
    (blue / "index.html").write_text("old")
    harbour.path.symlink_to(blue)
    one = harbour.commit({"index.html": "one"})

    harbour.bring(one, Condition.SERVING)

    assert harbour.path.is_dir()
    assert not harbour.path.is_symlink()
    assert mode_of(harbour.path) == 0o750
    assert (harbour.current / "index.html").read_text() == "one"
    (aside,) = (harbour.path / "releases").glob("adopted-*")
    assert (aside / "index.html").read_text() == "old"


def test_a_build_runs_where_the_release_stays_and_is_told(harbour: Harbour) -> None:
    one = harbour.commit(
        {"a": "a"}, build=(("sh", "-c", "pwd > where; echo made $EEVEON_COMMIT $X"),), env={"X": "y z"}
    )

    harbour.bring(one, Condition.SERVING)

    assert (harbour.current / "where").read_text().strip() == str(harbour.current.resolve())
    assert any(line.startswith("made ") and line.endswith(" y z") for line in harbour.told)


def test_a_build_that_fails_leaves_no_release_and_says_why(harbour: Harbour) -> None:
    one = harbour.commit({"a": "one"})
    harbour.bring(one, Condition.SERVING)
    two = harbour.commit({"a": "two"}, build=(("sh", "-c", "echo no such target; exit 2"),))

    with pytest.raises(ActionRefused, match=r"`sh -c .*` ended with status 2: no such target"):
        harbour.bring(two, Condition.RUNNING)

    assert "no such target" in harbour.told
    assert harbour.objects().keys() == {harbour.wanted(one).id}
    assert len(list((harbour.path / "releases").glob("2*"))) == 1


def test_a_build_has_a_deadline(harbour: Harbour) -> None:
    slow = harbour.commit({"a": "a"}, build=(("sleep", "60"),), hook_timeout=timedelta(seconds=1))

    with pytest.raises(ActionRefused, match="`sleep 60` took longer than 1 s"):
        harbour.bring(slow, Condition.RUNNING)


def test_a_hook_that_fails_is_not_in_service_and_runs_again(harbour: Harbour) -> None:
    hook = (("sh", "-c", "test -e ok || { echo not yet; exit 3; }"),)
    one = harbour.commit({"a": "a"}, hooks={"postDeploy": hook})

    with pytest.raises(ActionRefused, match="ended with status 3: not yet"):
        harbour.bring(one, Condition.SERVING)
    (seen,) = harbour.objects().values()
    assert seen.condition is Condition.RUNNING
    assert "hook" in seen.detail

    (harbour.current / "ok").touch()
    seen = harbour.bring(one, Condition.SERVING)  # type: ignore[assignment]
    assert seen.condition is Condition.SERVING


def test_a_hook_runs_once_for_each_time_in_service(harbour: Harbour) -> None:
    hook = (("sh", "-c", "echo run >> ../../hooks"),)
    one = harbour.commit({"a": "1"}, hooks={"postDeploy": hook})
    harbour.bring(one, Condition.SERVING)
    harbour.bring(one, Condition.SERVING)
    two = harbour.commit({"a": "2"})
    harbour.bring(two, Condition.SERVING)
    harbour.move(one, Condition.SERVING)

    assert (harbour.path / "hooks").read_text() == "run\n" * 2


def test_words_of_commands_are_never_shell(harbour: Harbour) -> None:
    words = ("printf", "%s|", "$(touch /tmp/x)", "a b", "'", '"', "{name}", "`id`", "*", "")
    one = harbour.commit({"a": "a"}, build=(words,))

    harbour.bring(one, Condition.RUNNING)

    assert "|".join(words[2:]) + "|" in harbour.told


def test_a_later_writer_is_not_written_over(harbour: Harbour) -> None:
    one = harbour.commit({"a": "a"})
    harbour.bring(one, Condition.SERVING)
    (harbour.root / "shop" / "test" / "fence").write_text("7\n")

    with pytest.raises(ActionRefused, match="a later writer"):
        harbour.move(one, Condition.RUNNING)


def test_the_folder_of_another_service_is_not_taken(harbour: Harbour) -> None:
    one = harbour.commit({"a": "a"})
    harbour.bring(one, Condition.SERVING)
    (harbour.path / "releases" / ".of").write_text("other/prod/site\n")
    two = harbour.commit({"a": "b"})

    with pytest.raises(ActionRefused, match="holds the releases of other/prod/site"):
        harbour.bring(two, Condition.RUNNING)


def test_a_host_that_was_restored_holds_what_it_held(harbour: Harbour) -> None:
    one = harbour.commit({f"f{number}": f"{number}" for number in range(300)})
    harbour.bring(one, Condition.SERVING)
    for file in harbour.current.resolve().iterdir():
        os.utime(file, (1, 1))  # all of them: times are not content

    (seen,) = harbour.objects().values()
    assert seen.fields == one
    (harbour.current / "f299").write_text("EDITED")
    (seen,) = harbour.objects().values()
    assert list(seen.fields["edited"]) == ["f299"]  # type: ignore[call-overload]

    two = harbour.commit({"f1": "changed"})
    harbour.bring(two, Condition.SERVING)
    assert (harbour.current / "f299").read_text() == "299"


def test_what_is_excluded_and_only_on_the_host_is_seen_by_every_release_and_never_removed(
    harbour: Harbour,
) -> None:
    exclude = ("/uploads/", ".env", "node_modules/")
    build = (("sh", "-c", "mkdir node_modules && echo made > node_modules/m"),)
    one = harbour.commit({"a": "1", "uploads/README": "in git"}, exclude=exclude, build=build)
    harbour.bring(one, Condition.SERVING)
    assert not (harbour.current / "uploads").exists()
    (harbour.current / "uploads" / "deep").mkdir(parents=True)
    (harbour.current / "uploads" / "deep" / "photo").write_text("precious")
    (harbour.current / ".env").write_text("X=1")
    (harbour.current / "cache").write_text("nobody's")
    (harbour.current / "node_modules" / "later").write_text("x")

    two = harbour.commit({"a": "2"}, exclude=exclude, build=build)
    harbour.bring(two, Condition.SERVING)

    assert (harbour.current / "uploads" / "deep" / "photo").read_text() == "precious"
    assert (harbour.current / ".env").read_text() == "X=1"
    assert not (harbour.current / "cache").exists()
    assert not (harbour.current / "node_modules").is_symlink()  # what a build makes is each release's own
    (harbour.current / "uploads" / "second").write_text("too")
    three = harbour.commit({"a": "3"}, exclude=exclude, build=build)
    harbour.bring(three, Condition.SERVING)
    harbour.bring(one, Condition.ABSENT)
    harbour.bring(two, Condition.ABSENT)

    assert (harbour.current / "uploads" / "deep" / "photo").read_text() == "precious"
    assert (harbour.current / "uploads" / "second").read_text() == "too"
    assert (harbour.current / ".env").read_text() == "X=1"
    assert len(list((harbour.path / "releases").glob("2*"))) == 1
    (seen,) = harbour.objects().values()
    assert seen.fields == three


def test_what_is_excluded_of_an_adopted_folder_is_seen_by_the_first_release(harbour: Harbour) -> None:
    (harbour.path / "uploads").mkdir(parents=True)
    harbour.path.chmod(0o755)
    (harbour.path / "uploads" / "photo").write_text("precious")
    (harbour.path / ".env").write_text("X=1")
    (harbour.path / "index.html").write_text("old")
    one = harbour.commit({"index.html": "one"}, exclude=("uploads/", ".env"))

    harbour.bring(one, Condition.SERVING)

    assert (harbour.current / "index.html").read_text() == "one"
    assert (harbour.current / "uploads" / "photo").read_text() == "precious"
    assert (harbour.current / ".env").read_text() == "X=1"
    (aside,) = (harbour.path / "releases").glob("adopted-*")
    assert (
        mode_of(harbour.path / "shared") == mode_of(aside) == 0o755
    )  # whoever serves the site is not who brings it


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_what_is_in_the_shared_folder_is_seen_where_a_release_has_nothing_of_its_own(
    harbour: Harbour,
) -> None:
    (harbour.path / "shared" / "a").mkdir(parents=True)
    (harbour.path / "shared" / "a" / "key").write_text("k")
    (harbour.path / "shared" / "a" / "b").write_text("not this")
    one = harbour.commit({"a/b": "git's"})

    harbour.bring(one, Condition.SERVING)

    assert (harbour.current / "a" / "key").read_text() == "k"
    assert (harbour.current / "a" / "b").read_text() == "git's"


def test_a_release_that_went_away_meanwhile_is_brought_again(harbour: Harbour) -> None:
    one = harbour.commit({"a": "one"})
    harbour.bring(one, Condition.RUNNING)
    harbour.bring(one, Condition.ABSENT)

    seen = harbour.bring(one, Condition.SERVING)

    assert seen is not None
    assert seen.condition is Condition.SERVING
    assert (harbour.current / "a").read_text() == "one"
