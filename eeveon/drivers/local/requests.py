"""Effects in the words of the supervisor."""

from eeveon.core.observed import Condition
from eeveon.core.plan import Effect
from eeveon.core.secret import FromEncrypted, FromEnvironment, FromFile, SecretRef, Secrets
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
    return {
        name: secrets.resolve(_reference(ref)).reveal()
        for name, ref in record.fields.get("secrets", {}).items()
    }


def _reference(form: dict[str, str]) -> SecretRef:
    """The reference that `values.plain` wrote as this map."""
    match form:
        case {"kind": "environment", "variable": variable}:
            return FromEnvironment(variable=variable)
        case {"kind": "file", "path": path}:
            return FromFile(path=path)
        case {"kind": "encrypted", "file": file, "key": key, "version": version}:
            return FromEncrypted(file=file, key=key, version=version)
        case _:
            raise ActionRefused(
                f"the kept definition holds a reference to a secret that is not known: {form}"
            )
