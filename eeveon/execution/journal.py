"""What execution writes down before and after each action."""

from typing import Protocol


class Journal(Protocol):
    """Written ahead: `intend` is on disk before the target hears anything. Each call may raise LeaseLost."""

    def intend(self, index: int, what: str) -> None:
        """`what` is about to be sent: the effect of the action, or one that takes it back."""
        ...

    def done(self, index: int, detail: str) -> None:
        """The action holds, and its instance is healthy."""
        ...

    def failed(self, index: int, detail: str) -> None:
        """The action did not come to hold; `detail` is the first cause."""
        ...

    def undone(self, index: int, detail: str) -> None:
        """The action was taken back because a later one failed."""
        ...
