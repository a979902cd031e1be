"""Claims about other scopes, other connections, other people, and a target that is not there."""

import pytest

from eeveon.core.desired import Workload
from eeveon.core.drift import Author
from eeveon.core.health import CommandCheck
from eeveon.core.observed import Condition, Unreachable
from eeveon.core.plan import Effect
from eeveon.drivers.base import Driver
from eeveon.errors import (
    ActionRefused,
    ActionUncertain,
    TargetUnreachable,
)
from tests.drivers.contract_parts import (
    FENCE,
    PROBE_TIMEOUT,
    Connect,
    ContractFixtures,
    MakeWorkload,
    Meddle,
    Sever,
    essence,
    eventually,
    instances,
    perform,
    run,
    run_one,
    seen,
    set_condition,
    to_run,
    wanted_instance,
    wanted_objects,
    with_env,
)


class WorldClaims(ContractFixtures):
    """Other scopes, other connections, other people, and a target that is not there."""

    def test_scopes_do_not_see_or_touch_each_other(
        self, driver: Driver, second_scope_driver: Driver, workload: MakeWorkload
    ) -> None:
        ours, theirs = run_one(driver, workload()), run_one(second_scope_driver, workload())
        assert set(instances(driver)) == {ours.id}
        assert set(instances(second_scope_driver)) == {theirs.id}
        set_condition(driver, ours.id, Condition.ABSENT)
        assert instances(driver) == {}
        assert instances(second_scope_driver)[theirs.id].condition is Condition.RUNNING

    def test_a_new_connection_finds_what_runs(
        self, driver: Driver, reconnect: Connect, workload: MakeWorkload
    ) -> None:
        run(driver, workload())
        before = {key: essence(item) for key, item in seen(driver).items()}
        driver.close()
        assert {key: essence(item) for key, item in seen(reconnect()).items()} == before

    def test_a_lower_fence_is_refused_and_changes_nothing(
        self, driver: Driver, reconnect: Connect, workload: MakeWorkload
    ) -> None:
        made = run_one(driver, workload())
        other = wanted_instance(driver, with_env(workload(), RELEASE="2"))
        for connection in (driver, reconnect()):
            for effect in (to_run(other), Effect(object=made.id, condition=Condition.ABSENT)):
                with pytest.raises(ActionRefused):
                    perform(connection, effect, FENCE - 1)
        assert {key: item.condition for key, item in instances(driver).items()} == {
            made.id: Condition.RUNNING
        }

    def test_fences_of_other_scopes_do_not_count(
        self, driver: Driver, second_scope_driver: Driver, workload: MakeWorkload
    ) -> None:
        run(driver, workload())
        for item in wanted_objects(second_scope_driver, workload()):
            assert perform(second_scope_driver, to_run(item), FENCE - 1) is not None

    def test_an_unreachable_target_is_unknown_and_never_empty(
        self, driver: Driver, sever: Sever, workload: MakeWorkload
    ) -> None:
        made = run_one(driver, workload())
        with sever():
            observation = driver.observe()
            assert isinstance(observation, Unreachable), observation
            assert observation.reason
        assert instances(driver)[made.id].condition is Condition.RUNNING

    def test_performing_on_an_unreachable_target_is_an_error_of_its_own(
        self, driver: Driver, sever: Sever, workload: MakeWorkload
    ) -> None:
        made = run_one(driver, workload())
        with sever(), pytest.raises((TargetUnreachable, ActionUncertain)):
            set_condition(driver, made.id, Condition.STOPPED)

    def test_a_probe_of_an_unreachable_target_is_unhealthy(
        self, driver: Driver, sever: Sever, workload: MakeWorkload
    ) -> None:
        made = run_one(driver, workload())
        with sever():
            probe = driver.probe(made.id, CommandCheck(command=self.succeeds), PROBE_TIMEOUT)
        assert not probe.healthy
        assert probe.detail

    def test_what_was_stopped_by_hand_is_seen_and_runs_again_when_asked(
        self, driver: Driver, meddle: Meddle, workload: MakeWorkload
    ) -> None:
        made = run_one(driver, workload())
        meddle.stop_by_hand(made.id)
        stopped = instances(driver)[made.id]
        assert stopped.condition in (Condition.STOPPED, Condition.FAILED)
        assert stopped.ended_by is not Author.WORKLOAD
        again = perform(driver, to_run(wanted_instance(driver, workload())))
        assert again is not None
        assert again.condition is Condition.RUNNING

    def test_what_was_deleted_by_hand_is_not_there_and_is_made_again_when_asked(
        self, driver: Driver, meddle: Meddle, workload: MakeWorkload
    ) -> None:
        made = run_one(driver, workload())
        meddle.delete_by_hand(made.id)
        assert instances(driver) == {}
        assert essence(run_one(driver, workload())) is not None
        assert set(instances(driver)) == {made.id}

    def test_what_was_edited_by_hand_differs_from_what_was_applied_until_it_is_put_back(
        self, driver: Driver, meddle: Meddle, workload: MakeWorkload
    ) -> None:
        made = run_one(driver, workload())
        assert meddle.edit_by_hand(made.id) is self.can_edit
        edited = instances(driver)[made.id]
        assert edited.applied == made.fields
        assert (edited.fields != made.fields) is self.can_edit
        assert {touch.by for touch in edited.touches} <= {Author.PERSON, Author.TOOL, Author.UNKNOWN}
        run(driver, workload())
        assert instances(driver)[made.id].fields == made.fields

    def test_what_cannot_run_is_refused_or_shows_why(self, driver: Driver, bad_workload: Workload) -> None:
        try:
            made = run_one(driver, bad_workload)
        except ActionRefused as refusal:
            reason = refusal.message
        else:
            dead = (Condition.FAILED, Condition.STOPPED)
            assert eventually(lambda: instances(driver)[made.id].condition in dead)
            dead_one = instances(driver)[made.id]
            reason = dead_one.detail
            assert dead_one.ended_by in {Author.WORKLOAD, Author.UNKNOWN}
        assert reason

    def test_closing_leaves_everything_running(
        self, driver: Driver, reconnect: Connect, workload: MakeWorkload
    ) -> None:
        made = run_one(driver, workload())
        driver.close()
        assert instances(reconnect())[made.id].condition is Condition.RUNNING
