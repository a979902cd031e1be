"""Plans that have nothing or little to do, beside terraform's."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from statistics import median

from benchmarks.costs import CannotMeasureError, Cost, Turns, cpu, in_turns, several
from benchmarks.figures import MIB, Bench, Figure, Missing, as_memory, as_ratio, seconds
from benchmarks.shop import Shop, let_it_run, make_shop
from benchmarks.terraform import make_terraform

FEW, MANY = 1_000, 10_000
CHANGES = 2  # the exit status of a plan with changes
EDITED = range(0, MANY, 100)  # one of a hundred


def plan_1000(bench: Bench) -> Iterator[Figure | Missing]:
    """Nothing to do for 1,000 services, everything cached."""
    shop = _settled(bench.folder / "few", FEW)
    what = "plan, 1,000 services, nothing to do: CPU"
    try:
        terraform = make_terraform(bench.folder / "terraform", FEW)
    except CannotMeasureError as missing:
        yield Missing(what=what, why=f"{missing}; ours: {seconds('plan', shop.run('plan').cpu)}")
        return
    turns = in_turns(bench.seldom + 2, lambda: several(3, lambda: shop.run("plan")), terraform.plan)
    yield _beside_terraform(what, turns, 1 / 25)


def plan_10000(bench: Bench) -> Iterator[Figure | Missing]:
    """The same for ten times as many, what they take of memory, and whether each costs more for being many."""
    shop = _settled(bench.folder / "many", MANY)
    few, tiny = _settled(bench.folder / "few", FEW), _settled(bench.folder / "tiny", 1)
    ours = [
        (shop.run("plan"), several(3, lambda: few.run("plan")), several(3, lambda: tiny.run("plan")))
        for _ in range(bench.often)
    ]
    yield from _to_one_of_terraform(
        bench, "plan, 10,000 services, nothing to do: CPU", 1 / 80, tuple(costs[0] for costs in ours)
    )
    yield Figure(
        what="plan, 10,000 services, nothing to do: peak memory",
        value=max(costs[0].peak for costs in ours),
        goal=200 * MIB,
        words=as_memory,
        from_="of the largest process",
    )
    many, some, one = (median(costs[place].cpu for costs in ours) for place in range(3))
    for what, at_many, at_few in (
        ("less a plan of one", (many - one) / MANY, (some - one) / FEW),
        ("all in all", many / MANY, some / FEW),
    ):
        yield Figure(
            what=f"plan, CPU a service: 10,000 beside 1,000, {what}",
            value=at_many / at_few,
            goal=1.3,
            words=as_ratio,
            from_=f"{at_many * 1e6:.0f} µs, {at_few * 1e6:.0f} µs; medians",
        )


def plan_cold(bench: Bench) -> Iterator[Figure | Missing]:
    """10,000 services of which none was read before."""
    shop = _settled(bench.folder / "many", MANY)

    def once() -> Cost:
        shop.forget_what_was_read()
        return shop.run("plan")

    costs = tuple(once() for _ in range(bench.seldom))
    yield from _to_one_of_terraform(bench, "plan, 10,000 services, nothing cached: CPU", 1 / 10, costs)


def plan_edited(bench: Bench) -> Iterator[Figure | Missing]:
    """10,000 services of which 1 % were edited: files that were not committed, then the same committed."""
    shop = _settled(bench.folder / "many", MANY)

    def edited(turn: int) -> Cost:
        shop.edit(EDITED, f"edit-{turn}")
        return shop.run("plan", good=[CHANGES])

    def committed(turn: int) -> Cost:
        shop.edit(EDITED, f"commit-{turn}")
        shop.commit()
        return shop.run("plan", good=[CHANGES])

    kinds: tuple[tuple[str, Callable[[int], Cost]], ...] = (("edited", edited), ("committed", committed))
    for word, once in kinds:
        costs = tuple(once(turn) for turn in range(bench.seldom + 2))
        yield from _to_one_of_terraform(bench, f"plan, 10,000 services, 1 % {word}: CPU", 1 / 60, costs)


def _settled(folder: Path, services: int) -> Shop:
    shop = make_shop(folder, services)
    let_it_run(shop)
    return shop


def _beside_terraform(what: str, turns: Turns, goal: float) -> Figure:
    ours, peer = turns.middle(cpu)
    from_ = f"{seconds('plan', ours)}, {seconds('terraform plan', peer)}, fake target beside terraform_data"
    return Figure(what=what, value=turns.ratio(cpu), goal=goal, words=as_ratio, from_=from_)


def _to_one_of_terraform(
    bench: Bench, what: str, goal: float, costs: tuple[Cost, ...]
) -> Iterator[Figure | Missing]:
    """Ours beside the one plan of terraform that this run can afford."""
    try:
        peer = terraform_of_many(bench.folder.parent)
    except CannotMeasureError as missing:
        ours = sorted(costs, key=cpu)[len(costs) // 2]
        yield Missing(what=what, why=f"{missing}; ours: {seconds('plan', ours.cpu)}")
        return
    yield _beside_terraform(what, Turns(ours=costs, peer=(peer,) * len(costs)), goal)


@cache
def terraform_of_many(folder: Path) -> Cost:
    """One plan of 10,000 resources: it takes minutes, so all figures of a run share it."""
    return make_terraform(folder / "terraform-many", MANY).plan()
