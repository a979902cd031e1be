"""Deployments and StatefulSets, and what their pods' template names."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, assert_never

from eeveon.core.desired import BlueGreen, Recreate, Rolling, Workload
from eeveon.core.health import Health
from eeveon.core.names import Revision
from eeveon.core.values import Fields, digest, plain
from eeveon.drivers.kubernetes.render import amounts
from eeveon.drivers.kubernetes.render.building import Kind, manifest
from eeveon.drivers.kubernetes.render.config import config_of, secret_of
from eeveon.drivers.kubernetes.render.hardening import hardened
from eeveon.drivers.kubernetes.render.identity import REVISION, Place, identity_of, selector_of
from eeveon.drivers.kubernetes.render.manifests import Instance, Manifest
from eeveon.drivers.kubernetes.render.pods import template_of
from eeveon.drivers.kubernetes.render.scaling import scaler_of
from eeveon.drivers.kubernetes.render.traffic import governing_name
from eeveon.drivers.kubernetes.render.volumes import claim_templates

_DEPLOYMENT: Final = Kind(api_version="apps/v1", kind="Deployment", hatch="deployment")
_STATEFUL_SET: Final = Kind(api_version="apps/v1", kind="StatefulSet", hatch="statefulSet")
_SETTLED: Final = 5  # seconds that a pod without a check must run: most that crash do it by then
_PROGRESS: Final = 600  # seconds without any: the API's own default, time to pull an image of some GB


def instance_of(place: Place, workload: Workload) -> Instance | None:
    """The Deployment or StatefulSet of a service with all that it consists of; None for one without an image."""
    if workload.image is None:
        return None
    config, secret = config_of(place, workload), secret_of(place, workload)
    kind = _STATEFUL_SET if workload.stateful else _DEPLOYMENT
    plainly = manifest(place, workload, kind, (workload.service, {"spec": _spec(place, workload)}))
    spec: Mapping[str, Any] = plainly.body["spec"]  # type: ignore[assignment]  # as it was just written
    template = {**spec["template"], "spec": hardened(workload, spec["template"]["spec"])}
    revision = Revision(digest([template, config.body["data"] if config else None, _refs(secret)]))
    beside = isinstance(workload.strategy, BlueGreen)
    selector = selector_of(place.scope, workload.service, revision if beside else None)
    labels = {**identity_of(place.scope, workload.service), **selector}
    spec = {**spec, "selector": {"matchLabels": selector}, "template": _labelled(template, labels)}
    named = _named(plainly, f"{workload.service}-{revision}" if beside else workload.service, revision)
    made = replace(named, body={**named.body, "spec": spec})
    return Instance(
        manifest=made,
        config=config,
        secret=secret,
        scaler=scaler_of(place, workload, made),
        revision=revision,
        selector=selector,
        replicas=workload.scaling.least if workload.scaling else workload.replicas,
        beside=beside,
        routed=bool(workload.ports),
    )


def _refs(secret: Manifest | None) -> object:
    return plain(secret.secrets) if secret else None


def _named(made: Manifest, name: str, revision: Revision) -> Manifest:
    metadata: Mapping[str, Any] = made.body["metadata"]  # type: ignore[assignment]  # as it was just written
    labels = {**metadata["labels"], REVISION: str(revision)}
    return replace(
        made, name=name, body={**made.body, "metadata": {**metadata, "name": name, "labels": labels}}
    )


def _labelled(template: Mapping[str, Any], labels: Mapping[str, str]) -> Fields:
    metadata = template.get("metadata", {})
    return {**template, "metadata": {**metadata, "labels": {**metadata.get("labels", {}), **labels}}}


def _spec(place: Place, workload: Workload) -> Fields:
    found: dict[str, Any] = {} if workload.scaling else {"replicas": workload.replicas}
    if workload.health.check is None:
        found["minReadySeconds"] = _SETTLED
    if workload.keep:
        found["revisionHistoryLimit"] = workload.keep
    found["template"] = template_of(place, workload)
    if workload.stateful:
        found["serviceName"] = governing_name(workload)
        if templates := claim_templates(place, workload):
            found["volumeClaimTemplates"] = templates
        return found
    if (patience := _patience(workload.health)) != _PROGRESS:
        found["progressDeadlineSeconds"] = patience
    return {**found, **_strategy(workload)}


def _patience(health: Health) -> int:
    """Seconds after which a rollout without progress is given up: an image is pulled, and then a pod becomes ready."""
    return max(_PROGRESS, amounts.seconds(health.worst_case) + _PROGRESS // 2)


def _strategy(workload: Workload) -> Fields:
    match workload.strategy:
        case Recreate():
            return {"strategy": {"type": "Recreate"}}
        case Rolling(max_unavailable=fewer, surge=more):
            amounts_of = {"maxSurge": more, "maxUnavailable": fewer}
            return {"strategy": {"type": "RollingUpdate", "rollingUpdate": amounts_of}}
        case BlueGreen():  # each Deployment stands for one revision, so it never rolls
            return {}
        case _:
            assert_never(workload.strategy)
