"""Which host holds which instance. Pure: the same hosts and services give the same places.

Each ordinal of a service goes to a host that holds fewest of that service; among those, to the one with the highest
hash of (service, ordinal, host). So replicas are spread evenly, small services do not all stand on the first host, and
a host that comes or goes moves few of them.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence

from eeveon.core.names import ServiceName
from eeveon.drivers.ssh.hosts import Host


def placed(service: ServiceName, replicas: int, hosts: Sequence[Host]) -> Iterator[tuple[int, Host]]:
    """(ordinal, host) for every replica. Nothing where there is no host."""
    if not hosts:
        return
    load: Counter[str] = Counter()
    for ordinal in range(1, replicas + 1):
        fewest = min(load[host.name] for host in hosts)
        free = [host for host in hosts if load[host.name] == fewest]
        chosen = max(free, key=lambda host: _score(service, ordinal, host.name))
        load[chosen.name] += 1
        yield ordinal, chosen


def _score(service: ServiceName, ordinal: int, host: str) -> bytes:
    return hashlib.sha256(f"{service}\0{ordinal}\0{host}".encode()).digest()
