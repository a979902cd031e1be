"""What every piece of work on an engine needs to know, handed around as one thing."""

from dataclasses import dataclass

from eeveon.core.names import ObjectId
from eeveon.core.secret import Secrets
from eeveon.drivers.docker.images import Images
from eeveon.drivers.docker.names import engine_name
from eeveon.drivers.docker.parse import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One scope on one engine."""

    place: Place
    secrets: Secrets
    images: Images

    def engine_name(self, object_id: ObjectId) -> str:
        """What the engine calls one of our objects."""
        return engine_name(self.place.scope, object_id.kind, object_id.name)
