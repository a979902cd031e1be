"""What `doctor` looks at in a repository: its specs, the targets and secrets of its environments."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import perf_counter

from eeveon.cli.checking import checked
from eeveon.cli.looking import quiet
from eeveon.core.desired import Desired, Target
from eeveon.core.diagnostic import Severity
from eeveon.core.names import EnvironmentName
from eeveon.core.observed import Observation, Unreachable
from eeveon.core.secret import SecretRef
from eeveon.drivers.base import Driver, Examines
from eeveon.errors import EEveonError, SecretError
from eeveon.reading import environment_of, project_of, resolved
from eeveon.reconcile import OBSERVERS
from eeveon.render.health_report import Check, Verdict
from eeveon.render.words import count
from eeveon.world import World

_VERDICTS: Mapping[str, Verdict] = {
    "good": Verdict.GOOD,
    "warning": Verdict.WARNING,
    "bad": Verdict.BAD,
    "unreachable": Verdict.UNREACHABLE,
}


def repository_checks(world: World, environment: str | None) -> Iterator[Check]:
    """The specs; then every target and every secret of the environment, or of all."""
    yield _git_state(world)
    specs, sound = _specs(world)
    yield specs
    if not sound:
        return
    project = project_of(world)
    names = [environment_of(project, environment)] if environment else list(project.environments)
    for name in names:
        desired = resolved(world, project, name).desired
        assert desired is not None, "sound specs have a desired state"
        yield from _targets(world, desired)
        yield from _secrets(world, name, desired)


def _git_state(world: World) -> Check:
    inside = any((folder / ".git").exists() for folder in (world.root, *world.root.parents))
    return Check(
        what="repository",
        verdict=Verdict.GOOD if inside else Verdict.WARNING,
        found=str(world.root) if inside else f"{world.root} is not in Git, so plans name no commit",
        hint="" if inside else f"git init {world.root}",
    )


def _specs(world: World) -> tuple[Check, bool]:
    try:
        found = checked(world)
    except EEveonError as error:
        return Check(what="specs", verdict=Verdict.BAD, found=error.message, hint=error.hint), False
    errors = sum(item.severity is Severity.ERROR for item in found.diagnostics)
    warnings = len(found.diagnostics) - errors
    see = "see `eeveon validate`"
    if errors:
        return Check(what="specs", verdict=Verdict.BAD, found=count(errors, "error"), hint=see), False
    if warnings:
        return Check(what="specs", verdict=Verdict.WARNING, found=count(warnings, "warning"), hint=see), True
    size = f"{count(found.environments, 'environment')}, {count(found.documents, 'document')}"
    return Check(what="specs", verdict=Verdict.GOOD, found=size), True


def _targets(world: World, desired: Desired) -> Iterable[Check]:
    with ThreadPoolExecutor(max_workers=OBSERVERS, thread_name_prefix="doctor") as pool:
        return [
            check
            for checks in pool.map(partial(_target, world, desired), desired.targets)
            for check in checks
        ]


def _target(world: World, desired: Desired, target: Target) -> Sequence[Check]:
    """Whether the target answers, how long that took, and what its driver has to say about its places."""
    what = f"{desired.scope.environment}: target {target.name}"
    began = perf_counter()
    try:
        driver = world.connect(desired.scope, [target], quiet)[target.name]
    except EEveonError as error:
        return [Check(what=what, verdict=Verdict.BAD, found=error.message, hint=error.hint)]
    try:
        seen = driver.observe()
        took = f"{(perf_counter() - began) * 1000:.0f} ms"
        return [_answer(what, target, seen, took), *_remarks(world, desired, driver, what)]
    finally:
        driver.close()


def _answer(what: str, target: Target, seen: Observation, took: str) -> Check:
    if isinstance(seen, Unreachable):
        found = f"not reached: {seen.reason} ({took})"
        return Check(what=what, verdict=Verdict.UNREACHABLE, found=found, hint=seen.hint)
    return Check(
        what=what,
        verdict=Verdict.GOOD,
        found=f"{target.kind}, {count(len(seen.objects), 'object')} of ours, seen in {took}",
    )


def _remarks(world: World, desired: Desired, driver: Driver, what: str) -> Iterator[Check]:
    if isinstance(driver, Examines):
        for remark in driver.examine(desired.workloads, world.now()):
            yield Check(
                what=f"{what}/{remark.place}",
                verdict=_VERDICTS[remark.verdict],
                found=remark.found,
                hint=remark.hint,
            )


def _secrets(world: World, environment: EnvironmentName, desired: Desired) -> Iterator[Check]:
    """A line for each secret that cannot be read, or one for all of them."""
    refs = {str(ref): ref for workload in desired.workloads for ref in workload.secrets.values()}
    if not refs:
        return
    what = f"{environment}: secrets"
    bad = [error for name in sorted(refs) if (error := _unreadable(world, refs[name])) is not None]
    for error in bad:
        yield Check(what=what, verdict=Verdict.BAD, found=error.message, hint=error.hint)
    if not bad:
        yield Check(what=what, verdict=Verdict.GOOD, found=f"{count(len(refs), 'value')} can be read")


def _unreadable(world: World, ref: SecretRef) -> SecretError | None:
    try:
        world.secrets.resolve(ref)
    except SecretError as error:
        return error
    return None
