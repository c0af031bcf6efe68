"""Fetching media that arrive without a hash: bounded, resumable, from listed origins alone.

One thread reads the log, hands out what is due and writes what came of it; a few others fetch and
have files hashed in processes of their own. What waits is in the tables. So wherever the process
ends, the next one goes on: a file may be fetched twice, and none is left out.
"""

from __future__ import annotations

import queue
import random
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from leeward.connectors import Fetcher
from leeward.errors import LeewardError
from leeward.pipeline._fetch_follow import Follower
from leeward.pipeline._fetch_one import FetchResult, fetch_one
from leeward.pipeline._fetch_pace import Pace
from leeward.pipeline._unexpected import unexpected
from leeward.store.tables import due_fetches, put_off_fetch, settle_fetches

if TYPE_CHECKING:
    from collections.abc import Callable

    from leeward.connectors import Origins
    from leeward.hashing import MediaHasher
    from leeward.model import FetchSettings
    from leeward.store import Log
    from leeward.store.tables import QueuedFetch, Tables

__all__ = ["MediaFetcher"]

_LOOK: Final = 1.0
"""Seconds between two looks at a log with nothing new, and at an origin with nothing due."""

_COMMIT: Final = 0.25
"""Seconds that a result waits for others, to be committed together."""

_RESULTS: Final = 64
"""Results that are committed together at the most."""

_PAGE: Final = 64
"""Media of an origin that are taken out of the tables at a time."""

_STEP: Final = 4
"""Each wait is so many times the one before."""


