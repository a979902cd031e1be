"""One instance and all that happens to it: started, watched, started again, stopped, swept up.

    new → starting → running ──its process ends──→ stopping ──its group is gone──→ waiting → starting …
                        │                             ↑                        └→ ended | stopped | failed | removed
                        └──────────asked to stop──────┘

Nothing starts while a process of the same instance may live: when the first process of a session has ended, the rest
of its group is told to end, and is killed after the grace. A supervisor that finds records of an earlier one adopts
what still runs and starts nothing else: it never learned the values of their secrets, and starting is for a plan.
"""

import os
import signal
import sys
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from eeveon.drivers.local.supervisor import environment, limits, ports, processes
from eeveon.drivers.local.supervisor.loop import READ, Loop, Timer
from eeveon.drivers.local.supervisor.lost import UNFINISHED, as_lost
from eeveon.drivers.local.supervisor.records import Folder, Record, make_folder, stem, write
from eeveon.drivers.local.supervisor.spawning import CannotStart, Launch, describe, spawn
from eeveon.drivers.local.supervisor.wire import record_reply, refused

Answer = Callable[[str], None]

STABLE = 10.0  # seconds; whoever ran so long has its back-off forgotten
LONGEST_PAUSE = 60.0  # seconds between two starts
FIRST_LOOK, SLOWEST_LOOK = 0.005, 0.1  # seconds between two looks whether a group is gone

