"""What the state of the Git repository does to the commands."""

import subprocess

import pytest

from tests.cli.conftest import SHOP, Cli

WEB = SHOP["specs/web.yaml"]
IGNORED = "Git ignores this file, so it is not read; remove it from .gitignore, or move it out of the folder"


def git(cli: Cli, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=cli.root, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def commit(cli: Cli) -> str:
    git(cli, "add", "-A")
    git(cli, "commit", "-qm", "state")
    return git(cli, "rev-parse", "HEAD")


@pytest.fixture
def repository(shop: Cli) -> Cli:
    """The shop, committed once."""
    git(shop, "init", "-q")
    commit(shop)
    return shop


def test_every_plan_and_validate_warn_of_a_spec_that_git_ignores(repository: Cli) -> None:
    assert repository.inside("plan").err == ""
    repository.write({".gitignore": "two.yaml\n", "specs/two.yaml": WEB.replace("name: web", "name: two")})
    for _ in range(2):
        said = repository.inside("plan")
        assert said.status == 2
        assert f"specs/two.yaml  warning  ignored-file\n  {IGNORED}" in said.err
        assert "changed file" not in said.out
        assert "two" not in said.out
    checked = repository.inside("validate")
    assert (checked.status, checked.out.count("ignored-file")) == (0, 1)
    (repository.root / ".gitignore").unlink()
    said = repository.inside("plan")
    assert "ignored-file" not in said.err
    assert "service/two" in said.out


def test_a_folder_whose_specs_are_all_ignored_is_told_with_what_is_ignored(repository: Cli) -> None:
    git(repository, "rm", "-rq", "--cached", "specs")
    repository.write({".gitignore": "*.yaml\n"})
    said = repository.inside("plan")
    assert said.status == 1
    assert "there is no spec file in `specs`" in said.err
    assert said.err.count("ignored-file") == 2


def test_an_edit_right_behind_a_plan_is_seen_by_the_next(repository: Cli) -> None:
    assert "create 1 replica" in repository.inside("plan").out
    repository.write({"specs/web.yaml": WEB.replace("spec:", "spec:\n  replicas: 4")})
    assert "create 4 replicas" in repository.inside("plan").out
    repository.write({"specs/web.yaml": WEB})
    assert "create 1 replica" in repository.inside("plan").out


def test_a_revision_that_is_not_there_is_named(repository: Cli) -> None:
    said = repository.inside("plan", "--revision", "v9")
    assert (said.status, said.err) == (1, "error: there is no commit, branch or tag `v9` here\n")


def test_a_plan_of_another_commit_says_how_to_apply_that_commit(repository: Cli) -> None:
    first = git(repository, "rev-parse", "HEAD")[:12]
    repository.write({"specs/web.yaml": WEB.replace("spec:", "spec:\n  replicas: 0")})
    commit(repository)
    assert (
        repository.inside("plan", "--revision", first, "--out", str(repository.root / "p.json")).status == 2
    )
    stale = repository.inside("apply", str(repository.root / "p.json"))
    assert stale.status == 4
    advice = f"eeveon apply {repository.root / 'p.json'} --revision {first}"
    assert f"the plan is of commit {first}; to apply that commit: {advice}" in stale.err
    assert repository.inside(*advice.split()[1:]).status == 0


def test_a_plan_of_edited_files_is_not_said_to_be_of_a_commit(repository: Cli) -> None:
    repository.write({"specs/web.yaml": WEB.replace("startup: 20s", "startup: 30s")})
    assert repository.inside("plan", "--out", str(repository.root / "p.json")).status == 2
    repository.write({"specs/web.yaml": WEB.replace("spec:", "spec:\n  replicas: 0")})
    commit(repository)
    stale = repository.inside("apply", str(repository.root / "p.json"))
    assert (stale.status, "nothing was done; plan again" in stale.err) == (4, True)
    assert "--revision" not in stale.err
