"""Leeward from Python: what ``import leeward as lw`` offers beside the rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leeward.console import write_page
from leeward.pipeline import Found as Result
from leeward.pipeline import discover as run

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from leeward.network import Prior, Seed
    from leeward.store import Log

__all__ = ["Found", "discover"]


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


def discover(
    log: Log,
    seeds: str | Iterable[str | Seed],
    *,
    shields: Mapping[str, str] | None = None,
    priors: Iterable[Prior | Mapping[str, Any] | Sequence[Any]] = (),
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
        previous: An earlier result from the same log: it is brought up to date where that is
            enough, which is several times as fast; ``found.discovery.is_refreshed`` says so.
        limit: How many accounts the ranking holds.

    Raises:
        InputError: A seed or a prior is not of the form.
        UsageError: The log knows none of the offending seeds.
    """
    found = run(log, seeds, shields=shields, priors=priors, previous=previous, limit=limit)
    return Found(**{name: getattr(found, name) for name in Result.__dataclass_fields__})
