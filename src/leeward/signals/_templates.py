"""Templates: messages that several accounts send nearly alike, as a signal."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
import pyarrow.compute as pc

from leeward.errors import UsageError
from leeward.model import Domain, EvidenceItem, Finding, Hasher
from leeward.signals._behaviour_rows import read_rows
from leeward.signals._behaviour_saved import Head, freeze, thaw, wrong_memory
from leeward.signals._behaviour_tracker import DEFAULT_KEY
from leeward.signals._signal import HIT, MISS, UNASKED, Looked
from leeward.signals._templates_clusters import MEMBERS, new_clusters
from leeward.signals._templates_memory import cluster_arrays, cluster_rows, restored_clusters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy.typing as npt
    import pyarrow as pa

    from leeward.model import Label
    from leeward.signals._signal import Example

    Longs = npt.NDArray[np.int64]

__all__ = ["TEMPLATE_WEIGHT", "Templates"]

TEMPLATE_WEIGHT: Final = 0.25
"""Log-odds for each account beyond the first: set by hand, cautious, until decisions train it."""

_DETECTOR: Final = "1"
_PIECE: Final = 4_096


class Templates:
    """Messages that distinct accounts send nearly alike within seven days.

    Mentions, addresses and numbers are masked, since they differ from copy to copy. A message is a
    hit when at least so many accounts, its own included, have sent one alike; the score is how
    many, and no more than 16 are counted. The evidence spans the text, and names the last messages
    of other accounts. A text that is too short once it is masked is not asked: everybody sends it.

    Args:
        key: 16 bytes under which identities are hashed; a log's own, kept secret.
        most: How many messages are remembered; the oldest goes first.
        least_accounts: From how many accounts on a message is a hit.
        examples: What the contract test replays.

    Raises:
        UsageError: A number is out of its bounds, or the key is not 16 bytes.
    """

    def __init__(
        self,
        *,
        key: bytes = DEFAULT_KEY,
        most: int = 1 << 17,
        least_accounts: int = 3,
        examples: tuple[Example, ...] = (),
    ) -> None:
        if len(key) != 16:
            raise UsageError("a key has 16 bytes", where="key")
        if not 2 <= least_accounts <= MEMBERS:
            raise UsageError(f"accounts are counted from 2 to {MEMBERS}", where="least_accounts")
        if most < 1 << 8:
            raise UsageError("at least 256 messages are remembered", where="most")
        self._key: Final = key
        self._least: Final = least_accounts
        self._examples: Final = examples
        self._clusters = new_clusters(most)
        # A piece more than is remembered: what a row in its midst names is still there behind it.
        self._posts: deque[str] = deque(maxlen=most + _PIECE)

    def __repr__(self) -> str:
        """The name and the version."""
        return f"<Templates {self.name}@{self.version}>"

    @property
    def name(self) -> str:
        """As findings have it."""
        return "template"

    @property
    def version(self) -> str:
        """The detector's number, from how many accounts on, and how much is remembered."""
        return f"{_DETECTOR}-{self._least}-{len(self._clusters.signs)}"

    @property
    def about(self) -> str:
        """What a hit means, in words."""
        return "several accounts have sent this message nearly alike within a week"

    @property
    def examples(self) -> tuple[Example, ...]:
        """None but in the sample of this room."""
        return self._examples

    def tell(self, labels: Iterable[Label]) -> None:
        """What people conclude changes nothing here."""
        del labels

    def look(self, batch: pa.RecordBatch, at: int) -> Looked:
        """What the signal says of each row: see :class:`~leeward.signals.Stateful`."""
        rows = read_rows(batch, self._key)
        outcomes = np.full(len(rows.seq), UNASKED, np.int8)
        findings: list[Finding] = []
        for begin in range(0, len(rows.seq), _PIECE):
            end = min(begin + _PIECE, len(rows.seq))
            before = int(self._clusters.total[0])
            self._clusters, accounts, others = cluster_rows(self._clusters, batch, rows, begin, end)
            asked = np.flatnonzero(accounts[begin:end] >= 0) + begin
            outcomes[asked] = np.where(accounts[asked] >= self._least, HIT, MISS)
            self._posts.extend(batch.column("object").take(asked).to_pylist())
            ranks = np.flatnonzero(outcomes[asked] == HIT)
            texts = [
                self._copies(others[row - begin], before + rank)
                for row, rank in zip(asked[ranks].tolist(), ranks.tolist(), strict=True)
            ]
            findings += self._hits(batch, asked[ranks], accounts, texts, at)
        return Looked(outcomes, tuple(findings))

    def save(self) -> bytes:
        """All that it remembers."""
        posts = tuple(self._posts)[-len(self._clusters.signs) :]
        head = Head(self.name, self.version, self._mark(), (posts,), ())
        return freeze(head, [*cluster_arrays(self._clusters)])

    def load(self, saved: bytes) -> None:
        """Remember that instead.

        Raises:
            Corrupt: These bytes are not of this signal and version; nothing was changed.
        """
        head, arrays = thaw(saved, self.name, self.version, self._mark())
        try:
            (posts,) = head.texts
            clusters = restored_clusters(self._clusters, iter(arrays))
            if len(posts) != min(int(clusters.total[0]), len(clusters.signs)):
                raise wrong_memory(self.name)
        except (ValueError, StopIteration, IndexError, msgspec.DecodeError):
            raise wrong_memory(self.name) from None
        self._clusters = clusters
        self._posts = deque(posts, maxlen=self._posts.maxlen)

    def _mark(self) -> int:
        return Hasher(self._key).one("", Domain.ID) >> 1

    def _hits(
        self,
        batch: pa.RecordBatch,
        hits: Longs,
        accounts: Longs,
        copies: list[tuple[str, ...]],
        at: int,
    ) -> Iterator[Finding]:
        if not len(hits):
            return
        taken = batch.select(["object", "text", "seq", "seen"]).take(hits)
        lengths = pc.utf8_length(taken.column("text")).to_pylist()
        names = ("seq", "seen", "object")
        columns = (taken.column(name).to_pylist() for name in names)
        for row, seq, seen, subject, length, others in zip(
            hits.tolist(), *columns, lengths, copies, strict=True
        ):
            count = int(accounts[row])
            whole = EvidenceItem(
                "template.accounts",
                subject,
                TEMPLATE_WEIGHT * (count - 1),
                0,
                length,
                value=float(count),
                count=count,
            )
            yield Finding(
                seq=seq,
                signal=self.name,
                version=self.version,
                subject=subject,
                outcome="hit",
                at=min(at, seen),
                score=float(count),
                evidence=(
                    whole,
                    *(EvidenceItem("template.copy", other, 0.0) for other in others),
                ),
            )

    def _copies(self, others: Longs, number: int) -> tuple[str, ...]:
        """Posts by their numbers plus one, as far as they are remembered as of one's number."""
        first = int(self._clusters.total[0]) - len(self._posts)
        oldest = number - len(self._clusters.signs)
        return tuple(
            self._posts[other - 1 - first]
            for other in others.tolist()
            if other and other - 1 >= oldest
        )
