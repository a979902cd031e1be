"""What was not seen, and how it is called."""

from eeveon.core.observed import Seen, Unreachable, unseen
from tests.core.worlds import HERE, THERE


def test_targets_and_single_hosts_that_did_not_answer_are_named() -> None:
    target = Unreachable(target=HERE, reason="connection refused")
    host = Unreachable(target=THERE, reason="timed out", place="edge2")
    found = unseen({HERE: target, THERE: Seen(target=THERE, objects=(), blind=(host,))})
    assert [str(item) for item in found] == ["target/here", "host edge2 of target/there"]
