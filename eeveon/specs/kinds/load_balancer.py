"""Kind LoadBalancer: HAProxy or nginx on hosts of a target, and what it needs besides the routes of the services."""

from typing import ClassVar, Literal

from eeveon.specs.kinds.common import (
    VERSION_NOTE,
    ApiVersion,
    Choice,
    Drain,
    Duration,
    Filledlist,
    Line,
    Metadata,
    Name,
    PortNumber,
    Spec,
    may,
    must,
)


class HaproxyExtra(Spec):
    """Lines for the ends of sections of the configuration, as they are. The plan shows them."""

    of_global: list[Line] = may("For the section `global`.", alias="global")
    defaults: list[Line] = may("For the section `defaults`.")
    frontend: list[Line] = may("For the frontend that gets all requests, before its routes.")
    backend: list[Line] = may("For the backend of every service.")


class Haproxy(Spec):
    """HAProxy, 2.4 or newer, from the packages of the host."""

    extra: HaproxyExtra = may("Lines that are put into the configuration as they are.")


class NginxExtra(Spec):
    """Lines for the ends of blocks of the configuration, as they are. The plan shows them."""

    main: list[Line] = may("Outside of all blocks.")
    http: list[Line] = may("For the block `http`.")
    server: list[Line] = may("For the block `server` of every host name.")
    location: list[Line] = may("For the block `location` of every route.")


class Nginx(Spec):
    """nginx, 1.18 or newer, from the packages of the host."""

    extra: NginxExtra = may("Lines that are put into the configuration as they are.")


class Timeouts(Spec):
    """How long the balancer waits."""

    connect: Duration = may("For a connection to an instance.", default="5s")
    client: Duration = may("For a client that says nothing in the middle of a request.", default="60s")
    server: Duration = may("For an instance that says nothing in the middle of an answer.", default="60s")


class LoadBalancerSpec(Choice):
    """Where it runs, and how it treats connections."""

    exactly_one: ClassVar[tuple[str, ...]] = ("haproxy", "nginx")

    target: Name = must("The ssh Target whose services it serves and on whose hosts it runs.", "edge")
    haproxy: Haproxy = may("HAProxy.")
    nginx: Nginx = may("nginx.")
    hosts: Filledlist[Name] = may("The hosts that it runs on. Without it, every active host of the target.")
    listen: PortNumber = may("The port that it listens on.", default=80)
    balance: Literal["roundRobin", "leastConnections", "clientAddress"] = may(
        "Which instance gets a request.", default="roundRobin"
    )
    timeouts: Timeouts = may("How long it waits.")
    drain: Drain = may("How instances leave its service.")


class LoadBalancer(Spec):
    """What stands before the services of an ssh target. A Service is put behind it by its `route`."""

    api_version: ApiVersion = may(VERSION_NOTE)
    kind: Literal["LoadBalancer"] = must("The kind of the document.", "LoadBalancer")
    metadata: Metadata = must("Its name, and what is said about it.", {"name": "edge-lb"})
    spec: LoadBalancerSpec = must("Where it runs.", {"target": "edge", "haproxy": {}})
