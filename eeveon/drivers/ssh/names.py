"""How our things are called on a host. Pure.

One template unit per revision and host; one instance of it per ordinal. A name is for people and for finding: what an
object is stands in the section `[X-EEveon]` of its unit, which systemd skips because of its first letter.
"""

from dataclasses import dataclass
from typing import Literal

from eeveon.core.names import ObjectId, Revision, Scope, ServiceName
from eeveon.drivers.ssh.script import Raw, joined, rooted

SECTION = "X-EEveon"


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names of one scope on the hosts of one target."""

    scope: Scope
    root: str  # our folder on a host; may begin with `~/`
    manager: Literal["system", "user"]

    @property
    def prefix(self) -> str:
        """What all units of the scope begin with; units of a scope with a longer name may, too."""
        return f"eeveon-{self.scope.project}-{self.scope.environment}-"

    @property
    def folder(self) -> str:
        """The folder of the scope on a host."""
        return f"{self.root}/{self.scope.project}/{self.scope.environment}"

    @property
    def unit_folder(self) -> Raw:
        """Where units are written, as a word of a script."""
        return rooted("~/.config/systemd/user" if self.manager == "user" else "/etc/systemd/system")

    @property
    def runtime_folder(self) -> Raw:
        """Where systemd keeps what does not outlive a boot, as a word of a script."""
        if self.manager == "user":
            return joined((Raw('"${XDG_RUNTIME_DIR}"'), "/systemd/user"))
        return joined(("/run/systemd/system",))

    @property
    def wanted_by(self) -> str:
        """What starts instances when the host does."""
        return "default.target" if self.manager == "user" else "multi-user.target"

    @property
    def manager_option(self) -> tuple[str, ...]:
        """What systemctl and its like are told besides."""
        return ("--user",) if self.manager == "user" else ()

    def template(self, service: ServiceName, revision: Revision) -> str:
        """The unit of one revision."""
        return f"{self.prefix}{service}-{revision}@.service"

    def unit(self, service: ServiceName, revision: Revision, ordinal: int) -> str:
        """The unit of one instance."""
        return f"{self.prefix}{service}-{revision}@{ordinal}.service"

    def in_unit(self, path: str) -> str:
        """A path below our folder as a unit writes it; `path` may hold specifiers such as `%i`."""
        folder = self.folder.replace("%", "%%")
        return f"%h{folder[1:]}/{path}" if folder.startswith("~/") else f"{folder}/{path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the name of an instance is made of."""

    service: ServiceName
    ordinal: int
    revision: Revision


def parts_of(object_id: ObjectId) -> Parts | None:
    """The parts of an instance's name; None if it is not one of ours."""
    head, _, revision = object_id.name.rpartition("-")
    service, _, ordinal = head.rpartition("-")
    if not (service and revision and ordinal.isdigit()):
        return None
    return Parts(service=ServiceName(service), ordinal=int(ordinal), revision=Revision(revision))


def variable_part(name: str) -> str:
    """A name as a part of the name of a variable: `http-admin` is `HTTP_ADMIN`."""
    return "".join(letter if letter.isalnum() else "_" for letter in name.upper())
