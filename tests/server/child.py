"""A controller's server as a process of its own: `python -m tests.server.child CONFIG STATE [WORK]`.

It says its port on the first line. With WORK it also answers errands, one environment at a time, as a loop of reconciles
would: it takes what waits, works for WORK seconds, and records that it is done.
"""

import json
import os
import sys
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import uvicorn

from eeveon.core.access import AccessPolicy, Right, Role
from eeveon.core.secret import FromEnvironment, SecretRef, SecretValue
from eeveon.server.api.endpoint import Means
from eeveon.server.api.routes import Api
from eeveon.server.app import Parts, build
from eeveon.server.listening import server, settle
from eeveon.server.log import text_log
from eeveon.server.measures import Measures
from eeveon.specs.controller import read_controller
from eeveon.store.store import Store


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a process of its own


class Variables:
    def resolve(self, ref: SecretRef) -> SecretValue:
        assert isinstance(ref, FromEnvironment)
        return SecretValue(os.environ[ref.variable])


def work(state: Path, woken: threading.Event, seconds: float) -> None:
    with Store.open(state, now()) as store:
        while True:
            for environment in store.inbox.due_environments(now()):
                errands = store.inbox.waiting(environment)
                threading.Event().wait(seconds)
                store.inbox.done([one.number for one in errands], f"record-{errands[-1].number}", now())
            woken.wait(1)
            woken.clear()


def tell(served: uvicorn.Server) -> None:
    while not served.started:
        threading.Event().wait(0.01)
    sys.stdout.write(f"{served.servers[0].sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()


def policies(path: Path, key: str) -> tuple[AccessPolicy, ...] | None:
    """As a file says, read each time: by key, what users may do."""
    known = json.loads(path.read_text()) if path.exists() else {}
    if key not in known:
        return ()
    if known[key] is None:
        return None
    roles = {user: Role(rights=frozenset(map(Right, rights))) for user, rights in known[key].items()}
    return (AccessPolicy(name="team", roles=roles, bindings=frozenset((user, user) for user in roles)),)


def told(path: Path) -> Callable[[Iterable[str]], None]:
    def wake(environments: Iterable[str]) -> None:
        with path.open("a") as file:
            file.writelines(f"{environment}\n" for environment in environments)

    return wake


def serve(config: Path, state: Path, seconds: float | None) -> None:
    controller = read_controller(str(config), config.read_bytes())
    woken = threading.Event()
    if seconds is not None:
        threading.Thread(target=work, args=(state, woken, seconds), daemon=True).start()
    with Store.open(state, now()) as store:
        means = Means(
            store=store,
            policies=lambda key: policies(config.parent / "policies.json", key),
            proxies=controller.trusted_proxies,
            now=now,
            log=text_log(now),
        )
        parts = Parts(
            controller=controller,
            secrets=Variables(),
            inbox=store.inbox,
            now=now,
            wake=lambda _environments: woken.set(),
            ready=(config.parent / "ready").exists,
            api=Api(means=means, wake=told(config.parent / "woken"), metrics=Measures(store, now)),
        )
        served = server(build(parts), controller.listen)
        settle()
        threading.Thread(target=tell, args=(served,), daemon=True).start()
        served.run()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]) if sys.argv[3:] else None)
