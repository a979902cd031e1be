"""One service while it is imported: what is written, what it is called, and where losses go."""

from collections.abc import Mapping
from dataclasses import dataclass

from eeveon.importing.compose.losses import Loss
from eeveon.importing.compose.source import Source
from eeveon.importing.imported import Lost, Sort
from eeveon.importing.nodes import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A service of the project. `names` are the names in the specs of all services, by those in the file."""

    source: Source
    written: str  # its name in the file
    node: Node
    names: Mapping[str, str]

    @property
    def name(self) -> str:
        """Its name in the specs."""
        return self.names[self.written]

    def get(self, field: str) -> Node | None:
        """A field of it."""
        return self.node.get(field)

    def path(self, *fields: str) -> str:
        """A path to a field, for people."""
        return ".".join(("services", self.written, *fields))

    def lose(self, node: Node, field: str, loss: Loss) -> None:
        """Report a field as not kept."""
        self.source.report.add(
            Lost(
                where=node.at,
                what=self.path(field),
                why=loss.why,
                todo=loss.todo,
                sort=loss.sort,
                service=self.name,
            )
        )

    def differ(self, node: Node, field: str, why: str, todo: str = "") -> None:
        """Report a field as working in another way."""
        self.lose(node, field, Loss(why, todo, Sort.DIFFERS))

    def mistake(self, node: Node, field: str, why: str) -> None:
        """Report a field that Compose refuses, too."""
        self.source.report.mistake(node.at, f"`{self.path(field)}`: {why}")
