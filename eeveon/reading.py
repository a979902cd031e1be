"""What should be: the first half of the way of a change, from files to `Desired`.

load → validate → resolve, remembered by the content of every file that takes part.
"""

import hashlib
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING

from eeveon.core.desired import Desired, Workload
from eeveon.core.diagnostic import Diagnostic, Position, Severity
from eeveon.core.guard import ByDestroy
from eeveon.core.names import EnvironmentName
from eeveon.core.scaling import in_force
from eeveon.core.secret import FromEncrypted, SecretRef
from eeveon.core.verdict import Moment
from eeveon.errors import RepositoryError, SecretError, SpecsRejected, UsageError
from eeveon.git.documents import ignored, listed, load, project_entry, read_one, unread
from eeveon.git.tree import Entry
from eeveon.manifests import read_manifests, with_manifests
from eeveon.sourcing import NO_PINS, Pins, Question, with_sources
from eeveon.specs.codec import decode_desired, encode_desired
from eeveon.specs.convert import Pool
from eeveon.specs.locate import Read
from eeveon.specs.project import Project, empty_folders, read_project
from eeveon.specs.suggest import did_you_mean
from eeveon.world import Order, World

if TYPE_CHECKING:
    from eeveon.specs.resolve import Resolved


def project_of(world: World) -> Project:
    """The repository's Project. Raises SpecsRejected."""
    (file,) = load(world.tree, [project_entry(world.tree)], world.cache)
    project, diagnostics = read_project(file, lambda path: read_one(world.tree, path))
    if project is None:
        raise SpecsRejected(diagnostics)
    return project


def environment_of(project: Project, named: str | None) -> EnvironmentName:
    """The environment that is meant: the named one, or the only one."""
    names = list(project.environments)
    if named is None and len(names) == 1:
        return names[0]
    if named is None:
        raise UsageError("which environment?", hint=f"say one of -e {', -e '.join(names)}")
    if named not in project.environments:
        hint = did_you_mean(named, names) or f"there are {', '.join(names)}"
        raise UsageError(f"no environment {named!r} in {project.file}", hint=hint)
    return EnvironmentName(named)


def resolved(world: World, project: Project, environment: EnvironmentName) -> "Resolved":
    """The documents of one environment, with everything that is to be said about them. Does not raise for mistakes."""
    entries = _listed(world, project, environment)
    result = _resolved(world, project, environment, entries, read=partial(read_one, world.tree))
    left_out = _left_out(world, project, environment)
    if result.desired is None:
        return replace(result, diagnostics=(*result.diagnostics, *left_out))
    desired, wrong = read_manifests(result.desired, world.tree, world.cache)
    told = (*result.diagnostics, *left_out, *wrong)
    return replace(result, desired=None if wrong else desired, diagnostics=told)


def desired_of(world: World, order: Order, pins: Pins = NO_PINS) -> Desired:
    """What the order's environment should be, as far as the order asks. Raises SpecsRejected.

    `pins` are commits of sources that an earlier reading found.
    """
    return specs_of(world, order, pins).desired


def outline_of(world: World, order: Order) -> Desired:
    """The same for who only looks: code is what it was when it was last asked for, if it cannot be asked for now."""
    specs = _specs(world, order)
    services = frozenset(workload.service for workload in specs.desired.workloads)
    return _sourced(specs, world, Question(lenient=services)).desired


@dataclass(frozen=True, slots=True, kw_only=True)
class Specs:
    """What an environment should be, and what its documents say that has no effect yet."""

    desired: Desired
    warnings: tuple[Diagnostic, ...]


def specs_of(world: World, order: Order, pins: Pins = NO_PINS) -> Specs:
    """The specs of the order's environment, as far as the order asks. Raises SpecsRejected."""
    specs = _specs(world, order)
    if not any(workload.source for workload in specs.desired.workloads):
        return specs
    holds = (*order.holds, *world.store().holds.of(specs.desired.scope))
    held = frozenset(hold.service for hold in holds)
    return _sourced(specs, world, Question(services=order.services, lenient=held, pins=pins))


