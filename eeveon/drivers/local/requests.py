"""Effects in the words of the supervisor."""

from eeveon.core.observed import Condition
from eeveon.core.plan import Effect
from eeveon.core.secret import Secrets, references
from eeveon.core.values import Fields
from eeveon.core.wanted import INSTANCE, WantedObject
from eeveon.drivers.local.supervisor.records import Record, Scope
from eeveon.errors import ActionRefused


def verb_of(effect: Effect) -> str:
    """What the supervisor is asked to do. Raises ActionRefused for what nobody can do."""
    match effect.condition:
        case Condition.RUNNING:
            return "run" if effect.object.kind == INSTANCE else "keep"
        case Condition.STOPPED:
            return "stop"
        case Condition.ABSENT:
            return "remove"
        case _:
            raise ActionRefused(f"{effect.object} cannot be brought to {effect.condition}: that is no aim")


def record_for(wanted: WantedObject, scope: Scope, settings: Fields) -> Record:
    """The record of an object that is wanted, before anything became of it."""
    logs = settings.get("logs")
    sizes = logs if isinstance(logs, dict) else {}
    return Record(
        scope=scope,
        kind=wanted.id.kind,
        name=wanted.id.name,
        service=wanted.service,
        ordinal=wanted.ordinal,
        revision=wanted.revision,
        protected=wanted.protected,
        fields=dict(wanted.fields),
        directory=str(settings.get("directory") or ""),
        **{mine: sizes[theirs] for theirs, mine in _SIZES.items() if theirs in sizes},
    )


_SIZES = {"maxBytes": "log_bytes", "files": "log_files"}


def values(record: Record | None, secrets: Secrets) -> dict[str, str] | None:
    """The values of all secrets that an object needs; None if there is no object. Raises SecretError."""
    if record is None:
        return None
    return {name: secrets.resolve(ref).reveal() for name, ref in references(record.fields).items()}
