"""How requests find a service: its Service, its Ingress, and those besides."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from eeveon.importing.imported import Sort
from eeveon.importing.kubernetes import cleaning
from eeveon.importing.kubernetes.part import Part, selects
from eeveon.importing.kubernetes.reading import Object, listed, mapping
from eeveon.importing.naming import port_name, spec_name, unique

_READ: Final = frozenset({"ports", "selector", "clusterIP", "clusterIPs", "ipFamilies"})


def services(part: Part, ports: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The ports of the service, with what its Service says of them. Services of other names go along as they are."""
    found = [one for one in part.cluster.of("Service") if selects(one.spec.get("selector"), part.pod_labels)]
    own = next((one for one in found if one.name == part.name), None)
    for one in found:
        if one is not own:
            part.manifests.append(one)
            _report_selector(part, one)
    if own is None:
        if ports and not found:
            part.add("Service", "there was none, and EEveon makes one of the ports", sort=Sort.DIFFERS)
        elif ports:
            part.add(
                "Service",
                f"EEveon makes one of the name `{part.name}` besides",
                sort=Sort.DIFFERS,
                at=found[0].at(),
            )
        return ports
    part.cluster.take(own)
    published = own.spec.get("type") == "NodePort"
    changed = [dict(port) for port in ports]
    for one in listed(own.spec.get("ports")):
        _merge(part, changed, mapping(one), published=published)
    rest = {
        key: value for key, value in cleaning.without(own.spec, cleaning.SERVICE).items() if key not in _READ
    }
    if published:
        rest.pop("type")
    if own.spec.get("clusterIP") == "None":
        rest["clusterIP"] = "None"
    part.into_hatch(rest, "service", "spec")
    part.into_hatch(cleaning.annotations(own.metadata), "service", "metadata", "annotations")
    return changed


def _report_selector(part: Part, service: Object) -> None:
    """Labels that pods get from EEveon, with another value than a Service looks for."""
    selector = mapping(service.spec.get("selector"))
    for key in sorted(selector.keys() - cleaning.labels({"labels": dict(part.pod_labels)}).keys()):
        if key != "app.kubernetes.io/name" or selector[key] != part.name:
            part.add(
                f"Service/{service.name}", f"it selects pods by `{key}`, which EEveon sets itself",
                todo=f"let its manifest select by `eeveon.dev/service: {part.name}`", sort=Sort.TODO, at=service.at(),
            )  # fmt: skip


def _merge(part: Part, ports: list[dict[str, Any]], written: Mapping[str, Any], *, published: bool) -> None:
    """One port of the Service: the container's port that it leads to is published, and found at another number."""
    number, goal = int(written["port"]), written.get("targetPort") or written["port"]
    protocol = str(written.get("protocol") or "TCP").lower()
    port = next(
        (one for one in ports if goal in (one["name"], one["port"]) or str(goal) == str(one["port"])), None
    )
    if port is None:
        if not str(goal).isdigit():
            part.add(f"Service port {goal}", "the container has no port of that name", sort=Sort.TODO)
            return
        taken = [one["name"] for one in ports]
        name = spec_name(str(written.get("name") or "")) or port_name(int(goal), protocol, taken)
        port = {"name": unique(name, taken), "port": int(goal)}
        if protocol != "tcp":
            port["protocol"] = protocol
        ports.append(port)
    if written.get("name") and written["name"] != port["name"]:
        part.add(
            f"Service port {written['name']}", f"it is called `{port['name']}` now, as that of the container",
            todo="name it so where an Ingress or a ServiceMonitor names it", sort=Sort.DIFFERS,
        )  # fmt: skip
    if published and written.get("nodePort"):
        port["publish"] = int(written["nodePort"])
    more = {key: value for key, value in written.items() if key == "appProtocol"}
    if number != port["port"]:
        more["port"] = number
    if more:
        part.into_hatch([{"name": port["name"], **more}], "service", "spec", "ports")


def route(part: Part, ports: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The route of the one Ingress that only leads here; all others go along as they are."""
    names = {part.name} | {one.name for one in part.manifests if one.kind == "Service"}
    found = [one for one in part.cluster.of("Ingress") if _backends(one) and _backends(one) <= names]
    simple = [one for one in found if _simple(one, part.name)]
    chosen = simple[0] if len(simple) == 1 else None
    for one in found:
        if one is not chosen:
            part.manifests.append(one)
    if chosen is None:
        return None
    part.cluster.take(chosen)
    rule = mapping(listed(chosen.spec["rules"])[0])
    path = mapping(listed(mapping(rule["http"])["paths"])[0])
    rest = {key: value for key, value in chosen.spec.items() if key != "rules"}
    part.into_hatch(rest, "ingress", "spec")
    part.into_hatch(cleaning.annotations(chosen.metadata), "ingress", "metadata", "annotations")
    if chosen.name != part.name:
        part.old.append(f"ingress/{chosen.name}")
    made: dict[str, Any] = {"host": rule["host"]} if rule.get("host") else {}
    if str(path.get("path") or "/") != "/":
        made["path"] = path["path"]
    port = _named(part, mapping(mapping(mapping(path["backend"])["service"]).get("port")), ports)
    return {**made, "port": port} if port else made


def _named(part: Part, wanted: Mapping[str, Any], ports: Iterable[Mapping[str, Any]]) -> str | None:
    """The name of the port that a backend means by its name or its number in the Service."""
    service = part.cluster.find("Service", part.name)
    known = [mapping(one) for one in listed(service.spec.get("ports"))] if service else []
    written = next(
        (
            one
            for one in known
            if one.get("name") == wanted.get("name", ...) or one.get("port") == wanted.get("number")
        ),
        {},
    )
    goal = written.get("targetPort") or written.get("port") or wanted.get("number")
    return next((str(one["name"]) for one in ports if goal in {one["name"], one["port"]}), None)


def _backends(ingress: Object) -> set[str]:
    """The Services that it leads to."""
    spec = ingress.spec
    paths = [
        mapping(path)
        for rule in listed(spec.get("rules"))
        for path in listed(mapping(mapping(rule).get("http")).get("paths"))
    ]
    backends = [mapping(path.get("backend")) for path in paths] + [mapping(spec.get("defaultBackend"))]
    return {str(mapping(one["service"]).get("name")) for one in backends if "service" in one}


def _simple(ingress: Object, name: str) -> bool:
    """Whether it says what a route can say: one host, one path and all below it, to this service."""
    rules = listed(ingress.spec.get("rules"))
    if len(rules) != 1 or "defaultBackend" in ingress.spec or _backends(ingress) != {name}:
        return False
    paths = listed(mapping(mapping(rules[0]).get("http")).get("paths"))
    host = str(mapping(rules[0]).get("host") or "")
    return len(paths) == 1 and mapping(paths[0]).get("pathType") == "Prefix" and not host.startswith("*")
