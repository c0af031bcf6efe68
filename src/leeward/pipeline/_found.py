"""What discovery found, as people and programs take it further."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct

from leeward.errors import UsageError
from leeward.store import write_whole

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    import pandas as pd

    from leeward.network import Discovery, Picture, Ranked

__all__ = ["RANKING_SCHEMA", "Figures", "Found", "Histogram", "Own", "Size", "check_ranking_name"]

RANKING_SCHEMA: Final = pa.schema(
    [
        pa.field("rank", pa.int32(), nullable=False),
        pa.field("account", pa.string(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("probability", pa.float64()),
        pa.field("tier", pa.string(), nullable=False),
        pa.field("touches", pa.int64(), nullable=False),
        pa.field("shield", pa.string()),
        pa.field(
            "evidence",
            pa.list_(
                pa.field(
                    "element",
                    pa.struct(
                        [
                            ("kind", pa.string()),
                            ("subject", pa.string()),
                            ("weight", pa.float64()),
                            ("words", pa.string()),
                        ]
                    ),
                )
            ),
            nullable=False,
        ),
        pa.field("cell", pa.int32()),
    ]
)
"""A row of a ranking."""


_FORMS: Final = (".parquet", ".csv", ".json")


def check_ranking_name(path: str | os.PathLike[str]) -> None:
    """Refuse a name that :meth:`Found.save` would refuse, before there is anything to save.

    Raises:
        UsageError: The ending says no form.
    """
    if Path(path).suffix not in _FORMS:
        raise UsageError(
            "the ending of the ranking's name says no form",
            where=str(path),
            hint=f"end it with {', '.join(_FORMS)}",
        )


class Size(Struct, frozen=True):
    """How many accounts belong to the network, the seeds among them.

    Attributes:
        estimate: The estimate.
        low, high: 90 of 100 such intervals are meant to hold the true number.
    """

    estimate: int
    low: int
    high: int


class Own(Struct, frozen=True):
    """How the seeds found each other, each hidden in turn.

    Attributes:
        found: How many of them stood among the first.
        of: How many there were.
        within: How many accounts are meant by the first.
    """

    found: int
    of: int
    within: int


class Figures(Struct, frozen=True):
    """A discovery in numbers.

    Attributes:
        events: Events of the log that were looked at.
        accounts: Accounts that they name.
        items: Posts, pictures, tags, links and communities that they name.
        touches: Acts of accounts on them.
        seeds: Seeds that the log knows.
        seeds_unknown: Seeds that it does not know.
        priors: Priors about what the log knows.
        priors_unknown: Priors about what it does not know.
        scored: Accounts that have a score: who touched something, and seeds.
        above_line: Accounts above the line, those beyond the ranking among them.
        suspects: Accounts of the ranking that are suspects.
        ask_first: Accounts of the ranking of whom a person is asked first.
        cells: Groups of two or more that the suspects fall into.
        size: How large the network is; null where nothing could be checked.
        own: How the seeds found each other; null where fewer than four accounts are seeds.
        abstained: Why the search says nothing, in words; null where it does.
        two_hop: Accounts that a walk of two hops over reposts leads to from the same seeds.
        seconds: How long it took.
        last_seq: The last event that was looked at.
        findings: Findings of the log that were used as priors, beside those that were given.
    """

    events: int
    accounts: int
    items: int
    touches: int
    seeds: int
    seeds_unknown: int
    priors: int
    priors_unknown: int
    scored: int
    above_line: int
    suspects: int
    ask_first: int
    cells: int
    size: Size | None
    own: Own | None
    abstained: str | None
    two_hop: int
    seconds: float
    last_seq: int
    findings: int = 0


class Histogram(Struct, frozen=True):
    """How many accounts have which score.

    Attributes:
        edges: Bounds of the bins, as log-odds; one more than bins.
        counts: Accounts by bin.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Found:
    """What discovery found.

    Attributes:
        ranking: The accounts with the highest scores, the highest first.
        picture: The foremost of them, and what ties them.
        notes: How far it may be relied on, what could not be done, and what to bear in mind, in
            sentences.
        figures: It all in numbers.
        histogram: The scores of all accounts that have one.
        discovery: The result as the network room gave it, with every score.
        accounts: Gives the URI of each account of ``discovery.scores``.
        two_hop: Gives the URIs that a walk of two hops over reposts leads to.
        summary: The first of the notes: how far the result may be relied on.
        rewritten: What :meth:`leeward.store.Log.rewritten` counted when the log was read.
    """

    ranking: tuple[Ranked, ...]
    picture: Picture
    notes: tuple[str, ...]
    figures: Figures
    histogram: Histogram
    discovery: Discovery
    accounts: Callable[[], list[str]]
    two_hop: Callable[[], list[str]]
    summary: tuple[str, ...] = ()
    rewritten: int = 0

    def __repr__(self) -> str:
        return f"<Found ranked={len(self.ranking)} suspects={self.figures.suspects}>"

    def to_table(self) -> pa.Table:
        """The ranking as an Arrow table of :data:`RANKING_SCHEMA`."""
        return pa.Table.from_pylist(self._rows(), schema=RANKING_SCHEMA)

    def to_frame(self) -> pd.DataFrame:
        """The ranking as a pandas DataFrame with the same columns."""
        frame: pd.DataFrame = self.to_table().to_pandas()
        return frame

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the ranking to a file that only its owner may read; whole, or not at all.

        Args:
            path: The file; its ending says what it becomes: ``.parquet``, ``.csv`` (evidence as
                JSON in one column) or ``.json`` (an array).

        Raises:
            UsageError: The ending is another one.
            StoreError: It cannot be written.
        """
        file = Path(path)
        check_ranking_name(file)
        forms: dict[str, Callable[[], bytes]] = {
            ".parquet": self._parquet,
            ".csv": self._csv,
            ".json": lambda: msgspec.json.encode(self.ranking),
        }
        write_whole(file, forms[file.suffix]())
        return file

    def _rows(self) -> list[dict[str, Any]]:
        return [msgspec.to_builtins(ranked) for ranked in self.ranking]

    def _parquet(self) -> bytes:
        sink = pa.BufferOutputStream()
        pq.write_table(self.to_table(), sink, compression="zstd")
        return bytes(sink.getvalue())

    def _csv(self) -> bytes:
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(RANKING_SCHEMA.names)
        for row in self._rows():
            row["evidence"] = msgspec.json.encode(row["evidence"]).decode()
            writer.writerow([row[name] for name in RANKING_SCHEMA.names])
        return out.getvalue().encode()
