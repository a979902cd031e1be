"""Lists that are maps in truth: the entries of a cluster's object that are told apart by a name or a path of theirs.

The names are those of the API's own `x-kubernetes-list-map-keys`, but that a port with a name goes by it.
"""

from collections.abc import Mapping, Sequence
from typing import Final

_NAME: Final = "name"
_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "containers": (_NAME,),
    "env": (_NAME,),
    "ephemeralContainers": (_NAME,),
    "hostAliases": ("ip",),
    "imagePullSecrets": (_NAME,),
    "initContainers": (_NAME,),
    "ports": (_NAME,),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "volumeDevices": ("devicePath",),
    "volumeMounts": ("mountPath",),
    "volumes": (_NAME,),
}
_NUMBERS: Final = ("containerPort", "port")  # of a container, of a Service


def by_key(field: str, items: Sequence[object]) -> Mapping[str, Mapping[str, object]] | None:
    """The entries of a list by what tells them apart. None for a list that only has an order, or has an entry twice."""
    wanted = _KEYS.get(field)
    if wanted is None:
        return None
    found: dict[str, Mapping[str, object]] = {}
    for item in items:
        if not isinstance(item, Mapping):
            return None
        key = _key(item, wanted) or (_number(item) if field == "ports" else "")
        if not key or key in found:
            return None
        found[key] = item
    return found


def _key(item: Mapping[str, object], wanted: tuple[str, ...]) -> str:
    return "/".join(str(item[name]) for name in wanted) if all(item.get(name) for name in wanted) else ""


def _number(item: Mapping[str, object]) -> str:
    number = next((item[name] for name in _NUMBERS if name in item), "")
    return f"{number}/{item.get('protocol', 'TCP')}" if number else ""
