"""What a target holds after some effects, if every one of them does what it says."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from eeveon.core.names import ObjectId
from eeveon.core.observed import Condition, ObservedObject
from eeveon.core.plan import Effect
from eeveon.core.wanted import WantedObject

World = Mapping[ObjectId, ObservedObject]


def after(objects: World, effects: Iterable[Effect]) -> dict[ObjectId, ObservedObject]:
    """The objects after these effects, one after the other."""
    world = dict(objects)
    for effect in effects:
        if effect.condition is Condition.ABSENT:
            world.pop(effect.object, None)
        elif effect.wanted is not None:
            world[effect.object] = replace(as_wanted(effect.wanted), condition=effect.condition)
        else:
            _bring(world, effect.object, effect.condition)
        for entering in effect.beside:
            _bring(world, entering, Condition.SERVING)
        for leaving in effect.instead:
            _bring(world, leaving, Condition.RUNNING)
    return world


def _bring(world: dict[ObjectId, ObservedObject], identity: ObjectId, condition: Condition) -> None:
    """What is not there is brought nowhere: an effect without `wanted` makes nothing."""
    if identity in world:
        world[identity] = replace(world[identity], condition=condition)


def as_wanted(want: WantedObject) -> ObservedObject:
    """The observation of an object that is exactly as it is wanted."""
    return ObservedObject(
        id=want.id,
        service=want.service,
        ordinal=want.ordinal,
        revision=want.revision,
        fields=want.fields,
        applied=want.fields,
        condition=want.goal,
        protected=want.protected,
        place=want.place,
        replicas=want.replicas,
        rank=want.rank,
    )
