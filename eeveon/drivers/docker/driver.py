"""Runs services as containers of one Docker engine, near or far.

Observing is one list call each for containers, networks and volumes, and one inspection a container: the list shows
neither resources nor restart policy, and `docker update` can change both behind our back. The inspections are sent
ahead of their answers over two connections, and only a tenth of each is read. At 200 containers on a machine of two
cores all of it takes 3.3 times as long as the one list call (2.6 times at best, 35 ms beside 13): the engine spends
40 ms of CPU on it beside 17, of which 25 are the inspections themselves. So what is left is the engine's. Answers are
not kept from one time to the next: docs/adr/0011 says what would be missed.
"""

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from eeveon.core.desired import Target, Workload
from eeveon.core.health import Check, Probe
from eeveon.core.names import ObjectId
from eeveon.core.observed import Condition, Observation, ObservedObject, Seen, Unreachable
from eeveon.core.plan import Effect
from eeveon.core.wanted import INSTANCE, NETWORK, VOLUME, Preview
from eeveon.drivers.base import Capabilities, Context, Driver, LogLine
from eeveon.drivers.docker import instances, logs, parse, probes, supports
from eeveon.drivers.docker.address import address_of
from eeveon.drivers.docker.client import Engine, Errand
from eeveon.drivers.docker.fence import Fence
from eeveon.drivers.docker.images import Images
from eeveon.drivers.docker.names import label_filter, scope_labels
from eeveon.drivers.docker.parse import Place
from eeveon.drivers.docker.preview import preview_of
from eeveon.drivers.docker.site import Site
from eeveon.errors import TargetError

_OBSERVING = timedelta(seconds=30)


def connect(target: Target, context: Context) -> Driver:
    """A driver for the engine that the target's settings or DOCKER_HOST name. Sends nothing yet."""
    engine = Engine(address_of(target.settings, os.environ))
    place = Place(
        target=target.name,
        scope=context.scope,
        address=engine.address.published,
        is_local=engine.address.is_local,
    )
    return DockerDriver(
        engine,
        Site(place=place, secrets=context.secrets, images=Images(context.report)),
        Fence(context.scope),
    )


class DockerDriver:
    """One scope on one engine."""

    kind = "docker"
    capabilities = Capabilities(mutable=frozenset({"resources", "restart"}), runs=frozenset({"image"}))

    def __init__(self, engine: Engine, site: Site, fence: Fence) -> None:
        self._engine = engine
        self._site = site
        self._fence = fence

    def observe(self) -> Observation:
        """See `Driver.observe`."""
        errand = self._engine.errand(_OBSERVING)
        try:
            objects = (*self._networks(errand), *self._volumes(errand), *self._instances(errand))
        except TargetError as error:
            return Unreachable(target=self._site.place.target, reason=error.message, hint=error.hint)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            # Whatever answers, answers in shapes that no engine uses: that is not a shorter list, it is no list.
            reason = f"the engine at {self._engine.address.url} answers in an unknown form: {error!r}"
            return Unreachable(target=self._site.place.target, reason=reason)
        return Seen(target=self._site.place.target, objects=objects)

    def preview(self, workloads: tuple[Workload, ...]) -> Preview:
        """See `Driver.preview`."""
        return preview_of(self._site.place.scope, self._site.place.target, workloads)

    def perform(self, effect: Effect, fence: int, timeout: timedelta) -> ObservedObject | None:
        """See `Driver.perform`."""
        errand = self._engine.errand(timeout)
        self._fence.show(errand, fence)
        if effect.object.kind == INSTANCE:
            job = instances.Job(site=self._site, errand=errand, object=effect.object, fence=fence)
            after = instances.perform(job, effect)
        else:
            after = supports.perform(self._site, errand, effect, fence)
        if effect.condition is Condition.ABSENT:
            self._fence.forget(errand)
        return after

    def probe(self, object_id: ObjectId, check: Check, timeout: timedelta) -> Probe:
        """See `Driver.probe`."""
        return probes.probe(self._site, self._engine, object_id, check=check, timeout=timeout)

    def logs(self, object_id: ObjectId, *, tail: int, follow: bool) -> Iterator[LogLine]:
        """See `Driver.logs`."""
        read = logs.follow if follow else logs.tail_of
        return read(self._site, self._engine, object_id, tail)

    def close(self) -> None:
        """See `Driver.close`."""
        self._engine.close()

    def _instances(self, errand: Errand) -> Iterator[ObservedObject]:
        entries = errand.read("/containers/json", {"all": 1, **self._ours()})
        paths = [f"/containers/{entry['Id']}/json" for entry in entries]
        for entry, path, answer in zip(entries, paths, errand.many(paths), strict=True):
            if answer.status != 404:  # else it went in between
                inspection = parse.excerpt(errand.checked_body(answer, path))
                yield parse.instance(self._site.place, parse.listed(entry, inspection))

    def _networks(self, errand: Errand) -> Iterator[ObservedObject]:
        for entry in errand.read("/networks", self._ours()):
            yield parse.support(self._site.place, NETWORK, entry)

    def _volumes(self, errand: Errand) -> Iterator[ObservedObject]:
        entries: Any = errand.read("/volumes", self._ours())["Volumes"]
        for entry in entries or ():
            yield parse.support(self._site.place, VOLUME, entry)

    def _ours(self) -> dict[str, str]:
        return {"filters": label_filter(scope_labels(self._site.place.scope))}
