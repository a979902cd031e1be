"""Who writes where."""

from dataclasses import dataclass, field

from tests.lab.kubernetes.ownership import Manager, Writer
from tests.lab.kubernetes.resources import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """Where something is written, by whom, and whether it is only tried."""

    resource: Resource
    namespace: str
    name: str
    manager: str
    dry_run: bool = False
    subresource: str = ""
    validation: str = ""  # Strict, Warn, Ignore
    force: bool = False
    patched: bool = False  # by a patch that is not an apply
    warnings: list[str] = field(default_factory=list)

    def writer(self, operation: str, now: str) -> Writer:
        """Who it is for managedFields."""
        version = self.resource.api_version
        who = Manager(self.manager, operation, "" if operation == "Apply" else version, self.subresource)
        return Writer(manager=who, version=version, now=now, ignored=self._ignored())

    def _ignored(self) -> frozenset[str]:
        if self.subresource == "status":
            rest = {f"f:{name}" for name in self.resource.type.fields} | {"f:spec"}
            return frozenset(rest - {"f:status", "f:metadata", "f:apiVersion", "f:kind"})
        return frozenset({"f:status"}) if self.resource.keeps_status else frozenset()
