"""One file: fetched, hashed, forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from leeward.errors import LeewardError
from leeward.store.tables import FetchedHashes, FetchedView

if TYPE_CHECKING:
    from leeward.connectors import Fetcher
    from leeward.hashing import Hashed, MediaHasher
    from leeward.store.tables import QueuedFetch

__all__ = ["NO_LOOKS", "FetchResult", "fetch_one", "hashes_of"]

NO_LOOKS = "no_looks"
"""Why a file that was fetched has no PDQ hash: it is no picture, or none that could be decoded."""


class FetchResult(NamedTuple):
    """What came of one media item.

    Attributes:
        item: It.
        reason: Why its looks are not known; None where they are.
        hashes: What is known.
        again: Whether another try may help.
        wait: Seconds that the origin asks to be left alone.
        problem: What is wrong on our side; then nothing came of it, and without a reason the media
            item waits as before.
    """

    item: QueuedFetch
    reason: str | None = None
    hashes: FetchedHashes = FetchedHashes()
    again: bool = False
    wait: float | None = None
    problem: LeewardError | None = None

    def __repr__(self) -> str:
        """The outcome: the rest is content."""
        return f"<FetchResult {self.reason or 'hashed'}>"


def fetch_one(item: QueuedFetch, fetcher: Fetcher, hasher: MediaHasher) -> FetchResult:
    """Fetch a file, have it hashed in a process of its own, and keep nothing but the hashes."""
    reply = fetcher.fetch(item.uri)
    if reply.reason is not None:
        return FetchResult(item, reply.reason, again=reply.again, wait=reply.wait)
    try:
        hashed = hasher.hash(reply.body, dihedral=True)
    except LeewardError as problem:
        return FetchResult(item, problem=problem)
    reason = None if hashed.picture is not None else NO_LOOKS
    return FetchResult(item, reason, hashes_of(hashed))


def hashes_of(hashed: Hashed) -> FetchedHashes:
    """What a file hashed to, as the tables keep it."""
    exact, picture = hashed.digests, hashed.picture
    found = FetchedHashes(exact.size, exact.sha256.hex(), exact.sha1.hex(), exact.md5.hex())
    if picture is None:
        return found
    views = (FetchedView(view.kind, view.pdq.hex(), view.quality) for view in picture.views)
    return found._replace(
        pdq=picture.pdq.hex(),
        quality=picture.quality,
        mime=picture.mime,
        width=picture.width,
        height=picture.height,
        damaged=picture.damaged,
        views=tuple(views),
        positions=tuple(position.hex() for position in picture.dihedral),
    )
