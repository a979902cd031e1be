"""Who is in the rotation of which load balancer: what was seen, and what this process has done since.

An instance serves if every host of a load balancer that holds it anywhere holds it. A balancer that is not there yet
counts for nothing: when it is made, it gets all who serve.
"""

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from eeveon.core.names import ServiceName
from eeveon.core.observed import ObservedObject
from eeveon.core.values import Fields
from eeveon.drivers.ssh.balancers.backends import Backend
from eeveon.drivers.ssh.balancers.fields import routes_of
from eeveon.drivers.ssh.balancers.looking import SeenBalancer

At = tuple[str, str]  # the name of a load balancer, and its host


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A load balancer on one host, as it is known."""

    name: str
    place: str
    fields: Fields


class Rotation:
    """The rotations of all load balancers of a target. May be used by several threads."""

    def __init__(self) -> None:
        self._gates: dict[At, Gate] = {}
        self._held: dict[At, dict[str, Backend]] = {}
        self._lock = threading.Lock()
        self._turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def turn(self, name: str) -> threading.Lock:
        """Held while a balancer's hosts are brought from one configuration to the next."""
        with self._lock:
            return self._turns[name]

    def saw(self, place: str, seen: Iterable[SeenBalancer]) -> None:
        """All that a host holds."""
        with self._lock:
            for at in [at for at in self._gates if at[1] == place]:
                del self._gates[at], self._held[at]
            for one in seen:
                self._gates[one.name, place] = Gate(name=one.name, place=place, fields=one.fields)
                self._held[one.name, place] = {backend.instance: backend for backend in one.backends}

    def made(self, gate: Gate, backends: Iterable[Backend]) -> None:
        """A balancer is on its host now, and holds these."""
        with self._lock:
            self._gates[gate.name, gate.place] = gate
            self._held[gate.name, gate.place] = {backend.instance: backend for backend in backends}

    def gone(self, name: str, place: str) -> None:
        """A balancer is not on its host any more."""
        with self._lock:
            self._gates.pop((name, place), None)
            self._held.pop((name, place), None)

    def changed(self, gate: Gate, enter: Iterable[Backend], leave: Iterable[str]) -> None:
        """A balancer holds others than before."""
        with self._lock:
            held = self._held.setdefault((gate.name, gate.place), {})
            for instance in leave:
                held.pop(instance, None)
            held.update((backend.instance, backend) for backend in enter)

    def serves(self, instance: str) -> bool:
        """Whether it is in every rotation that it is to be in."""
        with self._lock:
            names = {name for (name, _), held in self._held.items() if instance in held}
            return any(self._everywhere(name, instance) for name in names)

    def gates_for(self, service: ServiceName) -> tuple[tuple[Gate, str], ...]:
        """Every balancer that routes to the service, and the name of the port that it asks."""
        with self._lock:
            found = [
                (gate, route.port)
                for gate in self._gates.values()
                if (route := routes_of(gate.name, gate.fields).get(service)) is not None
            ]
        return tuple(sorted(found, key=lambda item: (item[0].name, item[0].place)))

    def gates_holding(self, instances: Iterable[str]) -> tuple[Gate, ...]:
        """Every balancer that holds one of the instances."""
        wanted = set(instances)
        with self._lock:
            return tuple(self._gates[at] for at, held in sorted(self._held.items()) if wanted & held.keys())

    def holds(self, gate: Gate, backend: Backend) -> bool:
        """Whether exactly this one is in the balancer's rotation."""
        with self._lock:
            return self._held.get((gate.name, gate.place), {}).get(backend.instance) == backend

    def held_at(self, name: str, place: str) -> tuple[Backend, ...]:
        """What a balancer holds."""
        with self._lock:
            return tuple(self._held.get((name, place), {}).values())

    def _everywhere(self, name: str, instance: str) -> bool:
        return all(instance in held for (other, _), held in self._held.items() if other == name)


def backends_of(seen: Iterable[ObservedObject], ports: Mapping[ServiceName, str]) -> Iterator[Backend]:
    """Instances as backends, at the port that is asked of their service; those without that port are left out."""
    for item in seen:
        port = ports.get(item.service) if item.service is not None else None
        endpoint = next((one for one in item.endpoints if one.port == port), None)
        if item.service is not None and endpoint is not None:
            yield Backend(
                service=item.service,
                instance=item.id.name,
                place=item.place,
                address=endpoint.host,
                port=endpoint.number,
            )
