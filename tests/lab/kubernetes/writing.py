"""Creating, replacing, patching and applying objects, up to the moment in which they are stored."""

import copy
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.lab.kubernetes import admission, defaults, schema, statuses, strategic, validation
from tests.lab.kubernetes.canonical import tidied
from tests.lab.kubernetes.fieldsets import compare, fields_of, spoken
from tests.lab.kubernetes.ownership import (
    Conflicts,
    Managers,
    after_update,
    apply as applied,
    managers_of,
    shown,
    spoken_manager,
)
from tests.lab.kubernetes.resources import Resource
from tests.lab.kubernetes.types import Object
from tests.lab.kubernetes.write import Write

if TYPE_CHECKING:
    from tests.lab.kubernetes.cluster import Cluster

# What only the server writes about an object.
_SYSTEM = (
    "uid",
    "creationTimestamp",
    "generation",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
)


def create(cluster: "Cluster", write: Write, body: Object) -> Object:
    """The new object."""
    made = _decoded(write, body)
    schema.check(write, made)
    made = completed(write.resource, made)
    meta = made["metadata"]
    cluster.writable(write.resource, write.namespace, meta.get("name", ""))
    if not meta.get("name") and meta.get("generateName"):
        meta["name"] = meta["generateName"] + cluster.suffix()
    if cluster.store.get(write.resource.key, write.namespace, meta.get("name", "")) is not None:
        raise statuses.exists(write.resource.group, write.resource.plural, meta["name"])
    meta.pop("resourceVersion", None)
    managers = after_update(None, made, write.resource.type, {}, write.writer("Update", cluster.now()))
    return _stored_new(cluster, replace(write, name=meta.get("name", "")), made, managers)


def update(cluster: "Cluster", write: Write, live: Object, new: Object) -> Object:
    """The object after it was replaced or patched: `new` is whole."""
    schema.check(write, new)
    given = new.get("metadata", {}).get("managedFields")
    managers = managers_of(live)
    if given is not None and write.subresource == "":
        managers = {} if given == [{}] else managers_of(new) or managers
    made = completed(write.resource, _of_this_way(write, live, new))
    _check_revision(write, live, new)
    _check_uid(write, live, new)
    made["metadata"] = {**made["metadata"], **_system_fields(live)}
    managers = after_update(live, made, write.resource.type, managers, write.writer("Update", cluster.now()))
    return _stored_again(cluster, write, live, made, managers)


def apply(cluster: "Cluster", write: Write, live: Object | None, config: Object) -> Object:
    """The object after a server-side apply, created if it was not there."""
    schema.check_apply(write, config)
    writer = write.writer("Apply", cluster.now())
    if live is None:
        cluster.writable(write.resource, write.namespace, write.name)
        _refuse_uid(write, config)
        bare: Object = {"metadata": {}}
        made, managers = applied(bare, config, write.resource.type, {}, writer, force=write.force)
        made = completed(write.resource, _converted(write, config, made))
        made["metadata"].pop("resourceVersion", None)
        if write.namespace:
            made["metadata"].setdefault("namespace", write.namespace)
        return _stored_new(cluster, write, made, managers)
    known = managers_of(live)
    if not known:
        known = after_update(
            None,
            live,
            write.resource.type,
            {},
            replace(write, manager="before-first-apply").writer("Update", cluster.now()),
        )
    try:
        made, managers = applied(live, config, write.resource.type, known, writer, force=write.force)
    except Conflicts as conflicts:
        if not _was_applied(write, live, conflicts):
            raise _conflict(conflicts) from None
        made, managers = applied(live, config, write.resource.type, known, writer, force=True)
    _note_applied(write, live, made, config)
    made = completed(write.resource, _of_this_way(write, live, _converted(write, config, made)))
    _check_revision(write, live, config)
    _check_uid(write, live, config)
    made["metadata"] = {**made["metadata"], **_system_fields(live)}
    return _stored_again(cluster, write, live, made, managers)


_LAST = "kubectl.kubernetes.io/last-applied-configuration"


def _was_applied(write: Write, live: Object, conflicts: Conflicts) -> bool:
    """Whether kubectl takes only what it had applied itself from the client's side."""
    last = (live["metadata"].get("annotations") or {}).get(_LAST)
    if write.manager != "kubectl" or not last:
        return False
    before = completed(write.resource, json.loads(last))
    untouched = fields_of(before, write.resource.type) - compare(before, live, write.resource.type).modified
    return all(one.path in untouched for one in conflicts.found)


def _note_applied(write: Write, live: Object, made: Object, config: Object) -> None:
    """Where kubectl had noted what it applied, what it applies now is noted too."""
    notes = made["metadata"].get("annotations") or {}
    if write.manager == "kubectl" and _LAST in notes:
        notes[_LAST] = json.dumps(config, separators=(",", ":"), sort_keys=True) + "\n"


def completed(resource: Resource, made: Object) -> Object:
    """With defaults, in canonical form."""
    whole = copy.deepcopy(made)
    meta = whole.get("metadata") or {}
    whole["metadata"] = meta
    found: Object = tidied(whole, resource.type)
    found["metadata"] = {name: value for name, value in found["metadata"].items() if value is not None}
    if not resource.custom:
        defaults.fill(resource.kind, found)
    else:
        schema.fill(resource.type, found)
    found["apiVersion"], found["kind"] = resource.api_version, resource.kind
    return found


def _decoded(write: Write, body: Object) -> Object:
    made = copy.deepcopy(body)
    meta = made.setdefault("metadata", {})
    if write.namespace:
        meta.setdefault("namespace", write.namespace)
    for name in (*_SYSTEM, "managedFields"):
        meta.pop(name, None)
    if write.resource.keeps_status:
        made.pop("status", None)
    return made


