"""When a repository is asked again: often after a change, seldom while it is quiet, and not all at the same moment."""

from datetime import timedelta

from eeveon.core.controller import Poll

GROWTH = 1.5  # of the pause with every round in which nothing was new
JITTER = 0.1  # of the pause, either way
ROUNDS = 64  # beyond these every pause has its greatest length


def next_poll(poll: Poll, *, quiet: int, errors: int, chance: float) -> timedelta:
    """The pause after `quiet` rounds without news and `errors` without an answer. `chance` is from 0 to 1.

    An error lengthens the pause as two quiet rounds do: a server in trouble is not asked as often as a well one.
    """
    rounds = min(ROUNDS, quiet + 2 * errors)
    first, longest = poll.interval.total_seconds(), poll.most.total_seconds()
    pause = min(max(first, longest), first * GROWTH**rounds)
    return timedelta(seconds=pause * (1 + JITTER * (2 * chance - 1)))
