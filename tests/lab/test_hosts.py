"""The hosts of the lab are real, and each fault does what it says."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paramiko
import pytest

from tests.lab.engine import Engine
from tests.lab.fixtures import AnyEngine
from tests.lab.hosts import USERS, Host, Hosts, sweep
from tests.lab.registry import Registry
from tests.lab.rootfs import package_sources
from tests.lab.waiting import LabError, wait_until

in_hosts = [
    pytest.mark.ssh,
    pytest.mark.xdist_group("ssh"),
    pytest.mark.timeout(300),
]  # a tree may be made first
SENT = 24 * 1024  # bytes: 3 s at 64 kbit/s


@pytest.fixture
def host(clean_hosts: tuple[Host, ...]) -> Host:
    return clean_hosts[0]


class TestLogins:
    pytestmark = in_hosts

    @pytest.mark.parametrize("user", USERS)
    def test_every_user_is_let_in_with_the_right_key_only(self, hosts: Hosts, host: Host, user: str) -> None:
        assert ssh(hosts, host, "id -un", user=user).stdout == f"{user}\n"
        assert "Permission denied" in ssh(hosts, host, "id -un", user=user, key=hosts.wrong_key).stderr

    def test_the_client_of_the_driver_is_let_in_too(self, hosts: Hosts, host: Host) -> None:
        with connected(hosts, host) as client:
            _, said, _ = client.exec_command("hostname", timeout=10)
            assert said.read() == b"edge1\n"

    def test_rights_differ_by_user(self, hosts: Hosts, host: Host) -> None:
        assert ssh(hosts, host, "sudo -n id -u", user="deploy").stdout == "0\n"
        assert ssh(hosts, host, "sudo -n id -u", user="plain").returncode != 0

    def test_a_lingering_user_runs_units_of_their_own(self, hosts: Hosts, host: Host) -> None:
        unit = "XDG_RUNTIME_DIR=/run/user/$(id -u) systemd-run --user --quiet --wait --pipe sh -c 'id -un'"
        assert ssh(hosts, host, unit, user="lingerer").stdout == "lingerer\n"
        assert host.run("systemctl is-active user@$(id -u lingerer).service") == "active\n"

    def test_another_host_key_is_not_taken_for_the_same_host(self, hosts: Hosts, host: Host) -> None:
        host.new_host_key()
        assert "HOST IDENTIFICATION HAS CHANGED" in ssh(hosts, host, "true").stderr
        host.old_host_key()
        assert ssh(hosts, host, "true").returncode == 0


class TestSystems:
    pytestmark = in_hosts

    def test_boot_ends_without_a_failed_unit(self, clean_hosts: tuple[Host, ...]) -> None:
        for host in clean_hosts:
            assert host.run("systemctl --failed --plain --no-legend") == ""

    def test_each_is_a_host_of_its_own(self, clean_hosts: tuple[Host, ...]) -> None:
        for question in ("hostname", "cat /etc/machine-id", "cat /etc/ssh/*_key.pub", "hostname -I"):
            assert len({host.run(question) for host in clean_hosts}) == 3

    def test_hosts_reach_each_other_by_name(self, clean_hosts: tuple[Host, ...]) -> None:
        first, second, _ = clean_hosts
        first.write("/srv/page", "hello\n")
        first.run("systemd-run --quiet --unit=eeveon-page busybox httpd -f -p 8080 -h /srv")
        fetch = "busybox wget -qO- http://edge1:8080/page"
        wait_until(lambda: second.try_run(fetch) == 0, seconds=10, what="the page")
        assert second.run(fetch) == "hello\n"

    def test_limits_of_units_are_enforced(self, host: Host) -> None:
        def unit(limit: str, command: str) -> int:
            return host.try_run(f"systemd-run --quiet --wait -p {limit} sh -c '{command}'")

        eats = "head -c 64M /dev/zero | tail >/dev/null"
        assert unit("MemoryMax=512M", eats) == 0
        assert unit("MemoryMax=16M", eats) != 0
        forks = "for _ in 1 2 3 4 5 6; do sleep 1 & done; wait"
        assert unit("TasksMax=64", forks) == 0
        assert unit("TasksMax=4", forks) != 0

    def test_a_share_of_the_processor_is_enforced(self, host: Host) -> None:
        spins = "timeout 2 sh -c 'while :; do :; done'; times"
        unit = "systemd-run --quiet --wait --pipe -p CPUQuota=20% sh -c"
        said = host.run(f'{unit} "{spins}"').splitlines()
        minutes, _, seconds = said[1].split()[0].removesuffix("s").partition("m")  # of children, in user mode
        assert 60 * int(minutes) + float(seconds) < 1

    def test_a_host_comes_back_under_its_address_and_key(self, hosts: Hosts, host: Host) -> None:
        others = hosts.up(3)[1:]
        host.write("/etc/kept", "kept")
        with host.down(), others[0].down():
            assert ssh(hosts, host, "true", seconds=2).returncode == 255
        assert hosts.up(3) == (host, *others)
        assert ssh(hosts, host, "hostname; cat /etc/kept").stdout == "edge1\nkept"
        assert ssh(hosts, others[0], "hostname").stdout == "edge2\n"

    def test_a_host_may_reboot_itself(self, hosts: Hosts, host: Host) -> None:
        before = begun_at(host)
        ssh(hosts, host, "systemctl reboot", seconds=2)
        wait_until(lambda: begun_at(host) not in {None, before}, seconds=60, what="another boot")
        host.await_boot()
        assert ssh(hosts, host, "true").returncode == 0

    def test_without_power_no_unit_learns_of_the_end(self, host: Host) -> None:
        host.run("systemd-run --quiet --unit=eeveon-end -p ExecStop='touch /srv/stopped' sleep 60")
        host.power_off()
        host.boot()
        assert host.try_run("test -e /srv/stopped") != 0

    def test_a_command_that_fails_says_how(self, host: Host) -> None:
        with pytest.raises(LabError, match=r"edge1: echo no >&2; exit 3: status 3: no"):
            host.run("echo no >&2; exit 3")

    def test_docker_on_a_host_speaks_to_the_engine_of_the_lab(
        self, hosts: Hosts, clean_engine: AnyEngine, registry: Registry
    ) -> None:
        if not isinstance(clean_engine, Engine):
            pytest.skip("a borrowed engine has no socket on this machine, or none to lend")
        image = registry.image("web", "1").by_digest
        host = hosts.add("dock", docker_of=clean_engine)
        try:
            assert host.run(f"docker run --rm {image} echo from a container") == "from a container\n"
            clean_engine.kill()
            clean_engine.start()
            assert host.run(f"docker run --rm {image} echo again") == "again\n"
        finally:
            hosts.remove(host)


class TestFaults:
    pytestmark = in_hosts

    def test_cut_off_hanging_and_refusing_are_three_things(self, hosts: Hosts, host: Host) -> None:
        with host.cut_off():
            assert "Connection timed out" in ssh(hosts, host, "true", seconds=2).stderr
        with host.hanging():
            assert "banner exchange" in ssh(hosts, host, "true", seconds=2).stderr
        with host.refusing():
            assert "refused" in ssh(hosts, host, "true").stderr
        assert ssh(hosts, host, "true").returncode == 0

    def test_a_connection_outlives_a_short_cut(self, hosts: Hosts, host: Host) -> None:
        with connected(hosts, host) as client:
            with host.cut_off():
                transport = client.get_transport()
                assert transport is not None
                with pytest.raises(paramiko.SSHException, match="Timeout"):
                    transport.open_session(timeout=1)
            _, said, _ = client.exec_command("echo back", timeout=20)
            assert said.read() == b"back\n"

    def test_killed_sessions_end_and_new_ones_start(self, hosts: Hosts, host: Host) -> None:
        with connected(hosts, host) as client:
            _, said, _ = client.exec_command("echo here; sleep 60", timeout=10)
            assert said.readline() == "here\n"
            host.kill_sessions()
            assert said.channel.recv_exit_status() == -1  # what became of it, nobody knows
        assert ssh(hosts, host, "true").returncode == 0

    def test_a_full_disk_takes_nothing_more_and_what_was_written_stays(self, host: Host) -> None:
        host.write("/srv/site/kept", "kept\n", mode=0o640)
        with host.full("/srv/site", "32k"):
            assert host.run("stat -c %a /srv/site/kept; cat /srv/site/kept") == "640\nkept\n"
            host.run("echo small > /srv/site/small; rm /srv/site/kept")
            with pytest.raises(LabError, match="No space left on device"):
                host.run("head -c 64K /dev/zero > /srv/site/large")
        host.run("head -c 2M /dev/zero > /srv/site/large")
        assert host.run("cd /srv/site; cat small; ls -A") == "small\nlarge\nsmall\n"

    def test_a_slow_line_is_slow_both_ways(self, hosts: Hosts, host: Host) -> None:
        with connected(hosts, host) as client:
            with host.slow("64kbit"):
                assert seconds_to_send(client) > 2
                assert seconds_to_fetch(client) > 2
            assert seconds_to_send(client) + seconds_to_fetch(client) < 2

    def test_a_healed_and_swept_host_is_as_new(self, hosts: Hosts, spare_host: Host) -> None:
        spare_host.write("/etc/systemd/system/eeveon-a@.service", "[Service]\nExecStart=sleep 60\n")
        spare_host.write("/var/lib/eeveon/state", "x")
        spare_host.run(
            "systemctl daemon-reload; systemctl start eeveon-a@1; systemctl enable --now eeveon-a@1 || :"
        )
        spare_host.run("systemd-run --unit=eeveon-failed false")
        spare_host.run(
            "XDG_RUNTIME_DIR=/run/user/1002 systemd-run --user --unit=eeveon-b sleep 60", user="lingerer"
        )
        spare_host.new_host_key()
        spare_host.fill_disk("/srv")
        spare_host.run("systemctl stop ssh.service")
        spare_host.cut()
        spare_host.pause()

        spare_host.heal()
        sweep(spare_host)

        assert ssh(hosts, spare_host, "true").returncode == 0
        assert spare_host.run("find / -xdev -name 'eeveon*'") == ""
        assert spare_host.run("systemctl list-units --all --plain --no-legend 'eeveon-*'") == ""
        assert spare_host.run("systemctl --failed --plain --no-legend") == ""
        assert "eeveon-b" not in spare_host.run("ps -eo args")


def test_packages_of_hosts_come_from_where_this_machine_takes_its_own(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    ours = tmp_path / "sources.list.d/debian.sources"
    ours.write_text("Types: deb\nSuites: bookworm\n")
    (tmp_path / "sources.list.d/other.list").write_text("deb [arch=amd64] file:/other nodistro main\n")
    (tmp_path / "sources.list.d/off.sources.disabled").write_text("Suites: bookworm\n")
    (tmp_path / "sources.list").write_text("# bookworm moved to debian.sources\n")
    assert package_sources(tmp_path) == (tmp_path / "sources.list", ours)


def ssh(
    hosts: Hosts, host: Host, command: str, *, user: str = "root", key: Path | None = None, seconds: int = 10
) -> subprocess.CompletedProcess[str]:
    options = {
        "BatchMode": "yes",
        "IdentitiesOnly": "yes",
        "UserKnownHostsFile": str(hosts.known_hosts),
        "StrictHostKeyChecking": "yes",
        "ConnectTimeout": str(seconds),
        "ServerAliveInterval": "1",
        "ServerAliveCountMax": str(seconds),
    }
    said = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    return subprocess.run(
        ("ssh", "-F", "none", *said, "-i", str(key or hosts.key), f"{user}@{host.address}", command),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@contextmanager
def connected(hosts: Hosts, host: Host) -> Iterator[paramiko.SSHClient]:
    client = paramiko.SSHClient()
    client.load_host_keys(str(hosts.known_hosts))
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    client.connect(
        host.address,
        port=host.port,
        username="root",
        key_filename=str(hosts.key),
        allow_agent=False,
        look_for_keys=False,
        timeout=20,
        banner_timeout=20,
        auth_timeout=20,
    )
    try:
        yield client
    finally:
        client.close()


def seconds_to_send(client: paramiko.SSHClient) -> float:
    begun = time.monotonic()
    to, said, _ = client.exec_command("wc -c", timeout=60)
    to.write(bytes(SENT))
    to.channel.shutdown_write()
    assert said.read().strip() == str(SENT).encode()
    return time.monotonic() - begun


def seconds_to_fetch(client: paramiko.SSHClient) -> float:
    begun = time.monotonic()
    _, said, _ = client.exec_command(f"head -c {SENT} /dev/zero", timeout=60)
    assert len(said.read()) == SENT
    return time.monotonic() - begun


def begun_at(host: Host) -> str | None:
    """When its first process began; None while there is none."""
    try:
        return host.run("cut -d' ' -f22 /proc/1/stat")
    except LabError:
        return None
