"""The way of a change: load → validate → resolve → observe → diff → plan → check → guard → apply → record.

`make` goes as far as the judged plan, `carry_out` does the rest. Everything that decides is in the pure calls.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from eeveon.core.check import check
from eeveon.core.decide import Circumstances, Decided, decide
from eeveon.core.desired import Desired, Target, Workload
from eeveon.core.diagnostic import Diagnostic, Position, Severity
from eeveon.core.diff import TargetView, Views
from eeveon.core.guard import ByCommit, ByDestroy, Origin, Rules, guard
from eeveon.core.names import EnvironmentName, ObjectId, Scope, ServiceName, TargetName
from eeveon.core.observed import Observation, Observed, Seen
from eeveon.core.outcome import ActionState, Record
from eeveon.core.plan import Plan
from eeveon.core.policy import SafetyPolicy
from eeveon.core.secret import FromEncrypted, SecretRef, Secrets
from eeveon.core.stale import moved
from eeveon.core.verdict import Decision, Moment, Verdict
from eeveon.drivers.base import Driver
from eeveon.errors import Denied, PlanStale, RepositoryError, SecretError, SpecsRejected, UsageError
from eeveon.git.documents import Cache, ignored, listed, load, project_entry, read_one
from eeveon.git.tree import Entry, Tree
from eeveon.specs.codec import decode_desired, encode_desired
from eeveon.specs.convert import Pool
from eeveon.specs.project import Project, empty_folders, read_project
from eeveon.specs.suggest import did_you_mean
from eeveon.store.journal import Beginning
from eeveon.store.leases import Holder
from eeveon.store.store import Store

if TYPE_CHECKING:
    from eeveon.execution.executor import Progress
    from eeveon.execution.waiting import Waiter
    from eeveon.specs.resolve import Resolved

Report = Callable[[ObjectId, str], None]
Read = Callable[[str], bytes | None]
Connect = Callable[[Scope, Iterable[Target], Report], Mapping[TargetName, Driver]]

OBSERVERS = 16  # targets looked at side by side; each is mostly waiting for an answer


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything outside that one command works with. Built by `wiring`."""

    root: Path
    tree: Tree
    cache: Cache
    secrets: Secrets
    store: Callable[[], Store]  # opened on the first call
    connect: Connect
    now: Callable[[], datetime]
    moment: Callable[[datetime, Iterable[SafetyPolicy]], Moment]
    new_id: Callable[[datetime], str]
    holder: Callable[[str], Holder]
    waiter: "Callable[[], Waiter]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked for: one environment, or some of its services and targets."""

    environment: EnvironmentName
    services: frozenset[ServiceName] = frozenset()  # empty: all
    targets: frozenset[TargetName] = frozenset()
    origin: Origin = ByCommit()  # noqa: RUF009 - frozen and empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One environment as it should be and as it is, with the connections that saw it."""

    desired: Desired
    drivers: Mapping[TargetName, Driver]
    observed: Observed
    views: Views


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A plan as a person saw it: what may be carried out, and for which order it was made."""

    plan: Plan
    text: str  # the saved form
    order: Order
    named: str = ""  # what the person called a saved one: its file or its id


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who hears how an apply goes."""

    progress: "Progress"
    report: Report


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
    return replace(result, diagnostics=(*result.diagnostics, *_ignored(world, project, environment)))


def desired_of(world: World, order: Order) -> Desired:
    """What the order's environment should be, as far as the order asks. Raises SpecsRejected."""
    return specs_of(world, order).desired


@dataclass(frozen=True, slots=True, kw_only=True)
class Specs:
    """What an environment should be, and what its documents say that has no effect yet."""

    desired: Desired
    warnings: tuple[Diagnostic, ...]


def specs_of(world: World, order: Order) -> Specs:
    """The specs of the order's environment, as far as the order asks. Raises SpecsRejected.

    Remembered as a whole by the content of all their files: most plans are of specs that did not change.
    """
    project = project_of(world)
    entries = _listed(world, project, order.environment)
    unread = _ignored(world, project, order.environment)  # is not in the key, so it is not remembered
    key = _key(world, order.environment, entries)
    read = cache(
        partial(read_one, world.tree)
    )  # a file that changes meanwhile is the same to all that follows
    known = _recalled(world.cache.get_many([key]).get(key, b""), read)
    if known is None:
        result = _resolved(world, project, order.environment, entries, read=read)
        if result.desired is None:
            raise SpecsRejected((*result.diagnostics, *unread))
        known = result.desired, result.diagnostics
        if (
            _key(world, order.environment, _listed(world, project, order.environment)) == key
        ):  # as it was read
            world.cache.put_many({key: _remembered(*known, read=read)})
    desired = replace(known[0], commit=world.tree.commit, changed_files=world.tree.changed_files)
    return Specs(desired=_selected(_versioned(desired, world), order), warnings=(*known[1], *unread))


def _ignored(world: World, project: Project, environment: EnvironmentName) -> tuple[Diagnostic, ...]:
    """A warning for everything in the environment's folders that Git ignores. They have been listed before."""
    folders = (project.base, project.environments[environment].path)
    return tuple(
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


@contextmanager
def scene(world: World, desired: Desired, report: Report) -> Iterator[Scene]:
    """The environment looked at once. The connections close at the end."""
    drivers = world.connect(desired.scope, desired.targets, report)
    try:
        observed = observe(drivers)
        yield Scene(
            desired=desired, drivers=drivers, observed=observed, views=views(drivers, observed, desired)
        )
    finally:
        for driver in drivers.values():
            driver.close()


def observe(drivers: Mapping[TargetName, Driver]) -> Observed:
    """Every target, seen or unreachable, looked at side by side."""
    if len(drivers) == 1:
        return {name: driver.observe() for name, driver in drivers.items()}
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=OBSERVERS, thread_name_prefix="observe") as pool:
        return dict(zip(drivers, pool.map(_observe, drivers.values()), strict=True))


