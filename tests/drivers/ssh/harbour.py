"""Releases without a network: the scripts run in a shell of this machine, below a folder that stands for a host."""

import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from eeveon.core.desired import Source
from eeveon.core.names import EnvironmentName, ObjectId, ProjectName, Scope, ServiceName, TargetName
from eeveon.core.observed import Condition, ObservedObject
from eeveon.core.values import Fields
from eeveon.core.wanted import WantedObject, instance_id, revision_of
from eeveon.drivers.ssh import passives
from eeveon.drivers.ssh.client import Output
from eeveon.drivers.ssh.hosts import Host
from eeveon.drivers.ssh.looking import functions, sections_of
from eeveon.drivers.ssh.names import Names
from eeveon.drivers.ssh.observed import Place
from eeveon.drivers.ssh.passives import Berth
from eeveon.drivers.ssh.released import Releases, passive, passive_objects, releases_of
from eeveon.drivers.ssh.releases import source_fields
from eeveon.drivers.ssh.script import BEGIN, END
from eeveon.drivers.ssh.shipping import Dock
from eeveon.drivers.ssh.trouble import refusal
from eeveon.errors import TargetUnreachable
from eeveon.git.remote import Remotes
from eeveon.git.trees import GitTrees
from tests.git.conftest import Repository

SCOPE = Scope(project=ProjectName("shop"), environment=EnvironmentName("test"))
EDGE = TargetName("edge")
WEB = ServiceName("web")
SOON = timedelta(seconds=60)


@dataclass(slots=True)
class Shell:
    """As a `Line` to a host, but to a shell of this machine. `cut` ends the stream after so many bytes."""

    host: Host = field(default_factory=lambda: Host(name="edge1", address="127.0.0.1"))
    cut: int | None = None
    sent: int = 0
    trips: int = 0
    before: str = ""  # what the shell does first

    def ask(self, script: str, timeout: timedelta, stream: Iterable[bytes] = ()) -> Output:
        """See `Line.ask`."""
        content = b"".join(stream)
        script = self.before + script
        self.sent += len(script.encode()) + len(content)
        self.trips += 1
        command = f'eval "$(dd bs=1 count={len(script.encode())} 2>/dev/null)"'
        done = subprocess.run(
            ["sh", "-c", command],
            input=script.encode("utf-8", "surrogateescape") + content[: self.cut],
            capture_output=True,
            timeout=timeout.total_seconds(),
            check=False,
        )
        said = done.stdout.decode("utf-8", "surrogateescape")
        _, begun, rest = said.partition(f"{BEGIN}\n")
        body, ended, _ = rest.rpartition(f"\n{END} ")
        if not begun or not ended:
            raise TargetUnreachable(f"no end: {done.stderr.decode(errors='replace')}")
        return Output(done.returncode, body, done.stderr.decode(errors="replace").strip())

    def run(self, script: str, timeout: timedelta, stream: Iterable[bytes] = ()) -> Output:
        """See `Line.run`."""
        output = self.ask(script, timeout, stream)
        if output.status != 0:
            raise refusal(self.host, output.status, output.stderr)
        return output

    read = run


@dataclass(slots=True)
class Harbour:
    """A host's folder, a repository, and what brings releases from one to the other."""

    folder: Path
    repository: Repository
    shell: Shell = field(default_factory=Shell)
    told: list[str] = field(default_factory=list)
    brought: set[tuple[str, str]] = field(
        default_factory=set
    )  # as of one driver; `look` forgets it, as observing does
    remotes: Remotes = field(init=False)
    trees: GitTrees = field(init=False)

    def __post_init__(self) -> None:
        self.remotes = Remotes(self.folder / "controller" / "git", self.folder)
        self.trees = GitTrees(self.remotes)

    @property
    def path(self) -> Path:
        """Where the service is on the host."""
        return self.folder / "srv" / "web"

    @property
    def current(self) -> Path:
        """The release in service."""
        return self.path / "current"

    @property
    def root(self) -> Path:
        """Our folder on the host."""
        return self.folder / "var"

    @property
    def place(self) -> Place:
        """The host."""
        names = Names(scope=SCOPE, root=str(self.root), manager="system")
        return Place(target=EDGE, host=self.shell.host, names=names)

    def commit(self, files: Mapping[str, str] | None = None, **more: object) -> Fields:
        """The fields of an instance of a new commit with these files besides those that are there."""
        for name, text in (files or {}).items():
            self.repository.write(name, text)
        self.repository.git("add", "-A")
        self.repository.git("commit", "-qm", "x", "--allow-empty")
        return self.fields(**more)  # type: ignore[arg-type]

    def fields(self, user: str = "", env: Mapping[str, str] | None = None, **more: object) -> Fields:
        """The fields of an instance of the commit that is checked out."""
        head = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=self.repository.root, check=True, capture_output=True, text=True
        ).stdout.strip()
        source = Source(
            git=str(self.repository.root),
            ref=f"commit {head}",
            path=str(self.path),
            commit=head,  # type: ignore[arg-type]
            **more,  # type: ignore[arg-type]
        )
        found = self.remotes.fetched(source)
        whole = Source(
            **{name: getattr(source, name) for name in Source.__dataclass_fields__} | {"committed": found.at}
        )
        fields: dict[str, object] = {"source": source_fields(whole)}
        return {**fields, **({"user": user} if user else {}), **({"env": dict(env)} if env else {})}

    def dock(self, fence: int = 1) -> Dock:
        """The way to the host."""
        return Dock(
            line=self.shell,  # type: ignore[arg-type]
            scope=SCOPE,
            root=str(self.root),
            trees=self.trees,
            state=self.folder / "controller" / "ssh",
            fence=fence,
            brought=self.brought,
            tell=self.told.append,
        )

    def wanted(self, fields: Fields) -> WantedObject:
        """The instance of these fields."""
        revision = revision_of(fields)
        return WantedObject(
            id=instance_id(EDGE, WEB, 1, revision),
            service=WEB,
            ordinal=1,
            revision=revision,
            fields=fields,
            place="edge1",
            goal=Condition.SERVING,
            asked=Condition.SERVING,
        )

    def berth(self, fields: Fields, *, is_known: bool = True) -> Berth:
        """The instance on the host."""
        wanted = self.wanted(fields)
        known = wanted if is_known else None
        return Berth(dock=self.dock(), place=self.place, object_id=wanted.id, fields=fields, wanted=known)

    def bring(self, fields: Fields, condition: Condition) -> ObservedObject | None:
        """Bring the instance to a condition, as an action with all that is wanted does."""
        berth = self.berth(fields, is_known=condition is not Condition.ABSENT)
        passives.bring(berth, SOON)
        return self._moved(berth, condition)

    def move(self, fields: Fields, condition: Condition) -> ObservedObject | None:
        """Bring it there, as an undoing does, which knows no more than its name."""
        return self._moved(self.berth(fields, is_known=False), condition)

    def _moved(self, berth: Berth, condition: Condition) -> ObservedObject | None:
        return passive(self.place, passives.move(berth, condition, SOON), berth.object_id)

    def look(self) -> Releases:
        """All releases of the scope on the host."""
        self.brought.clear()
        script = self.dock().reading(f"{functions(self.place.names)}\nlook_releases '*' yes")
        return releases_of(sections_of(self.shell.ask(script, SOON).stdout))

    def objects(self) -> dict[ObjectId, ObservedObject]:
        """All instances that are files alone."""
        return {item.id: item for item in passive_objects(self.place, self.look())}
