"""The kinds of documents by name: those that are read now, and those that later versions bring."""

from typing import Final

API_VERSION: Final = "eeveon/v2"

PROJECT: Final = "Project"
TARGET: Final = "Target"
SERVICE: Final = "Service"
SAFETY_POLICY: Final = "SafetyPolicy"
LOAD_BALANCER: Final = "LoadBalancer"
NODE_GROUP: Final = "NodeGroup"
SCALING_POLICY: Final = "ScalingPolicy"
ACCESS_POLICY: Final = "AccessPolicy"
KINDS: Final = (
    PROJECT, TARGET, SERVICE, SAFETY_POLICY, LOAD_BALANCER, NODE_GROUP, SCALING_POLICY, ACCESS_POLICY,
)  # fmt: skip

LATER_KINDS: Final = (
    "AnomalyGate",
    "MetricSource",
    "ModelProfile",
    "NotificationChannel",
    "Playbook",
)
CONTROLLER: Final = "Controller"  # the operator's own file, never part of a repository of specs
