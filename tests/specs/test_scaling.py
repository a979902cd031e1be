"""ScalingPolicies: what they say of a service, and what is wrong with them."""

from datetime import UTC, date, datetime, timedelta

import pytest

from eeveon.core.desired import Workload
from eeveon.core.diagnostic import Position
from eeveon.core.scaling import Demand, Pace, Scaling, in_force
from eeveon.core.verdict import Moment
from eeveon.specs.codec import decode_desired, encode_desired
from tests.specs.building import EDGE, desired, lines, resolved, service
from tests.specs.test_clusters import CLUSTER, HERE

WEB = service("targets: [cluster]\nimage: web\nresources: {cpu: 500m}")
POLICY = """\
kind: ScalingPolicy
metadata: {name: web}
spec:
  service: web
  bounds: {min: 2, max: 20}
  demand: {metric: cpu}
"""
FULL = """\
kind: ScalingPolicy
metadata: {name: web}
spec:
  service: web
  bounds: {min: 2, max: 20}
  demand: {metric: requests_per_second, perReplica: 80}
  reactive: {target: 75%, tolerance: 10%, up: {step: 4}, down: {step: 1, stabilize: 10m}}
  timezone: Europe/Berlin
  onMissing: hold
  schedule:
    - {days: Mon-Fri, from: "08:30", to: "18:00", min: 5, reason: work}
    - {days: Fri, from: "22:00", to: "02:00", min: 9, expires: 2026-03-06}
"""


def files(policy: str, web: str = WEB) -> dict[str, str]:
    return {"base/cluster.yaml": CLUSTER, "base/web.yaml": web, "base/policy.yaml": policy}


def scaled(policy: str, web: str = WEB) -> Workload:
    (found,) = desired(files(policy, web)).workloads
    return found


def wrong(policy: str, web: str = WEB, **more: str) -> list[str]:
    outcome = resolved({**files(policy, web), **{f"base/{name}.yaml": text for name, text in more.items()}})
    return [line.removeprefix("base/") for line in lines(outcome.diagnostics)]


def test_the_policy_decides_how_many_there_are() -> None:
    web = scaled(POLICY)
    assert web.replicas == 2
    assert web.scaling == Scaling(
        policy="web",
        least=2,
        most=20,
        demand=Demand(metric="cpu", target=0.7),
        position=Position(file="base/policy.yaml", line=1),
    )


def test_all_that_it_can_say() -> None:
    scaling = scaled(FULL).scaling
    assert scaling is not None
    assert scaling.demand == Demand(metric="requests_per_second", target=60)
    assert (scaling.up, scaling.down) == (Pace(step=4), Pace(step=1, stabilize=timedelta(minutes=10)))
    assert [(floor.least, floor.until) for floor in scaling.floors] == [
        (5, None),
        (9, date(2026, 3, 6)),
        (9, date(2026, 3, 6)),
    ]
    assert {floor.span.zone for floor in scaling.floors} == {"Europe/Berlin"}


def test_what_it_says_comes_back_as_it_was() -> None:
    known = desired(files(FULL))
    assert decode_desired(encode_desired(known)) == (known, ())


@pytest.mark.parametrize(
    ("day", "hour", "least"),
    [(2, 12, 5), (2, 7, 2), (6, 23, 9), (7, 1, 2), (13, 23, 2)],
    ids=["at work", "before", "on Friday night", "after the last day", "once it has expired"],
)
def test_a_floor_holds_in_its_hours(day: int, hour: int, least: int) -> None:
    scaling = scaled(FULL).scaling
    assert scaling is not None
    there = datetime(2026, 3, day, hour, tzinfo=UTC)
    now = in_force(scaling, Moment(utc=there, zones={"Europe/Berlin": there}))
    assert (now.least, now.floors) == (least, ())


