"""Who is at the door: API keys, remembered for a while."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import select

from leeward.errors import LeewardError, Overloaded
from leeward.server._answers import Problem
from leeward.store.tables import Key, Scope, note_use, verify_key

if TYPE_CHECKING:
    from starlette.requests import Request

    from leeward.store.tables import Tables

__all__ = ["KeyRing"]

KEPT: Final = 10_000
"""Answers that are remembered, wrong keys among them."""
WAITING: Final = 256
"""Look-ups that may wait for the tables."""
USE_SECONDS: Final = 60
"""A key's last use is noted at most so often: it costs a commit."""
_LONGEST: Final = 256

_log: Final = logging.getLogger("leeward.server")


class _Known(NamedTuple):
    until: float
    key: Key | None


class KeyRing:
    """Checks API keys without a query a request. Used on one event loop.

    Args:
        tables: Where the keys are.
        seconds: How long an answer of the tables stands, and so how long a revoked key may.
    """

    def __init__(self, tables: Tables, seconds: float) -> None:
        self._tables = tables
        self._seconds = seconds
        self._known: dict[bytes, _Known] = {}
        self._asked: dict[bytes, asyncio.Future[Key | None]] = {}
        self._thread = ThreadPoolExecutor(1, "leeward-keys")
        self._used: dict[int, float] = {}
        self._trouble: LeewardError | None = None
        self._probe: asyncio.Future[None] | None = None

    async def require(self, request: Request, scope: Scope) -> Key:
        """The key that a request carries.

        Raises:
            Problem: 401 without a key in force, 403 where it lacks the scope.
            Overloaded: Too many unknown keys wait to be looked up.
            StoreError, DependencyDown: The tables do not answer.
        """
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if not secret or scheme.lower() != "bearer":
            raise _unauthorized("an API key is needed", 'Bearer realm="leeward"')
        key = await self._find(secret.strip())
        if key is None:
            raise _unauthorized(
                "the API key is not in force", 'Bearer realm="leeward", error="invalid_token"'
            )
        if scope not in key.scopes:
            raise Problem(
                403,
                "forbidden",
                f"the API key lacks the scope {scope}",
                "use a key that has it: `leeward key create NAME --scope SCOPE`",
                headers={
                    "www-authenticate": 'Bearer realm="leeward", error="insufficient_scope",'
                    f' scope="{scope}"'
                },
            )
        return key

    def answering(self) -> bool:
        """Whether the tables answered when they were last asked.

        Where they did not, they are asked again behind this call: a proxy that sends nothing to a
        server that is down would never let a look-up find out that the tables are back.
        """
        if self._trouble is None:
            return True
        if self._probe is None:
            loop = asyncio.get_running_loop()
            self._probe = loop.run_in_executor(self._thread, self._ask)
            self._probe.add_done_callback(self._probed)
        return False

    def close(self) -> None:
        """Finish the look-ups that are under way."""
        self._thread.shutdown(cancel_futures=True)

    async def _find(self, secret: str) -> Key | None:
        if len(secret) > _LONGEST or not secret.isascii():
            return None
        # Secrets are not kept. A digest tells nothing by the time its look-up takes.
        digest = hashlib.sha256(secret.encode()).digest()
        known = self._known.get(digest)
        if known is not None and known.until > time.monotonic():
            return known.key
        asked = self._asked.get(digest)
        if asked is None:
            if len(self._asked) >= WAITING:
                raise Overloaded("too many API keys wait to be looked up", retry_after=1)
            loop = asyncio.get_running_loop()
            asked = loop.run_in_executor(self._thread, self._look_up, secret)
            self._asked[digest] = asked
            asked.add_done_callback(lambda done: self._remember(digest, done, time.monotonic()))
        # One request that goes away must not take the answer from the others.
        return await asyncio.shield(asked)

    def _remember(self, digest: bytes, done: asyncio.Future[Key | None], now: float) -> None:
        del self._asked[digest]
        if done.cancelled():
            return
        error = done.exception()
        if error is not None:
            self._note(error)
            return
        self._note(None)
        self._known.pop(digest, None)
        while len(self._known) >= KEPT:
            del self._known[next(iter(self._known))]
        key = done.result()
        self._known[digest] = _Known(now + self._seconds, key)
        if key is not None and self._used.get(key.id, -USE_SECONDS) + USE_SECONDS <= now:
            self._used[key.id] = now
            self._thread.submit(self._note_use, key)

    def _probed(self, done: asyncio.Future[None]) -> None:
        self._probe = None
        if not done.cancelled():
            self._note(done.exception())

    def _note(self, error: BaseException | None) -> None:
        """Remember how the latest question to the tables ended, and log where that changes."""
        if error is not None and not isinstance(error, LeewardError):
            return  # a fault of ours; the request that met it logs it
        if error is not None and self._trouble is None:
            _log.warning("the tables do not answer, so no key can be looked up: %s", error.message)
        elif error is None and self._trouble is not None:
            _log.warning("the tables answer again")
        self._trouble = error

    def _ask(self) -> None:
        with self._tables.read() as connection:
            connection.execute(select(1))

    def _look_up(self, secret: str) -> Key | None:
        with self._tables.read() as connection:
            return verify_key(connection, secret)

    def _note_use(self, key: Key) -> None:
        try:
            with self._tables.begin() as connection:
                note_use(connection, key)
        except LeewardError as error:
            _log.warning("the use of key %s was not noted: %s", key.prefix, error.message)


def _unauthorized(message: str, challenge: str) -> Problem:
    return Problem(
        401,
        "unauthorized",
        message,
        "send `Authorization: Bearer KEY`; `leeward key create` makes a key",
        headers={"www-authenticate": challenge},
    )