def _sourced(specs: Specs, world: World, question: Question) -> Specs:
    if not any(workload.source for workload in specs.desired.workloads):
        return specs
    desired, warnings = with_sources(specs.desired, world.code(), question)
    return Specs(desired=desired, warnings=(*specs.warnings, *warnings))


def _specs(world: World, order: Order) -> Specs:
    """The specs before anybody has asked for the commits of their sources.

    Remembered as a whole by the content of all their files: most plans are of specs that did not change.
    """
    project = project_of(world)
    entries = _listed(world, project, order.environment)
    left_out = _left_out(world, project, order.environment)  # is not in the key, so it is not remembered
    key = _key(world, order.environment, entries)
    read = cache(
        partial(read_one, world.tree)
    )  # a file that changes meanwhile is the same to all that follows
    known = _recalled(world.cache.get_many([key]).get(key, b""), read)
    if known is None:
        result = _resolved(world, project, order.environment, entries, read=read)
        if result.desired is None:
            raise SpecsRejected((*result.diagnostics, *left_out))
        known = result.desired, result.diagnostics
        if (
            _key(world, order.environment, _listed(world, project, order.environment)) == key
        ):  # as it was read
            world.cache.put_many({key: _remembered(*known, read=read)})
    desired = _selected(_versioned(known[0], world), order)
    desired = with_manifests(_at_this_hour(desired, world), world.tree, world.cache)
    desired = replace(desired, commit=world.tree.commit, changed_files=world.tree.changed_files)
    return Specs(desired=desired, warnings=(*known[1], *left_out))


def _left_out(world: World, project: Project, environment: EnvironmentName) -> tuple[Diagnostic, ...]:
    """A warning for all that is not read in the environment's folders. They have been listed before."""
    folders = (project.base, project.environments[environment].path)
    links = tuple(
        Diagnostic(
            code="folder-not-read",
            message=why,
            position=Position(file=path),
            hint="keep its files in the folder itself, or link to each of them",
            severity=Severity.WARNING,
        )
        for path, why in unread(world.tree, folders).items()
    )
    return links + tuple(
        Diagnostic(
            code="ignored-file",
            message=f"Git ignores this {'folder' if path.endswith('/') else 'file'}, so it is not read",
            position=Position(file=path),
            hint="remove it from .gitignore, or move it out of the folder",
            severity=Severity.WARNING,
        )
        for path in ignored(world.tree, folders)
    )


def _remembered(desired: Desired, warnings: tuple[Diagnostic, ...], *, read: Read) -> bytes:
    """What should be, below a line that says for which schemas of guardrails: they are no specs, so not in the key."""
    return _guardrails_seen(desired, read) + b"\n" + encode_desired(desired, warnings)


def _recalled(kept: bytes, read: Read) -> tuple[Desired, tuple[Diagnostic, ...]] | None:
    """What was remembered, if it holds for the schemas as they are now."""
    seen, _, encoded = kept.partition(b"\n")
    known = decode_desired(encoded)
    return known if known is not None and _guardrails_seen(known[0], read) == seen else None


def _guardrails_seen(desired: Desired, read: Read) -> bytes:
    paths = sorted({path for policy in desired.policies for path in policy.guardrails})
    return hashlib.sha256(repr([(path, read(path)) for path in paths]).encode()).hexdigest().encode()


_Entries = tuple[tuple[Entry, ...], tuple[Entry, ...]]  # of the base, of the environment itself


def _listed(world: World, project: Project, environment: EnvironmentName) -> _Entries:
    base, own = listed(world.tree, [project.base, project.environments[environment].path])
    return base, own


def _key(world: World, environment: EnvironmentName, entries: _Entries) -> str:
    """What the specs of an environment are remembered by: its name, and every path with the id of its content."""
    files = [[(entry.path, entry.id) for entry in part] for part in ((project_entry(world.tree),), *entries)]
    return hashlib.sha256(repr((environment, files)).encode("utf-8", "surrogateescape")).hexdigest()


