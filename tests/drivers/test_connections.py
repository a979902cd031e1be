"""Connections between the looks of one command: whose they are, and when they end."""

from dataclasses import dataclass

import pytest

from eeveon.drivers.connections import Kept, Own


@dataclass
class Door:
    """Something to be closed; one that is stuck complains."""

    is_stuck: bool = False
    is_open: bool = True

    def close(self) -> None:
        self.is_open = False
        if self.is_stuck:
            raise OSError("stuck")


def test_those_of_one_driver_end_with_it() -> None:
    own = Own()
    doors = [own.borrow("edge", Door), own.borrow("edge", Door)]
    assert doors[0] is not doors[1]
    own.let_go()
    assert [door.is_open for door in doors] == [False, False]


def test_kept_ones_are_taken_over_by_the_next_driver_of_the_same() -> None:
    kept = Kept()
    first = kept.borrow(("edge", 22), Door)
    kept.let_go()
    assert first.is_open
    assert kept.borrow(("edge", 22), Door) is first
    assert kept.borrow(("edge", 23), Door) is not first


@pytest.mark.parametrize("stuck", [0, 1, 2])
def test_all_end_though_one_complains(stuck: int) -> None:
    kept = Kept()
    doors = [kept.borrow(number, lambda number=number: Door(is_stuck=number == stuck)) for number in range(3)]  # type: ignore[misc]
    with pytest.raises(OSError, match="stuck"):
        kept.close()
    assert not any(door.is_open for door in doors)
    kept.close()  # nothing is left to be ended


def test_what_was_ended_is_made_anew() -> None:
    kept = Kept()
    first = kept.borrow("edge", Door)
    kept.close()
    assert kept.borrow("edge", Door) is not first
