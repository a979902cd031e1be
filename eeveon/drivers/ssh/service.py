"""Into service and out of it: RUNNING → SERVING and back, for one instance on its host.

What is in service is the release that `current` leads to, and the backend of every load balancer that routes to it.
Seam: both are built next to this driver.
"""

from eeveon.core.plan import Effect
from eeveon.errors import ActionRefused


def enter(effect: Effect) -> None:
    """Bring the instance, and those `beside` it, into service, and take those `instead` of it out."""
    raise ActionRefused(f"{effect.object} cannot be put into service: nothing here balances requests yet")


def leave(effect: Effect) -> None:
    """Take the instance out of service; requests in hand are finished. Nothing to do where nothing serves it."""
