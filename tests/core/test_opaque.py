"""What a plan says of commands whose effect nobody knows, and the time that it gives them."""

from datetime import timedelta

from eeveon.core.changes import Cause, ObjectChange, ServiceChange, Verb
from eeveon.core.names import ObjectId, Revision, ServiceName
from eeveon.core.observed import Condition, ObservedObject
from eeveon.core.planner.opaque import opaque, time_for_hooks, time_to_build
from eeveon.core.wanted import INSTANCE, WantedObject
from tests.core.worlds import HERE, service

SOURCE = {"build": [["make", "all of it"]], "hooks": {"postDeploy": [["./warm"]]}, "timeout": 60.0}


def wanted(ordinal: int, **source: object) -> WantedObject:
    return WantedObject(
        id=ObjectId(target=HERE, kind=INSTANCE, name=f"web-{ordinal}-new"),
        service=ServiceName("web"),
        ordinal=ordinal,
        revision=Revision("new"),
        fields={"source": {**SOURCE, **source}},
        place=f"edge{ordinal}",
        goal=Condition.SERVING,
    )


def present(want: WantedObject, condition: Condition) -> ObservedObject:
    return ObservedObject(
        id=want.id,
        service=want.service,
        ordinal=want.ordinal,
        revision=want.revision,
        fields=want.fields,
        applied=want.fields,
        condition=condition,
    )


def told(verb: Verb, *pairs: tuple[WantedObject, ObservedObject | None]) -> tuple[str, ...]:
    changes = tuple(
        ObjectChange(
            verb=verb,
            wanted=want,
            present=(seen,) if seen else (),
            fields=(),
            cause=Cause.SPEC,
            reason="",
        )
        for want, seen in pairs
    )
    return opaque(
        ServiceChange(
            service=ServiceName("web"),
            target=HERE,
            workload=service("web"),
            changes=changes,
            present=(),
            wanted=tuple(want for want, _ in pairs),
        )
    )


def test_a_new_release_is_built_and_then_runs_its_hooks_on_every_host() -> None:
    assert told(Verb.CREATE, (wanted(2), None), (wanted(1), None)) == (
        "builds with `make 'all of it'` on edge1, edge2: its effect is unknown",
        "then runs `./warm` on edge1, edge2: its effect is unknown",
    )


def test_going_back_to_a_kept_release_runs_its_hooks_and_builds_nothing() -> None:
    want = wanted(1)
    assert told(Verb.START, (want, present(want, Condition.STOPPED))) == (
        "then runs `./warm` on edge1: its effect is unknown",
    )


def test_files_that_are_put_back_in_service_run_nothing() -> None:
    want = wanted(1)
    assert told(Verb.UPDATE, (want, present(want, Condition.SERVING))) == ()


def test_what_is_of_no_code_runs_nothing() -> None:
    bare = WantedObject(
        id=wanted(1).id,
        service=ServiceName("web"),
        ordinal=1,
        revision=Revision("new"),
        fields={"image": "a"},
    )
    assert told(Verb.CREATE, (bare, None)) == ()
    assert time_to_build(bare) == time_for_hooks(bare) == timedelta()


def test_commands_get_the_time_that_the_specs_give_each() -> None:
    assert time_to_build(wanted(1, build=[["a"], ["b"]])) == timedelta(minutes=2)
    assert time_for_hooks(wanted(1)) == timedelta(minutes=1)
    assert time_for_hooks(wanted(1, timeout=None)) == timedelta(minutes=5)
