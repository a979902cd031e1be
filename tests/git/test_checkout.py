"""The files of a commit in a folder: whole for whoever looks, also while several ask for them at once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from eeveon.git.checkout import KEPT, checked_out
from eeveon.git.tree import Tree, open_tree
from tests.git.conftest import Repository


def at(repository: Repository, text: str) -> Tree:
    repository.write("page.txt", text)
    repository.commit()
    return open_tree(repository.root, "HEAD")


def test_the_link_leads_to_the_files_of_the_commit(repository: Repository, tmp_path: Path) -> None:
    old, new = at(repository, "old"), at(repository, "new")
    assert (checked_out(old, tmp_path / "out") / "page.txt").read_text() == "old"
    assert (checked_out(new, tmp_path / "out") / "page.txt").read_text() == "new"
    assert (checked_out(old, tmp_path / "out") / "page.txt").read_text() == "old"


def test_environments_side_by_side_share_the_folder(repository: Repository, tmp_path: Path) -> None:
    tree = at(repository, "page")
    with ThreadPoolExecutor(8) as pool:
        links = list(pool.map(lambda _: checked_out(tree, tmp_path / "out"), range(16)))
    assert [(link / "page.txt").read_text() for link in links] == ["page"] * 16


def test_what_a_killed_controller_left_half_way_is_laid_out_anew(
    repository: Repository, tmp_path: Path
) -> None:
    tree = at(repository, "page")
    half = tmp_path / "out" / f"{tree.commit}.new"
    half.mkdir(parents=True)
    (half / "other.txt").write_text("of a commit that was not laid out wholly")
    link = checked_out(tree, tmp_path / "out")
    assert sorted(item.name for item in link.iterdir()) == ["page.txt"]


@pytest.mark.parametrize("more", [1, 3])
def test_old_commits_are_forgotten(repository: Repository, tmp_path: Path, more: int) -> None:
    trees = [at(repository, f"page {number}") for number in range(KEPT + more)]
    *_, link = [checked_out(tree, tmp_path / "out") for tree in trees]
    kept = [item for item in (tmp_path / "out").iterdir() if item.is_dir() and not item.is_symlink()]
    assert len(kept) == KEPT
    assert (link / "page.txt").read_text() == f"page {KEPT + more - 1}"
