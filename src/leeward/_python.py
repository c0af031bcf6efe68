"""Leeward from Python: what ``import leeward as lw`` offers beside the rooms."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from leeward.console import write_page
from leeward.pipeline import Copies, copies_of
from leeward.pipeline import Found as Result
from leeward.pipeline import discover as run
from leeward.store import read_settings
from leeward.store.tables import database_url, open_tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from leeward.network import Prior, Seed
    from leeward.store import Log

__all__ = ["Found", "copies", "discover"]


class Found(Result):
    """What discovery found, with a page to look at."""

    __slots__ = ()

    def page(self, path: str | os.PathLike[str], *, title: str = "What discovery found") -> Path:
        """Write the result as one HTML page that asks nothing of any network.

        Only its owner may read the file. A page that stands there is replaced.

        Raises:
            StoreError: The file cannot be written.
        """
        return write_page(path, self, title=title)


def copies(log: Log, media: str, *, distance: int | None = None, most: int = 100) -> Copies:
    """All copies of a picture or video that the log has, by the media map.

    Args:
        log: An open log.
        media: A handle, a SHA-256 or PDQ value in hexadecimal, or ``cluster:NUMBER``.
        distance: Also pictures with a PDQ value within so many bits, 0 to 64, of one of its own.
        most: Events that are named.

    Raises:
        UsageError: There is no such cluster, or the distance is out of range.
    """
    data = log.layout.data
    url = database_url(read_settings(data).tables, data, os.environ)
    with open_tables(url) as tables:
        return copies_of(log, tables, data, media, distance=distance, most=most)


def discover(
    log: Log,
    seeds: str | Iterable[str | Seed],
    *,
    shields: Mapping[str, str] | None = None,
    priors: Iterable[Prior | Mapping[str, Any] | Sequence[Any]] = (),
    findings: bool = True,
    previous: Found | None = None,
    limit: int = 1_000,
) -> Found:
    """Find the network behind a few confirmed accounts, media, posts or tags.

    Args:
        log: An open log.
        seeds: Confirmed starting points: text as ``account:URI``, ``post:URI``, ``media:HASH`` or
            ``tag:WORD`` (a bare URI is an account), then optionally a tab, ``offender`` or
            ``innocent``, a tab and a weight; or :class:`leeward.network.Seed`. One text may
            hold them all, one a line.
        shields: Roles by account URI, under which only protective actions exist.
        priors: What others say of accounts, posts, media or tags, and reviewers who may err:
            :class:`leeward.network.Prior`, or rows of a subject (written as a seed), log-odds
            and a source, as sequences or mappings.
        findings: Take what signals found in the log as priors, too: matches with banks, flagged
            threads, turned hashtags.
        previous: An earlier result from the same log: it is brought up to date where that is
            enough, which is several times as fast; ``found.discovery.is_refreshed`` says so.
        limit: How many accounts the ranking holds.

    Raises:
        InputError: A seed or a prior is not of the form.
        UsageError: The log knows none of the offending seeds.
    """
    found = run(
        log,
        seeds,
        shields=shields,
        priors=priors,
        findings=findings,
        previous=previous,
        limit=limit,
    )
    return Found(**{name: getattr(found, name) for name in Result.__dataclass_fields__})
