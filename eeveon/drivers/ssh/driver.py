"""Runs services as systemd units, and brings code as releases, on the hosts of one target.

Reading a host is one script, whatever it holds, and all hosts are read side by side; so is bringing one object to one
condition. A host that does not answer is a blind place of the target, not an empty one.
"""

import getpass
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from eeveon.core.desired import Target, Workload
from eeveon.core.health import Check, Probe
from eeveon.core.names import ObjectId
from eeveon.core.observed import Condition, Observation, ObservedObject, Seen, Unreachable
from eeveon.core.plan import Effect
from eeveon.core.secret import references
from eeveon.core.values import Fields
from eeveon.core.wanted import INSTANCE, VOLUME, Preview
from eeveon.drivers.base import Capabilities, Context, Driver, LogLine, Remark
from eeveon.drivers.connections import Connections
from eeveon.drivers.ssh import code, instances, logs, probes, supports, traces, watching
from eeveon.drivers.ssh.balancers.balancing import Balancing, Here
from eeveon.drivers.ssh.balancers.fields import BALANCER
from eeveon.drivers.ssh.balancers.looking import functions as looking_at_balancers
from eeveon.drivers.ssh.balancers.work import Tools
from eeveon.drivers.ssh.client import Line
from eeveon.drivers.ssh.drift import drop_ins_of
from eeveon.drivers.ssh.examining import examine, needs_of
from eeveon.drivers.ssh.hosts import Host, Site, site_of
from eeveon.drivers.ssh.instances import Job
from eeveon.drivers.ssh.looking import Look, look_of, observe_script, sections_of
from eeveon.drivers.ssh.names import Names
from eeveon.drivers.ssh.observed import Place, objects_of
from eeveon.drivers.ssh.passives import functions as looking_at_releases
from eeveon.drivers.ssh.preview import preview_of
from eeveon.drivers.ssh.released import passive_objects, releases_of, with_release
from eeveon.drivers.ssh.releases import EDITED
from eeveon.drivers.ssh.script import Raw
from eeveon.errors import ActionRefused, TargetError, TargetUnreachable

_OBSERVING = timedelta(seconds=60)


def connect(target: Target, context: Context) -> Driver:
    """A driver for the hosts of the target. Sends nothing yet."""
    return SshDriver(target, site_of(target), context)


