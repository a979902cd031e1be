"""What each operation does: it reads the store, or says something that the loop hears."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from eeveon.core.access import Right
from eeveon.core.delivery import Event, EventState
from eeveon.core.names import Scope, ServiceName
from eeveon.core.pause import Pause
from eeveon.core.standing import Standing
from eeveon.core.values import plain
from eeveon.server.api.operations import LIMIT, Answer, Asked, Operation, Parameter, RefusedError, limit_of
from eeveon.store.plans import SavedPlan
from eeveon.store.store import Store

_ENVIRONMENT: Final = "/environments/{repository}/{environment}"
_TEXT: Final = {"type": "string", "maxLength": 500}
_SERVICE: Final = {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength": 40}


def _form(required: Iterable[str] = (), **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Handlers:
    """Their means. `wake` has environments looked at now."""

    store: Store
    now: Callable[[], datetime]
    wake: Callable[[Iterable[str]], None]

    def operations(self) -> tuple[Operation, ...]:
        """All of them."""
        read, plan, apply, approve, pause = Right.READ, Right.PLAN, Right.APPLY, Right.APPROVE, Right.PAUSE
        state = Parameter(
            name="state",
            schema={"enum": [one.value for one in EventState]},
            summary="Only those in this state.",
        )
        return (
            Operation(method="GET", path="/status", right=read, summary="How all environments stand.",
                      handler=self.status, gives="Each environment that the token reaches, with its pauses."),
            Operation(method="GET", path=_ENVIRONMENT, right=read, summary="How one environment stands.",
                      handler=self.environment, gives="The environment, with its pauses."),
            Operation(method="GET", path=f"{_ENVIRONMENT}/plan", right=plan,
                      summary="The newest plan that has something to do.", handler=self.newest_plan,
                      gives="The plan, as `eeveon plan --format json` prints it."),
            Operation(method="GET", path="/plans/{plan}", right=plan,
                      summary="A plan, by the beginning of its id.", handler=self.plan,
                      gives="The plan, as `eeveon plan --format json` prints it."),
            Operation(method="GET", path=f"{_ENVIRONMENT}/history", right=read, query=(LIMIT,),
                      summary="What earlier applies did.", handler=self.history, gives="Records, the newest first."),
            Operation(method="GET", path=f"{_ENVIRONMENT}/history/{{record}}", right=read,
                      summary="Every action of one apply.", handler=self.record, gives="The record."),
            Operation(method="POST", path=f"{_ENVIRONMENT}/approve", right=approve,
                      summary="Agree to a plan, by its whole id.", handler=self.approve,
                      body=_form(["plan"], plan=_TEXT), gives="How many agree."),
            Operation(method="POST", path=f"{_ENVIRONMENT}/pause", right=pause,
                      summary="Change nothing any more, or nothing of one service.", handler=self.pause,
                      body=_form(service=_SERVICE, why=_TEXT), gives="The environment, with its pauses."),
            Operation(method="POST", path=f"{_ENVIRONMENT}/resume", right=pause,
                      summary="Let changes go on.", handler=self.resume, body=_form(service=_SERVICE),
                      gives="The environment, with its pauses."),
            Operation(method="POST", path=f"{_ENVIRONMENT}/reconcile", right=apply, status=202,
                      summary="Bring it in step now, without waiting for a commit or an interval.",
                      handler=self.reconcile, body=_form(), gives="The environment as it stood before."),
            Operation(method="GET", path="/events", right=read, query=(LIMIT, state),
                      summary="What webhooks brought.", handler=self.events, gives="Events, the newest first."),
            Operation(method="GET", path="/events/{event}", right=read,
                      summary="One of them, by the beginning of its id.", handler=self.event, gives="The event."),
            Operation(method="POST", path="/events/{event}/retry", right=apply, body=_form(),
                      summary="Try again whatever of it is not done.", handler=self.retry, gives="The event."),
        )  # fmt: skip

    def status(self, asked: Asked) -> Answer:
        """See `operations`."""
        shown = [one for one in self.store.standings.all() if asked.allowed(Right.READ, one.key)]
        return _answer("environments", [self._standing(one) for one in shown])

    def environment(self, asked: Asked) -> Answer:
        """See `operations`."""
        return _answer("environment", self._standing(self._of(asked)))

    def newest_plan(self, asked: Asked) -> Answer:
        """See `operations`."""
        standing = self._of(asked)
        if not standing.plan:
            raise RefusedError(404, f"{asked.key} had nothing to do yet")
        return _plan(self.store.plans.find(standing.plan))

    def plan(self, asked: Asked) -> Answer:
        """See `operations`."""
        saved = self.store.plans.find(asked.path["plan"])
        keys = [one.key for one in self.store.standings.all() if one.scope == saved.scope]
        if not any(asked.allowed(Right.PLAN, key) for key in keys):
            raise RefusedError(403, "the token may not see this plan")
        return _plan(saved)

    def history(self, asked: Asked) -> Answer:
        """See `operations`."""
        records = self.store.history.records(self._scope(asked), limit_of(asked), self.now())
        return _answer("records", [plain(one) for one in records])

    def record(self, asked: Asked) -> Answer:
        """See `operations`."""
        found = self.store.history.record(asked.path["record"], self.now())
        if found.scope != self._scope(asked):
            raise RefusedError(404, f"no record of {asked.key} begins with {asked.path['record']!r}")
        return _answer("record", plain(found))

    def approve(self, asked: Asked) -> Answer:
        """See `operations`."""
        scope, saved = self._scope(asked), self.store.plans.find(asked.body["plan"])
        if (saved.id, saved.scope) != (asked.body["plan"], scope):
            raise RefusedError(404, f"{asked.key} has no plan {asked.body['plan']!r}", "give its whole id")
        if saved.used_by:
            raise RefusedError(409, f"{saved.id} was applied before, by {saved.used_by}")
        count = self.store.approvals.put(scope, saved.id, asked.token.user, self.now())
        self.wake([asked.key])
        return _answer("approval", {"plan": saved.id, "by": asked.token.user, "count": count})

    def pause(self, asked: Asked) -> Answer:
        """See `operations`."""
        pause = Pause(
            service=_service(asked),
            since=self.now(),
            by=f"{asked.token.user} by the API",
            why=str(asked.body.get("why", "")).strip(),
        )
        self.store.pauses.put(self._scope(asked), pause)
        return self.environment(asked)

    def resume(self, asked: Asked) -> Answer:
        """See `operations`."""
        if not self.store.pauses.lift(self._scope(asked), _service(asked)):
            raise RefusedError(409, f"{asked.body.get('service') or asked.key} is not paused")
        self.wake([asked.key])
        return self.environment(asked)

    def reconcile(self, asked: Asked) -> Answer:
        """See `operations`."""
        standing = self._of(asked)
        self.wake([asked.key])
        return Answer(content=_answer("environment", self._standing(standing)).content, status=202)

    def events(self, asked: Asked) -> Answer:
        """See `operations`."""
        wanted = asked.query.get("state")
        if wanted is not None and wanted not in {one.value for one in EventState}:
            raise RefusedError(
                400, f"state: {wanted!r} is none of {', '.join(one.value for one in EventState)}"
            )
        found = self.store.inbox.events(limit_of(asked), EventState(wanted) if wanted else None)
        return _answer("events", [_event(one) for one in found if self._sees(asked, one, Right.READ)])

    def event(self, asked: Asked) -> Answer:
        """See `operations`."""
        return _answer("event", _event(self._event(asked, Right.READ)))

    def retry(self, asked: Asked) -> Answer:
        """See `operations`."""
        event = self._event(asked, Right.APPLY)
        tried = self.store.inbox.retry(event.delivery.id, self.now())
        return _answer("event", _event(tried))

    def _event(self, asked: Asked, right: Right) -> Event:
        event = self.store.inbox.event(asked.path["event"])
        if not self._sees(asked, event, right):
            raise RefusedError(403, f"the token has no right to `{right}` where this event belongs")
        return event

    @staticmethod
    def _sees(asked: Asked, event: Event, right: Right) -> bool:
        """What reaches several environments is for who has the right in all of them; ignored ones, for the repository's."""
        keys = {errand.environment for errand in event.errands} or {f"{event.delivery.repository}/*"}
        return all(asked.allowed(right, key) for key in keys)

    def _standing(self, standing: Standing) -> dict[str, Any]:
        pauses = self.store.pauses.of(standing.scope) if standing.scope else ()
        known = plain(standing)
        assert isinstance(known, dict), "a dataclass is one"
        return {**known, "pauses": [plain(pause) for pause in pauses]}

    def _of(self, asked: Asked) -> Standing:
        standing = self.store.standings.of(asked.key)
        if standing is None:
            raise RefusedError(404, f"there is no environment {asked.key}", "`/api/v1/status` names them all")
        return standing

    def _scope(self, asked: Asked) -> Scope:
        scope = self._of(asked).scope
        if scope is None:
            raise RefusedError(409, f"{asked.key} was not looked at yet", "try again in a while")
        return scope


def _answer(name: str, content: object) -> Answer:
    return Answer(content={"format": f"eeveon.{name}/1", name: content})


def _plan(saved: SavedPlan) -> Answer:
    return Answer(content=json.loads(saved.text))


def _service(asked: Asked) -> ServiceName | None:
    service = asked.body.get("service")
    return ServiceName(service) if service else None


def _event(event: Event) -> dict[str, Any]:
    return {
        "delivery": plain(event.delivery),
        "errands": [plain(errand) for errand in event.errands],
        "state": event.state.value,
    }