class MediaFetcher:
    """Fetches what waits.

    Args:
        log: The log.
        tables: What waits, and what came of it.
        origins: What is listed.
        settings: How much at a time, how often, how long.
        hasher: Hashes files in processes of its own.
        new_fetcher: Makes what speaks HTTP, for each thread; told what to call at a redirect.
        clock: Seconds since 1970 UTC.

    Attributes:
        done: Media that came to an outcome since this was made.
    """

    def __init__(
        self,
        log: Log,
        tables: Tables,
        origins: Origins,
        settings: FetchSettings,
        hasher: MediaHasher,
        *,
        new_fetcher: Callable[[Callable[[str], None]], Fetcher] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._tables = tables
        self._origins = origins
        self._settings = settings
        self._hasher = hasher
        self._new_fetcher = new_fetcher or (lambda visit: Fetcher(origins, redirected=visit))
        self._clock = clock
        self._follower = Follower(log, tables, origins, settings, clock=clock)
        self._pace = Pace(origins, float(settings.longest_wait))
        self._pages: dict[str, deque[QueuedFetch]] = {name: deque() for name in origins.by_name}
        self._looked_at = dict.fromkeys(origins.by_name, float("-inf"))
        self._under_way: set[str] = set()
        self._busy = 0
        self._results: queue.SimpleQueue[FetchResult] = queue.SimpleQueue()
        self._waiting: list[FetchResult] = []
        self._waiting_since = 0.0
        self._local = threading.local()
        self._fetchers: list[Fetcher] = []
        self._stopping = threading.Event()
        self._at_end = False
        self._trouble: LeewardError | None = None
        self.done = 0

    def run(
        self,
        stop: Callable[[], bool],
        *,
        drain: bool = False,
        progress: Callable[[], None] = lambda: None,
    ) -> None:
        """Fetch until told to stop. Called once.

        Args:
            stop: Asked often.
            drain: End when the log was read to its end and nothing is due.
            progress: Called after each commit, and while nothing has to be done.

        Raises:
            LeewardError: The log, the tables or the hashing processes do not answer. What waits
                stays, and another run goes on.
        """
        follower = threading.Thread(target=self._follow, name="leeward-fetch-follow", daemon=True)
        threads = ThreadPoolExecutor(self._settings.workers, "leeward-fetch")
        follower.start()
        try:
            while not stop() and self._trouble is None:
                self._start(threads)
                self._receive()
                if self._due_to_commit():
                    self._commit()
                    progress()
                elif self._quiet():
                    progress()
                if drain and self._idle():
                    break
        finally:
            self._end(threads, follower)
        if self._trouble is not None:
            raise self._trouble

    # --- following -----------------------------------------------------------------------------

    def _follow(self) -> None:
        """Follow the log, in a thread of its own: reading it must not keep files waiting."""
        while not self._stopping.is_set():
            try:
                at_end = self._follower.step(self._stopping.is_set)
            except LeewardError as error:
                self._trouble = error
                return
            except Exception as error:  # whoever waits for this thread must be told
                self._trouble = unexpected(error)
                return
            self._at_end = at_end
            if at_end:
                self._stopping.wait(_LOOK)

    # --- handing out ---------------------------------------------------------------------------

    def _start(self, threads: ThreadPoolExecutor) -> None:
        """Hand out what is due, to as many threads as there are; one of each origin in turn."""
        more = True
        while more:
            more = False
            for name in self._origins.by_name:
                if self._busy >= self._settings.workers:
                    return
                if self._page(name) and self._pace.begin(name):
                    # Counted here and now: the thread may begin later than the next look.
                    self._pace.visit(name)
                    item = self._pages[name].popleft()
                    self._under_way.add(item.uri)
                    self._busy += 1
                    threads.submit(self._work, item)
                    more = True

    def _page(self, name: str) -> deque[QueuedFetch]:
        """What is known to be due of an origin; the tables are asked where that is nothing."""
        page, now = self._pages[name], time.monotonic()
        if not page and now >= self._looked_at[name]:
            micros = int(self._clock() * 1e6)
            with self._tables.read() as connection:
                page.extend(due_fetches(connection, name, micros, _PAGE, self._under_way))
            self._looked_at[name] = now if page else now + _LOOK
        return page

    def _work(self, item: QueuedFetch) -> None:
        """Fetch one, in a thread."""
        try:
            result = fetch_one(item, self._fetcher(), self._hasher)
        except Exception as error:  # a fault of ours must not leave the media item under way
            result = FetchResult(item, "fault", again=True, problem=unexpected(error))
        self._results.put(result)

    def _fetcher(self) -> Fetcher:
        """This thread's own."""
        fetcher: Fetcher | None = getattr(self._local, "fetcher", None)
        if fetcher is None:
            fetcher = self._local.fetcher = self._new_fetcher(self._pace.visit)
            self._fetchers.append(fetcher)
            if self._stopping.is_set():  # too late to be told with the others
                fetcher.abort()
        return fetcher

    # --- taking in -----------------------------------------------------------------------------

    def _receive(self) -> None:
        """Take what came of a file, or wait a moment for it."""
        wait = _COMMIT
        if self._waiting:
            wait -= time.monotonic() - self._waiting_since
        if self._busy < self._settings.workers:
            wait = min(wait, self._pace.until_next(n for n, page in self._pages.items() if page))
        try:
            result = self._results.get(timeout=max(0.001, wait))
        except queue.Empty:
            return
        self._busy -= 1
        self._pace.end(result.item.origin, failed=result.again, wait=result.wait)
        if not self._waiting:
            self._waiting_since = time.monotonic()
        self._waiting.append(result)

    def _due_to_commit(self) -> bool:
        late = time.monotonic() - self._waiting_since >= _COMMIT
        return bool(self._waiting) and (late or len(self._waiting) >= _RESULTS)

    def _commit(self) -> None:
        # What a fault of ours came of is put off too: it must not be the first one again.
        sound = [r for r in self._waiting if r.problem is None or r.reason is not None]
        final = [result for result in sound if not self._again(result)]
        with self._tables.begin() as connection:
            told = [(result.item.uri, result.reason, result.hashes) for result in final]
            noted = settle_fetches(connection, told)
            for result in sound:
                if self._again(result):
                    reason, due_at = str(result.reason), self._due(result)
                    put_off_fetch(connection, result.item.uri, reason, due_at)
        self.done += noted
        problems = [result.problem for result in self._waiting if result.problem is not None]
        self._under_way.difference_update(result.item.uri for result in self._waiting)
        self._waiting.clear()
        if problems:
            raise problems[0]

    def _again(self, result: FetchResult) -> bool:
        return result.again and result.item.attempts + 1 < self._settings.attempts

    def _due(self, result: FetchResult) -> int:
        """When to try once more, microseconds since 1970 UTC."""
        first, longest = self._settings.first_wait, self._settings.longest_wait
        wait = min(first * _STEP ** min(result.item.attempts, 20), longest)
        asked = min(result.wait or 0.0, float(longest))
        # Many that failed together should not come back together.
        spread = random.uniform(1.0, 1.25)  # noqa: S311 - no secret depends on it
        return int((self._clock() + max(wait * spread, asked)) * 1e6)

    # --- ending --------------------------------------------------------------------------------

    def _quiet(self) -> bool:
        """Whether, as far as is known, nothing has to be done."""
        busy = self._busy or self._waiting or any(self._pages.values())
        return self._at_end and not busy

    def _idle(self) -> bool:
        """Whether nothing can be done at present; the tables are asked."""
        if not self._at_end or self._busy or self._waiting or self._follower.lagging():
            return False
        # Asked last: what the follower lets wait in the meantime is seen here.
        for name in self._origins.by_name:
            self._looked_at[name] = float("-inf")
            if self._page(name) and not self._pace.paused(name):
                return False
        return True

    def _end(self, threads: ThreadPoolExecutor, follower: threading.Thread) -> None:
        """End what is under way, and keep what was done already."""
        self._stopping.set()
        for fetcher in list(self._fetchers):
            fetcher.abort()
        threads.shutdown(cancel_futures=True)
        follower.join()
        for fetcher in self._fetchers:
            fetcher.close()
        while not self._results.empty():
            self._waiting.append(self._results.get())
        # What failed now may have failed because it was ended: that is no attempt.
        self._waiting = [result for result in self._waiting if result.hashes.size is not None]
        if self._waiting:
            self._commit()
