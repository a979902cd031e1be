"""Volumes of a host: folders below ours that services see where they ask for them. Pure but for the line."""

from eeveon.core.observed import Condition, ObservedObject
from eeveon.drivers.ssh import scripts_of_units as texts
from eeveon.drivers.ssh.instances import Job
from eeveon.drivers.ssh.observed import volume
from eeveon.drivers.ssh.script import Raw, fill, locked
from eeveon.errors import ActionRefused


def perform(job: Job) -> ObservedObject | None:
    """The volume as it is after the effect; None if it is then absent. Raises the three target errors."""
    effect, names = job.effect, job.place.names
    name = effect.object.name.rpartition("@")[0]
    match effect.condition:
        case Condition.RUNNING:
            body = fill(texts.KEEP_VOLUME, name=name)
        case Condition.ABSENT:
            pattern = Raw(f"{names.prefix}*@.service")
            body = fill(texts.REMOVE_VOLUME, name=name, units=names.unit_folder, pattern=pattern)
        case _:
            raise ActionRefused(f"{effect.object} cannot be brought to {effect.condition}: that is no aim")
    scope = (names.scope.project, names.scope.environment)
    script = locked(body, scope=scope, root=names.root, fence=job.fence, key=f"volume-{name}")
    job.line.run(script, job.timeout)
    return None if effect.condition is Condition.ABSENT else volume(job.place, name)
