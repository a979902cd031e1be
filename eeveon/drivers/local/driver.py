"""The driver: the five verbs, each a request to the supervisor or a look into its files."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from threading import Event
from typing import assert_never

from eeveon.core.desired import Target, Workload
from eeveon.core.health import NOT_SAID, Check, CommandCheck, HttpCheck, Probe, ReadyCheck, TcpCheck
from eeveon.core.names import ObjectId
from eeveon.core.observed import Condition, Endpoint, Observation, ObservedObject, Seen, Unreachable
from eeveon.core.plan import Effect
from eeveon.core.wanted import INSTANCE, Preview
from eeveon.drivers.base import Capabilities, Context, LogLine
from eeveon.drivers.local.client import Client
from eeveon.drivers.local.logs import Following, follow, last_lines
from eeveon.drivers.local.parse import observed
from eeveon.drivers.local.preview import Machine, preview_of
from eeveon.drivers.local.probes import probe_http, probe_tcp
from eeveon.drivers.local.requests import record_for, values, verb_of
from eeveon.drivers.local.supervisor import limits
from eeveon.drivers.local.supervisor.ports import LOOPBACK
from eeveon.drivers.local.supervisor.records import Folder, Record, Scope, record_from, stem
from eeveon.drivers.local.supervisor.wire import Request
from eeveon.errors import ActionRefused, SecretError, TargetError, TargetUnreachable

RUNS_COMMANDS = Capabilities(runs=frozenset({"command"}), host_ports=True)
FOLLOW_PAUSE = 0.2  # seconds between two looks at a log that is followed
ANSWER = 2.0  # seconds that the supervisor has, besides the command's own time, to answer a probe


def connect(target: Target, context: Context) -> "LocalDriver":
    """The driver of processes on this machine. Touches nothing yet.

    Settings: `directory`, an absolute path, is where relative working directories begin (each instance has a folder
    of its own without it); `logs` may hold `maxBytes` and `files`.
    """
    client = Client(Folder(context.state / stem(target.name)))
    scope = Scope(project=context.scope.project, environment=context.scope.environment)
    return LocalDriver(target=target, context=context, client=client, scope=scope)


@dataclass(slots=True, kw_only=True, eq=False)
class LocalDriver:
    """Processes of this machine, in one target folder and one scope."""

    target: Target
    context: Context = field(repr=False)
    client: Client
    scope: Scope
    closed: Event = field(default_factory=Event, repr=False)
    kind: str = "local"
    capabilities: Capabilities = RUNS_COMMANDS

    def observe(self) -> Observation:
        """Every object of the scope; Unreachable if a record is damaged or the supervisor does not answer."""
        try:
            records = self.client.records(self.scope)
        except TargetUnreachable as error:
            return Unreachable(target=self.target.name, reason=error.message, hint=error.hint)
        except OSError as error:
            return Unreachable(target=self.target.name, reason=str(error))
        now = _now()
        return Seen(
            target=self.target.name,
            objects=tuple(observed(self.target.name, record, now) for record in records),
        )

    def preview(self, workloads: tuple[Workload, ...]) -> Preview:
        """What the workloads become on this machine, as it is now."""
        return preview_of(self.target.name, workloads, _machine())

    def perform(self, effect: Effect, fence: int, timeout: timedelta) -> ObservedObject | None:
        """Bring one object to one condition; see the protocol."""
        request = Request(
            verb=verb_of(effect),
            scope=self.scope,
            fence=fence,
            kind=effect.object.kind,
            name=effect.object.name,
        )
        if effect.condition is Condition.RUNNING:
            record = self._definition(effect)
            secrets = values(record, self.context.secrets)
            request = replace(request, record=record, secrets=secrets)
        reply = self.client.ask(request, timeout.total_seconds())
        form = reply["record"]
        return None if form is None else observed(self.target.name, record_from(form), _now())

    def probe(self, object_id: ObjectId, check: Check, timeout: timedelta) -> Probe:
        """Ask once: a port from here, a command beside the instance."""
        try:
            match check:
                case HttpCheck():
                    return probe_http(self._endpoint(object_id, check.port), check.path, timeout)
                case TcpCheck():
                    return probe_tcp(self._endpoint(object_id, check.port), timeout)
                case CommandCheck():
                    return self._probe_command(object_id, check, timeout)
                case ReadyCheck():
                    return NOT_SAID
                case _:
                    assert_never(check)
        except (TargetError, SecretError) as error:
            return Probe(healthy=False, detail=error.message)

    def logs(self, object_id: ObjectId, *, tail: int, follow: bool) -> Iterator[LogLine]:
        """The last lines; with `follow` new ones, until the instance is removed or this driver is closed."""
        record = self.client.record(self.scope, object_id.kind, object_id.name)
        if record is None or record.kind != INSTANCE:
            raise ActionRefused(f"there are no logs of {object_id}: it does not exist")
        for line in self._lines(record, tail, follow):
            yield LogLine(instance=object_id.name, text=line.decode(errors="replace").removesuffix("\r"))

    def close(self) -> None:
        """End what follows a log. Nothing else is held."""
        self.closed.set()

    def _definition(self, effect: Effect) -> Record | None:
        """What is to run: what is wanted, else what is kept here, else nothing."""
        if effect.wanted is not None:
            return record_for(effect.wanted, self.scope, self.target.settings)
        return self.client.record(self.scope, effect.object.kind, effect.object.name)

    def _endpoint(self, object_id: ObjectId, port: str) -> Endpoint:
        """Where a port of a running instance is. Raises ActionRefused."""
        record = self.client.record(self.scope, object_id.kind, object_id.name)
        if record is None:
            raise ActionRefused("it does not exist")
        if record.status.state != "running":
            raise ActionRefused("it does not run")
        if port not in record.ports:
            raise ActionRefused(f"it has no port {port}")
        return Endpoint(port=port, host=LOOPBACK, number=record.ports[port])

    def _probe_command(self, object_id: ObjectId, check: CommandCheck, timeout: timedelta) -> Probe:
        """Run by the supervisor, which has the secrets; one that has adopted the instance is given them once more."""
        seconds = timeout.total_seconds()
        request = Request(
            verb="check",
            scope=self.scope,
            kind=object_id.kind,
            name=object_id.name,
            command=check.command,
            timeout=seconds,
        )
        reply = self.client.ask(request, seconds + ANSWER)
        if "needs" in reply:
            kept = self.client.record(self.scope, object_id.kind, object_id.name)
            secrets = values(kept, self.context.secrets)
            reply = self.client.ask(replace(request, secrets=secrets), seconds + ANSWER)
        return Probe(healthy=reply["probe"]["healthy"], detail=reply["probe"]["detail"])

    def _lines(self, record: Record, tail: int, goes_on: bool) -> Iterator[bytes]:
        folder = self.client.folder
        files = [folder.log(self.scope, record.name, age) for age in range(record.log_files)]
        lines, position = last_lines(files, tail)
        yield from lines
        if goes_on:
            path = folder.record(self.scope, record.kind, record.name)
            following = Following(files[0], position)
            yield from follow(following, path.exists, lambda: self.closed.wait(FOLLOW_PAUSE))


def _machine() -> Machine:
    return Machine(
        memory_groups=limits.place_for("memory") is not None,
        cpu_groups=limits.place_for("cpu") is not None,
        is_root=os.geteuid() == 0,
    )


def _now() -> float:
    return time.time()  # noqa: TID251 — "last 3 s ago" is said where the clock of the processes is
