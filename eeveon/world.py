"""What one command works with, and what it is asked for. `wiring` builds the world; the ways only use it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from eeveon.core.desired import Target
from eeveon.core.guard import ByCommit, Origin
from eeveon.core.hold import Hold
from eeveon.core.names import EnvironmentName, ObjectId, Scope, ServiceName, TargetName
from eeveon.core.secret import Secrets
from eeveon.core.verdict import Moment
from eeveon.drivers.base import Driver
from eeveon.git.code import Code
from eeveon.git.documents import Cache
from eeveon.git.tree import Tree
from eeveon.store.leases import Holder
from eeveon.store.store import Store

if TYPE_CHECKING:
    from eeveon.execution.waiting import Waiter

Report = Callable[[ObjectId, str], None]


Connect = Callable[[Scope, Iterable[Target], Report], Mapping[TargetName, Driver]]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything outside that one command works with. Built by `wiring`."""

    root: Path
    tree: Tree
    cache: Cache
    secrets: Secrets
    code: Callable[[], Code]
    store: Callable[[], Store]  # opened on the first call
    connect: Connect
    now: Callable[[], datetime]
    moment: Callable[[datetime, Mapping[str, str]], Moment]  # in these time zones, each with who names it
    new_id: Callable[[datetime], str]
    holder: Callable[[str], Holder]
    waiter: "Callable[[], Waiter]"
    halted: Callable[[], str] = str  # why nothing more may be started; "" while it may


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked for: one environment, or some of its services and targets."""

    environment: EnvironmentName
    services: frozenset[ServiceName] = frozenset()  # empty: all
    targets: frozenset[TargetName] = frozenset()
    holds: tuple[Hold, ...] = ()  # that this order begins with: a rollback
    origin: Origin = ByCommit()  # noqa: RUF009 - frozen and empty
