"""Following a branch of another repository: asked cheaply, fetched as far as needed, and never led astray."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from eeveon.core.controller import Access
from eeveon.core.names import CommitId
from eeveon.core.secret import FromEnvironment, SecretRef, SecretValue
from eeveon.errors import EEveonError, RepositoryError
from eeveon.git.access import Entry
from eeveon.git.asking import Asker
from eeveon.git.mirror import Mirror, Place
from tests.git.hosting import Upstream, hosting
from tests.lab.waiting import wait_until

NOTHING = CommitId("")
TOKEN = "t0ken-of-a-test"


class Variables:
    def resolve(self, ref: SecretRef) -> SecretValue:
        assert ref == FromEnvironment(variable="TOKEN")
        return SecretValue(TOKEN)


def mirror(tmp_path: Path, address: str, *, with_token: bool = False, name: str = "copy") -> Mirror:
    access = Access(token=FromEnvironment(variable="TOKEN")) if with_token else Access()
    return Mirror(
        Place(address=address, root=tmp_path, folder=tmp_path / "mirrors" / f"{name}.git"),
        Entry(access=access, secrets=Variables()),
        Asker(tmp_path / "mirrors"),
    )


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    made = Upstream(tmp_path / "up")
    made.commit("one")
    return made


@pytest.fixture(params=["folder", "file URL", "http", "old http"])
def address(request: pytest.FixtureRequest, tmp_path: Path, upstream: Upstream) -> Iterator[str]:
    if request.param in {"http", "old http"}:
        with hosting(tmp_path, TOKEN, is_new=request.param == "http") as server:
            yield f"{server.url}/up/.git"
    else:
        yield "./up" if request.param == "folder" else f"file://{upstream.folder}"


def page(copy: Mirror, commit: CommitId) -> bytes:
    return copy.tree(commit).read(["page"])["page"]


def test_follows_a_branch_from_commit_to_commit(tmp_path: Path, upstream: Upstream, address: str) -> None:
    copy = mirror(tmp_path, address, with_token=True)
    first = copy.fetch("main", NOTHING)
    assert first.commit == copy.head("main") == upstream.git("rev-parse", "HEAD")
    assert page(copy, first.commit) == b"one"
    upstream.commit("two")
    third = upstream.commit("three")
    assert copy.head("main") == third
    second = copy.fetch("main", first.commit)
    assert (second.commit, second.rewritten) == (third, False)
    assert page(copy, second.commit) == b"three"
    assert page(copy, first.commit) == b"one"
    assert copy.head("gone") is None


def test_the_first_fetch_takes_one_commit_only(tmp_path: Path, upstream: Upstream) -> None:
    for text in ("two", "three", "four"):
        upstream.commit(text)
    copy = mirror(tmp_path, "./up")
    first = copy.fetch("main", NOTHING)
    assert upstream.git("-C", str(copy.folder), "rev-list", "--count", first.commit) == "1"


def test_sees_that_a_branch_was_rewritten_and_keeps_what_was_accepted(
    tmp_path: Path, upstream: Upstream, address: str
) -> None:
    copy = mirror(tmp_path, address, with_token=True)
    upstream.commit("two")
    before = copy.fetch("main", NOTHING)
    upstream.git("reset", "--quiet", "--hard", "HEAD~1")
    other = upstream.commit("other")
    after = copy.fetch("main", before.commit)
    assert (after.commit, after.rewritten) == (other, True)
    upstream.git("-C", str(copy.folder), "gc", "--quiet", "--prune=now")
    assert page(copy, before.commit) == b"two"


def test_a_wrong_token_is_said_and_shown_to_nobody(tmp_path: Path, upstream: Upstream) -> None:
    upstream.commit("two")
    with hosting(tmp_path, "another") as server:
        copy = mirror(tmp_path, f"{server.url}/up/.git", with_token=True)
        with pytest.raises(RepositoryError) as refused:
            copy.head("main")
    assert "Authentication failed" in refused.value.message or "could not read" in refused.value.message
    assert TOKEN not in refused.value.message
    files = [file for file in (tmp_path / "mirrors").rglob("*") if file.is_file()]
    assert not any(TOKEN.encode() in file.read_bytes() for file in files)


def test_asks_by_one_request_over_one_connection(tmp_path: Path, upstream: Upstream) -> None:
    with hosting(tmp_path, TOKEN) as server:
        copy = mirror(tmp_path, f"{server.url}/up/.git", with_token=True)
        for _ in range(5):
            assert copy.head("main") == upstream.git("rev-parse", "HEAD")
        assert server.asked == ["POST /up/.git/git-upload-pack"] * 5


@pytest.mark.parametrize(
    "address",
    [
        "ext::sh -c touch% pwned",
        "--upload-pack=touch pwned",
        "-u touch",
        "./up\n--upload-pack=touch",
        "https://u:secret@host/x",
        "http://-oProxyCommand=touch/x",
        "ssh://-oProxyCommand=touch pwned/x",
        "",
    ],
)
def test_an_address_that_runs_something_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(RepositoryError, match="no address of a repository"):
        mirror(tmp_path, address)
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    "branch", ["--upload-pack=x", "-x", "a..b", "a b", "a\nb", "a:b", "", "@{-1}", "a/.lock"]
)
def test_a_branch_that_is_an_option_is_refused(tmp_path: Path, upstream: Upstream, branch: str) -> None:
    copy = mirror(tmp_path, str(upstream.folder))
    for ask in (copy.head, lambda name: copy.fetch(name, NOTHING)):
        with pytest.raises(RepositoryError, match="is no branch"):
            ask(branch)


def test_links_and_submodules_of_a_commit_lead_nowhere(tmp_path: Path, upstream: Upstream) -> None:
    (tmp_path / "secret").write_text("of the controller")
    (upstream.folder / "out").symlink_to(tmp_path / "secret")
    upstream.git("-c", "protocol.file.allow=always", "clone", "--quiet", str(upstream.folder), "inner")
    commit = upstream.commit("two")
    copy = mirror(tmp_path, "./up")
    tree = copy.tree(copy.fetch("main", NOTHING).commit)
    with pytest.raises(RepositoryError, match="symbolic link"):
        tree.read(["out"])
    assert [entry.path for entry in tree.entries(["page", "inner"])] == ["page"]
    assert "inner" in tree.unread
    assert tree.commit == commit


def test_a_repository_that_vanishes_leaves_what_was_fetched(tmp_path: Path, upstream: Upstream) -> None:
    copy = mirror(tmp_path, "./up")
    first = copy.fetch("main", NOTHING)
    shutil.rmtree(upstream.folder)
    for ask in (lambda: copy.head("main"), lambda: copy.fetch("main", first.commit)):
        with pytest.raises(RepositoryError, match=r"reading \./up"):
            ask()
    assert page(copy, first.commit) == b"one"


def test_a_broken_copy_is_made_anew(tmp_path: Path, upstream: Upstream) -> None:
    copy = mirror(tmp_path, "./up")
    first = copy.fetch("main", NOTHING)
    for broken in (copy.folder / "objects").rglob("*"):
        if broken.is_file():
            broken.chmod(0o600)
            broken.write_bytes(b"broken")
    second = upstream.commit("two")
    assert copy.fetch("main", first.commit).commit == second
    assert page(copy, CommitId(second)) == b"two"


def test_what_a_killed_fetch_left_is_in_nobodys_way(tmp_path: Path, upstream: Upstream) -> None:
    copy = mirror(tmp_path, "./up")
    first = copy.fetch("main", NOTHING)
    (copy.folder / "shallow.lock").touch()
    (copy.folder / "refs/heads/main.lock").touch()
    (copy.folder / "objects/pack/tmp_pack_123").write_bytes(b"half")
    second = upstream.commit("two")
    assert copy.fetch("main", first.commit).commit == second
    assert not (copy.folder / "objects/pack/tmp_pack_123").exists()


FETCH = """
import sys
from pathlib import Path
from eeveon.core.names import CommitId
from tests.git.test_mirror import mirror
mirror(Path(sys.argv[1]), "./up").fetch("main", CommitId(sys.argv[2]))
"""


def test_killed_in_the_midst_of_a_fetch_the_next_one_is_whole(tmp_path: Path, upstream: Upstream) -> None:
    copy = mirror(tmp_path, "./up")
    first = copy.fetch("main", NOTHING)
    newest = ""
    for at in range(8):
        (upstream.folder / "big").write_bytes(os.urandom(4_000_000))
        newest = upstream.commit(f"page {at}")
        _kill_a_fetch(copy, tmp_path, first.commit)
    assert copy.fetch("main", first.commit).commit == newest
    assert page(copy, CommitId(newest)) == b"page 7"


def _kill_a_fetch(copy: Mirror, tmp_path: Path, after: CommitId) -> None:
    process = subprocess.Popen([sys.executable, "-c", FETCH, str(tmp_path), after])

    def is_under_way() -> bool:
        return process.poll() is not None or any((copy.folder / "objects/pack").glob("tmp_*"))

    wait_until(is_under_way, seconds=30, what="a fetch under way")
    process.kill()
    process.wait()


def test_processes_and_files_stay_as_many(tmp_path: Path, upstream: Upstream) -> None:
    copy = mirror(tmp_path, "./up")
    last = copy.fetch("main", NOTHING).commit

    def held() -> tuple[int, str]:
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
        return len(list(Path("/proc/self/fd").iterdir())), children

    before = held()
    for at in range(60):
        upstream.commit(f"page {at}")
        last = copy.fetch("main", last).commit
        assert copy.head("main") == last
    assert held() == before
    assert len(list((copy.folder / "objects/pack").glob("*.pack"))) < 60


def test_an_error_is_one_of_ours(tmp_path: Path) -> None:
    with pytest.raises(EEveonError):
        mirror(tmp_path, "http://127.0.0.1:9/nothing.git").head("main")
