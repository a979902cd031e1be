"""Tokens of the controller's API. What a token is stands nowhere: a digest of it is kept."""

import hashlib
import hmac
import json
import secrets
import sqlite3
from collections.abc import Collection
from datetime import datetime

from eeveon.core.access import Right, Token
from eeveon.errors import UsageError
from eeveon.store.database import Database
from eeveon.store.failures import decoded
from eeveon.store.rows import time_of, time_text

_ALL = "SELECT id, user, rights, repositories, note, made, expires, revoked, digest FROM token"
_PREFIX = "eev"


class Tokens:
    """One row a token, also of those that work no more: what was done with it names it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def make(  # noqa: PLR0917 - what a token is
        self,
        user: str,
        rights: Collection[Right],
        repositories: Collection[str],
        note: str,
        now: datetime,
        expires: datetime,
    ) -> tuple[Token, str]:
        """A new token, and what it is: the only time that it can be read."""
        identity, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
        row = (
            *(identity, _digest(secret), user, " ".join(sorted(rights)), json.dumps(sorted(repositories))),
            *(note, time_text(now), time_text(expires)),
        )
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO token (id, digest, user, rights, repositories, note, made, expires) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )
        made = Token(
            id=identity,
            user=user,
            rights=frozenset(rights),
            repositories=frozenset(repositories),
            note=note,
            made=now,
            expires=expires,
        )
        return made, f"{_PREFIX}_{identity}_{secret}"

    def of(self, written: str) -> Token | None:
        """The token that somebody shows, whether or not it still works; None for one that never was."""
        prefix, _, rest = written.partition("_")
        identity, _, secret = rest.partition("_")
        with self._database.reading() as connection:
            rows = connection.execute(f"{_ALL} WHERE id = ?", (identity,)).fetchall()
        known = rows[0][8] if rows else ""
        with decoded(self._database.path):
            good = hmac.compare_digest(known, _digest(secret)) and prefix == _PREFIX
            return _token(rows[0]) if rows and good else None

    def all(self) -> tuple[Token, ...]:
        """Every token, the oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(f"{_ALL} ORDER BY made, id").fetchall()
        with decoded(self._database.path):
            return tuple(_token(row) for row in rows)

    def revoke(self, identity: str, now: datetime) -> Token:
        """It works no more, from now on. Raises UsageError where there is none, or it was revoked before."""
        with self._database.writing() as connection:
            changed = connection.execute(
                "UPDATE token SET revoked = ? WHERE id = ? AND revoked IS NULL", (time_text(now), identity)
            ).rowcount
        if not changed:
            raise UsageError(f"no token {identity!r} that works", hint="`eeveon tokens list` shows them")
        return next(token for token in self.all() if token.id == identity)


def _token(row: sqlite3.Row) -> Token:
    identity, user, rights, repositories, note, made, expires, revoked, _ = tuple(row)
    return Token(
        id=identity,
        user=user,
        rights=frozenset(Right(right) for right in rights.split()),
        repositories=frozenset(json.loads(repositories)),
        note=note,
        made=time_of(made),
        expires=time_of(expires),
        revoked=time_of(revoked) if revoked else None,
    )


def _digest(secret: str) -> str:
    """Of 32 random bytes nobody can guess what they are, so a slow hash adds nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()
