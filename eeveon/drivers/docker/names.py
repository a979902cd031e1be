"""How our objects are called on an engine, and the labels that make them ours.

An object is ours if its labels name our project and environment; its name on the engine is only for people. Labels
cannot be changed after creation, so what was applied can be read from them for as long as the object lives.
"""

from collections.abc import Mapping

from eeveon.core.names import ObjectId, Scope
from eeveon.core.values import canonical
from eeveon.core.wanted import NETWORK, WantedObject

PROJECT = "eeveon.project"
ENVIRONMENT = "eeveon.environment"
NAME = "eeveon.name"  # of the object, as plans call it
SERVICE = "eeveon.service"
ORDINAL = "eeveon.ordinal"
REVISION = "eeveon.revision"
PROTECTED = "eeveon.protected"
FIELDS = "eeveon.fields"  # canonical JSON of the fields as applied; secrets as references
FENCE = "eeveon.fence"  # of the writer that made it

# Keys of the fence marker. They differ from those above, so that a marker is never taken for an object of ours.
MARKER_SCOPE = "eeveon.marker.scope"
MARKER_FENCE = "eeveon.marker.fence"

DEFAULT_NETWORK = "default"


def engine_name(scope: Scope, kind: str, name: str) -> str:
    """The name on the engine. The environment's own network has the environment's name."""
    own = f"{scope.project}-{scope.environment}"
    return own if kind == NETWORK and name == DEFAULT_NETWORK else f"{own}-{name}"


def plain_network(scope: Scope, engine_network: str) -> str:
    """What specs call a network of the engine; the engine's own name if it is none of ours."""
    own = f"{scope.project}-{scope.environment}"
    if engine_network == own:
        return DEFAULT_NETWORK
    return engine_network.removeprefix(f"{own}-")


def scope_labels(scope: Scope) -> dict[str, str]:
    """The labels that every object of a scope carries."""
    return {PROJECT: scope.project, ENVIRONMENT: scope.environment}


def object_labels(scope: Scope, object_id: ObjectId) -> dict[str, str]:
    """The labels that one object of a scope carries, whatever it holds."""
    return {**scope_labels(scope), NAME: object_id.name}


def labels(scope: Scope, wanted: WantedObject, fence: int) -> dict[str, str]:
    """All labels of a new object."""
    found = {
        **object_labels(scope, wanted.id),
        REVISION: wanted.revision,
        FIELDS: canonical(wanted.fields),
        FENCE: str(fence),
    }
    if wanted.service is not None:
        found[SERVICE] = wanted.service
    if wanted.ordinal is not None:
        found[ORDINAL] = str(wanted.ordinal)
    if wanted.protected:
        found[PROTECTED] = "true"
    return found


def is_ours(scope: Scope, found: Mapping[str, str] | None) -> bool:
    """Whether labels of an engine's object are of this scope."""
    return found is not None and all(found.get(key) == value for key, value in scope_labels(scope).items())


def label_filter(wanted: Mapping[str, str]) -> str:
    """The engine's `filters` parameter for objects that carry all of these labels."""
    return canonical({"label": [f"{key}={value}" for key, value in wanted.items()]})
