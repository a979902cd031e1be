"""Sessions for browsers: a cookie that stands for a token, and a word beside it that other sites do not know.

They are kept in memory: whoever restarts the controller ends them all.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from eeveon.core.access import Token

COOKIE = "eeveon_session"
LASTS = timedelta(hours=12)
MOST = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One of somebody who showed a token."""

    token: Token
    word: str  # to be sent as a header with whatever changes something
    ends: datetime


class Sessions:
    """All of one controller. For one thread."""

    def __init__(self) -> None:
        self._known: dict[str, Session] = {}

    def begin(self, token: Token, now: datetime) -> tuple[str, Session]:
        """A new session and the value of its cookie. It ends before its token does."""
        self._known = {key: one for key, one in self._known.items() if now < one.ends}
        if len(self._known) >= MOST:
            del self._known[next(iter(self._known))]
        cookie = secrets.token_urlsafe(32)
        session = Session(token=token, word=secrets.token_urlsafe(24), ends=min(now + LASTS, token.expires))
        self._known[_key(cookie)] = session
        return cookie, session

    def of(self, cookie: str, now: datetime) -> Session | None:
        """The session of a cookie, if it has not ended."""
        session = self._known.get(_key(cookie))
        return session if session is not None and now < session.ends else None

    def end(self, cookie: str) -> None:
        """Who asks with it is not known any more."""
        self._known.pop(_key(cookie), None)


def is_word(session: Session, sent: str) -> bool:
    """Whether the header is the session's."""
    return hmac.compare_digest(session.word.encode(), sent.encode())


def _key(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()
