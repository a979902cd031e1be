"""One command logs in once on each host, however often it looks there; and leaves nobody logged in."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from tests.cli.conftest import Cli
from tests.cli.test_ssh import Shop, shop  # noqa: F401 - a fixture
from tests.lab.hosts import Host
from tests.lab.waiting import wait_until

pytestmark = [pytest.mark.ssh, pytest.mark.xdist_group("ssh"), pytest.mark.timeout(300)]


@pytest.fixture(autouse=True)
def nobody_else(clean_hosts: tuple[Host, ...]) -> None:
    """Whoever was let in by other tests of this process, and is still there, goes."""
    for host in clean_hosts:
        host.kill_sessions()


def logins(hosts: tuple[Host, ...]) -> list[int]:
    """How often each host has let somebody in since it runs."""
    asked = "journalctl --sync; journalctl -q --no-pager -o cat -g 'Accepted publickey' | wc -l"
    return [int(host.run(asked)) for host in hosts]


def await_nobody(hosts: tuple[Host, ...]) -> None:
    """Wait until no host has a session any more."""
    for host in hosts:
        wait_until(
            lambda host=host: host.try_run("pgrep -f '^sshd: [^/]'") != 0,  # type: ignore[misc]
            seconds=10,
            what=f"{host.name} to be left",
        )


def test_an_apply_and_a_rollback_log_in_once_on_each_host(shop: Shop) -> None:  # noqa: F811
    for version in ("1", "2"):
        shop.write(version)
        with (shop.cli.root / "specs/web.yaml").open("a", encoding="utf-8") as web:
            web.write("  rollout: {rolling: {}, keep: 1}\n")
        before = logins(shop.hosts)
        assert shop.apply().status == 0
        assert logins(shop.hosts) == [count + 1 for count in before]
        await_nobody(shop.hosts)
    before = logins(shop.hosts)
    back = shop.cli.inside("rollback", "web", "--yes")
    assert back.status == 0, back.err
    assert logins(shop.hosts) == [count + 1 for count in before]
    assert {version for _, condition, version in shop.instances() if condition == "running"} == {"1"}


def test_nobody_is_left_logged_in_by_a_command_that_fails(shop: Shop) -> None:  # noqa: F811
    shop.write()
    shop.apply()
    assert shop.cli.inside("logs", "nobody").status == 1
    await_nobody(shop.hosts)


def test_nobody_is_left_logged_in_by_a_command_that_is_interrupted(shop: Shop) -> None:  # noqa: F811
    shop.write()
    shop.apply()

    def interrupt() -> None:
        following = "pgrep -f 'journalctl .* -f'"
        wait_until(lambda: shop.hosts[0].try_run(following) == 0, seconds=20, what="the log to be followed")
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    assert shop.cli.inside("logs", "web", "--follow").status == 130
    await_nobody(shop.hosts)


def test_a_watch_outlives_its_connections(shop: Shop) -> None:  # noqa: F811
    shop.write(replicas=1)
    before = logins(shop.hosts)
    with watching(shop.cli) as watch:
        assert watch.stdout is not None
        _await_line(watch, "create 1 replica")
        assert logins(shop.hosts) == [count + 1 for count in before]
        shop.hosts[0].kill_sessions()
        time.sleep(1)  # noqa: TID251 - the kernel's watch is set up after the line is printed
        shop.write(replicas=2)
        _await_line(watch, "create 2 replicas")
        assert logins(shop.hosts) == [count + more for count, more in zip(before, (2, 1, 1), strict=True)]
        watch.send_signal(signal.SIGINT)
    await_nobody(shop.hosts)


def watching(cli: Cli) -> "subprocess.Popen[str]":
    """A plan that is made again with every change of a file."""
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "eeveon.cli.app", "plan", "--watch"],
        cwd=cli.root,
        env=cli.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _await_line(process: "subprocess.Popen[str]", part: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if part in line:
            return
    raise AssertionError(f"it ended without {part!r}")
