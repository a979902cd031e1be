"""Small worlds for the planner: generated specs, a pure target that previews them, and what may have happened to it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from hypothesis import strategies as st

from eeveon.core.decide import Circumstances, Decided, decide
from eeveon.core.desired import BlueGreen, Desired, Port, Recreate, Rolling, Route, Source, Target, Workload
from eeveon.core.diff import TargetView, Views
from eeveon.core.guard import ByCommit, Origin
from eeveon.core.health import Health, HttpCheck, ReadyCheck
from eeveon.core.names import (
    CommitId,
    EnvironmentName,
    ObjectId,
    ProjectName,
    Revision,
    Scope,
    ServiceName,
    TargetName,
)
from eeveon.core.observed import Condition, Observed, ObservedObject, Seen, Unreachable
from eeveon.core.simulate import as_wanted
from eeveon.core.verdict import Moment
from eeveon.core.wanted import (
    INSTANCE,
    NETWORK,
    VOLUME,
    Preview,
    WantedObject,
    in_sight,
    instance_id,
    revision_of,
)
from tests.core.moments import NOON

SCOPE = Scope(project=ProjectName("shop"), environment=EnvironmentName("test"))
HERE = TargetName("here")
THERE = TargetName("there")
TARGETS = (HERE, THERE)
SERVICES = tuple(ServiceName(name) for name in ("api", "db", "web"))


def service(name: str, target: TargetName = HERE, **changes: object) -> Workload:
    """A workload with an image and nothing else said."""
    plain = Workload(service=ServiceName(name), target=target, replicas=1, image="web:1", command=())
    return replace(plain, **changes)  # type: ignore[arg-type]


def desired(*workloads: Workload, **changes: object) -> Desired:
    """The specs of one environment with these workloads."""
    ordered = tuple(sorted(workloads, key=lambda item: (item.service, item.target)))
    targets = tuple(Target(name=name, kind="fake", settings={}) for name in TARGETS)
    plain = Desired(
        scope=SCOPE, commit=CommitId("4f2c91a0" * 5), changed_files=0, targets=targets, workloads=ordered
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def objects(workloads: Iterable[Workload]) -> tuple[WantedObject, ...]:
    """What a simple target makes of workloads: instances, and the volumes that they name."""
    made: dict[ObjectId, WantedObject] = {}
    for workload in workloads:
        fields = {"image": workload.image, "env": dict(workload.env)}
        for mount in workload.mounts:
            one = support(workload.target, VOLUME, mount.volume or "data")
            made[one.id] = one
        if workload.stateful:
            made |= {item.id: item for item in in_place(workload, fields)}
            continue
        for ordinal in range(1, workload.replicas + 1):
            revision = revision_of(fields)
            one = WantedObject(
                id=instance_id(workload.target, workload.service, ordinal, revision),
                service=workload.service,
                ordinal=ordinal,
                revision=revision,
                fields=fields,
                health=workload.health,
                protected=workload.protected,
                place=f"host{ordinal % 2 + 1}" if workload.target == THERE else "",
                goal=Condition.SERVING if workload.route else Condition.RUNNING,
                asked=Condition.SERVING if workload.route and workload.source else Condition.RUNNING,
                keep=workload.keep,
            )
            made[one.id] = one
    return tuple(made.values())


def in_place(workload: Workload, fields: Mapping[str, object]) -> tuple[WantedObject, ...]:
    """What becomes of it on a target that multiplies and rolls by itself: one instance, what is before and what is after it."""
    one = WantedObject(
        id=ObjectId(target=workload.target, kind=INSTANCE, name=workload.service),
        service=workload.service,
        ordinal=1,
        revision=revision_of(fields),
        fields={**fields, "replicas": workload.replicas},
        health=Health(check=ReadyCheck()),
        protected=workload.protected,
        keep=workload.keep,
        replicas=workload.replicas,
    )
    rules = support(workload.target, "rules", workload.service, rank=-1, fields=fields)
    door = replace(
        support(workload.target, "doors", workload.service, rank=1, fields=fields), service=workload.service
    )
    return (rules, one, door) if workload.route else (one,)


def support(
    target: TargetName,
    kind: str = NETWORK,
    name: str = "default",
    rank: int = 0,
    fields: Mapping[str, object] | None = None,
) -> WantedObject:
    """A network or a volume, or whatever a target has of the kind."""
    return WantedObject(
        id=ObjectId(target=target, kind=kind, name=name),
        service=None,
        ordinal=None,
        revision=Revision(""),
        fields=fields or {"driver": "bridge"},
        rank=rank,
    )


def views(specs: Desired, *, mutable: frozenset[str] = frozenset(), supports: bool = False) -> Views:
    """The preview of every target."""
    found = {}
    for target in TARGETS:
        here = [item for item in specs.workloads if item.target == target]
        extra = (support(target),) if supports and here else ()
        found[target] = TargetView(preview=Preview(objects=extra + objects(here)), mutable=mutable)
    return found


@dataclass(frozen=True)
class Holding:
    """What every target holds."""

    by_id: Mapping[ObjectId, ObservedObject]

    @classmethod
    def of(cls, specs: Desired, *, supports: bool = False) -> "Holding":
        """Exactly what these specs want."""
        wanted = [want for view in views(specs, supports=supports).values() for want in view.preview.objects]
        return cls({want.id: as_wanted(want) for want in wanted})

    def observed(
        self, unreachable: frozenset[TargetName] = frozenset(), blind: frozenset[str] = frozenset()
    ) -> Observed:
        """As the targets answer; some do not."""
        return {
            target: Unreachable(target=target, reason="connection refused")
            if target in unreachable
            else Seen(
                target=target,
                objects=tuple(
                    item
                    for item in self.by_id.values()
                    if item.id.target == target and (item.place not in blind or not item.place)
                ),
                blind=tuple(
                    Unreachable(target=target, reason="timed out", place=place)
                    for place in sorted(blind)
                    if target == THERE
                ),
            )
            for target in TARGETS
        }


def decided(specs: Desired, observed: Observed, origin: Origin | None = None, **view: object) -> Decided:
    """The judged plan at noon of a Monday."""
    circumstances = Circumstances(
        generation=7, moment=Moment(utc=NOON, zones={}), origin=origin or ByCommit()
    )
    shown = {
        name: replace(item, preview=in_sight(item.preview, seen))
        for name, item in views(specs, **view).items()  # type: ignore[arg-type]
        if isinstance(seen := observed[name], Seen)
    }
    return decide(specs, shown, observed, circumstances)


@st.composite
def specs(draw: st.DrawFn) -> Desired:
    """Up to three services on up to two targets, in every shape that the planner tells apart."""
    workloads = []
    for position, name in enumerate(draw(st.sets(st.sampled_from(SERVICES)).map(sorted))):
        strategy = draw(st.one_of(st.just(Recreate()), st.just(BlueGreen()), rolling))
        health = draw(st.sampled_from([Health(), Health(check=HttpCheck(port="http", path="/"))]))
        base = Workload(
            service=name,
            target=HERE,
            replicas=draw(st.integers(0, 5)),
            image=draw(st.sampled_from(["web:1", "web:2"])),
            command=(),
            env=draw(st.dictionaries(st.sampled_from(["A", "B"]), st.sampled_from(["1", "2"]))),
            ports=draw(st.sampled_from([(), (Port(name="http", port=80, publish=8080),)])),
            strategy=strategy,
            health=health,
            depends_on=tuple(draw(st.sets(st.sampled_from(SERVICES[:position])))) if position else (),
            protected=draw(st.booleans()),
            route=draw(st.sampled_from([None, Route(balancer="front", port="http")])),
            source=draw(
                st.sampled_from([None, None, Source(git="https://example.com/web", ref="main", path="/srv")])
            ),
            keep=draw(st.sampled_from([0, 0, 1, 2])),
            stop_grace=timedelta(seconds=5),
            stateful=draw(st.sampled_from([False, False, True])),
        )
        for target in draw(st.sets(st.sampled_from(TARGETS), min_size=1).map(sorted)):
            workloads.append(replace(base, target=target))  # noqa: PERF401
    return desired(*workloads)


rolling = (
    st.tuples(st.integers(0, 2), st.integers(0, 2))
    .filter(any)
    .map(lambda both: Rolling(max_unavailable=both[0], surge=both[1]))
)


@st.composite
def holdings(draw: st.DrawFn) -> Holding:
    """What targets may hold: some older specs, and then what people and crashes did to it."""
    found = dict(Holding.of(draw(specs())).by_id)
    if draw(st.booleans()):  # an unfinished rollout left two revisions of one place
        found |= Holding.of(draw(specs())).by_id
    if draw(st.booleans()):  # older revisions are kept
        found = {
            identity: replace(item, condition=Condition.STOPPED)
            for identity, item in Holding.of(draw(specs())).by_id.items()
            if identity.kind == INSTANCE
        } | found
    for identity in sorted(found):
        match draw(st.integers(0, 9)):
            case 0:
                del found[identity]
            case 1 if identity.kind == INSTANCE:
                found[identity] = replace(
                    found[identity], condition=Condition.STOPPED, detail="exited with status 1"
                )
            case 2 if identity.kind == INSTANCE:
                found[identity] = replace(found[identity], condition=Condition.FAILED)
            case 4 if found[identity].condition is Condition.SERVING:
                found[identity] = replace(found[identity], condition=Condition.RUNNING)
            case 3:
                edited = {**found[identity].fields, "image": "edited:by-hand"}
                found[identity] = replace(found[identity], fields=edited)
            case _:
                pass
    return Holding(found)
