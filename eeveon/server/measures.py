"""What Prometheus reads: how the environments stand, what waits, and what was asked."""

from collections.abc import Callable, Iterable
from datetime import datetime
from importlib.metadata import version

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from eeveon.core.standing import Phase
from eeveon.store.store import Store


class Measures:
    """Reads the store each time that somebody asks."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Known(store, now))

    def __call__(self, accepts: str = "") -> tuple[str, str]:
        """The text, and its media type as the asker wants it."""
        encode, kind = choose_encoder(accepts)
        return encode(self._registry).decode(), kind


class _Known(Collector):
    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    def collect(self) -> Iterable[Metric]:
        """See `Collector`."""
        yield InfoMetricFamily("eeveon_build", "The program.", value={"version": version("eeveon")})
        labels = ["repository", "environment"]
        phases = GaugeMetricFamily(
            "eeveon_environment_phase", "1 for how it stands.", labels=[*labels, "phase"]
        )
        since = GaugeMetricFamily(
            "eeveon_environment_phase_seconds", "For how long it stands so.", labels=labels
        )
        checked = GaugeMetricFamily(
            "eeveon_environment_checked_seconds", "Since it was looked at.", labels=labels
        )
        now = self._now()
        for one in self._store.standings.all():
            names = [*one.key.partition("/")[::2]]
            for phase in Phase:
                phases.add_metric([*names, phase.value], float(one.phase is phase))
            since.add_metric(names, (now - one.since).total_seconds())
            checked.add_metric(names, (now - one.checked).total_seconds())
        yield from (phases, since, checked)
        errands = GaugeMetricFamily(
            "eeveon_errands", "What webhooks asked for and is kept.", labels=["state"]
        )
        for state, count in self._store.inbox.counts().items():
            errands.add_metric([state.value], count)
        yield errands
