"""What others on a host may see of a service: neither its variables nor its secrets, wherever they look."""

import pytest

from eeveon.drivers.ssh.driver import SshDriver
from tests.drivers.contract import CANARY, SECRET
from tests.drivers.contract_parts import run_one
from tests.drivers.ssh.conftest import Box, World

pytestmark = [pytest.mark.ssh, pytest.mark.xdist_group("ssh")]

VARIABLE = "variable-canary-7193"
EVERYWHERE = "grep -rlsF -e {value} /etc /var/lib /run /srv /tmp /home /usr/lib/systemd 2>/dev/null; true"


@pytest.fixture
def box(boxes: tuple[Box, ...]) -> Box:
    return boxes[0]


@pytest.mark.parametrize("value", [VARIABLE, CANARY])
def test_no_other_user_reads_a_variable_or_a_secret(world: World, box: Box, value: str) -> None:
    driver: SshDriver = world.connect()
    run_one(driver, world.workload(env={"PLAIN": VARIABLE}, secrets={"TOKEN": SECRET}))
    driver.close()
    look = EVERYWHERE.format(value=value)
    assert box.host.run(look).split(), "root finds it where the service gets it from"
    assert box.host.run(look, user="plain") == ""
    assert value not in box.host.run("systemctl show 'eeveon-*'; ps axww", user="plain")
    assert value not in box.host.run("journalctl --no-pager --output=export | tail -n 5000")
