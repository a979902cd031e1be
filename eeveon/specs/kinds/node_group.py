"""Kind NodeGroup: how many of the registered hosts of a target are in service."""

from typing import Literal

from eeveon.specs.kinds.common import (
    VERSION_NOTE,
    ApiVersion,
    Drain,
    Metadata,
    Money,
    Name,
    Positive,
    Spec,
    may,
    must,
)


class Active(Spec):
    """Bounds of the number of hosts in service."""

    min: Positive = must("So many are in service, standby hosts counted once the others are.", 2)
    max: Positive = may("No more than so many are. Without it, all hosts may be.")


class Cost(Spec):
    """What a host in service costs. Comes with a later version."""

    per_host_hour: Money = must("For each host and hour.", "0.03 EUR")


class NodeGroupSpec(Spec):
    """Which hosts, how many, and how one leaves."""

    target: Name = must("The ssh Target whose hosts they are.", "edge")
    active: Active = must("How many are in service.", {"min": 2})
    drain: Drain = may("How a host that is taken out leaves. Without it, as its load balancers say.")
    cost: Cost = may("What a host in service costs. Comes with a later version.")


class NodeGroup(Spec):
    """Registered hosts that can be brought into and out of service."""

    api_version: ApiVersion = may(VERSION_NOTE)
    kind: Literal["NodeGroup"] = must("The kind of the document.", "NodeGroup")
    metadata: Metadata = must("Its name, and what is said about it.", {"name": "edge-pool"})
    spec: NodeGroupSpec = must("How many are in service.", {"target": "edge", "active": {"min": 2}})
