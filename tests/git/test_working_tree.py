"""Links, pipes, and what Git ignores in a working tree: nothing is read that is not there, and nothing is lost unsaid."""

import os
import socket
from pathlib import Path

import pytest

from eeveon.errors import RepositoryError
from eeveon.git.documents import is_spec, listed
from eeveon.git.tree import blob_id, open_tree
from tests.git.conftest import Repository

A = "a: 1\n"
B = "b: 2\n"


def ids(root: Path, folder: str = "specs", revision: str | None = None) -> dict[str, str]:
    (entries,) = listed(open_tree(root, revision), [folder])
    return {entry.path: entry.id for entry in entries}


def test_a_committed_link_has_the_id_of_what_it_leads_to(repository: Repository) -> None:
    repository.write("common/web.yaml", A)
    repository.link("specs/web.yaml", "../common/web.yaml")
    repository.commit()
    assert ids(repository.root) == {"specs/web.yaml": blob_id(A.encode())}
    repository.write("common/web.yaml", B)
    assert ids(repository.root) == {"specs/web.yaml": blob_id(B.encode())}


@pytest.mark.parametrize("committed", [True, False])
@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ("../../outside.yaml", "specs/web.yaml is a symbolic link that leads out of the repository"),
        ("nowhere.yaml", "specs/web.yaml is a symbolic link to nothing"),
    ],
)
def test_a_link_that_cannot_be_followed_is_named(
    repository: Repository, target: str, complaint: str, committed: bool
) -> None:
    repository.root.with_name("outside.yaml").write_text(A, encoding="utf-8")
    repository.link("specs/web.yaml", target)
    if committed:
        repository.commit()
    with pytest.raises(RepositoryError) as caught:
        ids(repository.root)
    assert caught.value.message == complaint


def test_a_link_that_is_no_spec_is_nobodys_concern(repository: Repository) -> None:
    repository.write("specs/web.yaml", A)
    repository.link("specs/notes", "nowhere")
    repository.commit()
    assert list(ids(repository.root)) == ["specs/web.yaml"]
    assert list(ids(repository.root, revision="HEAD")) == ["specs/web.yaml"]


def test_a_second_look_counts_no_changed_file_twice(repository: Repository) -> None:
    repository.write("specs/web.yaml", A)
    repository.commit()
    repository.write("specs/web.yaml", B)
    repository.write("specs/new.yaml", B)
    tree = open_tree(repository.root)
    assert tree.entries(["specs"]) == tree.entries(["specs"])
    assert tree.changed_files == 2


@pytest.mark.parametrize("folder", ["specs", "specs/web.yaml"])
def test_a_pipe_is_refused_as_a_folder_or_in_one(tmp_path: Path, folder: str) -> None:
    (tmp_path / "specs").mkdir()
    os.mkfifo(tmp_path / "specs/web.yaml")
    with pytest.raises(RepositoryError, match=r"^specs/web.yaml is no regular file$"):
        ids(tmp_path, folder)


def test_a_pipe_in_the_place_of_a_committed_file_is_refused(repository: Repository) -> None:
    repository.write("specs/web.yaml", A)
    repository.commit()
    (repository.root / "specs/web.yaml").unlink()
    os.mkfifo(repository.root / "specs/web.yaml")
    with pytest.raises(RepositoryError, match=r"^specs/web.yaml is no regular file$"):
        ids(repository.root)


def test_a_socket_or_pipe_that_is_no_spec_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs/web.yaml").write_text(A, encoding="utf-8")
    os.mkfifo(tmp_path / "specs/pipe")
    monkeypatch.chdir(tmp_path)  # the path of a socket may not be long
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("specs/socket")
        assert list(ids(tmp_path)) == ["specs/web.yaml"]


