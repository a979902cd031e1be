"""Puts the controller together, and runs it until it is told to stop."""

import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from eeveon.core.controller import Controller, Listen
from eeveon.core.names import ObjectId
from eeveon.core.outcome import ActionState
from eeveon.core.plan import Action
from eeveon.errors import UsageError
from eeveon.git.asking import Asker
from eeveon.git.signature import trust_in
from eeveon.reconcile import Audience
from eeveon.server import app
from eeveon.server.api.endpoint import Means as ApiMeans
from eeveon.server.api.routes import Api
from eeveon.server.followed import Followed, Means
from eeveon.server.listening import server, settle
from eeveon.server.log import Log, json_log, text_log
from eeveon.server.loop import Loop, Parts
from eeveon.server.measures import Measures
from eeveon.server.rounds import Round
from eeveon.server.stopping import Stopping
from eeveon.settings import Settings
from eeveon.specs.controller import read_controller
from eeveon.store.store import Store
from eeveon.wiring import (
    Premises,
    controller_secrets,
    controller_settings,
    mirror_of,
    now,
    open_store,
    world_at,
)


def read(path: Path) -> Controller:
    """The operator's file. Raises UsageError where it cannot be read, SpecsRejected for what is wrong in it."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"reading {path}: {error.strerror}", hint="name the file with --config") from error
    return read_controller(str(path), content)


def checked(path: Path) -> str:
    """What the file says, for people. Raises what `read` raises."""
    controller = read(path)
    lines = [f"{path} is sound. It listens on {controller.listen} and follows:"]
    lines += [f"  {item.name}  branch {item.branch} of {item.url}" for item in controller.repositories]
    return "\n".join(lines)


def serve(path: Path, *, as_text: bool) -> int:
    """Run until SIGTERM or SIGINT, and end after what is in hand. The exit status.

    Raises:
        UsageError: the address cannot be listened on.
        SpecsRejected: the file has mistakes.
        SecretError: a secret that it names cannot be had.
        StoreError: the state folder cannot be used.
    """
    path = path.absolute()  # paths in the file then are, too
    controller = read(path)
    log = (text_log if as_text else json_log)(now)
    place = controller_settings(controller)
    folder = path.parent
    stopping = Stopping()
    with (
        _listening(controller.listen) as door,
        open_store(place) as store,
        open_store(place) as inbox,
        stopping,
    ):
        loop = Loop(_parts(controller, folder, place, store, stopping, log))
        web = app.Parts(
            controller=controller,
            secrets=controller_secrets(folder),
            inbox=inbox.inbox,
            now=now,
            wake=loop.wake,
            ready=loop.is_ready,
            api=_api(controller, store, loop, log),
            followers=loop.followers,
        )
        served = server(app.build(web), controller.listen)
        thread = threading.Thread(target=served.run, kwargs={"sockets": [door]}, name="web")
        settle()
        thread.start()
        loop.start()
        host, port = door.getsockname()[:2]
        log(
            "started",
            listen=f"{host}:{port}",
            repositories=len(controller.repositories),
            state=str(place.state),
        )
        stopping.wait()
        log("stopping")
        served.should_exit = True
        loop.stop()
        thread.join()
        log("stopped")
    return 0


def _api(controller: Controller, store: Store, loop: Loop, log: Log) -> Api:
    means = ApiMeans(
        store=store, policies=loop.policies, proxies=controller.trusted_proxies, now=now, log=log
    )
    return Api(means=means, wake=loop.wake, metrics=Measures(store, now))


def _parts(  # noqa: PLR0917 - what a controller is made of
    controller: Controller, folder: Path, place: Settings, store: Store, stopping: Stopping, log: Log
) -> Parts:
    premises = Premises(settings=place, store=store, halted=stopping.reason, waiter=stopping.waiter)
    return Parts(
        controller=controller,
        followed=_followed(controller, folder, place, store),
        store=store,
        inbox=store.inbox,
        world=lambda one, commit, kept: world_at(one.tree(commit), one.repository.name, premises, kept),
        task=lambda key: _task(key, controller, log),
        log=log,
        now=now,
    )


def _followed(controller: Controller, folder: Path, place: Settings, store: Store) -> Mapping[str, Followed]:
    asker = Asker(place.state / "mirrors")
    found = {}
    for item in controller.repositories:
        means = Means(
            mirror=mirror_of(item, folder, place, asker),
            heads=store.heads,
            trust=trust_in(item.verify) if item.verify else lambda _copy, _commit: "",
            now=now,
        )
        found[item.name] = Followed(item, means)
    return found


@contextmanager
def _listening(listen: Listen) -> Iterator[socket.socket]:
    """The open address. Raises UsageError if somebody else has it, or nobody may."""
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    try:
        door = socket.create_server((listen.host, listen.port), family=family, backlog=1024)
    except OSError as error:
        raise UsageError(
            f"listening on {listen}: {error.strerror}", hint="change `listen`, or end what listens there"
        ) from error
    with door:
        os.set_inheritable(door.fileno(), False)
        yield door


def _task(key: str, controller: Controller, log: Log) -> Round:
    def report(item: ObjectId, text: str) -> None:
        log("progress", environment=key, object=str(item), text=text)

    _, _, environment = key.partition("/")
    return Round(
        environment=environment,
        drift=controller.drift,
        audience=Audience(progress=_Told(key, log), report=report),
    )


class _Told:
    """Writes the actions of an apply into the log."""

    def __init__(self, key: str, log: Log) -> None:
        self._key = key
        self._log = log

    def started(self, action: Action) -> None:
        """The action begins."""
        self._log("action", environment=self._key, state="started", effect=str(action.effect))

    def ended(self, action: Action, state: ActionState, detail: str) -> None:
        """The action has come to `state`."""
        self._log("action", environment=self._key, state=str(state), effect=str(action.effect), detail=detail)