MISTAKES = {
    "bounds in the wrong order": (
        POLICY.replace("min: 2", "min: 21"),
        "policy.yaml:5:17 wrong-value: `min` is 21, which is more than `max`, 20",
    ),
    "how much of a processor": (
        POLICY.replace("metric: cpu", "metric: cpu, perReplica: 1"),
        "policy.yaml:6:25 wrong-value: of `cpu` an instance takes what its `resources` say → remove `perReplica`; "
        "`reactive.target` is the share that is to be used",
    ),
    "not how much of a metric": (
        POLICY.replace("metric: cpu", "metric: requests"),
        "policy.yaml:6:11 missing-field: nobody knows how much of `requests` one instance takes → for example "
        "`perReplica: 80`",
    ),
    "nothing to be used": (
        f"{POLICY}  reactive: {{target: 0%}}\n",
        "policy.yaml:7:22 wrong-value: `target` must be more than 0, not 0%",
    ),
    "a tolerance of its own": (
        f"{POLICY}  reactive: {{tolerance: 20%}}\n",
        "policy.yaml:7:25 not-yet-honoured: a cluster tolerates 10% by itself, and not 20%",
    ),
    "a floor above the bound": (
        f'{POLICY}  schedule: [{{from: "08:00", to: "09:00", min: 30}}]\n',
        "policy.yaml:7:48 wrong-value: `min` is 30, which is more than `bounds.max`, 20",
    ),
    "no hours": (
        f'{POLICY}  schedule: [{{from: "08:00", to: "08:00", min: 3}}]\n',
        "policy.yaml:7:21 wrong-value: 08:00-08:00 is empty; a whole day is 00:00-24:00",
    ),
    "a day that is in no calendar": (
        f'{POLICY}  schedule: [{{from: "08:00", to: "09:00", min: 3, expires: 2026-02-30}}]\n',
        "policy.yaml:7:60 wrong-value: there is no day 2026-02-30",
    ),
    "no such service": (
        POLICY.replace("service: web", "service: wbe"),
        "policy.yaml:4:12 unknown-service: there is no Service `wbe` in this environment → did you mean `web`?",
    ),
    "a number for when nothing is measured": (
        f"{POLICY}  onMissing: {{fallback: 4}}\n",
        "policy.yaml:7:15 not-yet-honoured: `fallback` has no effect in this version: numbers for missing metrics "
        "will come with a later one",
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_told_where_it_is(case: str) -> None:
    policy, expected = MISTAKES[case]
    assert wrong(policy) == [expected]


SERVICES = {
    "a number of its own": (
        "targets: [cluster]\nimage: web\nresources: {cpu: 1}\nreplicas: 3",
        "web.yaml:7:3 two-owners: ScalingPolicy `web` decides how many instances there are → remove `replicas`, or "
        "the policy",
    ),
    "nothing to measure a share of": (
        "targets: [cluster]\nimage: web",
        "policy.yaml:6:20 missing-field: `web` has no `resources.cpu` of which a share could be measured → write "
        "`resources: {cpu: …}` in it",
    ),
    "nothing to scale": (
        "targets: [cluster]\nmanifests: k8s",
        "policy.yaml:4:12 wrong-form: `web` has no `image`, so there is nothing of it to be scaled",
    ),
    "nobody who scales": (
        "targets: [here]\nimage: web",
        "policy.yaml:4:12 wrong-form: `web` runs on `here`, a docker target, where nothing scales it yet → remove "
        "`here` from its `targets`, or this policy",
    ),
}


@pytest.mark.parametrize("case", SERVICES)
def test_a_service_that_does_not_fit_is_told(case: str) -> None:
    spec, expected = SERVICES[case]
    assert wrong(POLICY, service(spec), here=HERE) == [expected]


def test_what_is_requested_may_be_said_in_the_template_of_the_pods() -> None:
    spec = (
        "targets: [cluster]\nimage: web\n"
        "kubernetes: {podTemplate: {spec: {containers: [{name: web, resources: {requests: {cpu: 1}}}]}}}"
    )
    assert wrong(POLICY, service(spec)) == []


def test_a_pretended_target_takes_it_and_other_services_are_as_they_were() -> None:
    both = {"base/edge.yaml": EDGE, "base/other.yaml": service("targets: [edge]\nimage: web", "other")}
    known = desired({**files(POLICY, service("targets: [edge]\nimage: web")), **both})
    assert [item.scaling is None for item in known.workloads] == [True, False]


def test_a_service_has_one_policy() -> None:
    assert wrong(POLICY, second=POLICY.replace("{name: web}", "{name: other}")) == [
        "policy.yaml:4:12 two-owners: ScalingPolicy `other` decides how many instances `web` has already → a service "
        "has one ScalingPolicy; remove one of them"
    ]


def test_two_services_have_a_policy_each() -> None:
    api = POLICY.replace("web", "api")
    more = {"api": WEB.replace("name: web", "name: api"), "api-policy": api}
    assert wrong(POLICY, **more) == []


def test_a_service_whose_document_is_unsound_is_told_with_its_number() -> None:
    said = wrong(POLICY, "kind: Service\nmetadata: {name: web}\nspec: nothing\n")
    assert [line.split(" ")[1] for line in said] == ["wrong-type:"]
