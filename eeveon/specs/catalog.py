"""The kinds of documents by name: those that are read now, and those that later versions bring."""

from typing import Final

API_VERSION: Final = "eeveon/v2"

PROJECT: Final = "Project"
TARGET: Final = "Target"
SERVICE: Final = "Service"
SAFETY_POLICY: Final = "SafetyPolicy"
KINDS: Final = (PROJECT, TARGET, SERVICE, SAFETY_POLICY)

LATER_KINDS: Final = (
    "AccessPolicy",
    "AnomalyGate",
    "LoadBalancer",
    "MetricSource",
    "ModelProfile",
    "NodeGroup",
    "NotificationChannel",
    "Playbook",
    "ScalingPolicy",
)
CONTROLLER: Final = "Controller"  # the operator's own file, never part of a repository of specs
