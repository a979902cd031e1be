"""A Compose project as a repository of specs."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from posixpath import basename
from typing import Any, Final

from eeveon.core.diagnostic import Position
from eeveon.importing.compose.environment import Sources
from eeveon.importing.compose.losses import Loss
from eeveon.importing.compose.merging import by_name, pairs
from eeveon.importing.compose.part import Part
from eeveon.importing.compose.project import chosen, project as read_project
from eeveon.importing.compose.services import COMPLETED, DEFAULT_NETWORK, service
from eeveon.importing.compose.source import Request, Source, source_of
from eeveon.importing.compose.storage import Project
from eeveon.importing.imported import Imported, Lost, Report, Sort, SpecFile
from eeveon.importing.layout import repository
from eeveon.importing.naming import spec_name, unique
from eeveon.importing.nodes import Node

TARGET: Final = "engine"
_WORD = r"(?<![A-Za-z0-9_.-]){}(?![A-Za-z0-9_-])"
_SECTIONS: Final = frozenset(
    {"services", "networks", "volumes", "secrets", "configs", "include", "name", "version"}
)


def imported(request: Request) -> Imported:
    """The specs of a Compose project, and what could not be kept. Raises SpecsRejected for what Compose refuses, too."""
    report = Report()
    source = source_of(request, report)
    tree = read_project(source)
    report.refuse_mistakes()
    assert tree is not None, "a file that cannot be read is a mistake"
    source = _named(source, tree)
    services = chosen(source, tree.get("services") or tree.at_value({}), _profiles(source))
    if not services:
        report.mistake(
            tree.at, "there is no service to import", "name profiles with --profile, if they have some"
        )
        report.refuse_mistakes()
    made = _Making(source=source, tree=tree, services=_lasting(source, services))
    files = list(made.files())
    report.refuse_mistakes()
    made.report_the_rest(files)
    choices = source.request.choices
    return repository(choices, {"docker": {}}, tuple(files), report.lost)


def _named(source: Source, tree: Node) -> Source:
    """The source, with the names of project and target chosen."""
    choices = source.request.choices
    name = tree.get("name")
    variable = source.values.get("COMPOSE_PROJECT_NAME", "")
    written = choices.project or (name.text if name else variable or basename(source.request.folder))
    chosen_names = replace(choices, project=spec_name(written) or "imported", target=choices.target or TARGET)
    return replace(source, request=replace(source.request, choices=chosen_names))


def _profiles(source: Source) -> frozenset[str]:
    given = source.values.get("COMPOSE_PROFILES", "").split(",")
    return source.request.profiles | {name for name in given if name}


def _lasting(source: Source, services: Mapping[str, Node]) -> dict[str, Node]:
    """The services without those that others wait for until they have ended: tasks, which are not services."""
    nobody = Node(value=None, at=Position(file=""))
    tasks = {
        name
        for node in services.values()
        for name, need in by_name(node.get("depends_on") or nobody).entries()
        if (condition := need.get("condition")) is not None and condition.text == COMPLETED
    }
    for name in sorted(tasks & services.keys()):
        source.report.add(
            Lost(
                where=services[name].at,
                what=f"services.{name}",
                why="it is a task that runs once and ends, and a service runs on, so it is not imported",
                todo="run it before an apply that needs it, or in the start of the image that needs it",
                sort=Sort.TODO,
            )
        )
    return {name: node for name, node in services.items() if name not in tasks}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Making:
    """One import: the chosen services, and the rest of the project that they refer to."""

    source: Source
    tree: Node
    services: Mapping[str, Node]

    def files(self) -> Iterator[SpecFile]:
        """A file for each service."""
        names = self._names()
        nothing = self.tree.at_value({})
        project = Project(
            **{name: self.tree.get(name) or nothing for name in ("volumes", "secrets", "configs")}
        )
        sources = Sources()
        for written, node in self.services.items():
            part = Part(source=self.source, written=written, node=node, names=names)
            document = service(part, project, sources, self.source.request.choices.target)
            yield SpecFile(
                path=f"{part.name}.yaml",
                about=(f"From {node.at.file}, line {node.at.line}: service {written}.",),
                documents=(document,),
            )

    def _names(self) -> dict[str, str]:
        names: dict[str, str] = {}
        for written, node in self.services.items():
            name = unique(spec_name(written) or "service", names.values())
            names[written] = name
            if name != written:
                self._add(node, f"services.{written}", Loss(
                    f"it is called `{name}` here, and others find it by that name",
                    f"write `{name}` where `{written}` is used as a host name", Sort.TODO,
                ))  # fmt: skip
        return names

    def report_the_rest(self, files: list[SpecFile]) -> None:
        """Report what is lost of volumes, networks and the names of services, and how running differs as a whole."""
        self._report_host_names(files)
        self._report_volumes(files)
        self._report_networks()
        self._report_habits(files)
        for name, node in self.tree.entries():
            if name not in _SECTIONS and not name.startswith("x-") and node.value is not None:
                self._add(node, name, Loss("nothing is known of this section"))

    def _add(self, node: Node, what: str, loss: Loss, service_name: str = "") -> None:
        self.source.report.add(
            Lost(where=node.at, what=what, why=loss.why, todo=loss.todo, sort=loss.sort, service=service_name)
        )

    def _report_host_names(self, files: list[SpecFile]) -> None:
        """Report variables and commands that speak of a service by the name that it had."""
        names = self._names()
        renamed = {old: new for old, new in {**self._container_names(names), **names}.items() if old != new}
        for (written, node), file in zip(self.services.items(), files, strict=True):
            spec = file.documents[0]["spec"]
            texts = {name: str(value) for name, value in spec.get("env", {}).items()}
            given = node.get("environment")
            texts |= {name: one.text for name, one in (pairs(given).entries() if given else ())}
            texts["command"] = " ".join(map(str, spec.get("command", ())))
            for old, new in renamed.items():
                word = re.compile(_WORD.format(re.escape(old)))
                for field in (name for name, text in texts.items() if word.search(text)):
                    self._add(node, f"services.{written}.{field}", Loss(
                        f"it speaks of `{old}`, which is found as `{new}` now",
                        f"write `{new}` where the host is meant", Sort.TODO,
                    ), names[written])  # fmt: skip

    def _container_names(self, names: Mapping[str, str]) -> dict[str, str]:
        """The names of services by those that their containers had."""
        given = {written: node.get("container_name") for written, node in self.services.items()}
        return {node.text: names[written] for written, node in given.items() if node is not None}

    def _report_volumes(self, files: list[SpecFile]) -> None:
        request = self.source.request
        used = {
            one["name"]
            for file in files
            for one in file.documents[0]["spec"].get("volumes", ())
            if "name" in one
        }
        section = self.tree.get("volumes")
        written = {spec_name(name): (name, node) for name, node in section.entries()} if section else {}
        for name in sorted(used & written.keys()):
            own, node = written[name]
            given, external = node.get("name"), node.get("external")
            old = given.text if given else own if external else f"{request.choices.project}_{own}"
            new = f"{request.choices.project}-{request.choices.environment}-{name}"
            self._add(node, f"volumes.{own}", Loss(
                "EEveon makes a volume of its own, and what the old one holds is not in it",
                f"after `docker compose down`: docker volume create {_labels(request, name)} {new} && "
                f"docker run --rm -v {old}:/from:ro -v {new}:/to busybox cp -a /from/. /to/",
                Sort.TODO,
            ))  # fmt: skip
            for key in ("driver", "driver_opts"):
                if (odd := node.get(key)) is not None and odd.text != "local":
                    self._add(odd, f"volumes.{own}.{key}", Loss(
                        "volumes are of the driver `local`", "mount the storage on the machine, and name it as `host`",
                        Sort.TODO,
                    ))  # fmt: skip

    def _report_networks(self) -> None:
        section = self.tree.get("networks")
        for name, node in section.entries() if section else ():
            if node.get("external") is not None:
                self._add(node, f"networks.{name}", Loss(
                    "networks of others are not joined: EEveon makes one of that name for this environment",
                    "publish the ports that others need, or import those others, too", Sort.TODO,
                ))  # fmt: skip
            for key, one in node.entries():
                if key not in {"external", "name"} and (key, one.text) != ("driver", "bridge"):
                    self._add(one, f"networks.{name}.{key}", Loss("networks are the engine's plain bridges"))
        apart = [
            name
            for name, node in self.services.items()
            if (given := node.get("networks")) is not None and DEFAULT_NETWORK not in by_name(given).value
        ]
        if apart and section is not None:
            self._add(section, "networks", Loss(
                "all services of an environment share a network besides these, so none is kept apart from the others",
                "use a second environment or engine for what must not be reached", Sort.DIFFERS,
            ))  # fmt: skip

    def _report_habits(self, files: list[SpecFile]) -> None:
        silent = [
            name for name, node in self.services.items() if node.get("restart") is None and not _policy(node)
        ]
        if silent:
            self._add(self.services[silent[0]], "restart", Loss(
                f"{', '.join(silent)}: a container that ends is started again; Compose leaves it down where `restart` "
                "is not said",
                "write `restart: never` where that is wanted", Sort.DIFFERS,
            ))  # fmt: skip
        binds = sorted(
            {
                one["host"]
                for file in files
                for one in file.documents[0]["spec"].get("volumes", ())
                if "host" in one
            }
        )
        if binds:
            shown = ", ".join(binds[:3]) + (" …" if len(binds) > 3 else "")
            self._add(self.tree, "volumes", Loss(
                f"folders and files of this machine are mounted ({shown}): the engine must run on it, and have them",
                "for another machine, put them there or into the image", Sort.DIFFERS,
            ))  # fmt: skip
        self._add(self.tree, "name", Loss(
            "containers that run under Compose are not adopted: a plan creates new ones beside them, and a published "
            "port is in use until they are gone",
            "docker compose down, without --volumes; then eeveon apply", Sort.TODO,
        ))  # fmt: skip


def _policy(node: Node) -> Any:
    deploy = node.get("deploy")
    return deploy.get("restart_policy") if deploy else None


def _labels(request: Request, volume: str) -> str:
    """By these labels a volume is of the environment, as the docker driver finds it."""
    choices = request.choices
    found = {"project": choices.project, "environment": choices.environment, "name": volume}
    return " ".join(f"--label eeveon.{name}={value}" for name, value in found.items())