class SshDriver:
    """One scope on all hosts of one target."""

    kind = "ssh"
    capabilities = Capabilities(
        mutable=frozenset({EDITED}), runs=frozenset({"command", "image", "source"}), host_ports=True
    )

    def __init__(self, target: Target, site: Site, context: Context) -> None:
        self._target = target
        self._site = site
        self._context = context
        self._names = Names(scope=context.scope, root=site.root, manager=site.manager)
        self._lines = {host.name: _line(site, host, context.connections) for host in site.hosts}
        self._balancing = Balancing(target, site)
        self._known: dict[ObjectId, ObservedObject] = {}  # as last seen
        self._lock = threading.Lock()
        self._way = code.Way(context=context, find=self._seat, brought=set())
        self._reading = observe_script(
            self._names, looking_at_balancers(), Raw("look_balancers"), *looking_at_releases()
        )

    def observe(self) -> Observation:
        """See `Driver.observe`."""
        self._way.brought.clear()
        return self._observe_hosts(self._site.hosts)

    def _observe_hosts(self, hosts: Sequence[Host]) -> Observation:
        """Everything of the scope on these hosts. What was known of the others stays known."""
        with self._side_by_side() as pool:
            answers = list(pool.map(self._observe_host, hosts))
        blind = tuple(answer for answer in answers if isinstance(answer, Unreachable))
        self._balancing.missed(item.place for item in blind)
        if len(blind) == len(answers):
            return self._nothing_seen(blind)
        objects = tuple(item for answer in answers if not isinstance(answer, Unreachable) for item in answer)
        with self._lock:
            told = {host.name for host in hosts} - {item.place for item in blind}
            kept = {key: item for key, item in self._known.items() if item.place not in told}
            self._known = {**kept, **{item.id: item for item in objects}}
        seen = tuple(self._balancing.in_service(item) for item in objects)
        return Seen(target=self._target.name, objects=seen, blind=blind)

    def watch(self, objects: frozenset[ObjectId]) -> Observation:
        """See `Watches.watch`. What is no process is looked at with all of its host; what was never seen, with all."""
        seats = {item.id: item for item in self._instances() if item.id in objects}
        if seats.keys() != objects:
            return self.observe()
        asked = watching.by_host(seats.values())
        if not all(watching.can_watch(item) for item in seats.values()):
            return self._observe_hosts([host for host in self._site.hosts if host.name in asked])
        with self._side_by_side() as pool:
            answers = list(pool.map(lambda item: self._watch_host(*item), asked.items()))
        blind = tuple(answer for answer in answers if isinstance(answer, Unreachable))
        seen = tuple(item for answer in answers if not isinstance(answer, Unreachable) for item in answer)
        return Seen(target=self._target.name, objects=seen, blind=blind)

    def preview(self, workloads: tuple[Workload, ...]) -> Preview:
        """See `Driver.preview`."""
        with self._lock:
            known = tuple(self._known.values())
        return self._balancing.previewed(
            preview_of(self._target.name, self._site, workloads), workloads, known
        )

    def perform(self, effect: Effect, fence: int, timeout: timedelta) -> ObservedObject | None:
        """See `Driver.perform`."""
        host = self._host_of(effect)
        if host is None:
            if effect.wanted is None and effect.condition in {Condition.ABSENT, Condition.STOPPED}:
                return None
            raise ActionRefused(f"there is no {effect.object}, and nothing says what it should be")
        job = Job(
            place=self._place(host),
            line=self._lines[host.name],
            effect=effect,
            fence=fence,
            timeout=timeout,
            secrets=self._secrets(effect),
        )
        match effect.object.kind:
            case kind if kind == INSTANCE:
                return self._perform_instance(job)
            case kind if kind == BALANCER:
                return self._noted(job, self._balancing.bring(self._tools(job), effect, self._instances()))
            case _:
                return self._noted(job, supports.perform(job))

    def probe(self, object_id: ObjectId, check: Check, timeout: timedelta) -> Probe:
        """See `Driver.probe`."""
        try:
            seen = self._seen(object_id)
        except TargetError as error:
            return Probe(healthy=False, detail=error.message)
        if seen is None:
            return Probe(healthy=False, detail="there is no such instance")
        if not seen.is_up:
            return Probe(healthy=False, detail=f"not running: {seen.detail or seen.condition}")
        return probes.probe(self._names, self._lines[seen.place], seen, check=check, timeout=timeout)

    def logs(self, object_id: ObjectId, *, tail: int, follow: bool) -> Iterator[LogLine]:
        """See `Driver.logs`."""
        seen = self._seen(object_id)
        if seen is None or object_id.kind != INSTANCE:
            raise ActionRefused(f"there is no {object_id}, so it has no logs")
        return logs.read(self._names, self._lines[seen.place], object_id, tail=tail, follow=follow)

    def examine(self, workloads: tuple[Workload, ...], now: datetime) -> tuple[Remark, ...]:
        """See `Examines.examine`."""
        needs = needs_of(self._target, workloads)
        with self._side_by_side() as pool:
            answers = pool.map(
                lambda line: tuple(examine(self._names, line, needs, now)), self._lines.values()
            )
            return tuple(remark for answer in answers for remark in answer)

    def close(self) -> None:
        """See `Driver.close`. Whose they are, ends them: this driver, or the command that it is a part of."""
        self._context.connections.let_go()

    @property
    def trips(self) -> int:
        """Scripts that were sent to all hosts so far."""
        return sum(line.trips for line in self._lines.values())

    def _side_by_side(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(max_workers=max(1, len(self._lines)), thread_name_prefix="host")

    # -- instances ---------------------------------------------------------------------------------------------

    def _perform_instance(self, job: Job) -> ObservedObject | None:
        """Up the ladder, an instance enters service last; down, it leaves service first."""
        here = Here(
            tools=self._tools(job), effect=job.effect, known=self._last_seen, report=self._context.report
        )
        serves = job.effect.condition is Condition.SERVING
        if not serves:
            self._balancing.leave(here)
        fields = self._fields(job.effect)
        if "source" in fields:
            after = self._noted(job, code.perform(job, fields, self._way))
            is_routed = after is not None and self._balancing.routes_to(after)
        else:
            after, is_routed = self._noted(job, instances.perform(job)), True
        if serves and is_routed and after is not None and after.is_up:
            return self._balancing.enter(here, after)
        return after

    def _fields(self, effect: Effect) -> Fields:
        """What the instance holds, as wanted or as last applied."""
        if effect.wanted is not None:
            return effect.wanted.fields
        seen = self._seen(effect.object)
        return {} if seen is None else seen.fields if seen.applied is None else seen.applied

    def _seat(self, object_id: ObjectId) -> code.Seat | None:
        """Where an instance is, if it is anywhere. Raises TargetUnreachable."""
        seen = self._seen(object_id)
        if seen is None:
            return None
        return code.Seat(
            object_id=object_id,
            place=self._place(self._named(seen.place)),
            line=self._lines[seen.place],
            fields=seen.fields if seen.applied is None else seen.applied,
        )

    def _tools(self, job: Job) -> Tools:
        return Tools(names=self._names, lines=self._lines, fence=job.fence, timeout=job.timeout)

    def _instances(self) -> tuple[ObservedObject, ...]:
        with self._lock:
            return tuple(item for item in self._known.values() if item.id.kind == INSTANCE)

    # -- hosts ------------------------------------------------------------------------------------------------

    def _observe_host(self, host: Host) -> tuple[ObservedObject, ...] | Unreachable:
        """Everything of the scope on one host, or why it is not known."""
        try:
            output = self._lines[host.name].read(self._reading, _OBSERVING)
            look = look_of(output.stdout)
            balancers = self._balancing.saw(host.name, look.balancers, look.clock)
            place, releases = self._place(host), releases_of(sections_of(output.stdout))
            running = self._with_traces(host, look, (*balancers, *objects_of(place, look)))
            return (*(with_release(item, releases) for item in running), *passive_objects(place, releases))
        except TargetError as error:
            return self._blind(host, error.message.removeprefix(f"{host}: "), error.hint)
        except (KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
            # Whatever answers there, answers in a form that is not ours: that is not a shorter list, it is no list.
            return self._blind(host, f"it answers in an unknown form: {error!r}", "")

    def _watch_host(
        self, name: str, objects: tuple[ObjectId, ...]
    ) -> tuple[ObservedObject, ...] | Unreachable:
        """Some processes of one host, or why they are not known."""
        host = self._named(name)
        try:
            return watching.watch(self._place(host), self._lines[name], objects, _OBSERVING)
        except TargetError as error:
            return self._blind(host, error.message.removeprefix(f"{host}: "), error.hint)

    def _with_traces(
        self, host: Host, look: Look, objects: tuple[ObservedObject, ...]
    ) -> tuple[ObservedObject, ...]:
        """The objects; those that rest and should not, and those with drop-ins, with what the host knows of it."""
        units = {item.id: traces.resting_unit(self._names, look, item) for item in objects}
        if resting := {of: unit for of, unit in units.items() if unit is not None}:
            some = tuple(resting.values())[: traces.MOST]
            asked = self._lines[host.name].read(traces.script(self._names, some), _OBSERVING)
            ends = traces.traces(asked.stdout)
            known = {of: ends[unit] for of, unit in resting.items() if unit in ends}
            objects = traces.with_ends(objects, known)
        if dropped := [path for item in objects for path in drop_ins_of(item)]:
            asked = self._lines[host.name].read(traces.script_of_drop_ins(dropped[: traces.MOST]), _OBSERVING)
            objects = traces.with_drop_ins(objects, traces.drop_ins(asked.stdout, look.clock))
        return objects

    def _blind(self, host: Host, reason: str, hint: str) -> Unreachable:
        return Unreachable(target=self._target.name, reason=reason, hint=hint, place=host.name)

    def _nothing_seen(self, blind: tuple[Unreachable, ...]) -> Unreachable:
        first = blind[0]
        if len(blind) == 1:
            return Unreachable(
                target=self._target.name, reason=f"{first.place}: {first.reason}", hint=first.hint
            )
        each = "; ".join(f"{item.place}: {item.reason}" for item in blind)
        return Unreachable(
            target=self._target.name, reason=f"{len(blind)} of {len(blind)} hosts: {each}", hint=first.hint
        )

    def _place(self, host: Host) -> Place:
        return Place(target=self._target.name, host=host, names=self._names)

    def _host_of(self, effect: Effect) -> Host | None:
        """The host that holds the object, or is to; None if there is none. Raises TargetUnreachable if not known."""
        if effect.wanted is not None:
            return self._named(effect.wanted.place)
        if effect.object.kind in {VOLUME, BALANCER}:
            return self._named(effect.object.name.rpartition("@")[2])
        seen = self._seen(effect.object)
        return None if seen is None else self._named(seen.place)

    def _named(self, name: str) -> Host:
        host = self._site.host(name)
        if host is None:
            raise ActionRefused(f"there is no host {name} in target {self._target.name}", hint="plan again")
        return host

    def _seen(self, object_id: ObjectId) -> ObservedObject | None:
        """The object as last seen, by us or just now; None if no host has it. Raises TargetUnreachable."""
        known = self._last_seen(object_id)
        if known is not None:
            return known
        seen = self.observe()
        if isinstance(seen, Unreachable):
            raise TargetUnreachable(seen.reason, hint=seen.hint)
        found = next((item for item in seen.objects if item.id == object_id), None)
        if found is None and seen.blind:
            first = seen.blind[0]
            raise TargetUnreachable(f"{object_id} may be on {first.place}: {first.reason}", hint=first.hint)
        return found

    def _last_seen(self, object_id: ObjectId) -> ObservedObject | None:
        with self._lock:
            return self._known.get(object_id)

    def _noted(self, job: Job, after: ObservedObject | None) -> ObservedObject | None:
        """What became of an object, which is what is known of it from now on."""
        with self._lock:
            if after is None:
                self._known.pop(job.effect.object, None)
            else:
                self._known[job.effect.object] = after
        return after

    def _secrets(self, effect: Effect) -> dict[str, str]:
        """The values of all secrets that the object needs. Raises SecretError."""
        if effect.wanted is None or effect.object.kind != INSTANCE:
            return {}
        resolve = self._context.secrets.resolve
        return {name: resolve(ref).reveal() for name, ref in references(effect.wanted.fields).items()}


def _line(site: Site, host: Host, connections: Connections) -> Line:
    user = host.user or getpass.getuser()
    sudo = site.manager == "system" and user != "root"
    seat = (
        host.name,
        host.address,
        host.port,
        host.user,
        host.host_key,
    )  # its labels are no part of the way there
    return connections.borrow(("ssh", *seat, site.access, sudo), lambda: Line(host, site.access, sudo=sudo))
