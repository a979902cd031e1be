"""Short ways to make, see and disturb real processes."""

import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

from eeveon.core.desired import Target, Workload
from eeveon.core.names import EnvironmentName, ObjectId, ProjectName, Scope, ServiceName, TargetName
from eeveon.core.observed import Condition, ObservedObject, Seen
from eeveon.core.plan import Effect
from eeveon.core.values import Fields
from eeveon.core.wanted import INSTANCE, WantedObject
from eeveon.drivers.base import Context
from eeveon.drivers.local.driver import LocalDriver, connect
from eeveon.drivers.local.supervisor import processes
from tests.drivers.contract import KnownSecrets
from tests.drivers.contract_parts import eventually

HERE = TargetName("here")
PYTHON = sys.executable
SOON = timedelta(seconds=10)


def connected(state: Path, environment: str, settings: Fields) -> LocalDriver:
    scope = Scope(project=ProjectName("shop"), environment=EnvironmentName(environment))
    context = Context(scope=scope, state=state, secrets=KnownSecrets(), report=lambda _object_id, _text: None)
    driver = connect(Target(name=HERE, kind="local", settings=settings), context)
    assert isinstance(driver, LocalDriver)
    return driver


def workload(*command: str, **changes: object) -> Workload:
    parts: dict[str, object] = {
        "service": ServiceName("web"),
        "target": HERE,
        "replicas": 1,
        "image": None,
        "command": command or ("sleep", "1000"),
    }
    return Workload(**(parts | changes))  # type: ignore[arg-type]  # tests name the fields they change


def shell(script: str, **changes: object) -> Workload:
    return workload("sh", "-c", script, **changes)


def wanted(driver: LocalDriver, what: Workload) -> list[WantedObject]:
    return [item for item in driver.preview((what,)).objects if item.id.kind == INSTANCE]


def run(driver: LocalDriver, what: Workload, fence: int = 1) -> ObservedObject:
    (item,) = wanted(driver, what)
    made = driver.perform(Effect(object=item.id, condition=Condition.RUNNING, wanted=item), fence, SOON)
    assert made is not None
    return made


def bring(driver: LocalDriver, object_id: ObjectId, condition: Condition) -> ObservedObject | None:
    return driver.perform(Effect(object=object_id, condition=condition), 1, SOON)


def see(driver: LocalDriver) -> dict[str, ObservedObject]:
    observation = driver.observe()
    assert isinstance(observation, Seen), observation
    return {item.id.name: item for item in observation.objects}


def look(driver: LocalDriver, made: ObservedObject) -> ObservedObject:
    return see(driver)[made.id.name]


def becomes(driver: LocalDriver, made: ObservedObject, condition: Condition, detail: str = "") -> bool:
    def so() -> bool:
        item = look(driver, made)
        return item.condition is condition and detail in item.detail

    return eventually(so, SOON)


def pid_of(driver: LocalDriver, made: ObservedObject) -> int:
    record = driver.client.record(driver.scope, made.id.kind, made.id.name)
    assert record is not None
    return record.status.pid


def supervisor_pid(root: Path) -> int:
    """The supervisor of a target folder; 0 if none runs."""
    try:
        pid = int((root / "supervisor.lock").read_text() or "0")
    except OSError:
        return 0
    return pid if pid and str(root).encode() in _command_line(pid) else 0


def kill_supervisor(driver: LocalDriver) -> int:
    pid = supervisor_pid(driver.client.folder.root)
    assert pid
    os.kill(pid, signal.SIGKILL)
    assert ended(pid)
    return pid


def ended(pid: int) -> bool:
    return eventually(lambda: not lives(pid), SOON)


def lives(pid: int) -> bool:
    return processes.is_alive(pid, processes.start_ticks(pid), processes.boot_id())


def log_text(driver: LocalDriver, made: ObservedObject) -> str:
    return "\n".join(line.text for line in driver.logs(made.id, tail=1000, follow=False))


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
