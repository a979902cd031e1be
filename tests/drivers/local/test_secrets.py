"""The values of secrets are in the process and in the memory of the supervisor, and nowhere else."""

from pathlib import Path

from eeveon.core.observed import Condition
from eeveon.drivers.local.driver import LocalDriver
from tests.drivers.contract import CANARY, SECRET
from tests.drivers.contract_parts import eventually
from tests.drivers.local.world import bring, kill_supervisor, log_text, pid_of, run, shell, supervisor_pid

SCRIPT = 'test "$TOKEN" && echo has it; exec sleep 1000'


def test_no_value_is_on_the_disk_or_in_an_argument(driver: LocalDriver, state: Path) -> None:
    made = run(driver, shell(SCRIPT, secrets={"TOKEN": SECRET}, env={"COPY": "$(TOKEN)"}))
    assert eventually(lambda: log_text(driver, made) == "has it")
    supervisor = supervisor_pid(driver.client.folder.root)
    for pid in (supervisor, pid_of(driver, made)):
        assert CANARY.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
    assert CANARY.encode() not in Path(f"/proc/{supervisor}/environ").read_bytes()
    bring(driver, made.id, Condition.STOPPED)
    bring(driver, made.id, Condition.RUNNING)
    kill_supervisor(driver)
    run(driver, shell(SCRIPT, secrets={"TOKEN": SECRET}, env={"COPY": "$(TOKEN)"}))
    files = [path for path in state.rglob("*") if path.is_file()]
    assert len(files) >= 5
    assert not [path for path in files if CANARY.encode() in path.read_bytes()]


def test_only_the_owner_can_look_into_the_folder(driver: LocalDriver, state: Path) -> None:
    run(driver, shell(SCRIPT, secrets={"TOKEN": SECRET}))
    assert not [path for path in (state, *state.rglob("*")) if path.stat().st_mode & 0o077]
