"""A saved plan names what moved under it, and does not care for the rest."""

from dataclasses import replace

import pytest

from eeveon.core.desired import Desired
from eeveon.core.diagnostic import Position
from eeveon.core.names import ObjectId
from eeveon.core.observed import Condition, ObservedObject
from eeveon.core.plan import Plan
from eeveon.core.simulate import as_wanted
from eeveon.core.stale import moved
from eeveon.core.wanted import NETWORK
from tests.core.worlds import HERE, THERE, Holding, decided, desired, objects, service, support

OLD = desired(service("web"), service("api"))
NEW = desired(service("web", image="web:2"), service("api"))
HELD = Holding.of(OLD).by_id
PLAN = decided(NEW, Holding.of(OLD).observed()).plan
(WEB,) = (seen for seen in HELD.values() if seen.service == "web")
(API,) = (seen for seen in HELD.values() if seen.service == "api")
STEP = "service/web on here"


def now(
    specs: Desired = NEW, *, gone: ObjectId | None = None, seen: ObservedObject | None = None
) -> tuple[str, ...]:
    held = {key: item for key, item in HELD.items() if key != gone} | ({seen.id: seen} if seen else {})
    return moved(PLAN, specs, Holding(held).observed())


def test_a_plan_holds_while_nothing_moved() -> None:
    assert now() == ()


@pytest.mark.parametrize(
    "sentences",
    [
        now(desired(service("web", image="web:2"), service("api", image="web:9"))),
        now(desired(service("web", image="web:2"))),
        now(desired(service("web", image="web:2", position=Position(file="moved.yaml")), service("api"))),
        now(seen=replace(API, condition=Condition.STOPPED)),
        now(gone=API.id),
        now(seen=as_wanted(support(HERE))),
        now(seen=as_wanted(replace(support(HERE, NETWORK, "web"), service=WEB.service))),
        now(seen=replace(WEB, trace="looked at", detail="up 3 days")),
    ],
    ids=[
        "another document",
        "another document gone",
        "where the document is written",
        "another instance",
        "another instance gone",
        "a network",
        "an object of the service that is no instance",
        "what is only told of it",
    ],
)
def test_what_does_not_concern_the_plan_does_not_matter(sentences: tuple[str, ...]) -> None:
    assert sentences == ()


def test_its_document_changed() -> None:
    place = Position(file="web.yaml", line=3)
    old = desired(service("web", image="web:2", position=place))
    plan = decided(old, Holding.of(OLD).observed()).plan
    newer = desired(service("web", image="web:3", position=place))
    sentences = moved(plan, newer, Holding.of(OLD).observed())
    assert f"{STEP}: its document changed (web.yaml:3)" in sentences


def test_its_document_left() -> None:
    assert now(desired(service("api"))) == (f"{STEP}: it is no longer in the specs",)


def test_its_document_is_back() -> None:
    plan = decided(desired(service("api")), Holding(HELD).observed()).plan
    assert moved(plan, NEW, Holding(HELD).observed()) == (f"{STEP}: it is in the specs again",)


def test_its_instance_changed() -> None:
    edited = {"image": "web:hacked", "env": {}}
    assert now(seen=replace(WEB, fields=edited)) == (f"{STEP}: {WEB.id} has changed, it is running",)
    stopped = replace(WEB, condition=Condition.STOPPED)
    assert now(seen=stopped) == (f"{STEP}: {WEB.id} has changed, it is stopped",)


def test_its_instance_is_gone() -> None:
    assert now(gone=WEB.id) == (f"{STEP}: {WEB.id} is gone",)


def test_another_instance_of_it_has_appeared() -> None:
    _, second = objects([service("web", replicas=2)])
    assert now(seen=as_wanted(second)) == (f"{STEP}: {second.id} has appeared",)


def test_what_changed_is_named_and_what_did_not_is_not() -> None:
    two = desired(service("web", replicas=2))
    held = Holding.of(two).by_id
    plan = decided(desired(service("web", replicas=2, image="web:2")), Holding(held).observed()).plan
    first, second = sorted(held.values(), key=lambda seen: seen.id)
    later = {first.id: first, second.id: replace(second, condition=Condition.FAILED)}
    sentences = moved(plan, desired(service("web", replicas=2, image="web:2")), Holding(later).observed())
    assert sentences == (f"{STEP}: {second.id} has changed, it is failed",)


@pytest.mark.parametrize(
    ("count", "end"),
    [(3, ("is gone",) * 3), (4, ("is gone",) * 3 + ("and 1 more",)), (7, ("is gone",) * 3 + ("and 4 more",))],
)
def test_a_step_names_three_objects_and_counts_the_rest(count: int, end: tuple[str, ...]) -> None:
    many = desired(service("web", replicas=count))
    newer = desired(service("web", replicas=count, image="web:2"))
    plan = decided(newer, Holding.of(many).observed()).plan
    (sentence,) = moved(plan, newer, Holding({}).observed())
    assert sentence.startswith(f"{STEP}: instance/web-1-")
    parts = sentence.split("; ")
    assert len(parts) == len(end)
    assert all(part.endswith(wanted) for part, wanted in zip(parts, end, strict=True))


def test_its_target_is_not_reached_now() -> None:
    sentences = moved(PLAN, NEW, Holding(HELD).observed(frozenset({HERE})))
    assert sentences == (f"{STEP}: target here cannot be observed now",)
    assert moved(PLAN, NEW, {}) == sentences


def network_plan(*held: ObservedObject) -> Plan:
    return decided(
        desired(service("web")), Holding({seen.id: seen for seen in held}).observed(), supports=True
    ).plan


def test_a_network_that_appeared_meanwhile_is_named() -> None:
    network = as_wanted(support(HERE))
    specs = desired(service("web"))
    plan = network_plan(WEB)
    assert moved(plan, specs, Holding({WEB.id: WEB}).observed()) == ()
    sentences = moved(plan, specs, Holding({WEB.id: WEB, network.id: network}).observed())
    assert sentences == (f"{network.id}: {network.id} has appeared",)


def test_a_host_that_does_not_answer_any_more_is_not_an_empty_one() -> None:
    held = Holding.of(desired(service("web", THERE, replicas=2)))
    plan = decided(desired(service("web", THERE, replicas=2, image="web:2")), held.observed()).plan
    wanted = desired(service("web", THERE, replicas=2, image="web:2"))
    (sentence,) = moved(plan, wanted, held.observed(blind=frozenset({"host1"})))
    assert "host1 cannot be observed now" in sentence
    assert "gone" not in sentence
