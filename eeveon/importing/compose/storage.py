"""What a container sees of files: volumes, folders of the machine, and the project's secrets and configs as files."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from eeveon.importing.compose.losses import Loss
from eeveon.importing.compose.part import Part
from eeveon.importing.imported import Sort
from eeveon.importing.naming import spec_name
from eeveon.importing.nodes import Node

SECRETS: Final = "/run/secrets"
_READ_ONLY: Final = frozenset({"ro", "readonly"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """The parts of a project that services refer to."""

    volumes: Node
    secrets: Node
    configs: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mount:
    node: Node
    path: str
    volume: str = ""  # as the file calls it
    host: str = ""
    read_only: bool = False


def mounts(part: Part, project: Project) -> list[dict[str, Any]]:
    """The volumes as specs have them."""
    found: dict[str, dict[str, Any]] = {}
    names: set[str] = set()
    for mount in (*_volumes(part), *_files(part, project, "secrets"), *_files(part, project, "configs")):
        path = mount.path.rstrip("/") or "/"
        if not path.startswith("/"):
            part.mistake(mount.node, "volumes", f"`{mount.path}` is no absolute path")
            continue
        if mount.volume:
            name = spec_name(mount.volume)
            if name in names:
                part.lose(mount.node, "volumes", Loss(
                    f"a volume is seen at one place of a service, and `{mount.volume}` is seen at another already",
                    "use a second volume", Sort.TODO,
                ))  # fmt: skip
                continue
            names.add(name)
            spec = {"name": name, "path": path}
        else:
            spec = {"host": mount.host, "path": path}
        found[path] = {**spec, **({"readOnly": True} if mount.read_only else {})}
    return list(found.values())


def keeps_files(volumes: list[dict[str, Any]]) -> bool:
    """Whether two instances at a time could write to the same files: sockets are no files."""
    return any(
        not volume.get("readOnly") and not volume.get("host", "").endswith(".sock") for volume in volumes
    )


def _volumes(part: Part) -> Iterator[_Mount]:
    written = part.get("volumes")
    for item in written.items() if written else ():
        yield from _long(part, item) if item.is_mapping else _short(part, item)


def _short(part: Part, item: Node) -> Iterator[_Mount]:
    """`data:/var/lib/data:ro`, `/srv:/srv`, `/var/lib/data` alone."""
    pieces = item.text.split(":")
    if len(pieces) == 1:
        yield _anonymous(part, item, pieces[0])
        return
    source, path, options = pieces[0], pieces[1], {*",".join(pieces[2:]).split(",")}
    for option in sorted(options & {"nocopy", "z", "Z"}):
        part.lose(item, "volumes", Loss(f"volumes have no option `{option}`"))
    is_host = source.startswith("/")
    yield _Mount(
        node=item,
        path=path,
        volume="" if is_host else source,
        host=source if is_host else "",
        read_only=bool(options & _READ_ONLY),
    )


def _long(part: Part, item: Node) -> Iterator[_Mount]:
    def text(name: str) -> str:
        node = item.get(name)
        return node.text if node else ""

    for name in ("bind", "volume", "consistency"):
        odd = item.get(name)
        inner = {key: node for key, node in odd.entries() if key != "create_host_path"} if odd else {}
        for key, node in inner.items():
            sort = Sort.TODO if key == "subpath" else Sort.LOST
            part.lose(node, f"volumes.{name}.{key}", Loss(f"volumes have no option `{key}`", "", sort))
    mode = item.get("read_only")
    common: dict[str, Any] = {
        "node": item,
        "path": text("target"),
        "read_only": mode.truth if mode else False,
    }
    match text("type"):
        case "bind":
            yield _Mount(**common, host=text("source"))
        case "volume" if not text("source"):
            yield _anonymous(part, item, text("target"))
        case "volume":
            yield _Mount(**common, volume=text("source"))
        case kind:
            part.lose(item, "volumes", Loss(
                f"there are no volumes of the type `{kind}`; {text('target')} is in the container's own file system"
            ))  # fmt: skip


def _anonymous(part: Part, item: Node, path: str) -> _Mount:
    """A volume without a name gets one: without, nothing of it would be found again."""
    name = spec_name(f"{part.name}{path.replace('/', '-')}")
    part.differ(item, "volumes", f"the volume at {path} has a name now, `{name}`, and outlives its container")
    return _Mount(node=item, path=path, volume=name)


def _files(part: Part, project: Project, section: str) -> Iterator[_Mount]:
    """Secrets and configs that are files: mounted as Compose mounts them."""
    written = part.get(section)
    known: Node = getattr(project, section)
    for item in written.items() if written else ():
        source = item.get("source") if item.is_mapping else item
        target = item.get("target") if item.is_mapping else None
        name = source.text if source else ""
        entry = known.get(name)
        if entry is None:
            part.mistake(item, section, f"the project has no `{name}` in `{section}`")
            continue
        folder = SECRETS if section == "secrets" else ""
        goal = target.text if target else name
        path = goal if goal.startswith("/") else f"{folder}/{goal}"
        for odd in ("uid", "gid", "mode"):
            if item.is_mapping and (node := item.get(odd)) is not None:
                part.lose(
                    node,
                    f"{section}.{odd}",
                    Loss("the file has the owner and mode that it has on the machine"),
                )
        file = entry.get("file")
        if file is not None:
            yield _Mount(node=item, path=path, host=file.text, read_only=True)
        elif section == "secrets" and entry.get("environment") is not None and path in _named_files(part):
            continue  # it becomes a variable
        else:
            part.lose(item, section, Loss(
                f"`{name}` is no file of the machine, so {path} is not there",
                "put it into a file, and mount that by `volumes`", Sort.TODO,
            ))  # fmt: skip


def _named_files(part: Part) -> frozenset[str]:
    """The paths that variables called `…_FILE` lead to."""
    from eeveon.importing.compose.merging import pairs

    written = part.get("environment")
    entries = pairs(written).entries() if written else ()
    return frozenset(node.text for name, node in entries if name.endswith("_FILE"))
