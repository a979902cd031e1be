"""Claims about objects: from nothing to running, and back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from eeveon.core.desired import Mount
from eeveon.core.health import CommandCheck
from eeveon.core.observed import Condition
from eeveon.core.plan import Effect
from eeveon.core.values import canonical, plain
from eeveon.core.wanted import INSTANCE, VOLUME, instance_id
from eeveon.drivers.base import Driver
from eeveon.errors import (
    ActionRefused,
)
from tests.drivers.contract_parts import (
    PROBE_TIMEOUT,
    ContractFixtures,
    MakeWorkload,
    essence,
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

HOSTILE = {
    "QUOTES": """it's "quoted" `twice`""",
    "NEWLINES": "first\nsecond\n\nlast\n",
    "DOLLARS": "$HOME ${PATH} $(id) $$ %h %%",
    "BACKSLASHES": "C:\\new\\table \\\\ \\",
    "UNICODE": "grün 東京 🜚 \u2028 e\u0301",
    "BLANKS": "  around\t ",
    "EMPTY": "",
    "ASSIGNMENT": "a=b=c",
    "HASH": "# not a comment; nor; this",
}


class LifeClaims(ContractFixtures):
    """From nothing to running, and back."""

    def test_observes_nothing_in_a_scope_that_holds_nothing(self, driver: Driver) -> None:
        assert instances(driver) == {}

    def test_previews_the_same_bytes_for_the_same_workloads(
        self, driver: Driver, workload: MakeWorkload
    ) -> None:
        first, second = (canonical(plain(driver.preview((workload(replicas=3),)))) for _ in range(2))
        assert first == second

    def test_preview_writes_nothing(self, driver: Driver, workload: MakeWorkload) -> None:
        before = driver.observe()
        driver.preview((workload(replicas=3),))
        assert driver.observe() == before

    def test_previews_an_instance_for_each_replica_under_its_own_identity(
        self, driver: Driver, workload: MakeWorkload
    ) -> None:
        wanted = [item for item in wanted_objects(driver, workload(replicas=3)) if item.id.kind == INSTANCE]
        assert [item.ordinal for item in wanted] == [1, 2, 3]
        assert len({item.revision for item in wanted}) == 1
        for item in wanted:
            assert item.ordinal is not None
            assert item.id == instance_id(workload().target, workload().service, item.ordinal, item.revision)

    def test_previews_no_instance_for_no_replicas(self, driver: Driver, workload: MakeWorkload) -> None:
        objects = wanted_objects(driver, workload(replicas=0))
        assert [item for item in objects if item.id.kind == INSTANCE] == []

    def test_another_environment_variable_is_another_revision(
        self, driver: Driver, workload: MakeWorkload
    ) -> None:
        plain_one = wanted_instance(driver, workload())
        assert wanted_instance(driver, with_env(workload(), RELEASE="2")).revision != plain_one.revision

    def test_what_was_made_is_observed_as_it_was_previewed(
        self, driver: Driver, workload: MakeWorkload
    ) -> None:
        wanted = wanted_instance(driver, workload(protected=True))
        run(driver, workload(protected=True))
        found = instances(driver)[wanted.id]
        assert found.fields == wanted.fields
        assert found.applied == wanted.fields
        assert found.condition is Condition.RUNNING
        assert (found.service, found.ordinal, found.revision) == ("web", 1, wanted.revision)
        assert found.protected

    def test_what_runs_previews_as_it_is(self, driver: Driver, workload: MakeWorkload) -> None:
        run(driver, workload())
        wanted = wanted_objects(driver, workload())
        found = seen(driver)
        assert {item.id: item.fields for item in wanted} == {key: found[key].fields for key in found}

    def test_what_perform_gives_is_what_observe_then_says(
        self, driver: Driver, workload: MakeWorkload
    ) -> None:
        given = run_one(driver, workload())
        assert essence(instances(driver)[given.id]) == essence(given)
        stopped = set_condition(driver, given.id, Condition.STOPPED)
        assert essence(instances(driver)[given.id]) == essence(stopped)

    def test_every_effect_can_be_repeated(self, driver: Driver, workload: MakeWorkload) -> None:
        wanted = wanted_instance(driver, workload())
        run(driver, workload())
        for effect in (
            to_run(wanted),
            Effect(object=wanted.id, condition=Condition.STOPPED),
            Effect(object=wanted.id, condition=Condition.RUNNING),
            Effect(object=wanted.id, condition=Condition.ABSENT),
        ):
            first, second = perform(driver, effect), perform(driver, effect)
            assert essence(first) == essence(second)

    def test_what_has_stopped_says_when_it_was_last_started(
        self, driver: Driver, workload: MakeWorkload
    ) -> None:
        made = run_one(driver, workload())
        before = instances(driver)[made.id].started
        set_condition(driver, made.id, Condition.STOPPED)
        after = instances(driver)[made.id].started
        assert (after is None) == (before is None)
        if before is not None and after is not None:  # a target may note it by the second
            assert abs(after - before) < timedelta(seconds=3)

    def test_a_running_instance_is_not_restarted_by_a_repeated_effect(
        self, driver: Driver, workload: MakeWorkload
    ) -> None:
        first = run_one(driver, workload())
        again = perform(driver, to_run(wanted_instance(driver, workload())))
        assert again is not None
        assert again.started == first.started

    def test_a_stopped_instance_stays_listed_and_starts_again_as_it_was(
        self, driver: Driver, workload: MakeWorkload
    ) -> None:
        made = run_one(driver, workload())
        stopped = set_condition(driver, made.id, Condition.STOPPED)
        assert stopped is not None
        assert stopped.condition is Condition.STOPPED
        assert instances(driver)[made.id].condition is Condition.STOPPED
        started = set_condition(driver, made.id, Condition.RUNNING)
        assert started is not None
        assert (started.condition, started.fields) == (Condition.RUNNING, made.fields)

    def test_a_removed_instance_is_gone(self, driver: Driver, workload: MakeWorkload) -> None:
        made = run_one(driver, workload())
        assert set_condition(driver, made.id, Condition.ABSENT) is None
        assert made.id not in seen(driver)

    def test_removing_or_stopping_what_is_not_there_gives_none(
        self, driver: Driver, workload: MakeWorkload
    ) -> None:
        missing = wanted_instance(driver, workload()).id
        assert set_condition(driver, missing, Condition.ABSENT) is None
        assert set_condition(driver, missing, Condition.STOPPED) is None

    def test_starting_what_is_not_there_is_refused(self, driver: Driver, workload: MakeWorkload) -> None:
        missing = wanted_instance(driver, workload()).id
        with pytest.raises(ActionRefused):
            set_condition(driver, missing, Condition.RUNNING)
        assert missing not in seen(driver)

    def test_runs_several_replicas(self, driver: Driver, workload: MakeWorkload) -> None:
        run(driver, workload(replicas=3))
        found = instances(driver).values()
        assert sorted(item.ordinal or 0 for item in found) == [1, 2, 3]
        assert {item.condition for item in found} == {Condition.RUNNING}

    def test_two_revisions_of_one_ordinal_stand_side_by_side(
        self, driver: Driver, workload: MakeWorkload
    ) -> None:
        old = run_one(driver, with_env(workload(), RELEASE="1"))
        new = run_one(driver, with_env(workload(), RELEASE="2"))
        assert {item.id: item.condition for item in instances(driver).values()} == {
            old.id: Condition.RUNNING,
            new.id: Condition.RUNNING,
        }

    def test_many_at_once_all_succeed(self, driver: Driver, workload: MakeWorkload) -> None:
        objects = wanted_objects(driver, workload(replicas=self.crowd))
        supports = [item for item in objects if item.id.kind != INSTANCE]
        crowd = [item for item in objects if item.id.kind == INSTANCE]
        for item in supports:
            perform(driver, to_run(item))
        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(lambda item: perform(driver, to_run(item)), crowd))
            assert [item and item.condition for item in made] == [Condition.RUNNING] * self.crowd
            assert set(instances(driver)) == {item.id for item in crowd}
            gone = list(pool.map(lambda item: set_condition(driver, item.id, Condition.ABSENT), crowd))
        assert gone == [None] * self.crowd
        assert instances(driver) == {}

    def test_hostile_characters_arrive_intact(self, driver: Driver, workload: MakeWorkload) -> None:
        hostile = with_env(workload(), **HOSTILE)
        made = run_one(driver, hostile)
        assert made.fields == wanted_instance(driver, hostile).fields
        assert instances(driver)[made.id].fields == made.fields
        for name, value in HOSTILE.items():
            probe = driver.probe(made.id, CommandCheck(command=self.equals(name, value)), PROBE_TIMEOUT)
            assert probe.healthy, (name, probe.detail)

    def test_volumes_outlive_instances(self, driver: Driver, workload: MakeWorkload) -> None:
        mounted = workload(mounts=(Mount(path=self.mount_path, volume="stuff"),))
        volumes = [item.id for item in wanted_objects(driver, mounted) if item.id.kind == VOLUME]
        assert bool(volumes) is self.mounts_volumes
        if not self.mounts_volumes:
            assert driver.preview((mounted,)).notes, "a driver without volumes must say so"
            return
        made = run_one(driver, mounted)
        set_condition(driver, made.id, Condition.ABSENT)
        assert set(seen(driver)) >= set(volumes)
        assert instances(driver) == {}
        for volume in volumes:
            assert set_condition(driver, volume, Condition.ABSENT) is None
        assert not set(seen(driver)) & set(volumes)

    def test_what_is_written_into_a_volume_is_there_for_the_next_instance(
        self, driver: Driver, workload: MakeWorkload
    ) -> None:
        assert self.keeps_data or driver.kind == "fake" or not self.mounts_volumes
        if not self.mounts_volumes:
            return
        mounted = workload(mounts=(Mount(path=self.mount_path, volume="stuff"),))
        made = run_one(driver, mounted)
        note = f"{self.mount_path}/note"
        written = driver.probe(made.id, CommandCheck(command=self.writes(note)), PROBE_TIMEOUT)
        assert written.healthy is self.keeps_data, written.detail
        set_condition(driver, made.id, Condition.ABSENT)
        made = run_one(driver, mounted)
        read = driver.probe(made.id, CommandCheck(command=self.reads(note)), PROBE_TIMEOUT)
        assert read.healthy is self.keeps_data, read.detail
