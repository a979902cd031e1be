"""Kinds of objects as a cluster serves them: under which path, and whether in a namespace."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Resource:
    """One kind in one version."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool = True

    @property
    def group(self) -> str:
        """The API group: "" for v1."""
        group, slash, _ = self.api_version.rpartition("/")
        return group if slash else ""

    def __str__(self) -> str:
        """As rights name it: "deployments.apps"."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def path(self, namespace: str = "", name: str = "") -> str:
        """Where its objects are; with a name, where the one is."""
        root = f"/apis/{self.api_version}" if self.group else f"/api/{self.api_version}"
        within = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{root}{within}/{self.plural}{f'/{name}' if name else ''}"


def _built_in(api_version: str, namespaced: bool, **kinds: str) -> dict[tuple[str, str], Resource]:
    return {
        (api_version, kind): Resource(
            api_version=api_version, kind=kind, plural=plural, namespaced=namespaced
        )
        for plural, kind in kinds.items()
    }


BUILT_IN: Final = {
    **_built_in(
        "v1",
        True,
        configmaps="ConfigMap",
        limitranges="LimitRange",
        persistentvolumeclaims="PersistentVolumeClaim",
        pods="Pod",
        resourcequotas="ResourceQuota",
        secrets="Secret",
        serviceaccounts="ServiceAccount",
        services="Service",
    ),
    **_built_in("v1", False, namespaces="Namespace", persistentvolumes="PersistentVolume"),
    **_built_in(
        "apps/v1", True, daemonsets="DaemonSet", deployments="Deployment", replicasets="ReplicaSet",
        statefulsets="StatefulSet",
    ),
    **_built_in("batch/v1", True, cronjobs="CronJob", jobs="Job"),
    **_built_in("autoscaling/v2", True, horizontalpodautoscalers="HorizontalPodAutoscaler"),
    **_built_in("networking.k8s.io/v1", True, ingresses="Ingress", networkpolicies="NetworkPolicy"),
    **_built_in("policy/v1", True, poddisruptionbudgets="PodDisruptionBudget"),
    **_built_in("rbac.authorization.k8s.io/v1", True, roles="Role", rolebindings="RoleBinding"),
    **_built_in(
        "rbac.authorization.k8s.io/v1", False, clusterroles="ClusterRole", clusterrolebindings="ClusterRoleBinding"
    ),
    **_built_in("apiextensions.k8s.io/v1", False, customresourcedefinitions="CustomResourceDefinition"),
}  # fmt: skip

DEPLOYMENTS: Final = BUILT_IN["apps/v1", "Deployment"]
STATEFUL_SETS: Final = BUILT_IN["apps/v1", "StatefulSet"]
REPLICA_SETS: Final = BUILT_IN["apps/v1", "ReplicaSet"]
PODS: Final = BUILT_IN["v1", "Pod"]
EVENTS: Final = Resource(api_version="v1", kind="Event", plural="events")
SERVICES: Final = BUILT_IN["v1", "Service"]
CONFIG_MAPS: Final = BUILT_IN["v1", "ConfigMap"]
SECRETS: Final = BUILT_IN["v1", "Secret"]
CLAIMS: Final = BUILT_IN["v1", "PersistentVolumeClaim"]
SCALERS: Final = BUILT_IN["autoscaling/v2", "HorizontalPodAutoscaler"]
OF_SERVICES: Final = (  # what services are made of, so it is looked for in any case
    DEPLOYMENTS,
    STATEFUL_SETS,
    SERVICES,
    CONFIG_MAPS,
    SECRETS,
    CLAIMS,
    SCALERS,
    BUILT_IN["networking.k8s.io/v1", "Ingress"],
    BUILT_IN["policy/v1", "PodDisruptionBudget"],
)
