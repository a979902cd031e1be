"""The variables of a service: a ConfigMap of the plain ones and a Secret of the others, both named by their content.

Both are immutable: an older pod that starts again reads what it read before, and a change of a variable is a change of
the pods' template, so it rolls out as any other.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, TypeVar

from eeveon.core.desired import Workload
from eeveon.core.values import digest, plain
from eeveon.drivers.kubernetes.render.building import Kind, manifest
from eeveon.drivers.kubernetes.render.identity import Place
from eeveon.drivers.kubernetes.render.manifests import Manifest

Value = TypeVar("Value")

_CONFIG: Final = Kind(api_version="v1", kind="ConfigMap")
_SECRET: Final = Kind(api_version="v1", kind="Secret")


def config_of(place: Place, workload: Workload) -> Manifest | None:
    """The ConfigMap with the plain variables; None without any."""
    if not workload.env:
        return None
    data = _sorted(workload.env)
    return manifest(
        place, workload, _CONFIG, (f"{workload.service}-{digest(data)}", {"immutable": True, "data": data})
    )


def secret_of(place: Place, workload: Workload) -> Manifest | None:
    """The Secret of the variables whose values are secret; None without any. It is named by where they come from."""
    if not workload.secrets:
        return None
    refs = _sorted(workload.secrets)
    made = manifest(
        place,
        workload,
        _SECRET,
        (f"{workload.service}-{digest(plain(refs))}", {"type": "Opaque", "immutable": True}),
    )
    return replace(made, secrets=refs)


def _sorted(written: Mapping[str, Value]) -> dict[str, Value]:
    return {name: written[name] for name in sorted(written)}
