"""What workloads become on a cluster: manifests as `kubectl` users would write them. Pure; nobody is asked anything."""

from eeveon.drivers.kubernetes.render.fields import fields_of
from eeveon.drivers.kubernetes.render.identity import Place
from eeveon.drivers.kubernetes.render.manifests import Instance, Manifest, Rendered, Support
from eeveon.drivers.kubernetes.render.whole import common_of, rendered

__all__ = ["Instance", "Manifest", "Place", "Rendered", "Support", "common_of", "fields_of", "rendered"]
