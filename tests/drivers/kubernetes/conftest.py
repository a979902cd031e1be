"""Drivers on a cluster."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from eeveon.core.desired import Target
from eeveon.core.names import EnvironmentName, ProjectName, Scope, TargetName
from eeveon.drivers.base import Context, Driver
from eeveon.drivers.kubernetes.driver import connect
from tests.drivers.contract_parts import KnownSecrets
from tests.lab.kubernetes.clusters import AnyCluster

ConnectAs = Callable[[Path], Driver]


@pytest.fixture
def connect_as(any_cluster: AnyCluster, tmp_path: Path) -> Iterator[ConnectAs]:
    """Connects to the namespace `shop` with a kubeconfig, for the environment `demo` of `shop`."""
    space = any_cluster.namespace(any_cluster.space("shop"))
    any_cluster.pace(second=0.01)
    made: list[Driver] = []

    def connected(kubeconfig: Path) -> Driver:
        settings = {"kubeconfig": str(kubeconfig), "namespace": space}
        target = Target(name=TargetName("cluster"), kind="kubernetes", settings=settings)
        context = Context(
            scope=Scope(project=ProjectName("shop"), environment=EnvironmentName("demo")),
            state=tmp_path / "state",
            secrets=KnownSecrets(),
            report=lambda *_: None,
        )
        made.append(connect(target, context))
        return made[-1]

    yield connected
    for driver in made:
        driver.close()


@pytest.fixture
def admin(connect_as: ConnectAs, any_cluster: AnyCluster) -> Driver:
    """As somebody who may do all."""
    return connect_as(any_cluster.kubeconfig)