def _converted(write: Write, config: Object, made: Object) -> Object:
    schema.check_values(write, config, made)
    return made


def _of_this_way(write: Write, live: Object, new: Object) -> Object:
    """With everything that this way of writing does not write as it was."""
    if write.subresource == "status":
        meta = {
            **live["metadata"],
            **{k: v for k, v in new["metadata"].items() if k in {"annotations", "labels"}},
        }
        return {**live, "status": new.get("status", {}), "metadata": meta}
    if write.resource.keeps_status:
        return {**new, "status": live.get("status", {})} if "status" in live else _without(new, "status")
    return new


def _without(made: Object, name: str) -> Object:
    return {key: value for key, value in made.items() if key != name}


def _system_fields(live: Object) -> Object:
    return {
        name: live["metadata"][name] for name in (*_SYSTEM, "name", "namespace") if name in live["metadata"]
    }


def _check_revision(write: Write, live: Object, new: Object) -> None:
    wanted = (new.get("metadata") or {}).get("resourceVersion")
    if wanted and wanted != live["metadata"]["resourceVersion"]:
        raise statuses.conflict(write.resource.group, write.resource.plural, write.name, statuses.MODIFIED)


def _check_uid(write: Write, live: Object, new: Object) -> None:
    uid = (new.get("metadata") or {}).get("uid")
    if uid and uid != live["metadata"]["uid"]:
        said = f"Invalid value: {statuses.quoted(uid)}: field is immutable"
        cause = statuses.Cause(reason="FieldValueInvalid", message=said, field="metadata.uid")
        raise statuses.invalid(write.resource.group, write.resource.kind, write.name, [cause, cause])


def _refuse_uid(write: Write, config: Object) -> None:
    if uid := config["metadata"].get("uid"):
        why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
        raise statuses.conflict(write.resource.group, write.resource.plural, write.name, why)


def _conflict(conflicts: Conflicts) -> statuses.Refused:
    rows = [(spoken_manager(one.manager, one.entry), spoken(one.path)) for one in conflicts.found]
    causes = [
        statuses.Cause(reason="FieldManagerConflict", message=f"conflict with {who}", field=path)
        for who, path in rows
    ]
    count = f"{len(rows)} conflict" + ("s" if len(rows) > 1 else "")
    if len(rows) == 1:
        said = f": conflict with {rows[0][0]}: {rows[0][1]}"
    else:
        by_manager: dict[str, list[str]] = {}
        for who, path in rows:
            by_manager.setdefault(who, []).append(path)
        blocks = [
            f"conflicts with {who}:\n" + "\n".join(f"- {p}" for p in paths)
            for who, paths in by_manager.items()
        ]
        said = ": " + "\n".join(blocks)
    details: Object = {"causes": [cause.shown() for cause in causes]}
    return statuses.Refused(409, f"Apply failed with {count}{said}", "Conflict", details)


def _stored_new(cluster: "Cluster", write: Write, made: Object, managers: Managers) -> Object:
    meta = made["metadata"]
    meta["uid"], meta["creationTimestamp"] = cluster.uid(), cluster.now()
    if write.resource.counted:
        meta["generation"] = 1
    admission.on_create(cluster, write, made)
    made = tidied(made, write.resource.type)
    validation.check(write, made, None)
    meta = made["metadata"]
    meta["managedFields"] = shown(managers)
    if not managers:
        del meta["managedFields"]
    if write.dry_run:
        return made
    return cluster.stored(write.resource, made)


def _stored_again(cluster: "Cluster", write: Write, live: Object, made: Object, managers: Managers) -> Object:
    made["metadata"].pop("managedFields", None)
    admission.on_update(cluster, write, live, made)
    if write.resource.counted and write.subresource != "status" and _changed(write, live, made):
        made["metadata"]["generation"] = live["metadata"].get("generation", 0) + 1
    validation.check(write, made, live)
    made["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]
    listed = shown(managers)
    before = live["metadata"].get("managedFields", [])
    if _timeless(listed) == _timeless(before) and _bare(made) == _bare(live):
        return live
    if listed:
        made["metadata"]["managedFields"] = listed
    if write.dry_run:
        return made
    stored = cluster.stored(write.resource, made)
    cluster.let_go(write.resource, stored)
    return stored


def _changed(write: Write, live: Object, made: Object) -> bool:
    """Whether what is wanted changed. A Deployment hands its annotations on, so they count there."""
    before, now = live["metadata"].get("annotations"), made["metadata"].get("annotations")
    if write.resource.kind == "Deployment" and before != now:
        return True

    def wanted(one: Object) -> Any:
        return {key: value for key, value in one.items() if key not in {"metadata", "status"}}

    return bool(wanted(live) != wanted(made))


def _timeless(rows: list[Object]) -> list[Object]:
    return sorted((_without(row, "time") for row in rows), key=str)


def _bare(one: Object) -> Object:
    return {**one, "metadata": _without(one["metadata"], "managedFields")}


def patched(cluster: "Cluster", write: Write, live: Object, patch: Any, media: str) -> Object:
    """The whole object with a patch on it."""
    match media:
        case "application/merge-patch+json":
            new = strategic.merged(live, patch)
        case "application/strategic-merge-patch+json":
            new = strategic.strategically(live, patch, write.resource.type)
        case _:
            new = strategic.operated(live, patch)
    name = new.get("metadata", {}).get("name")
    if name != live["metadata"]["name"]:
        why = [
            statuses.Cause(
                reason="FieldValueInvalid",
                message=f"Invalid value: {statuses.quoted(name)}: field is immutable",
                field="metadata.name",
            )
        ]
        raise statuses.invalid(write.resource.group, write.resource.kind, write.name, why)
    return update(cluster, write, live, new)
