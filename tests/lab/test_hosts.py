"""The hosts of the lab are real, and each fault does what it says."""

import subprocess

import pytest

from tests.lab.hosts import USERS, Host, Hosts
from tests.lab.waiting import wait_until

pytestmark = pytest.mark.ssh


def ssh(
    hosts: Hosts, host: Host, command: str, *, user: str = "root", key: str = "key", seconds: int = 4
) -> subprocess.CompletedProcess[str]:
    options = {
        "BatchMode": "yes",
        "IdentitiesOnly": "yes",
        "UserKnownHostsFile": str(hosts.known_hosts),
        "StrictHostKeyChecking": "yes",
        "ConnectTimeout": str(seconds),
        "ServerAliveInterval": "1",
        "ServerAliveCountMax": "2",
    }
    said = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    return subprocess.run(
        ("ssh", "-F", "none", *said, "-i", str(hosts.folder / key), f"{user}@{host.address}", command),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("user", USERS)
def test_every_user_is_let_in_with_the_right_key_only(hosts: Hosts, user: str) -> None:
    (host, *_) = hosts.up(1)
    assert ssh(hosts, host, "id -un", user=user).stdout == f"{user}\n"
    assert "Permission denied" in ssh(hosts, host, "id -un", user=user, key="wrong_key").stderr


def test_rights_differ_by_user(hosts: Hosts) -> None:
    (host, *_) = hosts.up(1)
    assert ssh(hosts, host, "sudo -n id -u", user="deploy").stdout == "0\n"
    assert ssh(hosts, host, "sudo -n id -u", user="plain").returncode != 0
    done = ssh(hosts, host, "systemctl --user is-system-running", user="lingerer")
    assert done.stdout.strip() in {"running", "degraded"}, done.stderr


def test_limits_of_units_are_enforced(hosts: Hosts) -> None:
    (host, *_) = hosts.up(1)
    eats = "head -c 64M /dev/zero | tail"
    run = f"systemd-run --quiet --wait --pipe -p MemoryMax=16M -p MemorySwapMax=0 sh -c '{eats} | wc -c'"
    assert host.try_run(run.replace("MemoryMax=16M", "MemoryMax=512M")) == 0
    assert host.try_run(f"systemd-run --quiet --wait -p MemoryMax=16M sh -c '{eats} >/dev/null'") != 0


def test_a_host_comes_back_under_its_address_and_key(hosts: Hosts) -> None:
    (host, *_) = hosts.up(1)
    before = host.host_key
    with host.down():
        assert ssh(hosts, host, "true").returncode == 255
    assert host.host_key == before
    assert hosts.up(1) == (host,)
    assert ssh(hosts, host, "true").returncode == 0


def test_cut_off_hanging_and_refusing_are_three_things(hosts: Hosts) -> None:
    (host, *_) = hosts.up(1)
    with host.cut_off():
        said = ssh(hosts, host, "true").stderr
        assert "timed out" in said or "No route" in said
    with host.hanging():
        assert "timed out" in ssh(hosts, host, "true").stderr.lower()
    with host.refusing():
        assert "refused" in ssh(hosts, host, "true").stderr
    assert ssh(hosts, host, "true").returncode == 0


def test_killed_sessions_end_and_new_ones_start(hosts: Hosts) -> None:
    (host, *_) = hosts.up(1)
    command = [
        *("ssh", "-F", "none", "-o", f"UserKnownHostsFile={hosts.known_hosts}", "-i", str(hosts.key)),
        *(f"root@{host.address}", "echo here; sleep 60"),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as waiting:
        assert waiting.stdout is not None
        assert waiting.stdout.readline() == "here\n"
        host.kill_sessions()
        assert waiting.wait(10) == 255
    assert ssh(hosts, host, "true").returncode == 0


def test_a_full_disk_takes_nothing_more_and_what_was_there_stays(hosts: Hosts) -> None:
    (host, *_) = hosts.up(1)
    host.run("mkdir -p /srv/data && echo kept > /srv/data/kept")
    with host.full("/srv/data"):
        assert host.run("cat /srv/data/kept") == "kept\n"
        assert host.try_run("head -c 2M /dev/zero > /srv/data/large") != 0
    assert host.try_run("head -c 2M /dev/zero > /srv/data/large") == 0
    host.run("rm -r /srv/data")


def test_a_slow_line_is_slow(hosts: Hosts) -> None:
    (host, *_) = hosts.up(1)
    command = ("curl", "-s", "-o", "/dev/null", "--max-time", "2", f"http://{host.address}:8099/large")
    host.run("mkdir -p /tmp/www && head -c 1M /dev/zero > /tmp/www/large")
    host.run("busybox httpd -p 8099 -h /tmp/www")
    wait_until(lambda: subprocess.run(command, check=False).returncode == 0, seconds=5, what="a web server")
    with host.slow("64kbit"):
        assert subprocess.run(command, check=False).returncode == 28  # curl's: out of time
    host.run("pkill busybox")


def test_another_host_key_is_not_taken_for_the_same_host(spare_hosts: Hosts) -> None:
    (host, *_) = spare_hosts.up(1)
    host.new_host_key()
    assert "HOST IDENTIFICATION HAS CHANGED" in ssh(spare_hosts, host, "true").stderr
