"""Fetching beside a running server, and the right to fetch: one process of a folder has it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from leeward.connectors import open_origins
from leeward.errors import LeewardError, WriterBusy
from leeward.hashing import Limits, MediaHasher
from leeward.pipeline._fetch import MediaFetcher
from leeward.pipeline._unexpected import unexpected
from leeward.store import Log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping
    from pathlib import Path

    from leeward.connectors import Origins
    from leeward.model import Settings
    from leeward.store.tables import Tables

__all__ = ["FetchKeeper", "fetch_media", "fetching_alone", "new_hasher"]

_AGAIN: Final = 30.0
"""Seconds until another attempt after something failed."""

_NICE: Final = 5
"""How much the processes that hash let others go first."""

_SECONDS: Final = 60.0
"""That a file may take to be hashed: who gives way may have to wait for the processor."""

_TROUBLE: Final = "fetching media fails"


@contextlib.contextmanager
def fetching_alone(data: Path) -> Iterator[None]:
    """Hold the right to fetch for a data folder. The system takes it back from a dead process.

    Raises:
        WriterBusy: Another process has it.
    """
    handle = os.open(data / "fetch.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WriterBusy(
                "another process fetches media for this folder already",
                where=str(data),
                hint="a running server does so by itself; see `leeward status`",
            ) from None
        yield
    finally:
        os.close(handle)


def new_hasher(origins: Origins, processes: int) -> MediaHasher:
    """Processes that hash whatever the origins may send, and let others go first.

    Whoever uploads or sends events waits for an answer; what is fetched can wait.
    """
    most = max((each.settings.max_bytes for each in origins.by_name.values()), default=1)
    limits = Limits(max_bytes=max(most, Limits().max_bytes))

    def make() -> MediaHasher:
        # On Linux a thread has a priority of its own, and processes that it starts inherit it.
        os.setpriority(os.PRIO_PROCESS, 0, _NICE)
        return MediaHasher(processes, seconds=_SECONDS, limits=limits)

    with ThreadPoolExecutor(1) as humble:
        return humble.submit(make).result()


def fetch_media(
    data: Path,
    tables: Tables,
    settings: Settings,
    origins: Origins,
    *,
    stop: Callable[[], bool] = lambda: False,
    drain: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Fetch media that arrived without a hash, by this process alone.

    Args:
        data: The data folder.
        tables: Its operational tables.
        settings: Of the folder.
        origins: What is listed.
        stop: Asked often; True ends it.
        drain: End when the log was read to its end and nothing is due.
        progress: Told how many media came to an outcome.

    Returns:
        How many media came to an outcome.

    Raises:
        WriterBusy: Another process fetches.
        LeewardError: The log, the tables or the hashing processes do not answer.
    """
    with (
        fetching_alone(data),
        Log(data) as log,
        new_hasher(origins, settings.fetch.hashers) as hasher,
    ):
        fetcher = MediaFetcher(log, tables, origins, settings.fetch, hasher)
        fetcher.run(stop, drain=drain, progress=lambda: progress(fetcher.done))
        return fetcher.done


class FetchKeeper:
    """Fetches while a server runs, in threads and processes of its own. Off without an origin.

    Args:
        data: The data folder.
        tables: Its operational tables.
        settings: Of the folder.
        trouble: Where it says in words what does not succeed at present.
        report: Told of what failed, in words without content.

    Raises:
        SettingsError: An origin cannot be used.
    """

    def __init__(
        self,
        data: Path,
        tables: Tables,
        settings: Settings,
        trouble: MutableMapping[str, str],
        report: Callable[[LeewardError], None],
    ) -> None:
        self._data = data
        self._tables = tables
        self._settings = settings
        self._origins = open_origins(settings.origins)
        self._trouble = trouble
        self._report = report
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leeward-fetch-keeper", daemon=True)

    def start(self) -> None:
        """Begin, where an origin is listed."""
        if len(self._origins):
            self._thread.start()

    def stop(self) -> None:
        """End; what is under way is fetched again the next time."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                fetch_media(
                    self._data,
                    self._tables,
                    self._settings,
                    self._origins,
                    stop=self._stop.is_set,
                    progress=lambda _: self._well(),
                )
            except LeewardError as error:
                self._fail(error)
            except Exception as error:  # this thread must outlive whatever goes wrong
                self._fail(unexpected(error))

    def _well(self) -> None:
        self._trouble.pop("fetch", None)

    def _fail(self, error: LeewardError) -> None:
        self._trouble["fetch"] = _TROUBLE
        self._report(error)
        self._stop.wait(_AGAIN)
