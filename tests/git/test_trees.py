"""What is fetched of other repositories, and which of their files are let through."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from eeveon.core.desired import Source
from eeveon.core.names import CommitId
from eeveon.core.tree import Entry, Form
from eeveon.errors import RepositoryError
from eeveon.git.remote import KEPT, Remotes
from eeveon.git.trees import GitTrees
from tests.git.conftest import Repository


def output(repository: Repository, *arguments: str, given: bytes = b"") -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=repository.root, check=True, capture_output=True, input=given
    )
    return done.stdout.decode().strip()


def head(repository: Repository) -> CommitId:
    return CommitId(output(repository, "rev-parse", "HEAD"))


@pytest.fixture
def remotes(tmp_path: Path) -> Remotes:
    return Remotes(tmp_path / "state" / "git", tmp_path)


@dataclass(frozen=True, slots=True)
class Code:
    """Sources, fetched and then read."""

    remotes: Remotes
    trees: GitTrees

    def entries(self, source: Source) -> tuple[Entry, ...]:
        return self.trees.entries(self.remotes.fetched(source).id, source.exclude)

    def read(self, source: Source, blobs: Sequence[str]) -> list[tuple[str, bytes]]:
        return list(self.trees.read(self.remotes.fetched(source).id, blobs))

    def excluded(self, source: Source, paths: Sequence[str]) -> frozenset[str]:
        return self.trees.excluded(self.remotes.fetched(source).id, source.exclude, paths)


@pytest.fixture
def trees(remotes: Remotes) -> Code:
    return Code(remotes, GitTrees(remotes))


def source(repository: Repository, exclude: Sequence[str] = (), ref: str = "branch main") -> Source:
    return Source(
        git=str(repository.root), ref=ref, path="/srv/web", commit=head(repository), exclude=tuple(exclude)
    )


def by_hand(repository: Repository, *lines: bytes) -> Source:
    """A commit of a tree that no checkout could have made."""
    tree = output(repository, "mktree", "--missing", "-z", given=b"".join(line + b"\0" for line in lines))
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    commit = output(repository, *identity, "commit-tree", "-m", "x", tree)
    output(repository, "update-ref", "refs/heads/main", commit)
    return Source(git=str(repository.root), ref="branch main", path="/srv/web", commit=CommitId(commit))


def test_a_branch_and_a_tag_lead_to_the_commits_that_the_server_names(
    repository: Repository, remotes: Remotes
) -> None:
    repository.write("a", "1")
    repository.commit()
    repository.git("branch", "-M", "main")
    repository.git("tag", "-a", "-m", "one", "v1")
    first = head(repository)
    repository.write("a", "2")
    repository.commit()

    assert remotes.head(str(repository.root), "branch main") == head(repository)
    assert remotes.head("./shop", "tag v1") == first


def test_a_branch_whose_name_ends_like_another_is_not_taken_for_it(
    repository: Repository, remotes: Remotes
) -> None:
    repository.write("a", "1")
    repository.commit()
    repository.git("branch", "-M", "refs/heads/main")

    with pytest.raises(RepositoryError, match="has no branch `main`"):
        remotes.head(str(repository.root), "branch main")


def test_a_commit_is_fetched_without_its_history_and_only_once(
    repository: Repository, remotes: Remotes, trees: Code
) -> None:
    for text in "123":
        repository.write("a", text)
        repository.commit()
    wanted = source(repository)

    found = remotes.fetched(wanted)
    repository.root.rename(repository.root.with_name("gone"))

    assert remotes.fetched(wanted) == found
    assert [entry.path for entry in trees.entries(wanted)] == ["a"]
    assert output(Repository(remotes.copy_of(found.id)), "rev-list", "--count", found.id) == "1"


def test_a_commit_that_a_server_gives_only_with_its_branch_is_fetched_with_it(
    repository: Repository, remotes: Remotes
) -> None:
    repository.write("a", "1")
    repository.commit()
    repository.git("branch", "-M", "main")
    wanted = source(repository)
    repository.write("a", "2")
    repository.commit()
    repository.git("config", "uploadpack.allowAnySHA1InWant", "false")
    repository.git("config", "protocol.version", "0")

    assert remotes.fetched(wanted).id == wanted.commit


def test_a_commit_that_is_nowhere_is_refused_with_the_branch_that_lacks_it(
    repository: Repository, remotes: Remotes
) -> None:
    repository.write("a", "1")
    repository.commit()
    repository.git("branch", "-M", "main")
    wanted = Source(git=str(repository.root), ref="branch main", path="/srv", commit=CommitId("1" * 40))

    with pytest.raises(RepositoryError, match=r"reading .*shop.*"):
        remotes.fetched(wanted)


def test_old_commits_are_forgotten_and_the_newest_stay(
    repository: Repository, remotes: Remotes, trees: Code
) -> None:
    wanted = []
    for number in range(KEPT + 2):
        repository.write("a", str(number))
        repository.git("add", "-A")
        repository.git("commit", "-qm", "x", f"--date=2026-01-01T00:00:{number:02}")
        wanted.append(source(repository))
        remotes.fetched(wanted[-1])

    copy = Repository(remotes.copy_of(head(repository)))
    assert len(output(copy, "for-each-ref", "refs/eeveon/").splitlines()) == KEPT
    assert dict(trees.read(wanted[-1], [trees.entries(wanted[-1])[0].blob])).popitem()[1] == b"33"


def test_files_keep_their_form_and_odd_names(repository: Repository, trees: Code) -> None:
    names = ["-rf", " a b ", "new\nline", "tab\t'q\"", "ünï", os.fsdecode(b"\xff\xfe"), "d/e/f", "*?[x]"]
    for name in names:
        repository.write(name, name if name.isprintable() else "x")
    repository.write("empty", "")
    repository.write("run", "#!/bin/sh\n")
    (repository.root / "run").chmod(0o755)
    repository.link("d/link", "../run")
    repository.commit()

    entries = {entry.path: entry for entry in trees.entries(source(repository))}

    assert entries.keys() == {*names, "empty", "run", "d/link"}
    assert [entries[name].form for name in ("run", "d/link", "empty")] == [
        Form.PROGRAM,
        Form.LINK,
        Form.FILE,
    ]
    assert entries["empty"].size == 0


def test_contents_are_those_of_the_ids(repository: Repository, trees: Code) -> None:
    repository.write("a", "one")
    repository.write("b", "")
    repository.commit()
    wanted = source(repository)
    a, b = trees.entries(wanted)

    assert trees.read(wanted, [b.blob, a.blob]) == [(b.blob, b""), (a.blob, b"one")]


def test_exclude_reads_patterns_as_gitignore_does(repository: Repository, trees: Code) -> None:
    for name in (
        "a.log",
        "keep.log",
        "docs/x.md",
        "src/docs/y.md",
        "src/a.log",
        "#odd",
        "node_modules/m/i.js",
    ):
        repository.write(name, "x")
    repository.commit()
    wanted = source(repository, ["*.log", "!keep.log", "/docs/", "node_modules/", "\\#odd"])

    assert [entry.path for entry in trees.entries(wanted)] == ["keep.log", "src/docs/y.md"]
    assert len(trees.entries(source(repository, ["matches-nothing"]))) == 7
    assert trees.excluded(wanted, ["docs/new", "b.log", "keep.log", "other"]) == {"docs/new", "b.log"}


def test_a_submodule_is_refused_and_may_be_excluded(repository: Repository, trees: Code) -> None:
    line = b"160000 commit " + b"1" * 40 + b"\tvendor"
    wanted = by_hand(repository, line)

    with pytest.raises(RepositoryError, match="`vendor` is a submodule"):
        trees.entries(wanted)
    assert (
        trees.entries(
            Source(git=wanted.git, ref=wanted.ref, path="/x", commit=wanted.commit, exclude=("/vendor",))
        )
        == ()
    )


@pytest.mark.parametrize("to", ["/etc/passwd", "../x", "a/../../x", ".."])
def test_a_link_that_leads_out_is_refused(repository: Repository, trees: Code, to: str) -> None:
    repository.link("link", to)
    repository.commit()

    with pytest.raises(RepositoryError, match="leads out of the repository"):
        trees.entries(source(repository))


def test_a_link_within_the_tree_is_kept_as_one(repository: Repository, trees: Code) -> None:
    repository.write("a/b", "x")
    repository.link("c/link", "../a/./b")
    repository.commit()

    assert Entry("c/link", Form.LINK, *_link(trees, repository)) in trees.entries(source(repository))


def _link(trees: Code, repository: Repository) -> tuple[str, int]:
    found = next(entry for entry in trees.entries(source(repository)) if entry.form is Form.LINK)
    return found.blob, found.size


def test_a_tree_made_by_hand_cannot_lead_out(repository: Repository, trees: Code) -> None:
    blob = output(repository, "hash-object", "-w", "--stdin", given=b"x").encode()
    inner = output(repository, "mktree", given=b"100644 blob " + blob + b"\tpasswd\n").encode()

    through_link = by_hand(repository, b"120000 blob " + blob + b"\ta", b"040000 tree " + inner + b"\ta")
    with pytest.raises(RepositoryError, match="lies below `a`, which is no folder"):
        trees.entries(through_link)
    for name in (b"..", b".git", b".GIT"):
        with pytest.raises(RepositoryError, match="no path of a file"):
            trees.entries(by_hand(repository, b"040000 tree " + inner + b"\t" + name))


def test_pointers_of_lfs_are_told(repository: Repository, trees: Code, remotes: Remotes) -> None:
    repository.write("logo.png", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    repository.write(".gitattributes", "*.png filter=lfs\n")
    repository.write("a", "x")
    repository.git("-c", "filter.lfs.required=false", "add", "-A")
    repository.git("commit", "-qm", "x")

    assert trees.trees.pointers(remotes.fetched(source(repository)).id) == ("logo.png",)


@pytest.mark.parametrize(
    "address",
    [
        "ext::sh -c touch% /tmp/x",
        "--upload-pack=touch /tmp/x",
        "ssh://-oProxyCommand=x/y",
        "git://h/x",
        "a b\nc",
    ],
)
def test_an_address_that_would_run_something_is_never_given_to_git(remotes: Remotes, address: str) -> None:
    with pytest.raises(RepositoryError, match="no address of a repository"):
        remotes.head(address, "branch main")


def test_a_repository_that_cannot_be_reached_is_named(remotes: Remotes) -> None:
    with pytest.raises(RepositoryError, match=r"reading http://127.0.0.1:1/x.git: .*"):
        remotes.head("http://127.0.0.1:1/x.git", "branch main")


def test_a_commit_is_found_wherever_it_was_fetched_from(
    repository: Repository, remotes: Remotes, tmp_path: Path
) -> None:
    repository.write("a", "1")
    repository.commit()
    commit = remotes.fetched(source(repository)).id

    assert Remotes(tmp_path / "state" / "git", tmp_path).copy_of(commit) == remotes.copy_of(commit)
    with pytest.raises(RepositoryError, match="was not fetched to this machine"):
        remotes.copy_of(CommitId("1" * 40))
