"""What a well-formed object may still not say."""

from typing import TYPE_CHECKING

from tests.lab.kubernetes.types import Object

if TYPE_CHECKING:
    from tests.lab.kubernetes.write import Write


def check(write: "Write", made: Object, live: Object | None) -> None:
    """Refuse with 422 and all causes."""


def check_quantities(write: "Write", made: Object) -> None:
    """Refuse what is no quantity."""
