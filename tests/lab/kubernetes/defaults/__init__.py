"""What the server fills in where an object says nothing, kind by kind."""

from collections.abc import Callable, Mapping

from tests.lab.kubernetes.defaults import networking, others, workloads
from tests.lab.kubernetes.types import Object

_OF: Mapping[str, Callable[[Object], None]] = {
    "Deployment": workloads.deployment,
    "ReplicaSet": workloads.replica_set,
    "StatefulSet": workloads.stateful_set,
    "DaemonSet": workloads.daemon_set,
    "Pod": workloads.pod,
    "Job": workloads.job,
    "CronJob": workloads.cron_job,
    "Service": networking.service,
    "Ingress": networking.ingress,
    "NetworkPolicy": networking.network_policy,
    "Namespace": others.namespace,
    "Secret": others.secret,
    "PersistentVolumeClaim": others.claim,
    "HorizontalPodAutoscaler": others.autoscaler,
    "RoleBinding": others.role_binding,
    "ClusterRoleBinding": others.role_binding,
    "LimitRange": others.limit_range,
    "CustomResourceDefinition": others.definition,
    "ValidatingAdmissionPolicy": others.admission_policy,
    "ValidatingAdmissionPolicyBinding": others.admission_binding,
}


def fill(kind: str, made: Object) -> None:
    """Fill in, in place."""
    if kind in _OF:
        _OF[kind](made)
