"""What changes on a target is looked at soon, and what is fought over is not looked at in a circle."""

from datetime import UTC, datetime, timedelta

from eeveon.server.stirring import SETTLES, Stirring

EVERY = timedelta(seconds=30)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 27, tzinfo=UTC)
        self.looks: list[float] = []
        self.stirring = Stirring(
            lambda _key, pause: self.looks.append(pause), lambda _key: EVERY, lambda: self.now
        )

    def undo(self) -> None:
        with self.stirring.round("shop/demo"):
            self.stirring.stir("shop/demo")  # its own doing
            self.stirring.undone("shop/demo")


def test_a_change_is_looked_at_soon() -> None:
    clock = Clock()
    clock.stirring.stir("shop/demo")
    assert clock.looks == [SETTLES]


def test_what_comes_while_a_round_is_at_work_is_looked_at_once_afterwards() -> None:
    clock = Clock()
    with clock.stirring.round("shop/demo"):
        clock.stirring.stir("shop/demo")
        clock.stirring.stir("shop/demo")
        clock.stirring.stir("shop/other")
        assert len(clock.looks) == 1
    assert len(clock.looks) == 2
    with clock.stirring.round("shop/demo"):
        pass
    assert len(clock.looks) == 2


def test_what_is_done_again_and_again_is_undone_later_and_later() -> None:
    clock = Clock()
    for _ in range(5):
        clock.undo()
    assert clock.looks == [4, 8, 16, 30, 30]
    clock.now += EVERY
    clock.stirring.stir("shop/demo")
    clock.now += timedelta(seconds=1)
    clock.stirring.stir("shop/demo")
    assert clock.looks[-2:] == [30, SETTLES]
    clock.undo()
    assert clock.looks[-1] == 4
