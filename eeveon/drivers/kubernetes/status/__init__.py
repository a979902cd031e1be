"""What the API server's answers say of how objects do. Pure: JSON objects go in, values and texts for people come out."""

from eeveon.drivers.kubernetes.status.cause import Cause
from eeveon.drivers.kubernetes.status.causes import first_cause
from eeveon.drivers.kubernetes.status.finalizers import deleted_at, held_by
from eeveon.drivers.kubernetes.status.progress import Progress, progress_of
from eeveon.drivers.kubernetes.status.readiness import Readiness, ready_of

__all__ = [
    "Cause",
    "Progress",
    "Readiness",
    "deleted_at",
    "first_cause",
    "held_by",
    "progress_of",
    "ready_of",
]
