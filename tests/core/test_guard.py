"""What the guard says of a step, rule by rule, at every edge."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from eeveon.core.changes import Verb
from eeveon.core.desired import Desired
from eeveon.core.guard import ByCommit, ByDestroy, ByProposal, ByWatch, Origin, Rules, guard
from eeveon.core.names import ServiceName
from eeveon.core.pause import Pause, pause_of
from eeveon.core.plan import Plan, Risk
from eeveon.core.policy import (
    DateWindow,
    GuardrailFinding,
    Limits,
    Mode,
    SafetyPolicy,
    Selector,
    WeeklyWindow,
    Window,
    zones_of,
)
from eeveon.core.verdict import Decision, Finding, Moment, Verdict
from tests.core.moments import NOON
from tests.core.worlds import HERE, THERE, Holding, decided, desired, service

ALLOW, ASK, DENY = Decision.ALLOW, Decision.NEEDS_APPROVAL, Decision.DENY
NAMES = [f"s{number}" for number in range(10)]
WEB = ServiceName("web")
CRITICAL = {"tier": "critical"}


def plan_of(before: Desired, after: Desired) -> Plan:
    return decided(after, Holding.of(before).observed()).plan


def judged(plan: Plan, *policies: SafetyPolicy, at: datetime = NOON, origin: Origin | None = None) -> Verdict:
    """The verdict on the first step."""
    zones = {window.span.zone for policy in policies for window in policy.windows}
    moment = Moment(utc=at, zones={zone: at.astimezone(ZoneInfo(zone)) for zone in zones})
    return guard(plan, Rules(moment=moment, policies=policies, origin=origin or ByCommit()))[0]


def policy(**fields: object) -> SafetyPolicy:
    return SafetyPolicy(name="production", **fields)  # type: ignore[arg-type]


CREATE = plan_of(desired(), desired(service("web", labels=CRITICAL)))
REPLACE = plan_of(desired(service("web", replicas=4)), desired(service("web", replicas=4, image="web:2")))
REMOVE = plan_of(desired(service("web"), service("db")), desired(service("db")))


def test_without_a_policy_everything_is_allowed_by_default() -> None:
    assert judged(CREATE) == Verdict(
        step="service/web on here", decision=ALLOW, rule="default", detail="no SafetyPolicy speaks of it"
    )


def test_within_every_rule_the_policies_are_named() -> None:
    verdict = judged(CREATE, policy(), SafetyPolicy(name="second"))
    assert (verdict.decision, verdict.rule) == (ALLOW, "safety/production, safety/second")
    assert verdict.detail == "within every rule"


def paused(service: str = "", why: str = "") -> Pause:
    return Pause(service=ServiceName(service) or None, since=NOON, by="alice@desk", why=why)


@pytest.mark.parametrize("origin", [ByCommit(), ByDestroy(), ByProposal(change_class="restart")])
@pytest.mark.parametrize(
    ("pause", "decision"), [(paused(), DENY), (paused("web"), DENY), (paused("db"), ALLOW)]
)
def test_a_pause_of_a_person_binds_what_it_names(origin: Origin, pause: Pause, decision: Decision) -> None:
    rules = Rules(moment=Moment(utc=NOON, zones={}), origin=origin, pauses=(pause,))
    said = guard(CREATE, rules)[0].decision
    assert said is decision or isinstance(origin, ByProposal)
    assert (said is DENY) == (decision is DENY)


def test_a_pause_says_who_since_when_and_why() -> None:
    rules = Rules(moment=Moment(utc=NOON, zones={}), pauses=(paused("web", "until the fair is over"),))
    verdict = guard(CREATE, rules)[0]
    assert verdict.rule == "pause"
    assert verdict.detail.startswith("service web is paused since ")
    assert verdict.detail.endswith(" by alice@desk: until the fair is over; go on with `eeveon resume`")


def test_what_belongs_to_no_service_stops_with_the_environment_only() -> None:
    assert pause_of([paused("web")], None) is None
    assert pause_of([paused("web"), paused()], None) == paused()
    assert pause_of([paused("web"), paused()], WEB) == paused()
    assert pause_of([], WEB) is None


@pytest.mark.parametrize(
    ("origin", "drift", "decision"),
    [
        (ByWatch(reverts=False), True, DENY),
        (ByWatch(reverts=False), False, ALLOW),
        (ByWatch(reverts=True), True, ALLOW),
        (ByCommit(), True, ALLOW),
    ],
)
def test_a_watch_that_only_reports_leaves_drift_as_it_is(
    origin: Origin, *, drift: bool, decision: Decision
) -> None:
    plan = replace(REPLACE, steps=(replace(REPLACE.steps[0], drift=drift),))
    verdict = judged(plan, origin=origin)
    assert verdict.decision is decision
    assert (verdict.rule == "drift") == (decision is DENY)


@pytest.mark.parametrize("origin", [ByCommit(), ByDestroy(), ByProposal(change_class="restart")])
def test_a_finding_forbids_every_step_whoever_asks(origin: Origin) -> None:
    finding = Finding(invariant="order", detail="action 1 waits for 2")
    rules = Rules(moment=Moment(utc=NOON, zones={}), findings=(finding,), origin=origin)
    plan = plan_of(desired(), desired(service("web"), service("api")))
    verdicts = guard(plan, rules)
    assert [verdict.decision for verdict in verdicts] == [DENY, DENY]
    assert verdicts[0].rule == "invariant order"
    assert verdicts[0].detail == "action 1 waits for 2; this is a bug of EEveon"


@pytest.mark.parametrize("origin", [ByCommit(), ByDestroy(), ByProposal(change_class="restart")])
def test_a_pause_binds_whoever_asks(origin: Origin) -> None:
    verdict = judged(CREATE, policy(paused=True, mode=Mode.AUTOMERGE), origin=origin)
    assert (verdict.decision, verdict.rule, verdict.detail) == (
        DENY,
        "safety/production paused",
        "changes are paused",
    )


@pytest.mark.parametrize(
    ("mode", "by_proposal"),
    [(Mode.OFF, DENY), (Mode.ADVISE, DENY), (Mode.PROPOSE, ASK), (Mode.AUTOMERGE, ALLOW)],
)
def test_the_mode_binds_proposals_only(mode: Mode, by_proposal: Decision) -> None:
    assert judged(CREATE, policy(mode=mode)).decision is ALLOW
    verdict = judged(CREATE, policy(mode=mode), origin=ByProposal(change_class="restart"))
    assert verdict.decision is by_proposal
    assert by_proposal is ALLOW or verdict.rule == "safety/production mode"


@pytest.mark.parametrize(("mode", "decision"), [(Mode.OFF, DENY), (Mode.AUTOMERGE, ALLOW)])
def test_the_class_of_a_proposal_goes_before_the_mode(mode: Mode, decision: Decision) -> None:
    named = policy(mode=Mode.PROPOSE, classes={"restart": mode})
    verdict = judged(CREATE, named, origin=ByProposal(change_class="restart"))
    assert verdict.decision is decision
    assert decision is ALLOW or verdict.rule == "safety/production classes.restart"


def test_the_strictest_policy_wins_and_of_equals_the_first() -> None:
    ask, deny = policy(mode=Mode.PROPOSE), SafetyPolicy(name="second", mode=Mode.OFF)
    origin = ByProposal(change_class="restart")
    assert judged(CREATE, ask, deny, origin=origin).rule == "safety/second mode"
    first, second = (SafetyPolicy(name=name, paused=True) for name in ("a", "b"))
    assert judged(CREATE, first, second).rule == "safety/a paused"


class TestSelectors:
    @pytest.mark.parametrize(
        ("selector", "speaks"),
        [
            (Selector(), True),
            (Selector(names=frozenset({WEB})), True),
            (Selector(names=frozenset({ServiceName("api")})), False),
            (Selector(labels=CRITICAL), True),
            (Selector(labels={"tier": "low"}), False),
            (Selector(labels={**CRITICAL, "team": "shop"}), False),
            (Selector(names=frozenset({WEB}), labels=CRITICAL), True),
            (Selector(names=frozenset({WEB}), labels={"tier": "low"}), False),
            (Selector(names=frozenset({ServiceName("api")}), labels=CRITICAL), False),
        ],
    )
    def test_of_a_service_in_the_specs(self, selector: Selector, speaks: bool) -> None:
        verdict = judged(CREATE, policy(services=selector, paused=True))
        assert verdict.decision is (DENY if speaks else ALLOW)

    @pytest.mark.parametrize(
        ("selector", "speaks"),
        [
            (Selector(), True),
            (Selector(labels=CRITICAL), True),  # nobody knows any more what labels it had
            (Selector(names=frozenset({WEB})), True),
            (Selector(names=frozenset({ServiceName("api")})), False),
            (Selector(names=frozenset({ServiceName("api")}), labels=CRITICAL), False),
        ],
    )
    def test_of_a_removed_service(self, selector: Selector, speaks: bool) -> None:
        verdict = judged(REMOVE, policy(services=selector, paused=True))
        assert verdict.decision is (DENY if speaks else ALLOW)

    @pytest.mark.parametrize(
        ("selector", "speaks"),
        [(Selector(), True), (Selector(labels=CRITICAL), False), (Selector(names=frozenset({WEB})), False)],
    )
    def test_of_a_network(self, selector: Selector, speaks: bool) -> None:
        plan = decided(desired(service("web")), Holding({}).observed(), supports=True).plan
        assert plan.steps[0].service is None
        verdict = judged(plan, policy(services=selector, paused=True))
        assert verdict.decision is (DENY if speaks else ALLOW)


class TestGuardrails:
    def test_each_kind_of_finding_forbids_what_it_concerns(self) -> None:
        specs = desired(service("web"), service("web", target=THERE), service("api"))
        plan = plan_of(desired(), specs)
        ids = [step.id for step in plan.steps]
        assert ids == ["service/api on here", "service/web on here", "service/web on there"]
        cases = {("Service", "web"): ids[1:], ("Target", HERE): ids[:2], ("Project", "shop"): ids}
        for (kind, name), concerned in cases.items():
            finding = GuardrailFinding(
                policy="production", guardrail="no-latest.json", kind=kind, name=name, message="says latest"
            )
            verdicts = guard(plan, Rules(moment=Moment(utc=NOON, zones={}), guardrails=(finding,)))
            denied = [verdict for verdict in verdicts if verdict.decision is DENY]
            assert [verdict.step for verdict in denied] == concerned
            assert denied[0].rule == "safety/production guardrail no-latest.json"
            assert denied[0].detail == f"{kind}/{name}: says latest"


WORK = WeeklyWindow(text="Mon-Thu 08:00-17:00", days=frozenset(range(4)), start=time(8), end=time(17))
NIGHT = WeeklyWindow(text="Fri 22:00-02:00", days=frozenset({4}), start=time(22), end=time(2))
TO_MIDNIGHT = WeeklyWindow(text="Sun 20:00-24:00", days=frozenset({6}), start=time(20), end=time(0))
SUNDAY_NIGHT = WeeklyWindow(text="Sun 22:00-02:00", days=frozenset({6}), start=time(22), end=time(2))
HOLIDAYS = DateWindow(text="2026-12-20/2027-01-03", first=date(2026, 12, 20), last=date(2027, 1, 3))
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
FRIDAY = MONDAY + 4 * DAY
SUNDAY = MONDAY + 6 * DAY


class TestWindows:
    @pytest.mark.parametrize(
        ("span", "at", "inside"),
        [
            (WORK, MONDAY + timedelta(hours=8) - SECOND, False),
            (WORK, MONDAY + timedelta(hours=8), True),
            (WORK, MONDAY + timedelta(hours=17) - SECOND, True),
            (WORK, MONDAY + timedelta(hours=17), False),
            (WORK, FRIDAY + timedelta(hours=12), False),
            (NIGHT, FRIDAY + timedelta(hours=22) - SECOND, False),
            (NIGHT, FRIDAY + timedelta(hours=22), True),
            (NIGHT, FRIDAY + DAY, True),
            (NIGHT, FRIDAY + DAY + timedelta(hours=2) - SECOND, True),
            (NIGHT, FRIDAY + DAY + timedelta(hours=2), False),
            (NIGHT, FRIDAY + timedelta(hours=1), False),  # its night began on Thursday
            (NIGHT, FRIDAY + DAY + timedelta(hours=23), False),
            (SUNDAY_NIGHT, SUNDAY + DAY + timedelta(hours=1), True),  # into the next week
            (TO_MIDNIGHT, SUNDAY + timedelta(hours=20) - SECOND, False),
            (TO_MIDNIGHT, SUNDAY + DAY - SECOND, True),
            (TO_MIDNIGHT, SUNDAY + DAY, False),
            (HOLIDAYS, datetime(2026, 12, 19, 23, 59, 59, tzinfo=UTC), False),
            (HOLIDAYS, datetime(2026, 12, 20, tzinfo=UTC), True),
            (HOLIDAYS, datetime(2027, 1, 3, 23, 59, 59, tzinfo=UTC), True),
            (HOLIDAYS, datetime(2027, 1, 4, tzinfo=UTC), False),
        ],
    )
    def test_edges(self, span: WeeklyWindow | DateWindow, at: datetime, inside: bool) -> None:
        allowing = policy(windows=(Window(allow=True, span=span),))
        denying = policy(windows=(Window(allow=False, span=span),))
        assert judged(CREATE, allowing, at=at).decision is (ALLOW if inside else DENY)
        assert judged(CREATE, denying, at=at).decision is (DENY if inside else ALLOW)

    @pytest.mark.parametrize(
        ("zone", "at", "inside"),
        [
            ("Europe/Berlin", MONDAY + timedelta(hours=7), True),  # 08:00 there
            ("Europe/Berlin", MONDAY + timedelta(hours=16), False),
            ("America/New_York", MONDAY + timedelta(hours=12), False),
            ("Asia/Tokyo", MONDAY - timedelta(hours=1), True),  # Monday has begun there
        ],
    )
    def test_are_read_on_the_clock_of_their_zone(self, zone: str, at: datetime, inside: bool) -> None:
        window = Window(allow=True, span=replace(WORK, zone=zone))
        assert judged(CREATE, policy(windows=(window,)), at=at).decision is (ALLOW if inside else DENY)

    def test_dates_too(self) -> None:
        window = Window(allow=False, span=replace(HOLIDAYS, zone="Asia/Tokyo"))
        at = datetime(2026, 12, 19, 15, 0, tzinfo=UTC)
        assert judged(CREATE, policy(windows=(window,)), at=at).decision is DENY

    def test_a_denial_wins_and_says_why(self) -> None:
        both = (
            Window(allow=True, span=WORK),
            Window(
                allow=False, span=replace(HOLIDAYS, first=NOON.date(), last=NOON.date()), reason="holidays"
            ),
        )
        verdict = judged(CREATE, policy(windows=both))
        assert (verdict.decision, verdict.rule) == (DENY, "safety/production windows")
        assert verdict.detail == "closed during 2026-12-20/2027-01-03: holidays"

    def test_outside_says_when_it_will_be_allowed(self) -> None:
        windows = (
            Window(allow=True, span=NIGHT),
            Window(allow=True, span=replace(TO_MIDNIGHT, zone="Asia/Tokyo")),
        )
        verdict = judged(CREATE, policy(windows=windows))
        assert verdict.detail == "outside of Fri 22:00-02:00 UTC, Sun 20:00-24:00 Asia/Tokyo"

    def test_one_open_window_of_several_is_enough(self) -> None:
        windows = (Window(allow=True, span=NIGHT), Window(allow=True, span=WORK))
        assert judged(CREATE, policy(windows=windows)).decision is ALLOW

    def test_windows_of_a_service_bind_no_other(self) -> None:
        other = policy(
            services=Selector(names=frozenset({ServiceName("api")})),
            windows=(Window(allow=True, span=NIGHT),),
        )
        assert judged(CREATE, other).decision is ALLOW


def removal(gone: int, of: int) -> Plan:
    """A plan that removes so many of so many services."""
    return plan_of(desired(*map(service, NAMES[:of])), desired(*map(service, NAMES[gone:of])))


class TestDeletes:
    @pytest.mark.parametrize(
        ("gone", "of", "decision"),
        [
            (1, 2, ALLOW),  # fewer than three are not stopped by the default
            (2, 3, ALLOW),
            (1, 1, DENY),  # unless nothing at all would be left
            (2, 2, DENY),
            (3, 3, DENY),
            (3, 5, DENY),
            (3, 6, ALLOW),  # exactly half
            (4, 7, DENY),
            (5, 10, ALLOW),
            (6, 10, DENY),
        ],
    )
    def test_the_default_stops_the_removal_of_more_than_half(
        self, gone: int, of: int, decision: Decision
    ) -> None:
        plan = removal(gone, of)
        verdict = judged(plan)
        assert verdict.decision is decision
        if decision is DENY:
            assert verdict.rule == "default deletes"
            assert verdict.detail.startswith(f"{gone} of {of} services would go")

    def test_new_services_do_not_make_room_for_removals(self) -> None:
        after = desired(*(service(f"new{number}") for number in range(9)))
        plan = plan_of(desired(*map(service, NAMES[:3])), after)
        verdicts = guard(plan, Rules(moment=Moment(utc=NOON, zones={})))
        assert [item.decision for item in verdicts] == [ALLOW] * 9 + [DENY] * 3

    def test_taking_an_environment_down_is_not_stopped_by_the_default(self) -> None:
        assert judged(removal(10, 10), origin=ByDestroy()).decision is ALLOW

    def test_taking_an_environment_down_is_stopped_by_a_written_limit(self) -> None:
        verdict = judged(removal(10, 10), policy(limits=Limits(deletes=2)), origin=ByDestroy())
        assert (verdict.decision, verdict.rule) == (DENY, "safety/production limits.deletes")
        assert verdict.detail == "10 removals, 2 allowed"

    @pytest.mark.parametrize(
        ("limit", "gone", "decision"), [(0, 1, DENY), (2, 2, ALLOW), (2, 3, DENY), (10, 10, ALLOW)]
    )
    def test_a_written_limit_takes_the_place_of_the_default(
        self, limit: int, gone: int, decision: Decision
    ) -> None:
        assert judged(removal(gone, 10), policy(limits=Limits(deletes=limit))).decision is decision

    def test_a_limit_for_some_services_counts_those_only(self) -> None:
        narrow = policy(
            services=Selector(names=frozenset({ServiceName("s0"), ServiceName("s1")})),
            limits=Limits(deletes=1),
        )
        plan = removal(2, 10)
        assert judged(plan, narrow).decision is DENY
        assert judged(removal(1, 10), narrow).decision is ALLOW

    def test_a_policy_without_the_limit_leaves_the_default(self) -> None:
        assert judged(removal(3, 3), policy()).rule == "default deletes"

    def test_a_network_is_not_counted_by_the_default_but_by_a_written_limit(self) -> None:
        stays = service("db", THERE)
        held = Holding.of(desired(service("web"), stays), supports=True).observed()
        plan = decided(desired(stays), held, supports=True).plan
        assert [step.verb for step in plan.steps] == [Verb.REMOVE, Verb.REMOVE]
        assert {verdict.decision for verdict in guard(plan, Rules(moment=Moment(utc=NOON, zones={})))} == {
            ALLOW
        }
        assert judged(plan, policy(limits=Limits(deletes=1))).detail == "2 removals, 1 allowed"


class TestLimits:
    @pytest.mark.parametrize(("limit", "decision"), [(0.99, DENY), (1.0, ALLOW), (None, ALLOW)])
    def test_blast_radius(self, limit: float | None, decision: Decision) -> None:
        verdict = judged(REPLACE, policy(limits=Limits(blast_radius=limit)))
        assert verdict.decision is decision
        if decision is DENY:
            assert verdict.rule == "safety/production limits.blastRadius"
            assert verdict.detail == "4 of 4 instances (100%), 99% allowed"

    def test_blast_radius_binds_no_step_that_touches_nothing(self) -> None:
        old = desired(service("web", replicas=4))
        new = desired(service("web", replicas=4, image="web:2"), service("api"))
        plan = plan_of(old, new)
        rules = Rules(moment=Moment(utc=NOON, zones={}), policies=(policy(limits=Limits(blast_radius=0.1)),))
        assert [
            (step.risk, verdict.decision)
            for step, verdict in zip(plan.steps, guard(plan, rules), strict=True)
        ] == [
            (Risk.LOW, ALLOW),
            (Risk.MEDIUM, DENY),
        ]

    @pytest.mark.parametrize(
        ("before", "after", "limit", "decision"),
        [
            (4, 6, 0.5, ALLOW),
            (4, 7, 0.5, DENY),
            (4, 2, 0.5, ALLOW),
            (4, 1, 0.5, DENY),
            (0, 5, 0.5, ALLOW),  # new: there is no share of nothing
            (4, 8, None, ALLOW),
        ],
    )
    def test_replicas_per_step(
        self, before: int, after: int, limit: float | None, decision: Decision
    ) -> None:
        plan = plan_of(desired(service("web", replicas=before)), desired(service("web", replicas=after)))
        verdict = judged(plan, policy(limits=Limits(replicas_per_step=limit)))
        assert verdict.decision is decision
        if decision is DENY:
            assert verdict.rule == "safety/production limits.replicasPerStep"
            assert verdict.detail == f"replicas {before} → {after}, a change by 50% allowed"

    def test_removing_a_service_is_no_change_of_its_replicas(self) -> None:
        assert judged(REMOVE, policy(limits=Limits(replicas_per_step=0.1))).decision is ALLOW

    def test_scaling_down_is_not_deleting(self) -> None:
        names = NAMES[:4]
        plan = plan_of(desired(*(service(name, replicas=2) for name in names)), desired(*map(service, names)))
        assert plan.impact.removes == 0
        assert judged(plan).decision is ALLOW
        assert judged(plan, policy(limits=Limits(deletes=0))).decision is ALLOW


def test_time_zones_are_named_with_who_names_them() -> None:
    night = WeeklyWindow(text="", days=frozenset({0}), start=time(1), end=time(2), zone="Europe/Berlin")
    one = SafetyPolicy(name="calm", windows=(Window(allow=True, span=night),))
    assert zones_of([one, SafetyPolicy(name="other")]) == {"Europe/Berlin": "None: SafetyPolicy calm"}


@pytest.mark.parametrize(("people", "decision"), [((), ASK), (("alice",), ASK), (("alice", "bob"), ALLOW)])
def test_a_plan_waits_until_enough_people_agree(people: tuple[str, ...], decision: Decision) -> None:
    rules = Rules(
        moment=Moment(utc=NOON, zones={}),
        policies=(policy(approvals={Risk.HIGH: 2}),),
        approved=frozenset(people),
    )
    (verdict,) = guard(REMOVE, rules)
    assert verdict.decision is decision
    if decision is ASK:
        assert verdict.rule == "safety/production approvals.high"
        assert verdict.detail == f"{len(people)} of 2 people agree; `eeveon approve {REMOVE.id}`"


def test_approvals_are_for_the_risks_that_are_named_and_not_for_who_takes_all_down() -> None:
    two = policy(approvals={Risk.HIGH: 2})
    assert judged(CREATE, two).decision is ALLOW
    assert judged(REMOVE, two, origin=ByDestroy()).decision is ALLOW
