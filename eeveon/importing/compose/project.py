"""A whole Compose project: included and extended files read, files merged, services without their profile put aside."""

from posixpath import dirname
from typing import Final

from eeveon.importing.compose.merging import merged
from eeveon.importing.compose.source import DOTENV, Source
from eeveon.importing.imported import Lost, Sort
from eeveon.importing.nodes import Node

_DEEPEST: Final = 20  # includes of includes, extensions of extensions
_SECTIONS: Final = ("services", "networks", "volumes", "secrets", "configs")
_PATHS: Final = ("env_file", "volumes", "build")  # of a service, relative to the file that it stands in
_NOT_INHERITED: Final = frozenset({"depends_on", "links", "volumes_from", "extends"})


def project(source: Source) -> Node | None:
    """All files as one tree, relative paths made absolute; None where none could be read."""
    found: Node | None = None
    for path in source.request.files:
        one = _file(source, path, 0)
        if one is not None:
            found = one if found is None else merged(found, one)
    return found


def _file(source: Source, path: str, depth: int) -> Node | None:
    document = source.document(path)
    if document is None:
        return None
    services = document.get("services")
    if services is not None:
        extended = {
            name: _located(source, _extended(source, _Service(path=path, name=name, file=document), depth))
            for name, node in services.entries()
            if node.value is not None
        }
        document = document.at_value({**document.value, "services": services.at_value(extended)})
    document = document.at_value({**document.value, **_section_paths(source, document)})
    for item in (document.get("include") or document.at_value(None)).items():
        inner = _included(source, item, depth + 1)
        document = document if inner is None else merged(inner, document)
    return document


def _section_paths(source: Source, document: Node) -> dict[str, Node]:
    """`secrets` and `configs` with the paths of their files made absolute."""
    found = {}
    for section in ("secrets", "configs"):
        if (node := document.get(section)) is not None:
            found[section] = node.at_value({name: _with_file(source, one) for name, one in node.entries()})
    return found


def _with_file(source: Source, node: Node) -> Node:
    file = node.get("file")
    return node.at_value({**node.value, "file": file.at_value(source.path(file.text))}) if file else node


def _included(source: Source, item: Node, depth: int) -> Node | None:
    """The project that an entry of `include` names, its own folder and `.env` being its own."""
    paths = item.get("path") if item.is_mapping else item
    if paths is None or depth > _DEEPEST:
        source.report.mistake(
            item.at, "`include` names no file" if paths is None else "files include each other"
        )
        return None
    files = [source.path(one.text) for one in paths.items()]
    folder = item.get("project_directory")
    place = source.path(folder.text) if folder else dirname(files[0])
    given = item.get("env_file")
    envs = [source.path(one.text) for one in given.items()] if given else [f"{place}/{DOTENV}"]
    values: dict[str, str] = {}
    for env in envs:
        values |= source.variables(env, source.values) or {}
    inner = source.inside(place, {**values, **source.values})
    found: Node | None = None
    for path in files:
        one = _file(inner, path, depth)
        found = one if found is None or one is None else merged(found, one)
    return found


class _Service:
    """A service that is written in a file."""

    def __init__(self, *, path: str, name: str, file: Node) -> None:
        self.path, self.name, self.file = path, name, file
        services = file.get("services")
        self.node = services.get(name) if services else None


def _extended(source: Source, service: _Service, depth: int) -> Node:
    """The service over the one that it extends."""
    node = service.node
    assert node is not None, "the caller has found it"
    extends = node.get("extends")
    if extends is None:
        return node
    if depth > _DEEPEST:
        source.report.mistake(extends.at, f"`{service.name}` extends itself")
        return node
    lower = _lower(source, service, extends)
    if lower is None:
        return node
    base, inner = lower
    found = _extended(inner, base, depth + 1)
    if inner.folder != source.folder:
        found = _located(inner, found)
    kept = {name: one for name, one in found.entries() if name not in _NOT_INHERITED}
    return merged(found.at_value(kept), node)


def _lower(source: Source, service: _Service, extends: Node) -> tuple[_Service, Source] | None:
    name, file = extends.get("service"), extends.get("file")
    wanted = name.text if name else extends.text
    path, document, inner = service.path, service.file, source
    if file is not None:
        path = source.path(file.text)
        inner = source.inside(dirname(path), source.values)
        read = inner.document(path)
        if read is None:
            return None
        document = read
    found = _Service(path=path, name=wanted, file=document)
    if found.node is None:
        source.report.mistake(extends.at, f"there is no service `{wanted}` in {source.shown(path)} to extend")
        return None
    return found, inner


def _located(source: Source, node: Node) -> Node:
    """A service whose relative paths are made absolute."""
    if not node.is_mapping:
        return node
    found = dict(node.entries())
    if (files := node.get("env_file")) is not None:
        found["env_file"] = files.at_value([_env_file(source, item) for item in files.items()])
    if (volumes := node.get("volumes")) is not None:
        found["volumes"] = volumes.at_value([_volume(source, item) for item in volumes.items()])
    return node.at_value(found)


def _env_file(source: Source, item: Node) -> Node:
    if not item.is_mapping:
        return item.at_value(source.path(item.text))
    path = item.get("path")
    return item.at_value({**item.value, "path": path.at_value(source.path(path.text))}) if path else item


def _volume(source: Source, item: Node) -> Node:
    """A bind whose source is a relative path, with the absolute one."""
    if item.is_mapping:
        folder, kind = item.get("source"), item.get("type")
        if folder is None or kind is None or kind.text != "bind":
            return item
        return item.at_value({**item.value, "source": folder.at_value(source.path(folder.text))})
    first, sign, rest = item.text.partition(":")
    is_path = first.startswith((".", "~", "/"))
    return item.at_value(f"{source.path(first)}:{rest}") if sign and is_path else item


def chosen(source: Source, services: Node, profiles: frozenset[str]) -> dict[str, Node]:
    """The services that `docker compose up` would start with these profiles; the others are reported."""
    found = {}
    for name, node in services.entries():
        wanted = [item.text for item in (node.get("profiles") or node.at_value(None)).items()]
        if not wanted or profiles & {*wanted, "*"}:
            found[name] = node
            continue
        source.report.add(
            Lost(
                where=node.at,
                what=f"services.{name}",
                why=f"it is only for the profile {' or '.join(wanted)}",
                todo=f"import again with --profile {wanted[0]} if it is to run",
                sort=Sort.LOST,
            )
        )
    return found
