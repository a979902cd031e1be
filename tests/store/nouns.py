"""Small plans and moments for the tests of the store."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from eeveon.core.changes import Verb
from eeveon.core.controller import Provider
from eeveon.core.delivery import Delivery, Kind
from eeveon.core.names import CommitId, EnvironmentName, ProjectName, Revision, Scope, ServiceName, TargetName
from eeveon.core.observed import Condition
from eeveon.core.plan import Action, Effect, Impact, Plan, Risk, Step
from eeveon.core.values import canonical, plain
from eeveon.core.wanted import instance_id
from eeveon.store.inbox import Arrival
from eeveon.store.journal import Beginning
from eeveon.store.leases import Holder

NOW = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
TTL = timedelta(seconds=30)
SCOPE = Scope(project=ProjectName("shop"), environment=EnvironmentName("production"))
STAGING = Scope(project=ProjectName("shop"), environment=EnvironmentName("staging"))
ALICE = Holder(owner="alice", host="desk", pid=41, process="1001", reason="apply plan-1")
BOB = Holder(owner="bob", host="laptop", pid=42, process="2002", reason="apply plan-2")


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def a_step(service: str, *, target: str = "edge", verb: Verb = Verb.CREATE) -> Step:
    return Step(
        id=f"service/{service} on {target}",
        service=ServiceName(service),
        target=TargetName(target),
        verb=verb,
        wave=1,
        fields=(),
        reasons=(),
        drift=False,
        drift_by=(),
        replicas=(0, 1),
        strategy="",
        goes_back_to="",
        risk=Risk.LOW,
        worst_wait=timedelta(seconds=60),
        document="",
        observed="",
        source="",
        present=(),
    )


def a_plan(name: str, *steps: Step, scope: Scope = SCOPE, replicas: int = 2) -> Plan:
    """Each step starts `replicas` instances, then removes an old one as its cleanup."""
    actions: list[Action] = []
    for step in steps:
        for ordinal in range(1, replicas + 2):
            cleanup = ordinal > replicas
            object_id = instance_id(step.target, step.service or ServiceName(""), ordinal, Revision("0a1b2c"))
            effect = Effect(object=object_id, condition=Condition.ABSENT if cleanup else Condition.RUNNING)
            actions.append(
                Action(
                    index=len(actions),
                    step=step.id,
                    effect=effect,
                    after=(),
                    deadline=timedelta(seconds=60),
                    cleanup=cleanup,
                )
            )
    return Plan(
        id=f"plan-{name}",
        scope=scope,
        commit=CommitId("4f2c91a"),
        changed_files=0,
        generation=0,
        steps=steps,
        actions=tuple(actions),
        unknown=(),
        kept=(),
        impact=Impact(
            touched=0, instances=0, blast_radius=0.0, removes=0, risk=Risk.LOW, worst_wait=timedelta()
        ),
        notes=(),
        unchanged=0,
        labels={},
    )


PUSH = Delivery(
    id="72d3162e-cc78-11e3-81ab-4c9367dc0958",
    provider=Provider.GITHUB,
    repository="shop",
    kind=Kind.PUSH,
    event="push",
    ref="refs/heads/main",
    commit="4f2c91a" * 5 + "4f2c9",
    urls=("https://github.com/acme/shop.git", "git@github.com:acme/shop.git"),
    paths=("specs/production/web.yaml", "ä.yaml"),
    received=NOW,
)


def arrival(identity: str, *environments: str, repository: str = "shop") -> Arrival:
    delivery = replace(PUSH, id=identity, repository=repository)
    return Arrival(delivery=delivery, environments=environments)


def beginning(record: str, plan: Plan, fence: int, now: datetime = NOW) -> Beginning:
    return Beginning(
        id=record, plan=plan, text=canonical(plain(plan)), actor="alice@desk", fence=fence, now=now
    )
