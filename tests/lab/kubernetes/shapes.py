"""The shapes in which objects come: whole, their metadata only, or a table for people."""

from tests.lab.kubernetes import statuses
from tests.lab.kubernetes.clock import Clock
from tests.lab.kubernetes.resources import Resource
from tests.lab.kubernetes.tables import partial, table
from tests.lab.kubernetes.types import Object
from tests.lab.kubernetes.wire import JSON, Answer, Request

_META = "meta.k8s.io/v1"
_AVAILABLE = (
    "application/json, application/yaml, application/vnd.kubernetes.protobuf, application/json;stream=watch, "
    "application/vnd.kubernetes.protobuf;stream=watch"
)


def wanted(request: Request) -> tuple[str, str]:
    """What the Accept header asks for first that the server has, and the media type of the answer."""
    for part in request.accepts.split(",") if request.accepts else ["*/*"]:
        media, *parameters = [word.strip() for word in part.split(";")]
        asked = dict(word.partition("=")[::2] for word in parameters)
        if media not in {JSON, "*/*", "application/*"}:
            continue
        if asked.get("as") in {"Table", "PartialObjectMetadata", "PartialObjectMetadataList"}:
            return asked["as"], JSON
        if "as" not in asked:
            return "", JSON
    said = f"406: Not Acceptable\n\nAvailable representations: {_AVAILABLE}"
    raise statuses.Refused(406, said, "NotAcceptable", {})


def watch_kind(request: Request) -> str:
    """The media type of a watch."""
    return wanted(request)[1]


def one(request: Request, resource: Resource, found: Object, clock: Clock, code: int = 200) -> Answer:
    """A single object."""
    shape, kind = wanted(request)
    match shape:
        case "PartialObjectMetadata":
            return Answer(code=code, body=partial(found), kind=kind)
        case "Table":
            meta = {"resourceVersion": found["metadata"].get("resourceVersion", "")}
            return Answer(code=code, body=table(resource, [found], meta, clock), kind=kind)
        case _:
            return Answer(code=code, body=found, kind=kind)


def many(request: Request, resource: Resource, page: list[Object], meta: Object, clock: Clock) -> Answer:
    """A list of them."""
    shape, kind = wanted(request)
    match shape:
        case "PartialObjectMetadataList":
            items = [partial(item) for item in page]
            body = {
                "kind": "PartialObjectMetadataList",
                "apiVersion": _META,
                "metadata": meta,
                "items": items,
            }
        case "Table":
            whole = request.query.get("includeObject") == "Object"
            body = table(resource, page, meta, clock, (lambda item: item) if whole else None)
        case _:
            items = page if resource.custom else [_bare(item) for item in page]
            body = {"kind": f"{resource.kind}List", "apiVersion": resource.api_version, "metadata": meta}
            body["items"] = items
    return Answer(body=body, kind=kind)


def watched(request: Request, resource: Resource, item: Object, clock: Clock) -> Object:
    """An object in an event."""
    match wanted(request)[0]:
        case "PartialObjectMetadata" | "PartialObjectMetadataList":
            return partial(item)
        case "Table":
            return table(resource, [item], {"resourceVersion": item["metadata"]["resourceVersion"]}, clock)
        case _:
            return item


def bookmark(request: Request, mark: Object) -> Object:
    """A bookmark in the shape asked for."""
    if wanted(request)[0].startswith("Partial"):
        return {"kind": "PartialObjectMetadata", "apiVersion": _META, "metadata": mark["metadata"]}
    return mark


def _bare(item: Object) -> Object:
    return {name: value for name, value in item.items() if name not in {"kind", "apiVersion"}}
