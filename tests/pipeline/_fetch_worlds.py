"""A log that names media of a server on this machine, and what fetches them."""

from __future__ import annotations

import itertools
import os
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from leeward.connectors import Fetcher, Origins, open_origins
from leeward.model import Event, FetchSettings, MediaRef, OriginSettings
from leeward.pipeline import MediaFetcher
from leeward.pipeline._fetch_keeper import new_hasher
from leeward.store import Log, Writer
from leeward.store.tables import fetched_since, open_tables
from tests.connectors._fetch_servers import LOOPBACK, FileServer
from tests.hashing._pictures import file_of, pixels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leeward.hashing import MediaHasher
    from leeward.store.tables import FetchedMedia, Tables

_numbers = itertools.count(1)


def picture(seed: int) -> bytes:
    """A drawn picture as a JPEG file; each seed has its own."""
    from PIL import Image

    return file_of(Image.fromarray(pixels("grain", 96, 128, seed)), "JPEG")


def post(*uris: str, actor: str = "did:example:ada", **changes: Any) -> Event:
    """A post with pictures."""
    number = next(_numbers)
    uri = f"at://harbour/post/{number}"
    media = tuple(MediaRef(uri=each) for each in uris)
    given = {"kind": "post", "op": "create", "media": media, **changes}
    return Event(
        id=f"example:{uri}@1#{given['op']}",
        source="example",
        at=1_700_000_000_000_000,
        actor=actor,
        object=uri,
        **given,
    )


class World:
    """A data folder, a server with pictures, and the tables.

    Args:
        folder: The data folder, which is made.
        address: Of the tables.
    """

    def __init__(self, folder: Path, address: str) -> None:
        self._stack = ExitStack()
        self.folder = folder
        self.address = address
        self.server = self._stack.enter_context(FileServer())
        self.writer = self._stack.enter_context(Writer.open(folder))
        self.log = self._stack.enter_context(Log(folder))
        self.tables: Tables = self._stack.enter_context(open_tables(address))
        self.hasher: MediaHasher | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def uri(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server.port}{path}"

    def put(self, count: int, begin: int = 0) -> list[str]:
        """Pictures on the server; where they are."""
        for number in range(begin, begin + count):
            self.server.put(f"/{number}.jpg", picture(number))
        return [self.uri(f"/{number}.jpg") for number in range(begin, begin + count)]

    def name(self, *uris: str, **changes: Any) -> None:
        """Let an event name media."""
        self.writer.append([post(*uris, **changes)])

    def origins(self, **changes: Any) -> Origins:
        given = {"networks": LOOPBACK, "per_minute": 600_000, "parallel": 8, **changes}
        url = f"http://127.0.0.1:{self.server.port}"
        return open_origins({"pier": OriginSettings(**{"url": url, **given})})

    def fetch(
        self,
        origins: Origins | None = None,
        *,
        stop: Callable[[], bool] = lambda: False,
        drain: bool = True,
        clock: Callable[[], float] | None = None,
        **settings: Any,
    ) -> int:
        """Fetch until nothing is due; how many came to an outcome."""
        assert self.hasher is not None
        listed = self.origins() if origins is None else origins
        found = FetchSettings(**settings)
        fetcher = MediaFetcher(
            self.log, self.tables, listed, found, self.hasher, clock=clock or time.time
        )
        fetcher.run(stop, drain=drain)
        return fetcher.done

    def rows(self) -> list[FetchedMedia]:
        with self.tables.read() as connection:
            return fetched_since(connection, 0, 1_000_000)

    def outcomes(self) -> dict[str, str | None]:
        return {row.uri: row.reason for row in self.rows()}


@contextmanager
def fetching(folder: Path, address: str, port: int) -> Iterator[MediaFetcher]:
    """For a process of its own: a fetcher of what the folder's log names."""
    url = f"http://127.0.0.1:{port}"
    origin = OriginSettings(url=url, networks=LOOPBACK, per_minute=600_000, parallel=4)
    origins = open_origins({"pier": origin})
    with (
        Log(folder) as log,
        open_tables(address) as tables,
        new_hasher(origins, 1) as hasher,
    ):
        yield MediaFetcher(
            log,
            tables,
            origins,
            FetchSettings(),
            hasher,
            new_fetcher=lambda told: Fetcher(origins, redirected=told),
        )


def main() -> None:
    """Fetch all there is, then say so; the tests end this process wherever it is."""
    folder, address, port = sys.argv[1:]
    with fetching(Path(folder), address, int(port)) as fetcher:
        fetcher.run(lambda: False, drain=True)
    os.write(1, b"done\n")


if __name__ == "__main__":
    main()
