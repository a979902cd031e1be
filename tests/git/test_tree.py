"""What is listed and read of a repository: a folder, a working tree, a commit."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from eeveon.errors import RepositoryError
from eeveon.git.documents import listed, load
from eeveon.git.tree import Tree, blob_id, find_root, open_tree

WEB = "kind: Service\nmetadata: {name: web}\nspec: {targets: [here], image: 'web:1'}\n"


class Remembering:
    """A cache that forgets nothing."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def get_many(self, keys: object) -> Mapping[str, bytes]:
        return self.kept

    def put_many(self, values: Mapping[str, bytes]) -> None:
        self.kept.update(values)


def git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with one committed spec, below a folder with a hard name."""
    top = tmp_path / "a [b] ü"
    (top / "specs").mkdir(parents=True)
    (top / "specs/web.yaml").write_text(WEB)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "one")
    return top


def names(tree: Tree) -> list[str]:
    return [entry.path for entry in tree.entries(["specs"])]


def images(root: Path, cache: Remembering) -> list[str]:
    tree = open_tree(root)
    (entries,) = listed(tree, ["specs"])
    return [
        document.data["spec"]["image"] for file in load(tree, entries, cache) for document in file.documents
    ]


def test_ids_are_those_of_git_whether_a_file_is_committed_edited_or_new(root: Path) -> None:
    (root / "specs/new.yaml").write_text("a: 1\n")
    (root / "specs/web.yaml").write_text("b: 2\n")
    tree = open_tree(root)
    found = {entry.path: entry.id for entry in tree.entries(["specs"])}
    assert found == {path: git(root, "hash-object", path) for path in ("specs/new.yaml", "specs/web.yaml")}
    assert tree.changed_files == 2
    assert tree.commit == git(root, "rev-parse", "HEAD")
    assert blob_id(b"b: 2\n") == found["specs/web.yaml"]


def test_a_removed_file_is_not_there(root: Path) -> None:
    (root / "specs/web.yaml").unlink()
    assert names(open_tree(root)) == []
    assert names(open_tree(root, "HEAD")) == ["specs/web.yaml"]


def test_a_commit_is_read_as_it_is(root: Path) -> None:
    (root / "specs/web.yaml").write_text("edited: true\n")
    tree = open_tree(root, "HEAD")
    assert tree.read(["specs/web.yaml"]) == {"specs/web.yaml": WEB.encode()}
    with pytest.raises(RepositoryError, match=r"lost\.yaml does not exist at"):
        tree.read(["lost.yaml"])


@pytest.mark.parametrize("revision", ["nothing", "--output=x", "HEAD~9"])
def test_a_revision_that_does_not_exist_is_said_in_words(root: Path, revision: str) -> None:
    with pytest.raises(RepositoryError, match="there is no commit, branch or tag"):
        open_tree(root, revision)
    assert not list(root.glob("x"))


def test_a_link_is_read_anew_whenever_the_file_behind_it_changes(root: Path) -> None:
    (root / "common.yaml").write_text(WEB)
    (root / "specs/web.yaml").unlink()
    (root / "specs/web.yaml").symlink_to("../common.yaml")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "link")
    cache = Remembering()
    assert images(root, cache) == ["web:1"]
    (root / "common.yaml").write_text(WEB.replace("web:1", "web:2"))
    assert images(root, cache) == ["web:2"]
    with pytest.raises(RepositoryError, match="symbolic link"):
        open_tree(root, "HEAD").entries(["specs"])


def test_a_link_that_leads_out_is_refused(root: Path) -> None:
    (root / "specs/out.yaml").symlink_to("/etc/hostname")
    with pytest.raises(RepositoryError, match=r"specs/out\.yaml is a symbolic link that leads out"):
        open_tree(root).entries(["specs"])


def test_what_was_edited_after_the_listing_is_not_remembered_under_the_old_id(root: Path) -> None:
    cache = Remembering()
    tree = open_tree(root)
    (entries,) = listed(tree, ["specs"])
    (root / "specs/web.yaml").write_text(WEB.replace("web:1", "web:2"))
    load(tree, entries, cache)
    assert cache.kept == {}


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    os.mkfifo(tmp_path / "specs/pipe.yaml")
    with pytest.raises(RepositoryError, match=r"specs/pipe\.yaml is no regular file"):
        open_tree(tmp_path).entries(["specs"])


def test_a_folder_outside_of_git_is_read_file_by_file(tmp_path: Path) -> None:
    (tmp_path / "specs/.hidden").mkdir(parents=True)
    (tmp_path / "specs/.hidden/x.yaml").write_text("")
    (tmp_path / "specs/web.yaml").write_text(WEB)
    tree = open_tree(tmp_path)
    assert [(entry.path, entry.id) for entry in tree.entries(["specs"])] == [
        ("specs/web.yaml", blob_id(WEB.encode()))
    ]
    assert (tree.commit, tree.changed_files) == ("", 0)


def test_the_root_is_the_nearest_folder_with_a_project(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "eeveon.yaml").write_text("")
    assert find_root(tmp_path / "a/b") == tmp_path
    (tmp_path / "eeveon.yaml").unlink()
    with pytest.raises(RepositoryError, match=r"no eeveon\.yaml in"):
        find_root(tmp_path / "a/b")
