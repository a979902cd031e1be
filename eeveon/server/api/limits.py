"""How often somebody may ask: a bucket of calls that fills up steadily, for each token and each address."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

KEPT = 10_000  # names that are remembered; the ones that were heard of longest ago are forgotten


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Limits:
    """`per_minute` calls for each name, as many at once. `clock` gives seconds. For one thread."""

    def __init__(self, per_minute: int, clock: Callable[[], float]) -> None:
        self._most = per_minute
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, name: str) -> float:
        """0.0 if this call is in order; else the seconds until the next one is."""
        bucket = self._filled(name)
        if bucket.left >= 1:
            bucket.left -= 1
            return 0.0
        return (1 - bucket.left) * 60 / self._most

    def is_spent(self, name: str) -> float:
        """The same for a call that shall not count."""
        bucket = self._filled(name)
        return 0.0 if bucket.left >= 1 else (1 - bucket.left) * 60 / self._most

    def _filled(self, name: str) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.pop(name, None) or _Bucket(left=self._most, at=now)
        bucket.left = min(self._most, bucket.left + (now - bucket.at) * self._most / 60)
        bucket.at = now
        self._buckets[name] = bucket
        if len(self._buckets) > KEPT:
            self._buckets.popitem(last=False)
        return bucket
