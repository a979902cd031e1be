"""The supervisor as a whole: all objects of one target folder, and what is asked of them."""

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from eeveon.drivers.local.supervisor import environment, probing, processes, records, rotation
from eeveon.drivers.local.supervisor.instance import Answer, Instance, Site
from eeveon.drivers.local.supervisor.loop import Loop
from eeveon.drivers.local.supervisor.lost import UNFINISHED
from eeveon.drivers.local.supervisor.records import Damaged, Folder, Record
from eeveon.drivers.local.supervisor.wire import (
    Request,
    damaged,
    needs_secrets,
    probe_reply,
    record_reply,
    records_reply,
    refused,
)

VOLUME = "volume"


class Kept:
    """An object that only exists: a volume."""

    is_active = False

    def __init__(self, record: Record) -> None:
        self.record = record
        self.text = record.text()


Name = tuple[str, str]  # kind, name


class Service:
    """Answers requests. Objects are kept by the folder of their scope; files that cannot be read as well."""

    def __init__(self, loop: Loop, folder: Folder, base: Mapping[str, str]) -> None:
        self._loop = loop
        self._folder = folder
        self._scopes: dict[str, dict[Name, Instance | Kept]] = {}
        self._damaged: dict[str, dict[Path, str]] = {}
        self._fences: dict[str, int] = {}
        self._look_pause = rotation.LATEST
        self._site = Site(
            loop=loop, folder=folder, base=base, taken_ports=self._taken_ports, forget=self._forget
        )
        self._verbs: dict[str, Callable[[Request, Answer], None]] = {
            "list": self._list,
            "run": self._run,
            "stop": self._stop,
            "remove": self._remove,
            "keep": self._keep,
            "check": self._check,
        }
        loop.after(rotation.SOONEST, self._rotate)

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to supervise."""
        return not any(item.is_active for scope in self._scopes.values() for item in scope.values())

    def answer(self, request: Request, answer: Answer) -> None:
        """Do what is asked, or begin to; `answer` is called once, now or later."""
        why_not = self._check_fence(request) if request.verb not in {"list", "check"} else ""
        if why_not:
            answer(refused(why_not))
        else:
            self._verbs[request.verb](request, answer)

    # -- what an earlier supervisor left ------------------------------------------------------------------------

    def adopt(self) -> None:
        """Take over every record, and the processes that still run."""
        for scope_folder in self._folder.scopes():
            for path in records.record_files(scope_folder):
                self._load(scope_folder.name, path)
        unfinished = [item for item in self._instances() if item.record.status.state in UNFINISHED]
        marked = processes.marked() if unfinished else {}
        for item in unfinished:
            path = self._folder.record(item.record.scope, item.record.kind, item.record.name)
            item.adopt(marked.get(str(path), []))

    def _load(self, scope: str, path: Path) -> None:
        try:
            record = records.read(path)
        except FileNotFoundError:
            return
        except Damaged as error:
            self._damaged.setdefault(scope, {})[path] = str(error)
            return
        item = Kept(record) if record.kind == VOLUME else Instance(self._site, record)
        self._scopes.setdefault(scope, {})[record.kind, record.name] = item

    # -- verbs --------------------------------------------------------------------------------------------------

    def _list(self, request: Request, answer: Answer) -> None:
        scope = request.scope.folder
        broken = self._damaged.pop(scope, {})
        for path in broken:
            self._load(scope, path)  # it may have been repaired or taken away
        if scope in self._damaged:
            answer(damaged("; ".join(self._damaged[scope].values())))
        else:
            answer(records_reply(item.text for item in self._scopes.get(scope, {}).values()))

    def _run(self, request: Request, answer: Answer) -> None:
        item = self._find(request)
        record = request.record or (item.record if item else None)
        if record is None:
            answer(
                refused(f"{request.kind} {request.name} does not exist, and nothing says what it should be")
            )
            return
        if not isinstance(item, Instance):
            item = Instance(self._site, record)
            self._scopes.setdefault(request.scope.folder, {})[request.kind, request.name] = item
        for volume in record.fields.get("volumes", ()):
            records.make_folder(self._folder.volume(record.scope, volume))
        item.run(record, request.secrets or {}, answer)

    def _stop(self, request: Request, answer: Answer) -> None:
        item = self._find(request)
        if isinstance(item, Instance):
            item.stop(answer)
        else:
            answer(record_reply(item.text if item else None))

    def _remove(self, request: Request, answer: Answer) -> None:
        item = self._find(request)
        user = self._user_of(request) if request.kind == VOLUME else ""
        if user:
            answer(refused(f"volume {request.name} is used by instance {user}"))
        elif isinstance(item, Instance):
            item.remove(answer)
        else:
            if item is not None:
                self._forget(item.record)
            answer(record_reply(None))

    def _user_of(self, request: Request) -> str:
        for item in self._scopes.get(request.scope.folder, {}).values():
            if isinstance(item, Instance) and request.name in item.record.fields.get("volumes", ()):
                return item.record.name
        return ""

    def _keep(self, request: Request, answer: Answer) -> None:
        if request.record is None:
            answer(
                refused(f"{request.kind} {request.name} does not exist, and nothing says what it should be")
            )
            return
        item = Kept(request.record)
        records.make_folder(self._folder.volume(request.scope, request.name))
        records.write(self._folder.record(request.scope, request.kind, request.name), item.text)
        self._scopes.setdefault(request.scope.folder, {})[request.kind, request.name] = item
        answer(record_reply(item.text))

    def _check(self, request: Request, answer: Answer) -> None:
        item = self._find(request)
        if not isinstance(item, Instance) or item.record.status.state != "running":
            answer(probe_reply(False, "it does not run"))
            return
        if item.needs_secrets and request.secrets is None:
            answer(needs_secrets())
            return
        record, folder = item.record, self._folder
        values = item.secrets if item.secrets is not None else request.secrets
        env = environment.variables(record, folder, self._site.base, values or {})
        env.pop(processes.MARK)
        ours = environment.known(record, folder)
        command = probing.Command(
            arguments=tuple(environment.expand(part, ours) for part in request.command),
            env=env,
            directory=str(environment.directory(record, folder)),
            user=record.fields.get("user"),
            timeout=request.timeout,
        )
        probing.probe(self._loop, command, lambda healthy, detail: answer(probe_reply(healthy, detail)))

    # -- helpers of the verbs -----------------------------------------------------------------------------------

    def _find(self, request: Request) -> Instance | Kept | None:
        return self._scopes.get(request.scope.folder, {}).get((request.kind, request.name))

    def _check_fence(self, request: Request) -> str:
        """Why the request comes too late; "" if it does not. The highest fence is on the disk before all else."""
        scope = request.scope.folder
        scope_folder = self._folder.scope(request.scope)
        if scope not in self._fences:
            self._fences[scope] = records.fence(scope_folder)
        highest = self._fences[scope]
        if request.fence < highest:
            since = f"another writer has had {request.scope.environment} since"
            return f"the fence {request.fence} is lower than {highest}: {since}"
        if request.fence > highest:
            records.write(scope_folder / "fence", str(request.fence))
            self._fences[scope] = request.fence
        path = self._folder.record(request.scope, request.kind, request.name)
        return self._damaged.get(scope, {}).get(path, "")

    def _instances(self) -> list[Instance]:
        return [
            item for scope in self._scopes.values() for item in scope.values() if isinstance(item, Instance)
        ]

    def _taken_ports(self) -> set[int]:
        return {number for item in self._instances() for number in item.record.ports.values()}

    def _forget(self, record: Record) -> None:
        """Nothing of the object is left, in memory or on the disk; its record goes last."""
        scope, folder = record.scope, self._folder
        try:
            if record.kind == VOLUME:
                _remove_tree(folder.volume(scope, record.name))
            else:
                _remove_tree(folder.work(scope, record.name))
                for age in range(record.log_files):
                    folder.log(scope, record.name, age).unlink(missing_ok=True)
            folder.record(scope, record.kind, record.name).unlink(missing_ok=True)
        except OSError as error:  # a disk that is in trouble does not stop the supervising
            sys.stderr.write(f"cannot remove all of {record.name}: {error}\n")
        self._scopes[scope.folder].pop((record.kind, record.name), None)

    def _rotate(self) -> None:
        running = (item.record for item in self._instances() if item.is_active)
        busy = rotation.rotate_all(running, self._folder)
        self._look_pause = rotation.SOONEST if busy else min(self._look_pause * 2, rotation.LATEST)
        self._loop.after(self._look_pause, self._rotate)


def _remove_tree(path: Path) -> None:
    with suppress(FileNotFoundError):
        try:
            path.rmdir()
        except OSError:
            import shutil  # costs more than it is needed: most of these folders are empty

            shutil.rmtree(path, ignore_errors=True)
