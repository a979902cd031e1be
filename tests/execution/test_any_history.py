"""Whatever is asked for, goes wrong or dies: the next undisturbed apply gets there, and then there is nothing to do."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import event, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from eeveon.core.desired import BlueGreen, Desired, Mount, Port, Recreate, Rolling, Route
from eeveon.core.health import Health, HttpCheck
from eeveon.core.names import ObjectId, ServiceName
from eeveon.core.observed import Condition
from eeveon.core.outcome import ActionState, Ending, Record
from eeveon.core.plan import Action, Plan
from eeveon.core.simulate import as_wanted
from eeveon.core.values import canonical, plain
from eeveon.core.verdict import Decision, Verdict
from eeveon.core.wanted import INSTANCE, VOLUME
from eeveon.drivers.fake.faults import (
    EFFECTS,
    AnswerLate,
    CrashLoop,
    Fault,
    Lie,
    PartialRead,
    Refuse,
    Slow,
    Unhealthy,
    Vanish,
)
from eeveon.errors import LeaseLost
from eeveon.execution.apply import LEASE_TIME, Tools, apply
from eeveon.store.journal import Beginning
from eeveon.store.leases import Holder
from eeveon.store.store import Store
from tests.core.moments import NOON
from tests.core.worlds import HERE, SCOPE, TARGETS, desired, service
from tests.execution.stage import NoSecrets, Stage

HOLDER = Holder(owner="alice", host="desk", pid=41, process="1", reason="apply")
BREAKER = Holder(owner="bob", host="laptop", pid=42, process="2", reason="unlock")
HEALTHS = (
    Health(settle=timedelta(milliseconds=100)),
    Health(check=HttpCheck(port="http", path="/"), startup=timedelta(seconds=10)),
)
STRATEGIES = (
    Recreate(),
    BlueGreen(),
    Rolling(),
    Rolling(surge=2),
    Rolling(surge=0, max_unavailable=1),
    Rolling(max_unavailable=2),
)

MOMENTS = ("intended", "heard", "performed", "ended")


@st.composite
def all_specs(draw: st.DrawFn) -> Desired:
    workloads = []
    for place, name in enumerate(draw(st.sets(st.sampled_from("abc"), max_size=3).map(sorted))):
        one = service(
            name,
            HERE,
            replicas=draw(st.integers(0, 3)),
            image=draw(st.sampled_from(["web:1", "web:2", "web:3"])),
            ports=(Port(name="http", port=80, publish=draw(st.sampled_from([None, 8000 + place]))),),
            mounts=draw(st.sampled_from([(), (Mount(path="/data", volume="data"),)])),
            health=draw(st.sampled_from(HEALTHS)),
            strategy=draw(st.sampled_from(STRATEGIES)),
            depends_on=tuple(map(ServiceName, draw(st.sets(st.sampled_from("abc"[:place])))))
            if place
            else (),
            protected=draw(st.sampled_from([False, False, True])),
            restart=draw(st.sampled_from(["always", "onFailure"])),
            route=draw(st.sampled_from([None, Route(balancer="front", port="http")])),
            keep=draw(st.sampled_from([0, 0, 1])),
        )
        workloads += [
            replace(one, target=name) for name in sorted(draw(st.sets(st.sampled_from(TARGETS), min_size=1)))
        ]
    return desired(*workloads)


def faults() -> st.SearchStrategy[Fault]:
    times, first = st.integers(1, 5), st.integers(1, 3)
    names = st.sampled_from(["*", "a-*", "b-1-*"])
    on = st.sets(st.sampled_from(sorted(EFFECTS)), min_size=1).map(frozenset)
    return st.one_of(
        st.builds(Refuse, on=on, object=names, first=first, times=times),
        st.builds(Vanish, on=on, object=names, first=first, times=times),
        st.builds(AnswerLate, on=on, object=names, first=first, times=times),
        st.builds(Lie, how=st.sampled_from(["idle", "denies", "another"]), on=on, object=names, times=times),
        st.builds(Slow, seconds=st.sampled_from([1.0, 10_000.0]), on=on, object=names, times=times),
        st.builds(CrashLoop, object=names, first=first, times=times),
        st.builds(Unhealthy, object=names, times=st.integers(1, 40)),
        st.builds(PartialRead, first=first, times=times),
    )


class Death(BaseException):
    """The process is gone: nothing of it catches this."""


def die() -> None:
    raise Death


class Fate:
    """Hears how a run goes, and strikes at one moment: by death, or as it is told."""

    def __init__(self, moment: str = "", count: int = 0, strike: Callable[[], None] = die) -> None:
        self._moment = moment
        self._left = count
        self._strike = strike

    def comes(self, moment: str) -> None:
        if moment == self._moment:
            self._left -= 1
            if self._left == 0:
                self._strike()

    def started(self, action: Action) -> None:
        self.comes("intended")

    def ended(self, action: Action, state: ActionState, detail: str) -> None:
        self.comes("ended")


class AnyHistory(RuleBasedStateMachine):
    """One environment on two targets, its store, and everything that may come between."""

    def __init__(self) -> None:
        super().__init__()
        self.stage = Stage(concurrency=2)
        self.folder = tempfile.TemporaryDirectory()
        self.clock = NOON
        self.lives = False  # whether the process that holds the lease is alive, to who looks
        self.store = self.opened()
        self.specs = desired()
        self.applies = 0

    def opened(self) -> Store:
        return Store.open(Path(self.folder.name), self.now(), alive=lambda _: self.lives)

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()

    def now(self) -> datetime:
        self.clock += timedelta(milliseconds=1)
        return self.clock

    @initialize(specs=all_specs())
    def begin(self, specs: Desired) -> None:
        self.specs = specs
        self.undisturbed()

    @rule(specs=all_specs())
    def want(self, specs: Desired) -> None:
        self.specs = specs

    @rule(
        number=st.integers(4, 9), moment=st.sampled_from(MOMENTS), count=st.integers(1, 8), soon=st.booleans()
    )
    def release_cut_short(self, number: int, moment: str, count: int, soon: bool) -> None:
        """The commonest of all: a new version, and something dies on the way."""
        self.specs = desired(*(replace(item, image=f"web:{number}") for item in self.specs.workloads))
        self.killed(moment, count, soon)

    @rule(target_name=st.sampled_from(TARGETS), fault=faults())
    def misbehave(self, target_name: str, fault: Fault) -> None:
        self.stage.worlds[target_name].add(fault)  # type: ignore[index]  # a TargetName is a str

    @rule(data=st.data(), how=st.sampled_from(["stop", "crash", "delete", "edit"]))
    def meddle(self, data: st.DataObject, how: str) -> None:
        held = [
            (name, ObjectId(target=name, kind=kind, name=instance))
            for name, world in self.stage.worlds.items()
            for kind, instance in world.objects(SCOPE)
            if kind == INSTANCE
        ]
        if not held:
            return
        name, identity = data.draw(st.sampled_from(held))
        world = self.stage.worlds[name]
        if how == "edit":
            world.edit(identity, "image", "by-hand")
        else:
            {"stop": world.stop, "crash": world.crash, "delete": world.delete}[how](identity)

    @rule()
    def disturbed(self) -> None:
        self.carried_out(Fate())

    @rule(moment=st.sampled_from(MOMENTS), count=st.integers(1, 8), soon=st.booleans())
    def killed(self, moment: str, count: int, soon: bool) -> None:
        fate = Fate(moment, count)
        self.heard_by(fate)
        try:
            self.carried_out(fate)
        except Death:
            event(f"killed: {moment}")
            self.store.close()
            self.store = self.opened()
            (last,) = self.store.history.records(SCOPE, 1, self.now())
            assert last.ending is Ending.INTERRUPTED
        finally:
            self.heard_by(Fate())
        if soon:  # nobody meddles between the death and the next apply
            self.undisturbed()

    @rule(moment=st.sampled_from(("heard", "performed")), count=st.integers(1, 8))
    def unlocked(self, moment: str, count: int) -> None:
        """Somebody breaks the lease in the middle; the apply hears of it when it next writes."""
        fate = Fate(moment, count, self.break_lease)
        self.heard_by(fate)
        said = ""
        try:
            self.carried_out(fate)
        except LeaseLost as lost:
            said = lost.message
            event(f"unlocked: {moment}")
        self.heard_by(Fate())
        self.stage.waiter.begin_again()
        if said:
            (last,) = self.store.history.records(SCOPE, 1, self.now())
            assert last.ending is Ending.UNLOCKED
            assert "bob on laptop (process 42) broke the lease with `eeveon unlock`" in last.cause
            assert last.cause in said

    def break_lease(self) -> None:
        self.lives = True
        self.store.leases.break_lease(SCOPE, BREAKER, self.now())
        self.lives = False

    def heard_by(self, fate: Fate) -> None:
        for ears in self.stage.drivers.values():
            ears.meanwhile = lambda _: fate.comes("heard")
            ears.afterwards = lambda _: fate.comes("performed")

    @precondition(lambda self: self.applies > 0)
    @rule()
    def undisturbed(self) -> None:
        for world in self.stage.worlds.values():
            world.heal()
        record = self.carried_out(Fate())
        if record is not None:
            assert (record.ending, record.cause) == (Ending.SUCCESS, "")
            assert {outcome.state for outcome in record.outcomes} == {ActionState.DONE}
        self.is_as_wanted()

    def carried_out(self, fate: Fate) -> Record | None:
        """What `apply` does: look, plan, take the lease, carry out, let go."""
        self.applies += 1
        judged = self.stage.decided(self.specs, self.store.generation(SCOPE))
        assert judged.findings == ()
        if judged.plan.is_empty:
            return None
        lease = self.store.leases.acquire(SCOPE, HOLDER, self.now(), LEASE_TIME)
        tools = Tools(
            store=self.store,
            drivers=self.stage.drivers,
            concurrency=dict.fromkeys(TARGETS, 2),
            waiter=self.stage.waiter,
            now=self.now,
            progress=fate,
            secrets=NoSecrets(),
        )
        record = apply(allowed(judged.plan), self.beginning(judged.plan, lease.fence), lease, tools)
        self.store.leases.release(lease, self.now())
        assert record.ending is not Ending.RUNNING
        went_back(judged.plan, record)
        event(f"ended: {record.ending}")
        return record

    def beginning(self, plan: Plan, fence: int) -> Beginning:
        return Beginning(
            id=f"record-{self.applies:04}",
            plan=plan,
            text=canonical(plain(plan)),
            actor="alice@desk",
            fence=fence,
            now=self.now(),
        )

    def is_as_wanted(self) -> None:
        """Everything that is wanted runs as it is wanted; besides it only what is never removed."""
        judged = self.stage.decided(self.specs)
        assert judged.plan.is_empty, judged.plan.steps
        assert judged.findings == ()
        for name, driver in self.stage.drivers.items():
            here = tuple(item for item in self.specs.workloads if item.target == name)
            wanted = {want.id: as_wanted(want) for want in driver.inner.preview(here).objects}
            held = self.stage.worlds[name].objects(SCOPE)
            for identity, want in wanted.items():
                found = held[identity.kind, identity.name]
                assert (found.fields, found.condition) == (want.fields, want.condition.value)
            known = {(identity.kind, identity.name) for identity in wanted}
            keeping = {item.service for item in here if item.keep}
            for key, left in held.items():
                shelved = left.condition == Condition.STOPPED.value and left.service in keeping
                assert key in known or key[0] == VOLUME or left.protected or shelved
        records = self.store.history.records(SCOPE, 100, self.now())
        assert all(record.ending is not Ending.RUNNING for record in records)


def allowed(plan: Plan) -> list[Verdict]:
    return [Verdict(step=step.id, decision=Decision.ALLOW, rule="", detail="") for step in plan.steps]


def went_back(plan: Plan, record: Record) -> None:
    """Of a failed step nothing is left done that could be taken back, unless taking it back failed as well."""
    outcomes = {outcome.index: outcome for outcome in record.outcomes}
    failed = {
        outcome.step
        for outcome in record.outcomes
        if not plan.actions[outcome.index].cleanup
        and outcome.state in (ActionState.FAILED, ActionState.UNDONE)
    }
    stuck = {item.step for item in record.outcomes if item.detail.startswith("could not be taken back")}
    for action in plan.actions:
        if action.step in failed - stuck and action.undo:
            assert outcomes[action.index].state in (ActionState.UNDONE, ActionState.NOT_STARTED)


AnyHistory.TestCase.settings = settings(max_examples=40, stateful_step_count=12, deadline=None)
TestAnyHistory = AnyHistory.TestCase