def test_what_git_ignores_is_told_and_not_counted(repository: Repository) -> None:
    repository.write(".gitignore", "local.yaml\ndrafts/\nnotes/\n.venv/\n*.enc.yaml\n*.txt\n")
    for name in ("web.yaml", "local.yaml", "drafts/two.yaml", "notes/text", ".venv/x.yaml", "a.txt"):
        repository.write(f"specs/{name}", A)
    repository.write("specs/keys.enc.yaml", A)
    repository.write("elsewhere/local.yaml", A)
    repository.commit()
    tree = open_tree(repository.root)
    assert [entry.path for entry in tree.entries(["specs"], is_spec)] == ["specs/web.yaml"]
    assert tree.ignored == {"specs/local.yaml", "specs/drafts/"}
    assert tree.changed_files == 0


def test_a_root_below_the_top_of_its_repository_has_its_own_paths(repository: Repository) -> None:
    repository.write(".gitignore", "ignored.yaml\n")
    repository.write("deep/specs/ignored.yaml", A)
    repository.write("deep/specs/web.yaml", A)
    repository.commit()
    tree = open_tree(repository.root / "deep")
    assert [entry.path for entry in tree.entries(["specs"])] == ["specs/web.yaml"]
    assert tree.ignored == {"specs/ignored.yaml"}


@pytest.mark.parametrize("revision", ["v9", "HEAD:specs", "0" * 40])
def test_a_revision_that_is_no_commit_is_named_in_words(repository: Repository, revision: str) -> None:
    repository.write("specs/web.yaml", A)
    repository.commit()
    with pytest.raises(RepositoryError) as caught:
        open_tree(repository.root, revision)
    assert caught.value.message == f"there is no commit, branch or tag `{revision}` here"


def test_a_repository_without_a_commit_has_no_head(repository: Repository) -> None:
    with pytest.raises(RepositoryError, match=r"^there is no commit, branch or tag `HEAD` here$"):
        open_tree(repository.root, "HEAD")


def test_a_folder_outside_of_git_has_no_revisions(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="not a git repository"):
        open_tree(tmp_path, "HEAD")


def test_a_hook_of_another_repository_does_not_change_what_is_read(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.write("specs/a.yaml", "a")
    repository.commit()
    before = open_tree(repository.root)
    entries = before.entries(["specs"])
    other = Repository(tmp_path / "other")
    other.root.mkdir()
    other.git("init", "-q")
    other.write("specs/b.yaml", "b")
    other.commit()
    monkeypatch.setenv("GIT_DIR", str(other.root / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.root / ".git" / "index"))
    inside = open_tree(repository.root)
    assert (inside.entries(["specs"]), inside.commit, inside.changed_files) == (entries, before.commit, 0)


def unread(root: Path, revision: str | None = None) -> dict[str, str]:
    tree = open_tree(root, revision)
    assert [entry.path for entry in tree.entries(["specs"], is_spec)] == ["specs/web.yaml"]
    return {path: why.partition(" is ")[0] for path, why in tree.unread.items()}


LINK, OTHER = "a symbolic link to a folder", "this folder"


@pytest.mark.parametrize("committed", [False, True])
def test_a_link_to_a_folder_with_specs_is_told(repository: Repository, committed: bool) -> None:
    repository.write("specs/web.yaml", A)
    repository.write("shared/two.yaml", B)
    repository.write("notes/text", B)
    repository.link("specs/shared", "../shared")
    repository.link("specs/notes", "../notes")
    repository.link("specs/up", "..")
    if committed:
        repository.commit()
        assert unread(repository.root, "HEAD") == {"specs/shared": LINK, "specs/up": LINK}
    assert unread(repository.root) == {"specs/shared": LINK, "specs/up": LINK}


def test_a_link_to_a_folder_is_told_without_git_too(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs/web.yaml").write_text(A)
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/two.yaml").write_text(B)
    (tmp_path / "specs/shared").symlink_to("../shared")
    assert unread(tmp_path) == {"specs/shared": LINK}


def test_a_repository_in_the_specs_is_told(repository: Repository) -> None:
    repository.write("specs/web.yaml", A)
    inner = Repository(repository.root / "specs" / "inner")
    inner.write("two.yaml", B)
    inner.git("init", "-q")
    inner.commit()
    assert unread(repository.root) == {"specs/inner": OTHER}
    repository.commit()  # as a submodule
    assert unread(repository.root) == {"specs/inner": OTHER}
    assert unread(repository.root, "HEAD") == {"specs/inner": OTHER}