def _observe(driver: Driver) -> Observation:
    return driver.observe()


def views(drivers: Mapping[TargetName, Driver], observed: Observed, desired: Desired) -> Views:
    """The wanted objects of every target that was seen, in its own words."""
    by_target: dict[TargetName, list[Workload]] = {}
    for workload in desired.workloads:
        by_target.setdefault(workload.target, []).append(workload)
    return {
        name: TargetView(
            preview=driver.preview(tuple(by_target.get(name, ()))),
            mutable=driver.capabilities.mutable,
            host_ports=driver.capabilities.host_ports,
        )
        for name, driver in drivers.items()
        if isinstance(observed[name], Seen)
    }


def judged(world: World, now: Scene, order: Order) -> Decided:
    """The plan for what was seen, checked and judged."""
    _refuse_unknown(order, now)
    circumstances = Circumstances(
        generation=world.store().generation(now.desired.scope),
        moment=world.moment(world.now(), now.desired.policies),
        origin=order.origin,
        services=order.services,
        unsettled=world.store().history.unsettled(now.desired.scope),
        left=_left_targets(world.store(), now.desired, order),
    )
    return decide(now.desired, now.views, now.observed, circumstances)


def carry_out(world: World, shown: Shown, audience: Audience) -> Record:
    """Apply a plan under the lease of its environment, if everything that it relies on still holds.

    Raises:
        LeaseHeld: another writer is at work.
        PlanStale: what the plan relies on has moved; the message names it.
        PlanUsed: the plan was applied before.
        Denied: the guard allows no step of it now.
    """
    from eeveon.execution.apply import LEASE_TIME, Tools, apply  # planning does without

    plan, order = shown.plan, shown.order
    desired = desired_of(world, order)
    store = world.store()
    holder = world.holder(f"apply {plan.id}")
    lease = store.leases.acquire(plan.scope, holder, world.now(), LEASE_TIME)
    try:
        with scene(world, desired, audience.report) as now:
            _refuse_stale(plan, now, shown.named or plan.id)
            verdicts = _judged_again(world, plan, now, order)
            beginning = Beginning(
                id=world.new_id(world.now()),
                plan=plan,
                text=shown.text,
                actor=f"{holder.owner}@{holder.host}",
                fence=lease.fence,
                now=world.now(),
            )
            if not any(verdict.decision is Decision.ALLOW for verdict in verdicts):
                store.journal.deny(beginning, f"{verdicts[0].rule}: {verdicts[0].detail}")
                raise Denied(
                    _refusals(verdicts), hint="the guard allows no step of this plan; nothing was done"
                )
            tools = Tools(
                store=store,
                drivers=now.drivers,
                concurrency={target.name: target.concurrency for target in desired.targets},
                waiter=world.waiter(),
                now=world.now,
                progress=audience.progress,
            )
            record = apply(verdicts, beginning, lease, tools)
            for name in _emptied(record, plan, now, order):
                store.scopes.forget_target(plan.scope, name)
            return record
    finally:
        store.leases.release(lease)


def _left_targets(store: Store, desired: Desired, order: Order) -> tuple[TargetName, ...]:
    """Targets that the scope was applied to and the specs do not name any more. Who asks for some hears of no others."""
    if order.targets:
        return ()
    named = {target.name for target in desired.targets}
    return tuple(name for name in store.scopes.targets_seen(desired.scope) if name not in named)


def _emptied(record: Record, plan: Plan, now: Scene, order: Order) -> Iterator[TargetName]:
    """Targets on which an apply that did all of its plan has left nothing."""
    if order.services or any(outcome.state is not ActionState.DONE for outcome in record.outcomes):
        return
    kept = {item.id.target for item in plan.kept}
    for name, view in now.views.items():
        if not view.preview.objects and name not in kept:
            yield name


def _judged_again(world: World, plan: Plan, now: Scene, order: Order) -> tuple[Verdict, ...]:
    """The verdicts of this moment: a window may have closed, a policy may have changed since the plan was shown."""
    rules = Rules(
        moment=world.moment(world.now(), now.desired.policies),
        policies=now.desired.policies,
        guardrails=now.desired.guardrails,
        findings=check(plan, now.views, now.observed),
        origin=order.origin,
    )
    return guard(plan, rules)


def _refusals(verdicts: Iterable[Verdict]) -> str:
    return "; ".join(f"{verdict.step}: {verdict.rule}: {verdict.detail}" for verdict in verdicts)


def _refuse_stale(plan: Plan, now: Scene, named: str) -> None:
    sentences = moved(plan, now.desired, now.observed)
    if not sentences:
        return
    hint = "nothing was done; plan again"
    if plan.commit and not plan.changed_files and plan.commit != now.desired.commit:
        commit = plan.commit[:12]
        hint = (
            f"the plan is of commit {commit}; to apply that commit: eeveon apply {named} --revision {commit}"
        )
    raise PlanStale(f"{plan.id} no longer holds: {'; '.join(sentences)}", hint=hint)


def _refuse_unknown(order: Order, now: Scene) -> None:
    """A service that is neither in the specs nor anywhere on a target is a slip of the pen."""
    known = {str(workload.service) for workload in now.desired.workloads}
    known |= {
        str(item.service) for seen in now.observed.values() if isinstance(seen, Seen) for item in seen.objects
    }
    for name in sorted(order.services):
        if name not in known:
            raise UsageError(f"no service {name!r} in {now.desired.scope}", hint=did_you_mean(name, known))


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
