import pytest

from eeveon.core.outcome import Ending
from eeveon.errors import UsageError
from eeveon.store.plans import KEPT
from eeveon.store.store import Store
from tests.store.nouns import ALICE, NOW, SCOPE, STAGING, TTL, a_plan, a_step, after, beginning


def test_a_plan_is_found_by_its_id_or_the_beginning_of_it(store: Store) -> None:
    store.plans.save(SCOPE, "plan-7c1e", "first", NOW)
    store.plans.save(STAGING, "plan-7c1e88", "second", after(1))
    store.plans.save(SCOPE, "plan-80", "third", after(2))
    found = store.plans.find("plan-8")
    assert (found.id, found.scope, found.text, found.saved) == ("plan-80", SCOPE, "third", after(2))
    assert store.plans.find("plan-7c1e").text == "first"
    assert store.plans.find("plan-7c1e8").scope == STAGING


def test_several_plans_are_named_and_none_is_chosen(store: Store) -> None:
    store.plans.save(SCOPE, "plan-7a", "first", NOW)
    store.plans.save(STAGING, "plan-7b", "second", NOW)
    with pytest.raises(UsageError) as refused:
        store.plans.find("plan-7")
    assert refused.value.message == (
        "'plan-7' is the beginning of several plans: plan-7b (shop/staging), plan-7a (shop/production)"
    )


def test_the_same_id_in_two_scopes_is_not_guessed(store: Store) -> None:
    store.plans.save(SCOPE, "plan-7", "first", NOW)
    store.plans.save(STAGING, "plan-7", "second", NOW)
    with pytest.raises(UsageError, match="several plans"):
        store.plans.find("plan-7")


@pytest.mark.parametrize("prefix", ["plan-9", "%", "plan_7"])
def test_a_plan_that_is_not_there_says_so(store: Store, prefix: str) -> None:
    store.plans.save(SCOPE, "plan-7", "first", NOW)
    with pytest.raises(UsageError, match=f"no saved plan begins with '{prefix}'") as refused:
        store.plans.find(prefix)
    assert "eeveon plan" in refused.value.hint


def test_saving_a_plan_again_keeps_one(store: Store) -> None:
    store.plans.save(SCOPE, "plan-7", "text", NOW)
    store.plans.save(SCOPE, "plan-7", "text", after(1))
    assert store.plans.find("plan-7").saved == after(1)


def test_the_newest_plans_of_each_scope_are_kept(store: Store) -> None:
    store.plans.save(STAGING, "plan-other", "text", NOW)
    for number in range(KEPT + 2):
        store.plans.save(SCOPE, f"plan-{number:03}", "text", NOW)
    for gone in ("plan-000", "plan-001"):
        with pytest.raises(UsageError):
            store.plans.find(gone)
    assert store.plans.find("plan-002").id == "plan-002"
    assert store.plans.find("plan-other").scope == STAGING


def test_a_plan_that_was_applied_names_the_record(store: Store) -> None:
    plan = a_plan("1", a_step("web"))
    store.plans.save(SCOPE, plan.id, "text", NOW)
    assert store.plans.find(plan.id).used_by is None
    store.journal.deny(beginning("denied-1", plan, 0), "paused")
    assert store.plans.find(plan.id).used_by is None
    lease = store.leases.acquire(SCOPE, ALICE, NOW, TTL)
    store.journal.begin(beginning("apply-1", plan, lease.fence))
    store.journal.finish("apply-1", Ending.FAILED, "", NOW)
    assert store.plans.find(plan.id).used_by == "apply-1"
