"""What is put into service: after its health, before the older one leaves; and how that is undone."""

from dataclasses import replace

from eeveon.core.desired import BlueGreen, Recreate, Route, Source
from eeveon.core.observed import Condition
from eeveon.core.simulate import as_wanted
from tests.core.stories import FIXED, rollout, step_for, story, the_step, undoes
from tests.core.worlds import HERE, Holding, decided, desired, objects, service

ROUTED = Route(balancer="front", port="http")


def test_it_serves_when_it_is_healthy_and_the_older_one_leaves_before_it_stops() -> None:
    assert story(rollout(route=ROUTED)) == [
        "run web-1 web:2",
        "serve web-1 web:2 after 0",
        "run web-1 web:1 after 1",  # leaves service, still running
        "stop web-1 web:1 after 2",
        "remove web-1 web:1 after 0,1,2,3",
    ]


def test_undone_in_reverse_the_older_one_serves_before_the_newer_one_leaves() -> None:
    assert undoes(rollout(route=ROUTED)) == {
        "run web-1 web:2": ["remove web-1 web:2"],
        "serve web-1 web:2": ["serve web-1 web:1", "run web-1 web:2"],
        "run web-1 web:1": ["serve web-1 web:1"],
        "stop web-1 web:1": ["run web-1 web:1"],
        "remove web-1 web:1": [],
    }


def test_blue_green_waits_for_all_and_changes_sides_once() -> None:
    plan = rollout(route=ROUTED, replicas=2, strategy=BlueGreen())
    assert story(plan)[:6] == [
        "run web-1 web:2",
        "run web-2 web:2",
        "serve web-1 web:2 after 0,1",
        "serve web-2 web:2 after 2",
        "run web-1 web:1 after 2,3",
        "stop web-1 web:1 after 4",
    ]
    switch = plan.actions[2].effect
    assert [one.name.rpartition("-")[0] for one in switch.beside] == ["web-2"]
    assert [one.name.rpartition("-")[0] for one in switch.instead] == ["web-1", "web-2"]
    assert the_step(plan).strategy == "blue-green, all change sides at once when all are healthy"


def test_blue_green_of_what_holds_a_port_stops_before_it_starts() -> None:
    plan = rollout(ports=FIXED, strategy=BlueGreen())
    assert the_step(plan).strategy == "recreate: stops before it starts: its port cannot be held twice"


def test_files_that_no_process_serves_are_asked_once_they_serve() -> None:
    source = Source(git="https://example.com/web", ref="main", path="/srv/web")
    plan = rollout(route=ROUTED, source=source, strategy=Recreate())
    run, serve, *_ = plan.actions
    assert (run.health, serve.health is None) == (None, False)
    assert the_step(plan).strategy == "blue-green, all change sides at once when all are healthy"


def test_what_changes_in_place_stays_in_service() -> None:
    workload = service("web", route=ROUTED)
    (want,) = objects((workload,))
    edited = replace(as_wanted(want), fields={**want.fields, "env": {"A": "1"}})
    plan = decided(desired(workload), Holding({want.id: edited}).observed(), mutable=frozenset({"env"})).plan
    assert story(plan) == ["serve web-1 web:1"]


def test_what_is_made_anew_in_its_place_leaves_service_first() -> None:
    workload = service("web", route=ROUTED)
    (want,) = objects((workload,))
    edited = replace(as_wanted(want), fields={**want.fields, "env": {"A": "1"}})
    assert story(step_for(workload, [edited])) == [
        "run web-1 web:1",  # leaves service
        "run web-1 web:1 after 0",  # made anew
        "serve web-1 web:1 after 1",
    ]


def test_what_runs_beside_the_rotation_enters_it_without_a_start() -> None:
    workload = service("web", route=ROUTED)
    (want,) = objects((workload,))
    out = replace(as_wanted(want), condition=Condition.RUNNING)
    assert story(step_for(workload, [out])) == ["run web-1 web:1", "serve web-1 web:1 after 0"]


def test_kept_revisions_stop_and_stay_and_the_oldest_goes() -> None:
    def at(image: str) -> list[str]:
        held = Holding.of(desired(service("web", image="web:1"))).by_id
        old = {
            key: replace(item, condition=Condition.STOPPED)
            for key, item in Holding.of(desired(service("web", image="web:0"))).by_id.items()
        }
        specs = desired(service("web", HERE, image=image, keep=1))
        return story(decided(specs, Holding({**held, **old}).observed()).plan)

    assert at("web:2") == [
        "run web-1 web:2",
        "stop web-1 web:1 after 0",
        "remove web-1 web:0 after 0,1",
    ]


def test_going_back_to_a_kept_revision_is_a_change_and_no_drift() -> None:
    held = dict(Holding.of(desired(service("web", image="web:2"))).by_id)
    held |= {
        key: replace(item, condition=Condition.STOPPED)
        for key, item in Holding.of(desired(service("web"))).by_id.items()
    }
    plan = decided(desired(service("web", HERE, keep=1)), Holding(held).observed()).plan
    assert story(plan) == ["run web-1 web:1", "stop web-1 web:2 after 0"]
    step = the_step(plan)
    assert (step.drift, step.reasons) == (False, ("back to a revision that is kept",))
    assert [(change.path, change.before, change.after) for change in step.fields] == [
        (("image",), "web:2", "web:1")
    ]
