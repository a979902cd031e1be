"""Load balancers as the driver knows them: what is wanted, what is seen, who enters service and who leaves it."""

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from eeveon.core.desired import Target, Workload
from eeveon.core.names import ObjectId, ServiceName
from eeveon.core.observed import UP, Condition, ObservedObject
from eeveon.core.plan import Effect
from eeveon.core.wanted import INSTANCE, Note, Preview
from eeveon.drivers.ssh.balancers import work
from eeveon.drivers.ssh.balancers.fields import name_of, wanted_balancers
from eeveon.drivers.ssh.balancers.looking import SeenBalancer, balancers_of, object_of
from eeveon.drivers.ssh.balancers.rotation import Gate, Rotation, backends_of
from eeveon.drivers.ssh.balancers.work import Edit, Tools, services_of
from eeveon.drivers.ssh.hosts import Site
from eeveon.errors import ActionRefused, TargetUnreachable

_RESERVE = timedelta(seconds=10)  # of the time for leaving, for everything but waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """One effect on an instance, and what may be said of it. `known` are all objects as last seen."""

    tools: Tools
    effect: Effect
    known: Callable[[ObjectId], ObservedObject | None]
    report: Callable[[ObjectId, str], None]


class Balancing:
    """The load balancers of one target. May be used by several threads."""

    def __init__(self, target: Target, site: Site) -> None:
        self._target = target
        self._site = site
        self._rotation = Rotation()
        self._routed: dict[ServiceName, str] = {}  # to the name of its balancer, as last previewed
        self._lost: frozenset[str] = frozenset()  # hosts that did not answer when all were looked at
        self._undrained: set[ObjectId] = set()  # left service together with others, and may still answer
        self._lock = threading.Lock()

    # -- what is wanted and seen --------------------------------------------------------------------------------

    def previewed(
        self, preview: Preview, workloads: Sequence[Workload], known: Sequence[ObservedObject]
    ) -> Preview:
        """The preview with the load balancers, the time that leaving takes, and the hosts that come and go."""
        self._routed = {
            workload.service: workload.route.balancer for workload in workloads if workload.route is not None
        }
        balancers = wanted_balancers(self._target.name, self._site, self._target.balancers, workloads)
        drains = {balancer.name: balancer.drain for balancer in self._target.balancers}
        waits = {
            workload.service: max(drains[workload.route.balancer], self._target.drain or timedelta())
            for workload in workloads
            if workload.route is not None
        }
        objects = [
            replace(want, drain=waits[want.service]) if want.service in waits else want
            for want in preview.objects
        ]
        texts = (*self._moves(known), *self._idle(workloads), *self._unreached())
        notes = (Note(target=self._target.name, service=None, text=text) for text in texts)
        return Preview(objects=(*balancers, *objects), notes=(*preview.notes, *notes))

    def missed(self, places: Iterable[str]) -> None:
        """These hosts did not answer; what their balancers do is not known."""
        self._lost = frozenset(places)

    def saw(self, place: str, section: str, clock: int) -> tuple[ObservedObject, ...]:
        """The load balancers of a host, from what it said of them. Raises ValueError or KeyError as the others do."""
        found = tuple(balancers_of(section))
        self._rotation.saw(place, found)
        return tuple(object_of(self._target.name, place, one, clock) for one in found)

    def in_service(self, seen: ObservedObject) -> ObservedObject:
        """The instance as it is with its load balancers: what runs and gets requests serves."""
        if seen.id.kind != INSTANCE or seen.condition not in UP:
            return seen
        serves = self._rotation.serves(seen.id.name)
        if "source" in seen.fields:  # it serves as the current release, too
            serves = seen.condition is Condition.SERVING and (serves or not self.routes_to(seen))
        condition = Condition.SERVING if serves else Condition.RUNNING
        return seen if seen.condition is condition else replace(seen, condition=condition)

    def routes_to(self, seen: ObservedObject) -> bool:
        """Whether a balancer on these hosts routes to the service of an instance."""
        return seen.service is not None and bool(self._rotation.gates_for(seen.service))

    # -- load balancers themselves --------------------------------------------------------------------------------

    def bring(
        self, tools: Tools, effect: Effect, instances: Iterable[ObservedObject]
    ) -> ObservedObject | None:
        """One load balancer on one host as it is after the effect; None if it is then absent."""
        name, place = name_of(effect.object), effect.object.name.rpartition("@")[2]
        with self._rotation.turn(name):
            if effect.condition is Condition.ABSENT:
                work.remove(tools, name, place)
                self._rotation.gone(name, place)
                return None
            if effect.condition is not Condition.RUNNING or effect.wanted is None:
                raise ActionRefused(
                    f"{effect.object} cannot be brought to {effect.condition}: that is no aim"
                )
            gate = Gate(name=name, place=place, fields=effect.wanted.fields)
            ports = services_of(gate)
            serving = (
                seen for item in instances if (seen := self.in_service(item)).condition is Condition.SERVING
            )
            seeds = {backend.instance: backend for backend in self._rotation.held_at(name, place)}
            seeds.update((backend.instance, backend) for backend in backends_of(serving, ports))
            said = work.install(tools, gate, [seed for seed in seeds.values() if seed.service in ports])
            clock, found = _found(said, name)
            self._rotation.made(gate, found.backends)
            return object_of(self._target.name, place, found, clock)

    # -- into service and out of it -----------------------------------------------------------------------------

    def enter(self, here: Here, seen: ObservedObject) -> ObservedObject:
        """The instance, and those beside it, are in the rotation of every balancer that routes to their service.

        In the same moment, on each host, those that it comes for leave.
        """
        entering = [seen, *(self._beside(here, one) for one in here.effect.beside)]
        leaving = [one.name for one in here.effect.instead]
        gates = self._rotation.gates_for(seen.service) if seen.service is not None else ()
        self._must_reach(
            {gate.name for gate, _ in gates} | {self._routed.get(seen.service or ServiceName(""), "")}
        )
        if not gates:
            raise ActionRefused(
                f"no load balancer on these hosts routes to {seen.service}",
                hint="plan again, so that one does",
            )
        edits = []
        for gate, port in gates:
            backends = tuple(backends_of(entering, {item.service: port for item in entering if item.service}))
            missing = {item.id.name for item in entering} - {backend.instance for backend in backends}
            if missing:
                raise ActionRefused(f"{', '.join(sorted(missing))} has no port {port}", hint="plan again")
            edits.append(Edit(gate=gate, enter=backends, leave=tuple(leaving)))
        with self._lock:
            self._undrained.update(here.effect.instead)
        self._change(here.tools, edits, leaving)
        return replace(seen, condition=Condition.SERVING)

    def leave(self, here: Here) -> None:
        """The instance is in no rotation, and has answered what it had in hand, or had the time for it."""
        instance = here.effect.object
        holding = self._rotation.gates_holding([instance.name])
        with self._lock:
            undrained = instance in self._undrained
        if not holding and not undrained:
            return
        self._change(here.tools, [], [instance.name])
        seen = here.known(instance)
        routed = (
            self._rotation.gates_for(seen.service) if seen is not None and seen.service is not None else ()
        )
        gates = {(gate.name, gate.place): gate for gate in (*holding, *(gate for gate, _ in routed))}
        if seen is not None:
            self._drain(here, seen, tuple(gates.values()))
        with self._lock:
            self._undrained.discard(instance)

    def _change(self, tools: Tools, edits: Sequence[Edit], leaving: Sequence[str]) -> None:
        """Make the edits, and take those that leave out of every other balancer that holds them."""
        known = {(edit.gate.name, edit.gate.place) for edit in edits}
        others = [
            Edit(gate=gate, leave=tuple(leaving))
            for gate in self._rotation.gates_holding(leaving)
            if (gate.name, gate.place) not in known
        ]
        names = sorted({edit.gate.name for edit in (*edits, *others)})
        self._must_reach(set(names))
        with self._turns(names):
            needed = [edit for edit in (*edits, *others) if self._is_needed(edit)]
            if needed:
                work.change(
                    tools, needed, lambda edit: self._rotation.changed(edit.gate, edit.enter, edit.leave)
                )

    def _must_reach(self, names: set[str]) -> None:
        """A balancer that is changed on some of its hosts only would send requests to what is gone."""
        for name, place in self._lost_gates():
            if name in names:
                raise TargetUnreachable(
                    f"load balancer {name} is on {place} too, which does not answer: nothing enters or leaves service",
                    hint="plan again when it does, or take the host out of `hosts`",
                )

    def _lost_gates(self) -> Iterator[tuple[str, str]]:
        for balancer in self._target.balancers:
            for place in balancer.hosts or [host.name for host in self._site.in_service]:
                if place in self._lost:
                    yield balancer.name, place

    def _is_needed(self, edit: Edit) -> bool:
        leaves = {backend.instance for backend in self._rotation.held_at(edit.gate.name, edit.gate.place)}
        return not leaves.isdisjoint(edit.leave) or not all(
            self._rotation.holds(edit.gate, backend) for backend in edit.enter
        )

    def _drain(self, here: Here, seen: ObservedObject, gates: Sequence[Gate]) -> None:
        limit = max((work.gate_drain(gate) for gate in gates), default=timedelta())
        is_leaving_host = seen.place not in {host.name for host in self._site.in_service}
        if is_leaving_host and self._target.drain is not None:
            limit = self._target.drain
        limit = min(limit, max(timedelta(seconds=1), here.tools.timeout - _RESERVE))
        work.settle(here.tools, gates, limit)
        ports = {
            port for gate in gates for service, port in services_of(gate).items() if service == seen.service
        }
        for endpoint in seen.endpoints:
            if endpoint.port in ports:
                left = work.drained(here.tools, seen.place, endpoint.number, limit)
                if left:
                    here.report(
                        seen.id, f"{left} connections were still open after {limit.total_seconds():g} s"
                    )

    def _beside(self, here: Here, object_id: ObjectId) -> ObservedObject:
        seen = here.known(object_id)
        if seen is None or not seen.is_up:
            raise ActionRefused(f"{object_id} is to enter service and does not run", hint="plan again")
        return seen

    @contextlib.contextmanager
    def _turns(self, names: Iterable[str]) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            for name in names:
                stack.enter_context(self._rotation.turn(name))
            yield

    def _idle(self, workloads: Sequence[Workload]) -> Iterator[str]:
        """Load balancers that are written and run nowhere."""
        used = {workload.route.balancer for workload in workloads if workload.route is not None}
        for balancer in self._target.balancers if workloads else ():
            if balancer.name not in used:
                yield f"load balancer {balancer.name} runs nowhere: no service has a route through it"

    def _unreached(self) -> Iterator[str]:
        """Load balancers because of which nothing can enter or leave service."""
        for name, place in self._lost_gates():
            if name in self._routed.values():
                yield f"load balancer {name} is on {place} too, which does not answer: nothing enters or leaves service"

    def _moves(self, known: Sequence[ObservedObject]) -> Iterator[str]:
        """Hosts that come into service by this plan, or go out of it."""
        if self._target.active is None:
            return
        holding = {seen.place for seen in known if seen.id.kind == INSTANCE}
        serving = {host.name for host in self._site.in_service}
        for host in self._site.hosts:
            if host.standby and host.name in serving and host.name not in holding:
                yield f"host {host.name} comes into service: {len(serving)} of {len(self._site.hosts)} hosts are active"
            if host.name not in serving and host.name in holding:
                yield f"host {host.name} goes out of service: {len(serving)} of {len(self._site.hosts)} hosts are active"


def _found(said: str, name: str) -> tuple[int, SeenBalancer]:
    """The clock of the host and the balancer, from the output of a script that installed it."""
    try:
        clock, _, rest = said.rpartition("eeveon:section clock\n")[2].partition("\n")
        section = rest.partition("eeveon:section balancers\n")[2]
        return int(clock), next(one for one in balancers_of(section) if one.name == name)
    except (ValueError, KeyError, StopIteration) as error:
        raise TargetUnreachable(f"the host answers in an unknown form: {error!r}") from error
