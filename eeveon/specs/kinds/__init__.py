"""One pydantic module per kind. Importing this imports pydantic, so what is cached never comes here."""

from collections.abc import Mapping
from typing import Final

from eeveon.specs.kinds.access_policy import AccessPolicy
from eeveon.specs.kinds.common import Spec
from eeveon.specs.kinds.controller import Controller
from eeveon.specs.kinds.load_balancer import LoadBalancer
from eeveon.specs.kinds.node_group import NodeGroup
from eeveon.specs.kinds.project import Project
from eeveon.specs.kinds.safety_policy import SafetyPolicy
from eeveon.specs.kinds.scaling_policy import ScalingPolicy
from eeveon.specs.kinds.service import Service
from eeveon.specs.kinds.target import Target

MODELS: Final[Mapping[str, type[Spec]]] = {
    "Project": Project,
    "Target": Target,
    "Service": Service,
    "SafetyPolicy": SafetyPolicy,
    "LoadBalancer": LoadBalancer,
    "NodeGroup": NodeGroup,
    "ScalingPolicy": ScalingPolicy,
    "AccessPolicy": AccessPolicy,
    "Controller": Controller,
}
