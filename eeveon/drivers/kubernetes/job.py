"""What is asked of the driver once: one effect on one object."""

from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic

from eeveon.core.names import ObjectId
from eeveon.core.plan import Effect
from eeveon.drivers.kubernetes.client import Object, Where
from eeveon.drivers.kubernetes.made import Made
from eeveon.drivers.kubernetes.resources import Resource
from eeveon.drivers.kubernetes.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One effect on one object."""

    site: Site
    where: Where
    effect: Effect
    fence: int
    end: float  # by the monotonic clock
    made: Made | None = None  # what `wanted` stands for
    takes: bool = False
    instead: Where | None = None  # the Deployment of a service that became stateful, or the other way round
    written: dict[Where, Object] = field(default_factory=dict)  # beside the object, by this effect

    @property
    def object(self) -> ObjectId:
        """The object."""
        return self.effect.object

    @property
    def left(self) -> timedelta:
        """What is left of the time."""
        return timedelta(seconds=max(self.end - monotonic(), 0.1))

    def beside(self, resource: Resource, name: str) -> Where:
        """An object in the same namespace."""
        return Where(resource=resource, namespace=self.where.namespace, name=name)
