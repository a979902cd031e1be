"""Objects of a namespace whoever made them, as `eeveon import kubernetes` asks for them. Nothing is written."""

from collections.abc import Iterator
from datetime import timedelta
from functools import cached_property
from typing import Final

from eeveon.core.values import Fields
from eeveon.drivers.kubernetes.access import Wanted, access_of
from eeveon.drivers.kubernetes.client import Client, Object
from eeveon.drivers.kubernetes.resources import BUILT_IN
from eeveon.drivers.kubernetes.trouble import Gone

_PATIENCE: Final = timedelta(seconds=30)  # for one kind
_BY_NAME: Final = {str(resource): resource for resource in BUILT_IN.values()}


def existing(settings: Fields) -> "Existing":
    """What is on the cluster that a target's settings name. Sends nothing yet."""
    return Existing(settings)


class Existing:
    """One namespace: that of the settings, or of the context, or `default`, as kubectl has it."""

    def __init__(self, settings: Fields) -> None:
        wanted = Wanted.of(settings)
        self._namespace = str(settings.get("namespace", ""))
        self._client = Client(lambda: access_of(wanted))

    @cached_property
    def settings(self) -> Fields:
        """Those of a target that is this very cluster and namespace. Raises TargetUnreachable."""
        access = self._client.access
        namespace = self._namespace or access.namespace or "default"
        return {"namespace": namespace, **({"context": access.context} if access.context else {})}

    def __call__(self, resource: str) -> Iterator[Object]:
        """All objects of a kind, named as in "deployments.apps"; none where the cluster does not serve it.

        Raises TargetError where not all can be read.
        """
        known = _BY_NAME[resource]
        try:
            found = self._client.list(known, str(self.settings["namespace"]), "", _PATIENCE)
        except Gone:
            return
        for body in found:
            yield {"apiVersion": known.api_version, "kind": known.kind, **body}

    def close(self) -> None:
        """End the connections."""
        self._client.close()
