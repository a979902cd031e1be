"""Ports are given out once, kept, told, and refused when somebody else has them."""

import os
import signal
import socket

import pytest

from eeveon.core.desired import Port
from eeveon.core.health import HttpCheck, TcpCheck
from eeveon.core.observed import Condition
from eeveon.drivers.local.driver import LocalDriver
from eeveon.drivers.local.supervisor.ports import free_port
from eeveon.errors import ActionRefused
from tests.drivers.contract_parts import eventually
from tests.drivers.local.world import (
    PYTHON,
    SOON,
    becomes,
    bring,
    log_text,
    look,
    pid_of,
    run,
    shell,
    workload,
)

HTTP = Port(name="http")
SILENT = "import socket, sys; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); s.accept()[0].recv(9); __import__('time').sleep(1000)"


def test_ports_are_allocated_told_and_filled_in(driver: LocalDriver) -> None:
    script = 'echo "$PORT $PORT_HTTP $PORT_ADMIN_UI $URL $0 $1"; exec sleep 1000'
    made = run(
        driver,
        workload(
            "sh",
            "-c",
            script,
            "$(PORT)",
            "$$(PORT) $(OTHER)",
            ports=(HTTP, Port(name="admin-ui"), Port(name="fixed", port=free_port((), "tcp"))),
            env={"URL": "http://127.0.0.1:$(PORT_ADMIN_UI)/"},
        ),
    )
    assert eventually(lambda: log_text(driver, made) != "")
    numbers = {item.port: item.number for item in made.endpoints}
    http, admin = numbers["http"], numbers["admin-ui"]
    assert (
        log_text(driver, made) == f"{http} {http} {admin} http://127.0.0.1:{admin}/ {http} $(PORT) $(OTHER)"
    )
    assert len(set(numbers.values())) == 3


def test_an_allocated_port_is_nobody_elses_and_stays_over_restarts(driver: LocalDriver) -> None:
    first = run(driver, workload(ports=(HTTP,)))
    others = [run(driver, workload(ports=(HTTP,), env={"N": str(number)})) for number in range(20)]
    assert len({item.endpoints[0].number for item in (first, *others)}) == 21
    os.kill(pid_of(driver, first), signal.SIGKILL)
    assert becomes(driver, first, Condition.RUNNING, "restarted once")
    bring(driver, first.id, Condition.STOPPED)
    bring(driver, first.id, Condition.RUNNING)
    assert look(driver, first).endpoints == first.endpoints


def test_a_given_port_that_somebody_has_is_refused_with_his_name(driver: LocalDriver) -> None:
    with socket.create_server(("127.0.0.1", 0)) as ours:
        number = ours.getsockname()[1]
        with pytest.raises(ActionRefused, match=rf"port {number} is in use by pid {os.getpid()} \(.+\)"):
            run(driver, workload(ports=(Port(name="http", port=number),)))
    made = run(driver, workload(ports=(Port(name="http", port=number),)))
    assert made.endpoints[0].number == number


def test_a_probe_tells_refused_from_late(driver: LocalDriver) -> None:
    quiet = run(driver, shell("sleep 1000", ports=(HTTP,)))
    number = quiet.endpoints[0].number
    assert driver.probe(quiet.id, HttpCheck(port="http", path="/healthz"), SOON).detail == (
        "GET /healthz → connection refused"
    )
    assert driver.probe(quiet.id, TcpCheck(port="http"), SOON).detail == (
        f"connect to port http ({number}) → connection refused"
    )
    silent = run(driver, workload(PYTHON, "-c", SILENT, "$(PORT)", ports=(HTTP,)))
    assert eventually(
        lambda: (
            driver.probe(silent.id, HttpCheck(port="http", path="/healthz"), SOON / 20).detail
            == "GET /healthz → timed out after 0.5 s"
        )
    )
