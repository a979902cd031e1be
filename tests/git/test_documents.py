"""A file is remembered by the id of its content, and only if that is what was read."""

from eeveon.git.documents import listed, load
from eeveon.git.tree import blob_id, open_tree
from tests.git.conftest import Memory, Repository

ONE = "apiVersion: eeveon/v2\nkind: Target\nmetadata: {name: one}\nspec: {local: {}}\n"
TWO = ONE.replace("name: one", "name: two")


def loaded(repository: Repository, cache: Memory) -> list[str]:
    tree = open_tree(repository.root)
    (entries,) = listed(tree, ["specs"])
    return [document.name for file in load(tree, entries, cache) for document in file.documents]


def test_an_edit_between_the_look_and_the_read_does_not_spoil_the_cache(repository: Repository) -> None:
    repository.write("specs/here.yaml", ONE)
    repository.commit()
    cache = Memory()
    tree = open_tree(repository.root)
    (entries,) = listed(tree, ["specs"])
    repository.write("specs/here.yaml", TWO)
    load(tree, entries, cache)
    repository.write("specs/here.yaml", ONE)
    assert loaded(repository, cache) == ["one"]


def test_what_git_filters_on_checkout_is_not_kept_under_the_id_of_something_else(
    repository: Repository,
) -> None:
    repository.git("config", "filter.twice.clean", "sed s/two/one/")
    repository.git("config", "filter.twice.smudge", "sed s/one/two/")
    repository.write(".gitattributes", "*.yaml filter=twice\n")
    repository.write("specs/here.yaml", TWO)
    repository.commit()
    cache = Memory()
    assert loaded(repository, cache) == ["two"]
    assert blob_id(ONE.encode()) not in cache.held


def test_a_link_is_read_again_when_what_it_leads_to_changed(repository: Repository) -> None:
    repository.write("common/here.yaml", ONE)
    repository.link("specs/here.yaml", "../common/here.yaml")
    repository.commit()
    cache = Memory()
    assert loaded(repository, cache) == ["one"]
    repository.write("common/here.yaml", TWO)
    assert loaded(repository, cache) == ["two"]
    assert set(cache.held) == {blob_id(ONE.encode()), blob_id(TWO.encode())}
