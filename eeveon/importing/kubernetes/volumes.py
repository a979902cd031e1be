"""What a container sees of files: what specs can say as `volumes`, all else as the pods had it."""

from collections.abc import Mapping
from typing import Any, Final

from eeveon.importing import amounts
from eeveon.importing.imported import Sort
from eeveon.importing.kubernetes.part import Part
from eeveon.importing.kubernetes.reading import listed, mapping
from eeveon.importing.naming import spec_name

_PLAIN: Final = frozenset({"name", "mountPath", "readOnly", "recursiveReadOnly"})


def volumes(part: Part, container: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The volumes of the service. Claims that are there stay as they are, and the pods go on using them."""
    sources = {str(one["name"]): mapping(one) for one in listed(part.pod.get("volumes")) if "name" in one}
    templates = {str(mapping(one.get("metadata")).get("name")): one for one in _templates(part)}
    found: list[dict[str, Any]] = []
    mounted: list[Mapping[str, Any]] = []
    shared = _used_by_others(part, container)
    for mount in listed(container.get("volumeMounts")):
        name = str(mount.get("name"))
        if name in templates:
            spec = _own(mount, templates[name])
            if all(spec["name"] != one.get("name") for one in found):
                found.append(spec)
                if mount.keys() <= _PLAIN:
                    continue
            mounted.append(mount)  # merged over the volume by its path
        elif (host := _folder(mount, sources.get(name))) is not None and name not in shared:
            found.append(host)
        else:
            mounted.append(mount)
    part.into_container({"volumeMounts": mounted} if mounted else {})
    kept = shared | {str(mount["name"]) for mount in mounted}
    rest = [source for name, source in sources.items() if name in kept]
    part.into_hatch(rest, "podTemplate", "spec", "volumes")
    for source in rest:
        _belongings(part, source)
    for name, template in templates.items():
        _claim(part, name, template, is_kept=any(one.get("name") == name for one in found))
    return found


def _templates(part: Part) -> list[Mapping[str, Any]]:
    return [mapping(one) for one in listed(part.work.spec.get("volumeClaimTemplates"))]


def _used_by_others(part: Part, own: Mapping[str, Any]) -> set[str]:
    """Volumes that other containers of the pod see, too: they keep their names."""
    pod = part.pod
    containers = [*listed(pod.get("containers")), *listed(pod.get("initContainers"))]
    return {
        str(mount.get("name"))
        for one in containers
        if one != own
        for mount in listed(mapping(one).get("volumeMounts"))
    }


def _own(mount: Mapping[str, Any], template: Mapping[str, Any]) -> dict[str, Any]:
    """A volume that each pod of a stateful service has for itself."""
    size = mapping(mapping(mapping(template.get("spec")).get("resources")).get("requests")).get("storage")
    amount = amounts.quantity(size)
    return {
        "name": str(mount.get("name")),
        "path": str(mount.get("mountPath")),
        **({"readOnly": True} if mount.get("readOnly") else {}),
        **({"size": amounts.in_units(int(amount))} if amount else {}),
    }


def _folder(mount: Mapping[str, Any], source: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A folder of the node as a volume of specs; None for anything else."""
    host = mapping((source or {}).get("hostPath"))
    if not host or host.get("type", "") not in {"", "Directory"} or not mount.keys() <= _PLAIN:
        return None
    read_only = {"readOnly": True} if mount.get("readOnly") else {}
    return {"host": str(host.get("path")), "path": str(mount.get("mountPath")), **read_only}


def _claim(part: Part, name: str, template: Mapping[str, Any], *, is_kept: bool) -> None:
    """What a claim of a stateful service asks for beyond its size, so that the claims that are there fit it."""
    if not is_kept or spec_name(name) != name:
        part.add(
            f"volumeClaimTemplates {name}", f"its volume cannot be one of the service: it is not seen by `{part.name}`"
            if spec_name(name) == name else "no volume can have this name",
            todo="mount it in that container, too", sort=Sort.TODO,
        )  # fmt: skip
        return
    for claim in part.cluster.of("PersistentVolumeClaim"):
        if claim.name.rpartition("-")[0] == f"{name}-{part.work.name}":
            part.cluster.take(claim)  # the new pods take it
    spec = mapping(template.get("spec"))
    rest = {key: value for key, value in spec.items() if key not in {"volumeMode", "resources"}}
    if rest.get("accessModes") == ["ReadWriteOnce"]:
        del rest["accessModes"]
    part.into_hatch({"spec": rest} if rest else {}, "persistentVolumeClaims", name)


def _belongings(part: Part, source: Mapping[str, Any]) -> None:
    """Objects that a volume is made of: ConfigMaps go along as manifests, claims and Secrets stay as they are."""
    sources = [
        mapping(source),
        *(mapping(one) for one in listed(mapping(source.get("projected")).get("sources"))),
    ]
    for one in sources:
        config = mapping(one.get("configMap")).get("name")
        secret = mapping(one.get("secret")).get("secretName") or mapping(one.get("secret")).get("name")
        claim = mapping(one.get("persistentVolumeClaim")).get("claimName")
        if config and (found := part.cluster.find("ConfigMap", str(config))) is not None:
            part.manifests.append(found)
        if secret:
            _left(
                part,
                "Secret",
                str(secret),
                "its values are in no file: it must be in the namespace by other means",
            )
        if claim:
            _left(
                part,
                "PersistentVolumeClaim",
                str(claim),
                "the pods go on using it, and EEveon never changes it",
            )


def _left(part: Part, kind: str, name: str, why: str) -> None:
    found = part.cluster.find(kind, name)
    if found is not None:
        part.cluster.take(found)
    part.add(f"volume of {kind}/{name}", why, sort=Sort.DIFFERS, at=found.at() if found else None)
