"""Kind AccessPolicy: who may do what by the controller's API."""

from typing import Literal

from eeveon.specs.kinds.common import (
    VERSION_NOTE,
    ApiVersion,
    Filledlist,
    LoginName,
    Metadata,
    Name,
    Spec,
    may,
    must,
)

Right = Literal["read", "plan", "apply", "approve", "rollback", "pause"]


class Role(Spec):
    """What those may do who have it."""

    verbs: Filledlist[Right] = must("What they may do.", ["read", "plan"])
    environments: Filledlist[Name] = may("Environments of the Project. Without it, all.")


class Binding(Spec):
    """Who has a role."""

    role: Name = must("The role.", "deployer")
    user: LoginName = must("The user, as `eeveon tokens create --user` names it.", "alice")


class StepUp(Spec):
    """What takes more than one right. Comes with a later version."""

    classes: Filledlist[Name] = may("Classes of change.")
    requires: Literal["otherPerson", "code"] = may("What it takes.", default="otherPerson")


class AccessPolicySpec(Spec):
    """Roles, and who has them."""

    roles: dict[Name, Role] = must("Roles by name.", {"viewer": {"verbs": ["read", "plan"]}})
    bindings: list[Binding] = may("Who has which role. Who has none may do nothing.")
    step_up: StepUp = may("What takes another person. Comes with a later version.")


class AccessPolicy(Spec):
    """Who may do what in the environments that have it. Without any, what a token was made for decides."""

    api_version: ApiVersion = may(VERSION_NOTE)
    kind: Literal["AccessPolicy"] = must("The kind of the document.", "AccessPolicy")
    metadata: Metadata = must("Its name, and what is said about it.", {"name": "team"})
    spec: AccessPolicySpec = must("What it says.", {"roles": {"viewer": {"verbs": ["read", "plan"]}}})
