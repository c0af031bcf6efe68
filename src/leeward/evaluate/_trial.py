"""A discovery on a simulated platform, beside the truth about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from leeward.errors import InputError
from leeward.evaluate._judged import judge

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from leeward.evaluate._judged import Judged
    from leeward.pipeline import Found

__all__ = ["RING", "draw_seeds", "read_truth", "trial"]

RING: Final = ("producer", "distributor", "reposter", "silent")
"""The roles of the ring; those of the last hardly act."""


def read_truth(path: str | os.PathLike[str]) -> dict[str, str]:
    """The role of each account, from a ``truth.parquet``.

    Raises:
        InputError: It is not one.
    """
    try:
        table = pq.read_table(path, columns=["account", "role"])
        if {*table.schema.types} != {pa.string()}:
            raise pa.ArrowTypeError("the columns are no text")
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            "the truth about the accounts cannot be read",
            where=str(path),
            hint="give the truth.parquet that `leeward simulate` wrote",
        ) from error
    return dict(zip(table["account"].to_pylist(), table["role"].to_pylist(), strict=True))


def draw_seeds(roles: dict[str, str], count: int, seed: int = 0) -> list[str]:
    """Accounts of the ring that act, drawn at random: what an investigator might begin with."""
    known = sorted(account for account, role in roles.items() if role in RING[:-1])
    chosen = np.random.default_rng(seed).permutation(len(known))[:count]
    return [known[i] for i in sorted(chosen.tolist())]


def trial(found: Found, roles: dict[str, str], seeds: Sequence[str], at: Sequence[int]) -> Judged:
    """How a discovery stands beside the truth. The seeds count for nothing: they were given.

    Args:
        found: What discovery found.
        roles: The role of each account.
        seeds: The accounts that it began with.
        at: Ranks to cut the ranking at.
    """
    hidden = {account: role for account, role in roles.items() if account not in set(seeds)}
    place = {account: i for i, account in enumerate(hidden)}
    scores = np.full(len(place), -np.inf)  # whoever touched nothing stands last
    for account, score in zip(found.accounts(), found.discovery.scores.log_odds, strict=True):
        if account in place:
            scores[place[account]] = score
    accused = np.zeros(len(place), np.bool_)
    accused[[place[account] for account in found.two_hop() if account in place]] = True
    ring = [role in RING for role in hidden.values()]
    return judge(scores, list(hidden.values()), ring, accused, at=at)
