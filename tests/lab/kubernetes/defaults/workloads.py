"""Defaults of what runs Pods."""

from tests.lab.kubernetes.defaults import others
from tests.lab.kubernetes.defaults.pods import pod_spec, requested
from tests.lab.kubernetes.types import Object


def deployment(made: Object) -> None:
    """Fill in, in place."""
    spec = made["spec"]
    spec.setdefault("replicas", 1)
    strategy = spec.setdefault("strategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    pod_spec(spec["template"]["spec"])


def replica_set(made: Object) -> None:
    """Fill in, in place."""
    made["spec"].setdefault("replicas", 1)
    made["status"].setdefault("replicas", 0)
    pod_spec(made["spec"].setdefault("template", {}).setdefault("spec", {}))


def stateful_set(made: Object) -> None:
    """Fill in, in place."""
    spec = made["spec"]
    spec.setdefault("replicas", 1)
    spec.setdefault("podManagementPolicy", "OrderedReady")
    strategy = spec.setdefault("updateStrategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        strategy.setdefault("rollingUpdate", {}).setdefault("partition", 0)
    spec.setdefault("revisionHistoryLimit", 10)
    policy = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
    policy.setdefault("whenDeleted", "Retain")
    policy.setdefault("whenScaled", "Retain")
    pod_spec(spec["template"]["spec"])
    for claim in spec.get("volumeClaimTemplates") or ():
        claim.setdefault("kind", "PersistentVolumeClaim")
        claim.setdefault("apiVersion", "v1")
        others.claim(claim)
    made["status"].setdefault("replicas", 0)


def daemon_set(made: Object) -> None:
    """Fill in, in place."""
    spec = made["spec"]
    strategy = spec.setdefault("updateStrategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", 1)
        rolling.setdefault("maxSurge", 0)
    spec.setdefault("revisionHistoryLimit", 10)
    pod_spec(spec["template"]["spec"])


def pod(made: Object) -> None:
    """Fill in, in place."""
    spec = made["spec"]
    spec.setdefault("enableServiceLinks", True)
    pod_spec(spec)
    requested(spec)


def job(made: Object) -> None:
    """Fill in, in place."""
    _job_spec(made["spec"])


def _job_spec(spec: Object) -> None:
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    spec.setdefault("backoffLimit", 6)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    spec.setdefault("podReplacementPolicy", "TerminatingOrFailed")
    pod_spec(spec["template"]["spec"])


def cron_job(made: Object) -> None:
    """Fill in, in place."""
    spec = made["spec"]
    spec.setdefault("concurrencyPolicy", "Allow")
    spec.setdefault("suspend", False)
    spec.setdefault("successfulJobsHistoryLimit", 3)
    spec.setdefault("failedJobsHistoryLimit", 1)
    pod_spec(spec["jobTemplate"]["spec"]["template"]["spec"])