def _resolved(
    world: World, project: Project, environment: EnvironmentName, entries: _Entries, *, read: Read
) -> "Resolved":
    from eeveon.specs.resolve import Resolved, Sources, resolve_environment  # a remembered one does without

    base, own = entries
    found = {project.base: len(base), project.environments[environment].path: len(own)}
    empty = empty_folders(project, environment, found, read)
    if any(item.severity is Severity.ERROR for item in empty):
        return Resolved(desired=None, documents=(), diagnostics=empty)
    pool = Pool()
    sources = Sources(
        base=load(world.tree, base, world.cache, pool),
        own=load(world.tree, own, world.cache, pool),
        read=read,
        commit=world.tree.commit,
        changed_files=world.tree.changed_files,
    )
    result = resolve_environment(project, environment, sources)
    return replace(result, diagnostics=(*empty, *result.diagnostics)) if empty else result


def _selected(desired: Desired, order: Order) -> Desired:
    """Only the chosen targets, and nothing wanted at all for who takes the environment down."""
    names = [target.name for target in desired.targets]
    for name in sorted(order.targets):
        if name not in names:
            raise UsageError(f"no target {name!r} in {desired.scope}", hint=did_you_mean(name, names))
    chosen = order.targets or frozenset(names)
    workloads = () if isinstance(order.origin, ByDestroy) else desired.workloads
    return replace(
        desired,
        targets=tuple(target for target in desired.targets if target.name in chosen),
        workloads=tuple(workload for workload in workloads if workload.target in chosen),
    )


def _versioned(desired: Desired, world: World) -> Desired:
    """Every reference into an encrypted file with the version of its entry. Raises SpecsRejected for those that fail."""
    if not any(_encrypted(workload) for workload in desired.workloads):
        return desired
    versions = _Versions(world)
    workloads = tuple(
        replace(
            workload, secrets={name: versions.of(ref, workload) for name, ref in workload.secrets.items()}
        )
        if _encrypted(workload)
        else workload
        for workload in desired.workloads
    )
    if versions.problems:
        raise SpecsRejected(versions.problems)
    return replace(desired, workloads=workloads)


def _at_this_hour(desired: Desired, world: World) -> Desired:
    """The least numbers of instances as the floors in force now say."""
    scalings = [item.scaling for item in desired.workloads if item.scaling and item.scaling.floors]
    if not scalings:
        return desired
    zones = {
        floor.span.zone: f"{scaling.position}: ScalingPolicy {scaling.policy}"
        for scaling in scalings
        for floor in scaling.floors
    }
    moment = world.moment(world.now(), zones)
    return replace(desired, workloads=tuple(_least(workload, moment) for workload in desired.workloads))


def _least(workload: Workload, moment: Moment) -> Workload:
    if workload.scaling is None:
        return workload
    scaling = in_force(workload.scaling, moment)
    return replace(workload, scaling=scaling, replicas=scaling.least)


def _encrypted(workload: Workload) -> bool:
    return any(isinstance(ref, FromEncrypted) for ref in workload.secrets.values())


class _Versions:
    """Looks up versions of encrypted entries, and keeps what is wrong with them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.problems: list[Diagnostic] = []

    def of(self, ref: SecretRef, workload: Workload) -> SecretRef:
        if not isinstance(ref, FromEncrypted):
            return ref
        from eeveon.secrets.encrypted import entry_version

        try:
            content = self._world.tree.read([ref.file])[ref.file]
            return replace(ref, version=entry_version(content, ref.key, ref.file))
        except (SecretError, RepositoryError) as error:
            position = workload.position or Position(file=ref.file)
            self.problems.append(
                Diagnostic(
                    code="secret-unreadable", message=error.message, position=position, hint=error.hint
                )
            )
            return ref