LIVE = frozenset({"running", "stopping"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What all instances of a supervisor share."""

    loop: Loop
    folder: Folder
    base: Mapping[str, str]  # variables that every process is given
    taken_ports: Callable[[], set[int]]
    forget: Callable[[Record], None]  # the record is to go, with all that belongs to it


class Instance:
    """One supervised process. `secrets` None: their values went with an earlier supervisor."""

    def __init__(self, site: Site, record: Record) -> None:
        self.record = record
        self.text = record.text()
        self.secrets: Mapping[str, str] | None = None
        self._site = site
        self._goal = "run"  # run stop remove
        self._next: tuple[Record, Mapping[str, str]] | None = None  # what runs when the old one is gone
        self._waiting: list[Answer] = []  # asked for the end of the present process
        self._leader_lives = False
        self._look = FIRST_LOOK
        self._pause: Timer | None = None
        self._grace: Timer | None = None

    @property
    def is_active(self) -> bool:
        """Whether the supervisor must live on for it."""
        return self.record.status.state in UNFINISHED

    @property
    def needs_secrets(self) -> bool:
        """Whether it cannot be started with what is known."""
        return bool(self.record.fields.get("secrets")) and self.secrets is None

    # -- what is asked of it ------------------------------------------------------------------------------------

    def run(self, record: Record, secrets: Mapping[str, str], answer: Answer) -> None:
        """Run this definition; if another one runs, in its place."""
        state, same = self.record.status.state, self.record.fields == record.fields
        self._goal = "run"
        if state == "running" and same:
            self._take_over(record, secrets)
            answer(record_reply(self.text))
            return
        self._next = (record, secrets)
        self._waiting.append(answer)
        if state in LIVE:
            self._begin_stop()
        else:
            self._finish()

    def _take_over(self, record: Record, secrets: Mapping[str, str]) -> None:
        """Keep running; what no process sees (protection, sizes of logs, values for the next start) is taken over."""
        self.secrets = secrets
        fresh = replace(record, ports=self.record.ports, status=self.record.status)
        if fresh != self.record:
            self.record = fresh
            self._set()

    def stop(self, answer: Answer) -> None:
        """End every process of it and start none."""
        self._end_for("stop", answer)

    def remove(self, answer: Answer) -> None:
        """End every process of it and forget it."""
        self._end_for("remove", answer)

    def _end_for(self, goal: str, answer: Answer) -> None:
        self._goal, self._next = goal, None
        self._waiting.append(answer)
        if self.record.status.state in LIVE:
            self._begin_stop()
        else:
            self._finish()

    # -- starting -----------------------------------------------------------------------------------------------

    def _start_next(self) -> str:
        """Start what was asked for, afresh. A definition that never ran and cannot is not kept."""
        assert self._next is not None
        is_new = self.record.status.state == "new"
        (record, self.secrets), self._next = self._next, None
        try:
            self.record = replace(record, ports=self._ports_for(record), status=self.record.status)
            self._change(restarts=0, failures=0, exit="", exited=0.0, exit_pid=0)
            self._start()
        except (CannotStart, OSError) as error:
            if is_new:
                self._change(state="ended")
                self._site.forget(self.record)
            else:
                self._set(state="failed", reason=str(error), pid=0, resumes=0.0, cgroups=())
            return refused(str(error))
        return record_reply(self.text)

    def _start(self) -> None:
        """Start the process. Raises CannotStart or OSError. What is to run is on the disk before anything runs."""
        self._change(state="starting", reason="", resumes=0.0)
        self._write()
        record, folder = self.record, self._site.folder
        groups = self._make_groups()
        memory = None if limits.limits_memory(groups) else environment.limit(record, "memoryBytes")
        work = environment.directory(record, folder)
        if not record.directory and not record.fields.get("workingDir"):
            make_folder(work)
        output = self._open_log()
        launch = Launch(
            command=environment.arguments(record, folder),
            env=environment.variables(record, folder, self._site.base, self.secrets or {}),
            directory=str(work),
            output=output,
            user=record.fields.get("user"),
            memory=memory,
            cgroups=groups,
        )
        try:
            pid = spawn(launch)
        except CannotStart:
            limits.remove_groups(groups)
            raise
        finally:
            os.close(output)
        self._leader_lives = True
        self._site.loop.on_end(pid, lambda status: self._leader_ended(describe(status)))
        ticks, boot = processes.start_ticks(pid), processes.boot_id()
        self._set(state="running", pid=pid, ticks=ticks, boot=boot, started=_now(), cgroups=groups)

    def _ports_for(self, record: Record) -> dict[str, int]:
        """The number of every port: the given one, the remembered one, or a free one."""
        numbers: dict[str, int] = {}
        for port in record.fields.get("ports", ()):
            name, protocol, given = port["name"], port.get("protocol", "tcp"), port.get("port")
            candidate = given or self.record.ports.get(name)
            who = ports.holder(candidate, protocol) if candidate else ""
            if given and who:
                raise CannotStart(f"port {given} is in use by {who}")
            if candidate and not who:
                numbers[name] = candidate
            else:
                numbers[name] = ports.free_port(self._site.taken_ports() | set(numbers.values()), protocol)
        return numbers

    def _make_groups(self) -> tuple[str, ...]:
        record = self.record
        memory, cpu = environment.limit(record, "memoryBytes"), environment.limit(record, "cpuMillis")
        if memory is None and cpu is None:
            return ()
        path = self._site.folder.record(record.scope, record.kind, record.name)
        name = f"eeveon-{stem(record.name)[:100]}-{zlib.crc32(os.fsencode(path)):08x}"
        return limits.make_groups(name, memory, cpu)

    def _open_log(self) -> int:
        path = self._site.folder.log(self.record.scope, self.record.name)
        make_folder(path.parent)
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    # -- ending -------------------------------------------------------------------------------------------------

    def _begin_stop(self) -> None:
        """Tell the whole group to end; kill what is left after the grace."""
        if self.record.status.state != "stopping":
            self._change(state="stopping")
            processes.signal_group(self.record.status.pid, signal.SIGTERM)
            self._grace = self._site.loop.after(environment.stop_grace(self.record), self._kill)
            self._look = FIRST_LOOK
        self._look_again()

    def _kill(self) -> None:
        processes.signal_group(self.record.status.pid, signal.SIGKILL)
        limits.kill_members(self.record.status.cgroups)

    def _leader_ended(self, how: str) -> None:
        """The first process has ended; the others of its group must as well."""
        self._leader_lives = False
        status = self.record.status
        if "signal 9" in how and limits.ran_out_of_memory(status.cgroups):
            how = f"{how}: out of memory"
        failures = 1 if _now() - status.started >= STABLE else status.failures + 1
        self._change(exit=how, exited=_now(), exit_pid=status.pid, failures=failures)
        if processes.group_is_alive(status.pid):
            self._begin_stop()
        else:
            self._look_again()

    def _look_again(self) -> None:
        """Go on when no process is left; until then look from time to time."""
        status = self.record.status
        if self._pause is not None:
            self._pause.cancel()
        if self._leader_lives:
            return
        if processes.group_is_alive(status.pid) or not self._left_the_groups():
            self._pause = self._site.loop.after(self._look, self._look_again)
            self._look = min(self._look * 2, SLOWEST_LOOK)
            return
        self._finish()

    def _left_the_groups(self) -> bool:
        if limits.remove_groups(self.record.status.cgroups):
            return True
        limits.kill_members(self.record.status.cgroups)
        return False

    def _finish(self) -> None:
        """No process of it lives: do what was asked for, or what its restart policy says."""
        for timer in (self._grace, self._pause):
            if timer is not None:
                timer.cancel()
        waiting, self._waiting = self._waiting, []
        if self._goal == "run" and self._next is not None:
            reply = self._start_next()
        elif self._goal == "run":
            self._decide()
            reply = record_reply(self.text)
        elif self._goal == "stop":
            self._set(state="stopped", reason="stopped by request", pid=0, cgroups=(), resumes=0.0)
            reply = record_reply(self.text)
        else:
            self._change(state="stopped", pid=0)
            self._site.forget(self.record)
            reply = record_reply(None)
        for answer in waiting:
            answer(reply)

    def _decide(self) -> None:
        """Whether it starts again after it ended by itself, and when."""
        status, policy = self.record.status, self.record.fields.get("restart", environment.RESTART)
        if policy == "never" or (policy == "onFailure" and status.exit == "exited with status 0"):
            self._set(state="ended", pid=0, cgroups=())
        elif self.needs_secrets:
            reason = "it cannot be started again: the values of its secrets went with an earlier supervisor"
            self._set(state="failed", reason=reason, pid=0, cgroups=())
        else:
            pause = min(LONGEST_PAUSE, 2.0 ** (status.failures - 1))
            self._set(state="waiting", resumes=_now() + pause, pid=0, cgroups=())
            self._pause = self._site.loop.after(pause, self._start_again)

    def _start_again(self) -> None:
        try:
            self._start()
        except (CannotStart, OSError) as error:
            self._change(failures=self.record.status.failures + 1, reason=str(error))
            self._decide()
        else:
            self._set(restarts=self.record.status.restarts + 1)

    # -- after an earlier supervisor ----------------------------------------------------------------------------

    def adopt(self, marked: list[int]) -> None:
        """Go on with what an earlier supervisor left: watch what runs, sweep up its remains, start nothing."""
        status = self.record.status
        if not processes.is_alive(status.pid, status.ticks, status.boot):
            leaders = [pid for pid in marked if processes.leads_a_session(pid)]
            for pid in [pid for pid in marked if pid not in leaders[:1]]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if not leaders:
                limits.kill_members(status.cgroups)
                limits.remove_groups(status.cgroups)
                self.record = replace(self.record, status=as_lost(status))
                self._set()
                return
            ticks = processes.start_ticks(leaders[0])
            self._set(state="running", pid=leaders[0], ticks=ticks, boot=processes.boot_id())
        self._leader_lives = True
        self._watch_adopted(self.record.status.pid)

    def _watch_adopted(self, pid: int) -> None:
        """It is not our child, so its end comes by a process descriptor, and its exit status is not told."""
        loop = self._site.loop
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            self._leader_ended("ended")
            return

        def ended(_events: int) -> None:
            loop.unwatch(descriptor)
            os.close(descriptor)
            self._leader_ended("ended")

        loop.watch(descriptor, READ, ended)

    # -- keeping ------------------------------------------------------------------------------------------------

    def _change(self, **changes: Any) -> None:
        """Change the status in memory only."""
        self.record = replace(self.record, status=replace(self.record.status, **changes))
        self.text = self.record.text()

    def _set(self, **changes: Any) -> None:
        """Change the status, in memory and on the disk. A full disk does not stop the supervising."""
        self._change(**changes)
        try:
            self._write()
        except OSError as error:
            sys.stderr.write(f"cannot write the record of {self.record.name}: {error}\n")

    def _write(self) -> None:
        write(self._site.folder.record(self.record.scope, self.record.kind, self.record.name), self.text)


def _now() -> float:
    return time.time()  # noqa: TID251 — the supervisor is a process of its own, and this its clock
