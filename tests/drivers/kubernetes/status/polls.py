"""What a driver would have seen at each recorded look at a rollout."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.lab.kubernetes.recordings import exchanges

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """The workload, its ReplicaSets and Pods as last answered, and when; `events` only at the end of a case."""

    at: float
    now: datetime
    workload: Json
    sets: tuple[Json, ...]
    pods: tuple[Json, ...]
    events: tuple[Json, ...]


def polls(name: str) -> Iterator[Poll]:
    """Of one case, one for each answer since the first of each kind."""
    found: dict[str, Any] = {"ReplicaSet": (), "Event": ()}
    base: datetime | None = None
    for exchange in exchanges(name):
        body = exchange.response["body"]
        if not isinstance(body, dict) or exchange.response["status"] >= 300:
            continue
        kind = body["kind"].removesuffix("List")
        if kind in {"Deployment", "StatefulSet"}:
            found["workload"] = body
            if exchange.request["method"] == "PATCH":
                base = written(body) - timedelta(seconds=exchange.at)
        elif "items" in body:
            found[kind] = tuple(body["items"])
        if base is not None and "Pod" in found and exchange.request["method"] == "GET":
            yield Poll(
                at=exchange.at,
                now=base + timedelta(seconds=exchange.at),
                workload=found["workload"],
                sets=found["ReplicaSet"],
                pods=found["Pod"],
                events=found["Event"],
            )


def written(body: Json) -> datetime:
    """When we wrote to it."""
    rows = body["metadata"]["managedFields"]
    return max(datetime.fromisoformat(row["time"]) for row in rows if row["manager"] == "eeveon")
