"""What every driver must do, as claims. A driver's tests subclass `DriverContract`, give its fixtures, and run it.

Nothing here knows a driver. What a driver cannot do it says by a flag on its subclass, and the flag is asserted, so
that no claim is skipped in silence; flags and fixtures are in `contract_parts.ContractFixtures`. A subclass:

    class TestLocal(DriverContract):
        can_edit = False

        @pytest.fixture
        def driver(self, state): ...

The context that a driver is connected with must hold `KnownSecrets()`: then `SECRET` has the value `CANARY`.
"""

from tests.drivers.contract_asking import AskingClaims
from tests.drivers.contract_life import LifeClaims
from tests.drivers.contract_parts import (
    CANARY,
    FENCE,
    PATIENCE,
    SECRET,
    Connect,
    KnownSecrets,
    MakeWorkload,
    Meddle,
    Sever,
)
from tests.drivers.contract_world import WorldClaims

__all__ = [
    "CANARY",
    "FENCE",
    "PATIENCE",
    "SECRET",
    "Connect",
    "DriverContract",
    "KnownSecrets",
    "MakeWorkload",
    "Meddle",
    "Sever",
]


class DriverContract(LifeClaims, WorldClaims, AskingClaims):
    """All claims together."""
