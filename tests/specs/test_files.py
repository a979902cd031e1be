"""What a file holds by itself, and its form in a cache."""

import subprocess
import sys

import pytest

from eeveon.core.diagnostic import Severity
from eeveon.specs.convert import Pool
from eeveon.specs.files import CheckedFile, check_file, decode, encode
from eeveon.specs.load import SourceFile
from tests.specs.building import EDGE, POLICY, WEB, checked, lines, resolved, service

HEADS = {
    "no kind": (
        "metadata: {name: a}",
        "f.yaml:1:1 unknown-kind: the document does not say its kind → write `kind:` with one of `Project`, `Target`, `Service`, `SafetyPolicy`, `LoadBalancer`, `NodeGroup`, `ScalingPolicy` or `AccessPolicy`",
    ),
    "a slip": (
        "kind: Servise",
        "f.yaml:1:7 unknown-kind: there is no kind `Servise` → did you mean `Service`?",
    ),
    "nothing near": (
        "kind: 3",
        "f.yaml:1:7 unknown-kind: there is no kind `3` → the kinds are `Project`, `Target`, `Service`, `SafetyPolicy`, `LoadBalancer`, `NodeGroup`, `ScalingPolicy` and `AccessPolicy`",
    ),
    "a later kind": (
        "kind: AnomalyGate",
        "f.yaml:1:7 kind-not-yet: kind AnomalyGate comes with a later version → remove the document until then",
    ),
    "the operator's": (
        "kind: Controller",
        "f.yaml:1:7 unknown-kind: kind Controller is the operator's own file → keep it outside of the folders of specs",
    ),
    "a list as kind": (
        "kind: [a]",
        "f.yaml:1:7 unknown-kind: there is no kind `['a']` → the kinds are `Project`, `Target`, `Service`, `SafetyPolicy`, `LoadBalancer`, `NodeGroup`, `ScalingPolicy` and `AccessPolicy`",
    ),
    "no name": (
        "kind: Target\nspec: {fake: {}}",
        "f.yaml:1:1 missing-field: Target needs the field `metadata`: its name, and what is said about it → for example `metadata: {name: edge}`",
    ),
    "a number as name": (
        "kind: Target\nmetadata: {name: 1}\nspec: {fake: {}}",
        'f.yaml:2:18 wrong-type: `name` must be a name of lower-case letters, digits and `-`, at most 40 characters long, not the number 1 → put it in quotes: "1"',
    ),
}


@pytest.mark.parametrize("case", HEADS)
def test_a_document_that_cannot_be_named_is_told_with_its_file(case: str) -> None:
    text, expected = HEADS[case]
    assert lines(checked(text, "f.yaml").diagnostics) == [expected]


WARNED = service("targets: [edge]\nimage: a\nrollout: {rolling: {}, gate: errors, approval: manual, keep: 3}")
OPEN = service('targets: [edge]\nimage: "${{ environment.name }}"', "open")
SEVERAL = "\n---\n".join(
    (EDGE, WARNED, OPEN, POLICY, "kind: Service\nmetadata: {name: part}\nspec: {replicas: 2}\n")
)


def test_a_file_comes_back_from_the_cache_as_it_was_read() -> None:
    file = checked(SEVERAL, "f.yaml")
    assert decode(encode(file), "f.yaml") == file
    assert [document.sound for document in file.documents] == [True, True, False, True, False]


def test_a_file_from_the_cache_bears_its_present_path() -> None:
    moved = decode(encode(checked(SEVERAL, "f.yaml")), "g.yaml")
    assert moved == checked(SEVERAL, "g.yaml")


def test_a_field_without_effect_is_told_on_every_run() -> None:
    file = checked(WARNED, "f.yaml")
    again = decode(encode(file), "f.yaml")
    assert again is not None
    warnings = again.documents[0].warnings
    assert {item.severity for item in warnings} == {Severity.WARNING}
    assert [(str(item.position), item.path[-1]) for item in warnings] == [
        ("f.yaml:6:26", "gate"),
        ("f.yaml:6:40", "approval"),
    ]


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"{",
        b"\xff",
        b"[1, []]",
        b"[2, [[]]]",
        b"[2, []]\nmore",
        b'[2, [[0, 1, "Service", "a", true, []]]]\n{}',
        b"3",
    ],
)
def test_a_damaged_cache_entry_is_none(damaged: bytes) -> None:
    assert decode(damaged, "f.yaml") is None


def test_equal_parts_of_services_are_one_object() -> None:
    pool = Pool()
    text = service("targets: [edge]\nimage: a\nports: [{name: p}]\nhealth: {tcp: {port: p}}")
    first, second = (check_file(SourceFile(path=path, content=text.encode()), pool) for path in "ab")
    mine, theirs = first.documents[0].nouns[0], second.documents[0].nouns[0]
    assert getattr(mine, "health") is getattr(theirs, "health")  # noqa: B009  # of the three nouns one has it


def test_problems_of_all_files_are_told_together_and_by_place() -> None:
    outcome = resolved(
        {"base/b.yaml": "kind: X\n", "base/a.yaml": "a: [", "production/c.yaml": WEB.replace("web:1", "")}
    )
    assert [item.position.file for item in outcome.diagnostics] == [
        "base/a.yaml",
        "base/b.yaml",
        "production/c.yaml",
    ]


WITHOUT = """
import sys
from eeveon.specs.files import decode
from eeveon.specs.resolve import Sources, resolve_environment
from eeveon.specs.codec import decode_desired, encode_desired
from eeveon.specs.project import Project
file = decode(bytes.fromhex(sys.argv[1]), "base/a.yaml")
project = Project(name="p", file="eeveon.yaml", index=0, base="base", environments={})
outcome = resolve_environment(project, "e", Sources(base=[file], own=[], read={}.get))
assert decode_desired(encode_desired(outcome.desired))[0] == outcome.desired
print(len(outcome.desired.workloads), *sorted({"pydantic", "ruamel", "jinja2", "jsonschema"} & sys.modules.keys()))
"""


def cached() -> CheckedFile:
    return checked(EDGE + "---\n" + WEB)


@pytest.fixture
def fresh_interpreter() -> str:
    """What a new process prints that resolves a cached file."""
    argv = [sys.executable, "-c", WITHOUT, encode(cached()).hex()]
    return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60).stdout


def test_a_cached_environment_is_resolved_without_the_heavy_libraries(fresh_interpreter: str) -> None:
    assert fresh_interpreter == "1\n"
