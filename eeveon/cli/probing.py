"""What `doctor health` asks: the very probe of each running instance, once, with the time that it took."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import perf_counter

from eeveon.core.health import NO_CHECK, Health
from eeveon.core.names import ServiceName, TargetName
from eeveon.core.observed import ObservedObject, Seen, Unreachable
from eeveon.core.wanted import INSTANCE
from eeveon.errors import UsageError
from eeveon.reconcile import Scene
from eeveon.render.health_report import Check, Verdict
from eeveon.specs.suggest import did_you_mean

PROBES = 16  # side by side; each mostly waits for an answer


def health_checks(scene: Scene, service: str | None) -> Sequence[Check]:
    """A line for each instance, by target and name, and for each target that was not reached.

    Raises UsageError where the specs know no such service.
    """
    names = {workload.service for workload in scene.desired.workloads}
    if service is not None and service not in names:
        raise UsageError(
            f"no service {service!r} in {scene.desired.scope}", hint=did_you_mean(service, names)
        )
    asked = [item for item in _instances(scene) if service is None or item.service == service]
    with ThreadPoolExecutor(max_workers=PROBES, thread_name_prefix="probe") as pool:
        found = list(pool.map(partial(_probed, scene), asked))
    return [*found, *_missing(scene, service), *_unreachable(scene)]


def health_of(scene: Scene) -> Mapping[tuple[ServiceName | None, TargetName], Health]:
    """How each service is asked on each target: as its target has it (a cluster has its own way), else as it is written."""
    found: dict[tuple[ServiceName | None, TargetName], Health] = {
        (item.service, item.target): item.health for item in scene.desired.workloads
    }
    wants = [want for view in scene.views.values() for want in view.preview.objects]
    found |= {(want.service, want.id.target): want.health for want in wants if want.id.kind == INSTANCE}
    return found


def _instances(scene: Scene) -> list[ObservedObject]:
    return sorted(
        (
            item
            for seen in scene.observed.values()
            if isinstance(seen, Seen)
            for item in seen.objects
            if item.id.kind == INSTANCE
        ),
        key=lambda item: item.id,
    )


def _probed(scene: Scene, item: ObservedObject) -> Check:
    what = f"{item.id.name} on {item.id.target}"
    if not item.is_up:
        found = f"{item.condition}: {item.detail}" if item.detail else str(item.condition)
        return Check(what=what, verdict=Verdict.BAD, found=found, hint=f"see `eeveon logs {item.service}`")
    health = health_of(scene).get((item.service, item.id.target), NO_CHECK)
    if health.check is None:
        return Check(what=what, verdict=Verdict.GOOD, found="runs; no health check is written for it")
    began = perf_counter()
    probe = scene.drivers[item.id.target].probe(item.id, health.check, health.timeout)
    took = (perf_counter() - began) * 1000
    verdict = Verdict.GOOD if probe.healthy else Verdict.BAD
    return Check(what=what, verdict=verdict, found=f"{probe.detail} ({took:.0f} ms)")


def _missing(scene: Scene, service: str | None) -> list[Check]:
    """Services that should run on a target that was seen, and of which nothing is there."""
    there = {(item.service, item.id.target) for item in _instances(scene)}
    return [
        Check(
            what=f"{workload.service} on {workload.target}",
            verdict=Verdict.BAD,
            found="no instance exists",
            hint="see `eeveon plan`",
        )
        for workload in scene.desired.workloads
        if workload.replicas
        and (service is None or workload.service == service)
        and isinstance(scene.observed[workload.target], Seen)
        and (workload.service, workload.target) not in there
    ]


def _unreachable(scene: Scene) -> list[Check]:
    return [
        Check(
            what=f"target {seen.target}",
            verdict=Verdict.UNREACHABLE,
            found=f"not reached: {seen.reason}",
            hint=seen.hint,
        )
        for seen in scene.observed.values()
        if isinstance(seen, Unreachable)
    ]
