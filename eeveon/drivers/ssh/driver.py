"""Runs services as systemd units, and brings code as releases, on the hosts of one target.

Reading a host is one script, whatever it holds, and all hosts are read side by side; so is bringing one object to one
condition. A host that does not answer is a blind place of the target, not an empty one.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from eeveon.core.desired import Target, Workload
from eeveon.core.health import Check, Probe
from eeveon.core.names import ObjectId
from eeveon.core.observed import Observation, ObservedObject
from eeveon.core.plan import Effect
from eeveon.core.wanted import Preview
from eeveon.drivers.base import Capabilities, Context, Driver, LogLine
from eeveon.drivers.ssh.client import Line
from eeveon.drivers.ssh.hosts import Site, site_of
from eeveon.errors import ActionRefused


def connect(target: Target, context: Context) -> Driver:
    """A driver for the hosts of the target. Sends nothing yet."""
    return SshDriver(target, site_of(target), context)


class SshDriver:
    """One scope on all hosts of one target."""

    kind = "ssh"
    capabilities = Capabilities(runs=frozenset({"command", "image", "source"}), host_ports=True)

    def __init__(self, target: Target, site: Site, context: Context) -> None:
        self._target = target
        self._site = site
        self._context = context
        self._lines = {
            host.name: Line(
                host, site.access, sudo=site.manager == "system" and host.user not in {"", "root"}
            )
            for host in site.hosts
        }
        self._pool = ThreadPoolExecutor(max_workers=max(1, site.concurrency), thread_name_prefix="host")

    def observe(self) -> Observation:
        """See `Driver.observe`."""
        raise NotImplementedError

    def preview(self, workloads: tuple[Workload, ...]) -> Preview:
        """See `Driver.preview`."""
        raise NotImplementedError

    def perform(self, effect: Effect, fence: int, timeout: timedelta) -> ObservedObject | None:
        """See `Driver.perform`."""
        raise ActionRefused(f"{effect} cannot be done yet")

    def probe(self, object_id: ObjectId, check: Check, timeout: timedelta) -> Probe:
        """See `Driver.probe`."""
        raise NotImplementedError

    def logs(self, object_id: ObjectId, *, tail: int, follow: bool) -> Iterator[LogLine]:
        """See `Driver.logs`."""
        raise NotImplementedError

    def close(self) -> None:
        """See `Driver.close`."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        for line in self._lines.values():
            line.close()
