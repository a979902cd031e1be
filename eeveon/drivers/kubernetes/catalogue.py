"""Which kinds a cluster serves: what every cluster has is known, the others are asked for once."""

import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from eeveon.drivers.kubernetes.client import Client
from eeveon.drivers.kubernetes.resources import BUILT_IN, Resource
from eeveon.drivers.kubernetes.trouble import Gone

_PATIENCE: Final = timedelta(seconds=15)
_ANY: Final = Resource(api_version="v1", kind="APIResourceList", plural="apis", namespaced=False)


class Catalogue:
    """Kinds of one cluster. For several threads."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[tuple[str, str], Resource] = dict(BUILT_IN)
        self._asked: set[str] = set()
        self._lock = threading.Lock()

    def define(self, definition: Mapping[str, Any]) -> None:
        """Learn a kind from a CustomResourceDefinition that is about to be applied."""
        spec = definition.get("spec") or {}
        names = spec.get("names") or {}
        for version in spec.get("versions") or ():
            if not version.get("served", True):
                continue
            api_version = f"{spec.get('group')}/{version.get('name')}"
            resource = Resource(
                api_version=api_version,
                kind=str(names.get("kind")),
                plural=str(names.get("plural")),
                namespaced=spec.get("scope") == "Namespaced",
            )
            self._known.setdefault((api_version, resource.kind), resource)

    def find(self, api_version: str, kind: str) -> Resource:
        """The kind as the cluster serves it. Raises Gone where it does not, and what asking raises."""
        found = self._found(api_version, kind)
        if found is None:
            raise Gone(
                f"the cluster knows no {kind} in {api_version}",
                hint=f"`kubectl api-resources` lists what it knows; the CustomResourceDefinition of {kind} may be missing",
            )
        return found

    def instead(self, api_version: str, kind: str) -> Resource | None:
        """The kind in another version of its group that the cluster serves, its preferred one first.

        Raises what asking raises.
        """
        group, slash, _ = api_version.rpartition("/")
        if not slash:
            return None
        try:
            answer = self._client.read(f"/apis/{group}", _ANY, _PATIENCE)
        except Gone:
            return None
        served = [
            one["groupVersion"]
            for one in (answer.get("preferredVersion"), *(answer.get("versions") or ()))
            if one
        ]
        others = (self._found(one, kind) for one in served if one != api_version)
        return next((one for one in others if one is not None), None)

    def _found(self, api_version: str, kind: str) -> Resource | None:
        with self._lock:
            if (api_version, kind) not in self._known and api_version not in self._asked:
                self._ask(api_version)
        return self._known.get((api_version, kind))

    def forget(self) -> None:
        """Ask again what was not there: a definition may have come."""
        with self._lock:
            self._asked.clear()

    def _ask(self, api_version: str) -> None:
        path = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        try:
            answer = self._client.read(path, _ANY, _PATIENCE)
        except Gone:
            answer = {}
        self._asked.add(api_version)
        for one in answer.get("resources") or ():
            if "/" not in one["name"]:
                key = (api_version, one["kind"])
                made = Resource(
                    api_version=api_version,
                    kind=one["kind"],
                    plural=one["name"],
                    namespaced=one["namespaced"],
                )
                self._known.setdefault(key, made)
