"""Matching for the platform: from a request's body to what the banks say."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar

from msgspec import Struct

from leeward.errors import LeewardError, Overloaded, StoreError
from leeward.hashing import MAX_VIDEO_FRAMES, MediaHasher, VideoLimits
from leeward.model import BanksSettings
from leeward.pipeline import MOST_MATCHES, Matcher, MatchResult, media_query

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from leeward.hashing import Hashed
    from leeward.pipeline import MatchQuery
    from leeward.store.tables import Tables

    T = TypeVar("T")

__all__ = ["MatchAnswer", "MatchDesk", "MatchMedia"]

WAITING: Final = 256
"""Requests that may wait to be matched."""

HASHERS: Final = max(1, min(4, os.cpu_count() or 1))
"""Processes that hash uploads; they are started with the first upload."""

UPLOADS: Final = 8 * HASHERS
"""Uploads that may wait to be hashed, those that are being hashed among them."""

VIDEO_LIMITS: Final = VideoLimits(max_hashed=MAX_VIDEO_FRAMES, max_seconds=10.0)
"""What is looked at of an uploaded video: the platform waits for the answer."""

NAMED: Final = 2_000
"""Matches that one answer names at the most, shared by its queries."""

RETRY_SECONDS: Final = 5.0
"""When to try again to open the banks."""

_DEFAULTS: Final = BanksSettings()

_log: Final = logging.getLogger("leeward.server")


class MatchMedia(Struct, frozen=True):
    """What an upload turned out to be.

    Attributes:
        bytes: Its size.
        mime: The media type, by the bytes; null where it is no picture that could be decoded.
        width, height: Pixels, as the picture is shown.
        quality: PDQ's, 0 to 100; null for a video.
        damaged: Whether the file was cut short or broken.
        frames: Frames of a video that were hashed; null for a picture.
    """

    bytes: int
    mime: str | None = None
    width: int | None = None
    height: int | None = None
    quality: int | None = None
    damaged: bool = False
    frames: int | None = None


class MatchAnswer(Struct, frozen=True, omit_defaults=True):
    """What the banks say.

    Attributes:
        results: One for each hash that was asked for, in that order; one for an upload.
        media: What an upload turned out to be.
    """

    results: list[MatchResult]
    media: MatchMedia | None = None


class MatchDesk:
    """The banks and the processes that hash uploads. Asked from one event loop.

    The banks are opened in the background, for tens of millions of entries take a while; until
    then a request is answered with 503. So events are taken in meanwhile.

    Args:
        tables: Where the banks are.
        folder: The data folder.
        settings: How matching is done, and what a flood is.
    """

    def __init__(self, tables: Tables, folder: Path, settings: BanksSettings = _DEFAULTS) -> None:
        self._tables, self._folder, self._settings = tables, folder, settings
        self._matcher: Matcher | None = None
        self._hasher: MediaHasher | None = None
        self._waiting = _Places(WAITING, "too many requests wait to be matched")
        self._uploads = _Places(UPLOADS, "too many uploads wait to be hashed")
        self._starting = threading.Lock()
        self._closing = threading.Event()
        self._matching = ThreadPoolExecutor(1, "leeward-match")
        self._hashing = ThreadPoolExecutor(HASHERS, "leeward-hash")
        self._opening = threading.Thread(target=self._open, name="leeward-banks-open", daemon=True)
        self._opening.start()

    @property
    def entries(self) -> int:
        """How many PDQ entries match."""
        return 0 if self._matcher is None else len(self._matcher)

    @property
    def behind(self) -> float:
        """Seconds since changes of banks were read; infinite until the banks are open."""
        return float("inf") if self._matcher is None else self._matcher.behind

    @property
    def floods(self) -> int:
        """Floods that wait for a person."""
        return 0 if self._matcher is None else self._matcher.floods

    @property
    def paused(self) -> int:
        """Entries that are paused."""
        return 0 if self._matcher is None else self._matcher.paused

    async def match(self, queries: list[MatchQuery]) -> MatchAnswer:
        """What the banks say of some hashes.

        Raises:
            Overloaded: Too many requests wait.
            StoreError, DependencyDown: The banks cannot be read, or not yet.
        """
        matcher = self._ready()
        most = max(1, min(MOST_MATCHES, NAMED // max(1, len(queries))))
        return MatchAnswer(
            await self._waiting.run(self._matching, lambda: matcher.match(queries, most))
        )

    def make_room(self) -> None:
        """Refuse an upload that would wait too long, before its body is read.

        Raises:
            Overloaded: Too many uploads wait.
            StoreError: The banks are not open yet.
        """
        self._ready()
        self._uploads.check()

    async def match_upload(self, body: bytes, *, eight: bool = True) -> MatchAnswer:
        """What the banks say of a file.

        Args:
            body: All of it.
            eight: Search for a picture in its eight positions.

        Raises:
            Overloaded: Too many requests wait.
            StoreError, DependencyDown: The banks cannot be read, or no process can be started.
        """
        matcher = self._ready()

        def work() -> tuple[Hashed, list[MatchResult]]:
            hashed = self._workers().hash(body, dihedral=eight)
            if hashed.video is None:
                return hashed, []
            # Hundreds of frames: on the thread of the hashes they would keep others waiting.
            return hashed, matcher.match([media_query(hashed)], MOST_MATCHES)

        hashed, results = await self._uploads.run(self._hashing, work)
        if not results:
            results = (await self.match([media_query(hashed)])).results
        return MatchAnswer(results, _media(hashed))

    def close(self) -> None:
        """Finish what is under way."""
        self._closing.set()
        self._opening.join()
        self._matching.shutdown()
        self._hashing.shutdown()
        if self._hasher is not None:
            self._hasher.close()
        if self._matcher is not None:
            self._matcher.close()

    def _ready(self) -> Matcher:
        if self._matcher is None:
            raise StoreError("the hash banks are being opened", hint="try again in a moment")
        return self._matcher

    def _workers(self) -> MediaHasher:
        with self._starting:
            if self._hasher is None:
                self._hasher = MediaHasher(HASHERS, video=VIDEO_LIMITS)
            return self._hasher

    def _open(self) -> None:
        told = False
        while not self._closing.is_set():
            try:
                matcher = Matcher(self._tables, self._folder, _report, self._settings, counts=True)
            except LeewardError as error:
                if not told:
                    _report(f"the hash banks cannot be opened: {error.message}")
                told = True
                self._closing.wait(RETRY_SECONDS)
                continue
            matcher.follow()
            self._matcher = matcher
            return


class _Places:
    """Places for work that waits. Used on one event loop."""

    def __init__(self, most: int, full: str) -> None:
        self._left = most
        self._full = full

    def check(self) -> None:
        """Raise where there is no place.

        Raises:
            Overloaded: There is none.
        """
        if self._left <= 0:
            raise Overloaded(self._full, retry_after=1)

    async def run(self, pool: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        """Do some work in a thread.

        Raises:
            Overloaded: There is no place.
        """
        self.check()
        self._left -= 1
        done = asyncio.get_running_loop().run_in_executor(pool, work)
        done.add_done_callback(self._leave)
        # A sender that goes away frees its place only when the work is done.
        return await asyncio.shield(done)

    def _leave(self, _: object) -> None:
        self._left += 1


def _media(hashed: Hashed) -> MatchMedia:
    size, picture, video = hashed.digests.size, hashed.picture, hashed.video
    if video is not None:
        frames = len(video.frames)
        return MatchMedia(size, video.mime, video.width, video.height, frames=frames)
    if picture is None:
        return MatchMedia(size)
    return MatchMedia(
        size, picture.mime, picture.width, picture.height, picture.quality, picture.damaged
    )


def _report(note: str) -> None:
    _log.warning("hash banks: %s", note)
