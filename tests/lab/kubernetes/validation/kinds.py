"""What each kind may not say."""

import re
from collections.abc import Iterator
from typing import Any

from tests.lab.kubernetes import selectors
from tests.lab.kubernetes.statuses import Cause
from tests.lab.kubernetes.types import Object
from tests.lab.kubernetes.validation import podspecs
from tests.lab.kubernetes.validation.causes import forbidden, invalid, required, unsupported
from tests.lab.kubernetes.validation.metadata import labels

_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_KEY_WHY = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or "
    "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
_NEEDED = {"kubernetes.io/basic-auth": ("username", "password"), "kubernetes.io/tls": ("tls.crt", "tls.key")}


def deployment(made: Object) -> Iterator[Cause]:
    """Replicas, selector, template, strategy."""
    spec = made["spec"]
    yield from _not_negative("spec.replicas", spec["replicas"])
    yield from _selected(spec)
    yield from podspecs.check("spec.template.spec", spec["template"]["spec"])
    strategy = spec["strategy"]
    if strategy["type"] == "Recreate" and "rollingUpdate" in strategy:
        why = "may not be specified when strategy `type` is 'Recreate'"
        yield forbidden("spec.strategy.rollingUpdate", why)
    elif strategy["type"] not in {"Recreate", "RollingUpdate"}:
        yield unsupported("spec.strategy.type", strategy["type"], "Recreate", "RollingUpdate")
    elif strategy["type"] == "RollingUpdate" and not any(
        _much(part) for part in strategy["rollingUpdate"].values()
    ):
        why = "may not be 0 when `maxSurge` is 0"
        yield invalid(
            "spec.strategy.rollingUpdate.maxUnavailable", strategy["rollingUpdate"]["maxUnavailable"], why
        )


def _much(part: Any) -> bool:
    return str(part) not in {"0", "0%"}


def stateful_set(made: Object) -> Iterator[Cause]:
    """Replicas, selector, template. Its pods may mount what its claim templates will give them."""
    spec = made["spec"]
    pods = spec["template"]["spec"]
    claimed = [{"name": claim["metadata"]["name"]} for claim in spec.get("volumeClaimTemplates") or ()]
    yield from _not_negative("spec.replicas", spec["replicas"])
    yield from _selected(spec)
    yield from podspecs.check(
        "spec.template.spec", {**pods, "volumes": [*(pods.get("volumes") or ()), *claimed]}
    )


def templated(made: Object) -> Iterator[Cause]:
    """Selector and template."""
    yield from _selected(made["spec"])
    yield from podspecs.check("spec.template.spec", made["spec"]["template"]["spec"])


def pod(made: Object) -> Iterator[Cause]:
    """A Pod."""
    yield from podspecs.check("spec", made["spec"])


def _not_negative(field: str, value: int) -> Iterator[Cause]:
    if value < 0:
        yield invalid(field, value, "must be greater than or equal to 0")


def _selected(spec: Object) -> Iterator[Cause]:
    given = spec["template"]["metadata"].get("labels")
    selector = spec.get("selector")
    if selector is None:
        yield required("spec.selector")
    elif not selector:
        yield invalid("spec.selector", {}, "empty selector is invalid for deployment")
    yield from labels("spec.template.labels", given)
    if not selectors.matches(selector, given):
        yield invalid(
            "spec.template.metadata.labels", given or {}, "`selector` does not match template `labels`"
        )


def service(made: Object) -> Iterator[Cause]:
    """Ports."""
    spec = made["spec"]
    ports = spec.get("ports") or []
    if not ports and spec["type"] != "ExternalName" and spec.get("clusterIP") != "None":
        yield required("spec.ports")
    for at, port in enumerate(ports):
        where = f"spec.ports[{at}]"
        if len(ports) > 1 and not port.get("name"):
            yield required(f"{where}.name")
        for field in ("port", "targetPort"):
            value = port.get(field)
            if isinstance(value, int) and not 0 < value <= podspecs.LAST_PORT:
                yield invalid(f"{where}.{field}", value, podspecs.PORT_WHY)


def config_map(made: Object) -> Iterator[Cause]:
    """Keys."""
    for key in made.get("data") or ():
        if not _KEY.fullmatch(key):
            yield invalid(f"data[{key}]", key, _KEY_WHY)


def secret(made: Object) -> Iterator[Cause]:
    """Keys, and those that its type needs."""
    yield from config_map(made)
    for key in _NEEDED.get(made.get("type", ""), ()):
        if key not in (made.get("data") or {}):
            yield required(f"data[{key}]")


def autoscaler(made: Object) -> Iterator[Cause]:
    """Bounds and target."""
    spec = made["spec"]
    if spec["maxReplicas"] < 1:
        yield invalid("spec.maxReplicas", spec["maxReplicas"], "must be greater than 0")
    if spec["maxReplicas"] < spec["minReplicas"]:
        yield invalid(
            "spec.maxReplicas", spec["maxReplicas"], "must be greater than or equal to `minReplicas`"
        )
    target = spec["scaleTargetRef"]
    if not target.get("apiVersion"):
        yield invalid("spec.scaleTargetRef.apiVersion", "", "apiVersion must specify API group")


def budget(made: Object) -> Iterator[Cause]:
    """One bound."""
    spec = made["spec"]
    if "minAvailable" in spec and "maxUnavailable" in spec:
        shown = {
            "MinAvailable": spec["minAvailable"],
            "Selector": None,
            "MaxUnavailable": spec["maxUnavailable"],
        }
        shown |= {"Selector": spec.get("selector"), "UnhealthyPodEvictionPolicy": None}
        yield invalid("spec", shown, "minAvailable and maxUnavailable cannot be both set")


def ingress(made: Object) -> Iterator[Cause]:
    """Something to route to."""
    spec = made["spec"]
    if not spec.get("rules") and "defaultBackend" not in spec:
        yield invalid("spec", {}, "either `defaultBackend` or `rules` must be specified")
    for at, rule in enumerate(spec.get("rules") or ()):
        for place, path in enumerate((rule.get("http") or {}).get("paths") or ()):
            if not path.get("pathType"):
                yield required(f"spec.rules[{at}].http.paths[{place}].pathType", "pathType must be specified")
