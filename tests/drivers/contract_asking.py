"""Claims about probes, logs, endpoints and secrets."""

from dataclasses import replace
from itertools import islice
from pathlib import Path
from urllib.request import urlopen

import pytest

from eeveon.core.desired import Workload
from eeveon.core.health import CommandCheck, HttpCheck, TcpCheck
from eeveon.core.observed import Condition, Seen
from eeveon.core.secret import FromEncrypted
from eeveon.drivers.base import Driver
from eeveon.errors import (
    EEveonError,
    SecretError,
)
from tests.drivers.contract_parts import (
    CANARY,
    FENCE,
    NO_SECRET,
    PROBE_TIMEOUT,
    SECRET,
    ContractFixtures,
    MakeWorkload,
    eventually,
    instances,
    perform,
    run,
    run_one,
    set_condition,
    to_run,
    wanted_instance,
)


class AskingClaims(ContractFixtures):
    """Probes, logs, endpoints and secrets."""

    def _becomes_healthy(self, driver: Driver, workload: Workload, check: HttpCheck | TcpCheck) -> None:
        made = run_one(driver, workload)
        assert eventually(lambda: driver.probe(made.id, check, PROBE_TIMEOUT).healthy)

    def test_http_answers_are_healthy(self, driver: Driver, workload: MakeWorkload) -> None:
        self._becomes_healthy(driver, workload(), HttpCheck(port="http", path="/"))

    def test_accepted_connections_are_healthy(self, driver: Driver, workload: MakeWorkload) -> None:
        self._becomes_healthy(driver, workload(), TcpCheck(port="http"))

    def test_a_wrong_path_is_unhealthy_with_path_and_status(
        self, driver: Driver, workload: MakeWorkload
    ) -> None:
        made = run_one(driver, workload())
        check = HttpCheck(port="http", path="/no-such-page")
        assert eventually(lambda: "404" in driver.probe(made.id, check, PROBE_TIMEOUT).detail)
        probe = driver.probe(made.id, check, PROBE_TIMEOUT)
        assert not probe.healthy
        assert "/no-such-page" in probe.detail

    @pytest.mark.parametrize("check", [HttpCheck(port="idle", path="/"), TcpCheck(port="idle")])
    def test_a_port_where_nobody_listens_is_unhealthy(
        self, driver: Driver, workload: MakeWorkload, check: HttpCheck | TcpCheck
    ) -> None:
        probe = driver.probe(run_one(driver, workload()).id, check, PROBE_TIMEOUT)
        assert not probe.healthy
        assert probe.detail

    def test_a_port_that_is_not_declared_is_unhealthy(self, driver: Driver, workload: MakeWorkload) -> None:
        made = run_one(driver, workload())
        assert not driver.probe(made.id, TcpCheck(port="nowhere"), PROBE_TIMEOUT).healthy

    def test_a_command_is_as_healthy_as_its_status(self, driver: Driver, workload: MakeWorkload) -> None:
        made = run_one(driver, workload())
        assert driver.probe(made.id, CommandCheck(command=self.succeeds), PROBE_TIMEOUT).healthy
        failed = driver.probe(made.id, CommandCheck(command=self.fails), PROBE_TIMEOUT)
        assert not failed.healthy
        assert "1" in failed.detail, "the detail names the status"

    def test_probes_of_what_does_not_run_are_unhealthy(self, driver: Driver, workload: MakeWorkload) -> None:
        made = run_one(driver, workload())
        checks = (
            HttpCheck(port="http", path="/"),
            TcpCheck(port="http"),
            CommandCheck(command=self.succeeds),
        )
        for condition in (Condition.STOPPED, Condition.ABSENT):
            set_condition(driver, made.id, condition)
            for check in checks:
                probe = driver.probe(made.id, check, PROBE_TIMEOUT)
                assert not probe.healthy
                assert probe.detail

    def test_logs_give_the_last_lines(self, driver: Driver, workload: MakeWorkload) -> None:
        made = run_one(driver, workload())

        def last_two() -> tuple[str, ...]:
            return tuple(line.text for line in driver.logs(made.id, tail=2, follow=False))

        assert eventually(lambda: last_two() == self.log_lines[-2:]), last_two()
        lines = list(driver.logs(made.id, tail=1000, follow=False))
        assert tuple(line.text for line in lines) == self.log_lines
        assert all(line.instance for line in lines)

    def test_following_logs_starts_with_the_last_lines(self, driver: Driver, workload: MakeWorkload) -> None:
        made = run_one(driver, workload())
        assert eventually(lambda: len(list(driver.logs(made.id, tail=9, follow=False))) == 3)
        lines = driver.logs(made.id, tail=2, follow=True)
        assert tuple(line.text for line in islice(lines, 2)) == self.log_lines[-2:]

    def test_logs_of_a_stopped_instance_can_still_be_read(
        self, driver: Driver, workload: MakeWorkload
    ) -> None:
        made = run_one(driver, workload())
        assert eventually(lambda: len(list(driver.logs(made.id, tail=9, follow=False))) == 3)
        set_condition(driver, made.id, Condition.STOPPED)
        lines = [line.text for line in driver.logs(made.id, tail=9, follow=False)]
        assert lines[:3] == list(self.log_lines)

    def test_a_running_instance_says_where_its_port_is_reached(
        self, driver: Driver, workload: MakeWorkload
    ) -> None:
        made = run_one(driver, workload())
        (endpoint,) = (item for item in instances(driver)[made.id].endpoints if item.port == "http")
        assert endpoint.number > 0
        assert self.reaches is not endpoint.host.endswith(".invalid")
        if self.reaches:
            self._becomes_healthy(driver, workload(), HttpCheck(port="http", path="/"))
            with urlopen(f"http://{endpoint.host}:{endpoint.number}/", timeout=5) as answer:
                assert answer.status == 200

    def test_secrets_reach_the_instance_and_nobody_else(
        self, driver: Driver, state: Path, workload: MakeWorkload
    ) -> None:
        secret = workload(secrets={"TOKEN": SECRET})
        made = run_one(driver, secret)
        check = CommandCheck(command=self.equals("TOKEN", CANARY))
        probe = driver.probe(made.id, check, PROBE_TIMEOUT)
        assert probe.healthy, probe.detail.replace(CANARY, "")
        wrong = CommandCheck(command=self.equals("TOKEN", "something else"))
        assert not driver.probe(made.id, wrong, PROBE_TIMEOUT).healthy
        observation = driver.observe()
        assert isinstance(observation, Seen)
        shown = (repr(driver), repr(driver.preview((secret,))), repr(made), repr(observation))
        assert not any(CANARY in text for text in shown)
        assert readable_by_others(state) == []

    def test_secrets_do_not_show_in_errors(self, driver: Driver, workload: MakeWorkload) -> None:
        run(driver, workload())
        wanted = wanted_instance(driver, workload(secrets={"TOKEN": SECRET}))
        with pytest.raises(EEveonError) as caught:
            perform(driver, to_run(wanted), FENCE - 1)
        assert CANARY not in repr(caught.value) + str(caught.value) + caught.value.hint

    def test_a_secret_that_cannot_be_read_makes_nothing(self, driver: Driver, workload: MakeWorkload) -> None:
        wanted = wanted_instance(driver, workload(secrets={"TOKEN": NO_SECRET}))
        with pytest.raises(SecretError):
            perform(driver, to_run(wanted))
        assert instances(driver) == {}

    def test_another_version_of_a_secret_is_another_revision(
        self, driver: Driver, workload: MakeWorkload
    ) -> None:
        old = FromEncrypted(file="secrets.yaml", key="token", version="1")
        revisions = {
            wanted_instance(driver, workload(secrets={"TOKEN": secret})).revision
            for secret in (old, replace(old, version="2"))
        }
        assert len(revisions) == 2


def readable_by_others(folder: Path) -> list[Path]:
    """Files that hold the canary and that somebody else on this machine may read."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path for path in files if path.stat().st_mode & 0o077 and CANARY.encode() in path.read_bytes()]
