"""What befalls one call: all its faults as one."""

from collections.abc import Iterable
from dataclasses import dataclass

from eeveon.drivers.fake.faults import (
    AnswerLate,
    CrashLoop,
    Fault,
    Lie,
    PartialRead,
    Refuse,
    Slow,
    Unhealthy,
    Vanish,
)
from eeveon.errors import ActionRefused, TargetUnreachable


@dataclass(slots=True, kw_only=True)
class Mishap:
    """All faults that befall one call, as one. "" and 0 are none."""

    gone: str = ""
    refused: str = ""
    seconds: float = 0
    late: bool = False
    lie: str = ""
    crash: str = ""
    unhealthy: str = ""
    partial: bool = False

    def raise_unsent(self, doing: str) -> None:
        """End here what never reaches the target, or what it says no to."""
        if self.gone:
            raise TargetUnreachable(f"{doing}: {self.gone}", hint="nothing was sent; try again")
        if self.refused:
            raise ActionRefused(f"{doing}: {self.refused}")

    def why_unread(self, count: int) -> str:
        """Why `count` objects could not be read; "" if they could."""
        if self.partial:
            return f"{count // 2} of {count} objects were read, then the connection ended"
        return self.gone or self.refused or ("no answer in time" if self.late else "")


NO_MISHAP = Mishap()


def together(faults: Iterable[Fault]) -> Mishap:
    """All of them as one; of two of a kind the later counts, but delays add up."""
    mishap = Mishap()
    for fault in faults:
        match fault:
            case Slow(seconds=seconds):
                mishap.seconds += seconds
            case Refuse(message=message):
                mishap.refused = message
            case Vanish(reason=reason):
                mishap.gone = reason
            case AnswerLate():
                mishap.late = True
            case Lie(how=how):
                mishap.lie = how
            case CrashLoop(detail=detail):
                mishap.crash = detail
            case Unhealthy(detail=detail):
                mishap.unhealthy = detail
            case PartialRead():
                mishap.partial = True
    return mishap
