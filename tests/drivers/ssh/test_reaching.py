"""Who is let in where: keys of hosts and of ours, and what is said when they do not fit."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from eeveon.core.health import CommandCheck
from eeveon.core.observed import Seen, Unreachable
from eeveon.drivers.ssh.driver import SshDriver
from tests.drivers.contract_parts import PROBE_TIMEOUT, run_one
from tests.drivers.ssh.conftest import World

pytestmark = [pytest.mark.ssh, pytest.mark.xdist_group("ssh")]

NewDriver = Callable[..., SshDriver]


def why(driver: SshDriver) -> Unreachable:
    observation = driver.observe()
    assert isinstance(observation, Unreachable), observation
    return observation


def new_key(folder: Path, name: str = "key", passphrase: str = "") -> Path:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", str(folder / name)], check=True
    )
    return folder / name


def test_a_key_that_the_host_does_not_know_is_said_with_the_user(
    new_driver: NewDriver, tmp_path: Path
) -> None:
    key = new_key(tmp_path)
    found = why(new_driver(identity={"file": str(key)}))
    assert f"it does not let root in with {key}" in found.reason
    assert "authorized_keys" in found.hint


def test_a_key_may_stand_in_a_variable_as_itself_or_by_its_path(
    world: World, new_driver: NewDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for value in (world.key, Path(world.key).read_text(encoding="ascii").rstrip("\n")):
        monkeypatch.setenv("EDGE_KEY", value)
        assert isinstance(new_driver(identity={"env": "EDGE_KEY"}).observe(), Seen)
    monkeypatch.delenv("EDGE_KEY")
    assert "the variable EDGE_KEY is not set" in why(new_driver(identity={"env": "EDGE_KEY"})).reason


def test_keys_that_cannot_be_used_are_said_before_anything_is_sent(
    new_driver: NewDriver, tmp_path: Path
) -> None:
    locked = new_key(tmp_path, passphrase="locked-away")
    assert "locked with a passphrase" in why(new_driver(identity={"file": str(locked)})).reason
    junk = tmp_path / "junk"
    junk.write_text("nothing")
    assert "no private key" in why(new_driver(identity={"file": str(junk)})).reason
    assert "cannot be read" in why(new_driver(identity={"file": str(tmp_path / "none")})).reason


def test_an_unknown_host_is_refused_with_its_key_and_how_to_note_it(
    world: World, new_driver: NewDriver, tmp_path: Path
) -> None:
    empty = tmp_path / "known_hosts"
    empty.touch()
    found = why(new_driver(knownHosts=str(empty)))
    assert "is not known: it shows ssh-ed25519 SHA256:" in found.reason
    assert f"ssh-keyscan -p 22 {world.boxes[0].address} >> {empty}" in found.hint
    assert "does not exist" in why(new_driver(knownHosts=str(tmp_path / "nothing"))).reason


def test_a_changed_key_is_an_error_of_its_own_that_says_what_to_do(
    world: World, new_driver: NewDriver, tmp_path: Path
) -> None:
    other = new_key(tmp_path).with_suffix(".pub").read_text(encoding="ascii")
    noted = tmp_path / "known_hosts"
    noted.write_text(f"{world.boxes[0].address} {other}")
    found = why(new_driver(knownHosts=str(noted)))
    assert "has changed: it shows ssh-ed25519 SHA256:" in found.reason
    assert "somebody is between" in found.reason
    assert f"ssh-keygen -R '{world.boxes[0].address}' -f {noted}" in found.hint


def test_a_pinned_key_is_the_only_one(world: World, new_driver: NewDriver, tmp_path: Path) -> None:
    host = {"name": "edge1", "address": world.boxes[0].address}
    empty = tmp_path / "known_hosts"
    empty.touch()
    pinned = {**host, "hostKey": world.host_key()}
    assert isinstance(new_driver(hosts=[pinned], knownHosts=str(empty)).observe(), Seen)
    other = new_key(tmp_path).with_suffix(".pub").read_text(encoding="ascii").strip()
    found = why(new_driver(hosts=[{**host, "hostKey": other}]))
    assert "`hostKey` of the host says" in found.reason
    assert "correct `hostKey` of edge1" in found.hint
    assert "not a public key" in why(new_driver(hosts=[{**host, "hostKey": "ssh-ed25519 AAAA"}])).reason


@pytest.mark.parametrize(
    ("address", "port", "text"),
    [
        ("127.0.0.1", 1, "connection refused at port 1"),
        ("no-such-host.invalid", 22, "no address is known for no-such-host.invalid"),
    ],
)
def test_a_host_that_is_not_there_is_said_in_words(
    new_driver: NewDriver, address: str, port: int, text: str
) -> None:
    assert text in why(new_driver(hosts=[{"name": "edge1", "address": address, "port": port}])).reason


def test_a_hop_over_another_host_is_checked_as_the_host_itself(
    world: World, new_driver: NewDriver, tmp_path: Path
) -> None:
    hosts = [{"name": "edge2", "address": world.boxes[1].address}]
    jump = {"address": world.boxes[0].address}
    assert isinstance(new_driver(hosts=hosts, jump=jump).observe(), Seen)
    only_second = tmp_path / "known_hosts"
    only_second.write_text(f"{world.boxes[1].address} {world.host_key(1)}\n")
    found = why(new_driver(hosts=hosts, jump=jump, knownHosts=str(only_second)))
    assert f"the key of {world.boxes[0].address}" in found.reason


def test_users_without_sudo_are_told_so_and_nothing_is_done(world: World, new_driver: NewDriver) -> None:
    found = why(new_driver(user="plain"))
    assert "plain may not become root without a password" in found.reason
    assert "NOPASSWD" in found.hint


def test_users_with_sudo_are_as_good_as_root(world: World, new_driver: NewDriver) -> None:
    driver = new_driver(user="deploy")
    made = run_one(driver, world.workload(user="plain"))
    assert isinstance(driver.observe(), Seen)
    check = CommandCheck(command=("sh", "-c", "test $(id -un) = plain"))
    assert driver.probe(made.id, check, PROBE_TIMEOUT).healthy


def test_what_a_login_shell_says_does_not_matter(world: World, new_driver: NewDriver) -> None:
    box = world.boxes[0]
    box.sh(
        "cp /root/.bashrc /root/.bashrc.kept; sed -i '1i echo Welcome; echo eeveon:end 0; echo hm >&2' /root/.bashrc"
    )
    try:
        assert isinstance(new_driver().observe(), Seen)
    finally:
        box.sh("mv /root/.bashrc.kept /root/.bashrc")


def test_a_user_without_a_shell_is_said(world: World, new_driver: NewDriver) -> None:
    box = world.boxes[0]
    box.sh("usermod -s /usr/sbin/nologin plain")
    try:
        assert (
            "This account is currently not available" in why(new_driver(user="plain", manager="user")).reason
        )
    finally:
        box.sh("usermod -s /bin/bash plain")
