"""The only place that builds concrete things: clocks, ids, drivers, the store, the repository."""

import getpass
import hashlib
import os
import socket
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from eeveon.core.controller import Controller, Repository
from eeveon.core.desired import Target
from eeveon.core.names import Scope, TargetName
from eeveon.core.secret import SecretRef, Secrets, SecretValue
from eeveon.core.values import Fields
from eeveon.core.verdict import Moment
from eeveon.drivers.base import Context, Driver
from eeveon.drivers.connections import Kept, Own
from eeveon.errors import UsageError
from eeveon.git.code import Code
from eeveon.git.remote import Remotes
from eeveon.git.tree import Tree, find_root, open_tree
from eeveon.git.trees import GitTrees
from eeveon.settings import Settings, settings
from eeveon.store.cache import DocumentCache
from eeveon.store.leases import Holder
from eeveon.store.store import Store
from eeveon.world import Report, World

if TYPE_CHECKING:
    from eeveon.execution.waiting import RealWaiter, Waiter
    from eeveon.git.asking import Asker
    from eeveon.git.mirror import Mirror


def build_world(folder: Path | None, revision: str | None = None, connections: Kept | None = None) -> World:
    """The world around the repository at or above `folder` (the current one).

    With `connections`, those of its drivers stay there for the next world.
    """
    root = find_root((folder or Path.cwd()).resolve())
    tree = open_tree(root, revision)
    known = settings(os.environ, Path.home())
    secrets = LateSecrets(tree, os.environ, known.home)
    code = lru_cache(maxsize=1)(lambda: code_below(known.state, root))
    return World(
        root=root,
        tree=tree,
        cache=DocumentCache(known.state, _code_version()),
        secrets=secrets,
        code=code,
        store=lru_cache(maxsize=1)(lambda: open_store(known)),
        connect=_Drivers(root, known, secrets, code, connections).connect,
        now=now,
        moment=moment,
        new_id=new_record_id,
        holder=this_process,
        waiter=new_waiter,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Premises:
    """What all commits that a controller applies are read and applied with."""

    settings: Settings
    store: Store
    halted: Callable[[], str]
    waiter: "Callable[[], Waiter]"


def controller_settings(controller: Controller) -> Settings:
    """The places of a controller: as of any command, but for the state folder that its file names."""
    known = settings(os.environ, Path.home())
    return replace(known, state=Path(controller.store)) if controller.store else known


def controller_secrets(folder: Path) -> Secrets:
    """The secrets that a controller's file names: variables, and files below `folder` or anywhere on this machine."""
    from eeveon.secrets.age import Identities
    from eeveon.secrets.sources import Resolver

    return Resolver(lambda path: (folder / path).read_bytes(), os.environ, Identities(keys=()))


def mirror_of(repository: Repository, folder: Path, known: Settings, asker: "Asker") -> "Mirror":
    """Our copy of a repository of the controller whose file lies in `folder`."""
    from eeveon.git.access import Entry
    from eeveon.git.mirror import Mirror, Place

    copy = known.state / "mirrors" / f"{repository.name}.git"
    entry = Entry(access=repository.access, secrets=controller_secrets(folder))
    return Mirror(Place(address=repository.url, root=folder, folder=copy), entry, asker)


def world_at(tree: Tree, repository: str, premises: Premises, connections: Kept) -> World:
    """The world around one commit of a controller's repository.

    Its files are laid out only for targets on this machine. Relative folders in the specs count from there.
    """
    from eeveon.git.checkout import checked_out

    known = premises.settings
    folder = known.state.absolute() / "checkouts" / repository
    root = folder / "current"
    secrets = LateSecrets(tree, os.environ, known.home)
    code = lru_cache(maxsize=1)(lambda: code_below(known.state, root))
    return World(
        root=root,
        tree=tree,
        cache=DocumentCache(known.state, _code_version()),
        secrets=secrets,
        code=code,
        store=lambda: premises.store,
        connect=_Drivers(root, known, secrets, code, connections, partial(checked_out, tree, folder)).connect,
        now=now,
        moment=moment,
        new_id=new_record_id,
        holder=this_process,
        waiter=premises.waiter,
        halted=premises.halted,
    )


def _code_version() -> str:
    """Tells one state of our own code from another: what other code made of a file is not taken from the cache."""
    rooms = Path(__file__).parent
    files = sorted((*rooms.glob("specs/**/*.py"), *rooms.glob("core/*.py")))
    facts = [(file.name, (stat := file.stat()).st_size, stat.st_mtime_ns) for file in files]
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def state_folder() -> Path:
    """Where the store of this machine lies, or will."""
    return settings(os.environ, Path.home()).state.absolute()


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def new_waiter() -> "RealWaiter":
    """The clock that an apply waits on."""
    from eeveon.execution.waiting import RealWaiter

    return RealWaiter()


def code_below(state: Path, root: Path) -> Code:
    """The code that services come from, kept below the state folder. Folders among addresses count from `root`."""
    remotes = Remotes(state / "git", root)
    return Code(remotes, GitTrees(remotes), state / "git" / "heads")


def open_store(known: Settings) -> Store:
    """The store of this machine; made if there is none."""
    return Store.open(known.state, now(), alive=is_alive)


@dataclass(frozen=True, slots=True)
class _Drivers:
    """Connects targets of the repository at `root`."""

    root: Path
    settings: Settings
    secrets: Secrets
    code: Callable[[], Code]
    connections: Kept | None
    lay_out: Callable[[], object] = bool  # before programs of this machine are started in the root

    def connect(self, scope: Scope, targets: Iterable[Target], report: Report) -> Mapping[TargetName, Driver]:
        """A driver for each target. Nothing is sent yet."""
        from eeveon.drivers.registry import connect

        targets = tuple(targets)
        if any(target.kind == "local" for target in targets):
            self.lay_out()
        return {
            target.name: connect(
                self._absolute(target),
                Context(
                    scope=scope,
                    state=self.settings.state / target.kind,
                    secrets=self.secrets,
                    report=report,
                    trees=self.code().trees,
                    connections=self.connections or Own(),
                ),
            )
            for target in targets
        }

    def _absolute(self, target: Target) -> Target:
        """The target with its files and folders on this machine given from the root of the file system."""
        if target.kind == "local":
            folder = self.root / str(target.settings.get("directory", "."))
            return replace(target, settings={**target.settings, "directory": str(folder)})
        if target.kind == "ssh":
            return replace(target, settings=self._with_files(target.settings))
        if target.kind == "kubernetes" and "kubeconfig" in target.settings:
            found = {**target.settings, "kubeconfig": self._file(target.settings["kubeconfig"])}
            return replace(target, settings=found)
        return target

    def _with_files(self, written: Fields) -> Fields:
        """Settings of an ssh target whose files are found wherever the command was started."""
        found = dict(written)
        if "knownHosts" in written:
            found["knownHosts"] = self._file(written["knownHosts"])
        identity = written.get("identity")
        if isinstance(identity, Mapping) and "file" in identity:
            found["identity"] = {"file": self._file(identity["file"])}
        return found

    def _file(self, written: object) -> str:
        return str(self.root / Path(str(written)).expanduser())


class LateSecrets:
    """Secrets whose machinery is only loaded when the first one is asked for."""

    def __init__(self, tree: Tree, environ: Mapping[str, str], home: Path) -> None:
        self._tree = tree
        self._environ = environ
        self._home = home
        self._resolver: Secrets | None = None

    def resolve(self, ref: SecretRef) -> SecretValue:
        """The value behind a reference. Raises SecretError."""
        if self._resolver is None:
            self._resolver = self._build()
        return self._resolver.resolve(ref)

    def _build(self) -> Secrets:
        from eeveon.secrets.identities import identity_candidates, read_identities
        from eeveon.secrets.sources import Resolver

        identities = read_identities(identity_candidates(self._environ, self._home))
        return Resolver(lambda path: self._tree.read([path])[path], self._environ, identities)


def moment(now: datetime, zones: Mapping[str, str]) -> Moment:
    """Now, in these time zones. Raises UsageError for one that does not exist, which says who names it."""
    return Moment(utc=now, zones={zone: now.astimezone(_zone(zone, who)) for zone, who in zones.items()})


def _zone(name: str, who: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(
            f"{who} names the time zone {name!r}, which does not exist",
            hint="write it as in `Europe/Berlin` or `UTC`",
        ) from error


def new_record_id(now: datetime) -> str:
    """An id that sorts by time: the second in UTC, then eight random hex digits."""
    return f"{now:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}"


def this_process(reason: str) -> Holder:
    """Who this process is, for a lease."""
    pid = os.getpid()
    return Holder(
        owner=getpass.getuser(), host=socket.gethostname(), pid=pid, process=_started(pid), reason=reason
    )


def is_alive(holder: Holder) -> bool | None:
    """Whether the holder's process still runs; None if it is on another host."""
    if holder.host != socket.gethostname():
        return None
    return _started(holder.pid) == holder.process


def _started(pid: int) -> str:
    """When a process started, in the kernel's ticks since boot: tells it from a later one with the same pid."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    return stat.rsplit(")", 1)[1].split()[19]
