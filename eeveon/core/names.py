"""Names with an identity of their own, so that a service's name is never taken for a target's."""

from dataclasses import dataclass
from typing import NewType

ProjectName = NewType("ProjectName", str)
EnvironmentName = NewType("EnvironmentName", str)
ServiceName = NewType("ServiceName", str)
TargetName = NewType("TargetName", str)
Revision = NewType("Revision", str)  # digest of what a target holds of a service: 12 hex digits
CommitId = NewType("CommitId", str)  # Git's full object id, or "" outside of Git


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Scope:
    """The world that one plan speaks of: an environment of a project."""

    project: ProjectName
    environment: EnvironmentName

    def __str__(self) -> str:
        return f"{self.project}/{self.environment}"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ObjectId:
    """One object of one target. `name` is unique per target, kind and scope."""

    target: TargetName
    kind: str  # instance, network, volume; a driver may have more
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name} on {self.target}"
