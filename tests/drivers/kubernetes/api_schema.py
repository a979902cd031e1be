"""What the API server itself says that a Deployment, a StatefulSet and a PersistentVolumeClaim look like.

`openapi-apps-v1.json.gz` is the document at /openapi/v3/apis/apps/v1 of a kube-apiserver 1.36.
"""

import gzip
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

_PLACE = "#/components/schemas/"
_KINDS = {
    "Deployment": "io.k8s.api.apps.v1.Deployment",
    "StatefulSet": "io.k8s.api.apps.v1.StatefulSet",
    "PersistentVolumeClaim": "io.k8s.api.core.v1.PersistentVolumeClaim",
}


def mistakes(body: Any) -> list[str]:
    """Where an object is not as the server describes its kind: unknown fields, and values of another type."""
    found = _validator(body["kind"]).iter_errors(body)
    return [f"{error.json_path}: {error.message}" for error in found]


@cache
def _validator(kind: str) -> Draft202012Validator:
    content = gzip.decompress((Path(__file__).parent / "openapi-apps-v1.json.gz").read_bytes())
    document = json.loads(content)
    for node in _nodes(document["components"]["schemas"]):
        if "properties" in node:
            node.setdefault("additionalProperties", False)
    return Draft202012Validator({**document, "$ref": f"{_PLACE}{_KINDS[kind]}"})


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for item in node.values():
            yield from _nodes(item)
    elif isinstance(node, list):
        for item in node:
            yield from _nodes(item)
