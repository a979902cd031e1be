"""The objects in folders of Kubernetes YAML: read from the repository, or built by the kubectl that the user has."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from posixpath import join

from eeveon.core.desired import Desired, Given, Manifests
from eeveon.core.diagnostic import Diagnostic, Position
from eeveon.core.values import plain
from eeveon.errors import RepositoryError, SpecsRejected
from eeveon.git.documents import Cache
from eeveon.git.tree import Entry, Tree
from eeveon.specs.identities import shared_objects

KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_SUFFIXES = (".yaml", ".yml", ".json")
_TIMEOUT = 120  # seconds; a kustomization may fetch others
_FORMAT = 1  # of what is remembered


def with_manifests(desired: Desired, tree: Tree, cache: Cache) -> Desired:
    """The same with the objects of every folder of manifests. Raises SpecsRejected with all that is wrong in them."""
    found, diagnostics = read_manifests(desired, tree, cache)
    if diagnostics:
        raise SpecsRejected(diagnostics)
    return found


def read_manifests(desired: Desired, tree: Tree, cache: Cache) -> tuple[Desired, tuple[Diagnostic, ...]]:
    """The same, and all that is wrong. Each folder is read once, however many targets get it."""
    folders: dict[str, _Folder] = {}
    for workload in desired.workloads:
        if workload.manifests is not None and workload.manifests.folder not in folders:
            asked = workload.position or Position(file=workload.manifests.folder)
            folders[workload.manifests.folder] = _read(workload.manifests.folder, asked, tree, cache)
    if not folders:
        return desired, ()
    workloads = tuple(
        replace(
            workload,
            manifests=Manifests(
                folder=workload.manifests.folder, objects=folders[workload.manifests.folder].objects
            ),
        )
        if workload.manifests is not None
        else workload
        for workload in desired.workloads
    )
    wrong = [item for folder in folders.values() for item in folder.diagnostics]
    return replace(desired, workloads=workloads), (*wrong, *shared_objects(workloads))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Folder:
    """What is in one folder, and what is wrong with it."""

    objects: tuple[Given, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


def _read(folder: str, asked: Position, tree: Tree, cache: Cache) -> _Folder:
    entries = tree.entries([folder], _is_manifest)
    built = next((path for name in KUSTOMIZATIONS if (path := join(folder, name)) in _paths(entries)), None)
    try:
        if built is not None:
            return _built(folder, built, tree)
    except RepositoryError as error:
        return _unreadable(error.message, Position(file=built or folder), error.hint)
    if not entries:
        hint = "write a folder from the root of the repository, with files that end in .yaml, .yml or .json"
        return _unreadable(f"there is no Kubernetes YAML in `{folder}`", asked, hint)
    key = hashlib.sha256(repr((_FORMAT, [(entry.path, entry.id) for entry in entries])).encode()).hexdigest()
    known = _recalled(cache.get_many([key]).get(key, b""))
    if known is not None:
        return _Folder(objects=known)
    objects, wrong = _objects_in(tree.read([entry.path for entry in entries]))
    if not wrong:
        cache.put_many({key: _remembered(objects)})
    return _Folder(objects=objects, diagnostics=wrong)


def _is_manifest(path: str) -> bool:
    return path.endswith(_SUFFIXES) or path.rpartition("/")[2] in KUSTOMIZATIONS


def _paths(entries: Sequence[Entry]) -> frozenset[str]:
    return frozenset(entry.path for entry in entries)


def _unreadable(message: str, position: Position, hint: str) -> _Folder:
    told = Diagnostic(code="manifests-unreadable", message=message, position=position, hint=hint)
    return _Folder(diagnostics=(told,))


def _built(folder: str, kustomization: str, tree: Tree) -> _Folder:
    """What kubectl makes of it. Nothing of that has a line in a file, so all of it is at the kustomization."""
    with tree.laid_out() as root:
        text = kustomize(root / folder)
    objects, wrong = _objects_in({kustomization: text})
    place = Position(file=kustomization)
    return _Folder(
        objects=tuple(replace(item, position=place) for item in objects),
        diagnostics=tuple(replace(item, position=place) for item in wrong),
    )


def _objects_in(contents: Mapping[str, bytes]) -> tuple[tuple[Given, ...], tuple[Diagnostic, ...]]:
    from eeveon.specs.given import objects_in  # brings the YAML reader, which what is remembered does without
    from eeveon.specs.load import SourceFile

    return objects_in(SourceFile(path=path, content=text) for path, text in contents.items())


def kustomize(folder: Path) -> bytes:
    """What `kubectl kustomize` prints for a folder. Raises RepositoryError with kubectl's own words."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        raise RepositoryError(
            f"{folder.name} is a kustomization, which `kubectl kustomize` builds, and there is no kubectl here",
            hint="install kubectl, or write plain YAML",
        )
    try:
        done = subprocess.run(
            [kubectl, "kustomize", str(folder)], capture_output=True, timeout=_TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RepositoryError(f"kubectl kustomize {folder.name}: {error}") from error
    if done.returncode:
        said = " ".join(done.stderr.decode(errors="replace").replace(str(folder), folder.name).split())
        raise RepositoryError(f"kubectl kustomize {folder.name}: {said.removeprefix('error: ')}")
    return done.stdout


def _remembered(objects: Sequence[Given]) -> bytes:
    return json.dumps([[item.body, plain(item.position)] for item in objects]).encode()


def _recalled(kept: bytes) -> tuple[Given, ...] | None:
    """The objects that were remembered; None where nothing was, or it is damaged."""
    try:
        return tuple(Given(body=body, position=Position(**place)) for body, place in json.loads(kept))
    except (ValueError, TypeError):
        return None
