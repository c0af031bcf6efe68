"""The five trackers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from leeward.model import Domain, Hasher
from leeward.signals._behaviour_accounts import (
    ACCOUNT_OWN,
    ACCOUNT_POST,
    Accounts,
    walk_accounts,
)
from leeward.signals._behaviour_items import (
    ITEM_FIELDS,
    ITEM_OWN,
    ITEM_POST,
    MOST_ITEMS,
    Items,
    mark_item,
    mark_post,
    walk_items,
)
from leeward.signals._behaviour_places import (
    CASE_FIELDS,
    LABEL_FIELDS,
    MEMBER_FIELDS,
    MOST_TAGS,
    PLACE_FIELDS,
    PLACE_POST,
    PLACE_SUMS,
    Places,
    mark_picture,
    mark_subject,
    walk_places,
)
from leeward.signals._behaviour_rows import picture_names
from leeward.signals._behaviour_saved import restored, widened
from leeward.signals._behaviour_table import USED, new_table, pack, roomy
from leeward.signals._behaviour_ties import new_social
from leeward.signals._behaviour_tracker import (
    DEFAULT_KEY,
    DEFAULT_MOST,
    Tracker,
    keys_of,
    verdict_of,
)
from leeward.signals._templates_clusters import Clusters, new_clusters
from leeward.signals._templates_memory import cluster_arrays, cluster_rows, restored_clusters

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt
    import pyarrow as pa

    from leeward.model import Label
    from leeward.signals._behaviour_items import Gathered
    from leeward.signals._behaviour_rows import Rows
    from leeward.signals._features import Tracked

    Array = npt.NDArray[Any]

__all__ = [
    "AccountTracker",
    "CommunityTracker",
    "MediaTracker",
    "TagTracker",
    "ThreadTracker",
]

_LEAST_ACCOUNTS: Final = 3


class ThreadTracker(Tracker):
    """Threads: who replies and reposts under a post, and how.

    A thread goes by its first post as the reply names it (``root``, else ``reply_to``).
    """

    kind: Tracked = "thread"
    _is_media = False

    def __init__(self, *, key: bytes = DEFAULT_KEY, most: int = DEFAULT_MOST) -> None:
        super().__init__(key=key, most=most)
        self._hasher: Final = Hasher(key)
        self._items = Items(
            new_social(most, ITEM_OWN),
            new_table(2 * most, ITEM_POST),
            new_table(most, ITEM_FIELDS, 1),
            new_table(4 * most, 1),
            new_table(2 * most if self._is_media else 1, 1),
            new_table(most, 1),
            np.array([self._is_media], np.int64),
        )

    @property
    def memory(self) -> tuple[Any, ...]:
        """All that is remembered."""
        return self._items

    @memory.setter
    def memory(self, memory: tuple[Any, ...]) -> None:
        self._items = cast("Items", memory)

    def walk(self, batch: pa.RecordBatch, rows: Rows, begin: int, end: int, out: Gathered) -> None:
        """Learn from rows."""
        del batch
        walk_items(rows, begin, end, self._items, np.zeros(MOST_ITEMS, np.uint64), out)

    def most_entries(self, rows: Rows, begin: int, end: int) -> int:
        """A row touches a few items at most."""
        del rows
        return (end - begin) * (MOST_ITEMS if self._is_media else 1)

    def name_of(self, batch: pa.RecordBatch, rows: Rows, row: int, subject: int) -> str:
        """The URI of the thread's first post."""
        for name, keys in (
            ("root", rows.root),
            ("reply_to", rows.reply_to),
            ("target", rows.target),
        ):
            if int(keys[row]) == subject:
                return cast("str", batch.column(name)[row].as_py())
        return cast("str", batch.column("object")[row].as_py())

    def conclude(self, label: Label) -> None:
        """Posts are flagged by it, and pictures marked; of accounts nothing is kept here."""
        if label.kind == "post":
            self.memory = self._room()
            mark_post(self._items, np.uint64(keys_of(self._hasher, label)[0]), verdict_of(label))
        elif label.kind == "media" and self._is_media:
            self.memory = self._room()
            for key in keys_of(self._hasher, label):
                mark_item(self._items, np.uint64(key), verdict_of(label))

    def _room(self) -> tuple[Any, ...]:
        return widened(self._items, 4)


class MediaTracker(ThreadTracker):
    """Media items: who posts a picture after its first uploader, and who gathers under it.

    A picture is known by its SHA-256, else its PDQ hash, else its URI: what differs in these is
    another picture here.
    """

    kind: Tracked = "media"
    _is_media = True

    def __init__(self, *, key: bytes = DEFAULT_KEY, most: int = DEFAULT_MOST) -> None:
        super().__init__(key=key, most=most)
        self._names: dict[int, str] = {}

    def walk(self, batch: pa.RecordBatch, rows: Rows, begin: int, end: int, out: Gathered) -> None:
        """Learn from rows, and keep what their pictures are called."""
        if len(self._names) > 2 * self.most:
            self._names = dict(self._named())
        super().walk(batch, rows, begin, end, out)
        first, last = rows.pictures.starts[begin], rows.pictures.starts[end]
        if first < last:
            names = picture_names(batch.slice(begin, end - begin))
            keys = rows.pictures.items[first:last].tolist()
            self._names |= dict(zip(keys, names, strict=True))

    def name_of(self, batch: pa.RecordBatch, rows: Rows, row: int, subject: int) -> str:
        """The picture's SHA-256, else its PDQ hash, else its URI."""
        del batch, rows, row
        return self._names[subject]

    def texts(self) -> tuple[tuple[str, ...], ...]:
        """What the pictures are called, in the order of their table."""
        return (tuple(name for _, name in self._named()),)

    def recall(self, arrays: Iterator[Array], texts: tuple[tuple[str, ...], ...]) -> None:
        """Remember that instead."""
        memory = restored(self._items, arrays)
        keys = pack(memory.items)[0].tolist()
        if len(texts) != 1 or len(texts[0]) != len(keys):
            raise ValueError("a name is missing")
        self._items = memory
        self._names = dict(zip(keys, texts[0], strict=True))

    def _named(self) -> Iterator[tuple[int, str]]:
        for key in pack(self._items.items)[0].tolist():
            yield key, self._names[key]


class AccountTracker(Tracker):
    """Accounts: whom they turn to, what they repost, what they send nearly alike.

    Args:
        key: As for every tracker.
        most: As for every tracker.
        least_accounts: From how many accounts on a message that they send nearly alike counts.
    """

    kind: Tracked = "account"

    def __init__(
        self,
        *,
        key: bytes = DEFAULT_KEY,
        most: int = DEFAULT_MOST,
        least_accounts: int = _LEAST_ACCOUNTS,
    ) -> None:
        super().__init__(key=key, most=most)
        self._least: Final = least_accounts
        self._accounts = Accounts(new_social(most, ACCOUNT_OWN), new_table(2 * most, ACCOUNT_POST))
        self._clusters: Clusters = new_clusters(most // 2)

    @property
    def memory(self) -> tuple[Any, ...]:
        """All that is remembered, but for messages."""
        return self._accounts

    @memory.setter
    def memory(self, memory: tuple[Any, ...]) -> None:
        self._accounts = cast("Accounts", memory)

    def walk(self, batch: pa.RecordBatch, rows: Rows, begin: int, end: int, out: Gathered) -> None:
        """Learn from rows; their messages are compared first."""
        self._clusters, accounts, _ = cluster_rows(self._clusters, batch, rows, begin, end)
        alike = np.where(accounts < 0, -1, accounts >= self._least).astype(np.int64)
        walk_accounts(rows, begin, end, self._accounts, alike, out)

    def most_entries(self, rows: Rows, begin: int, end: int) -> int:
        """A row has one actor."""
        del rows
        return end - begin

    def name_of(self, batch: pa.RecordBatch, rows: Rows, row: int, subject: int) -> str:
        """The actor."""
        del rows, subject
        return cast("str", batch.column("actor")[row].as_py())

    def arrays(self) -> Iterator[Array]:
        """All that is remembered."""
        yield from super().arrays()
        yield from cluster_arrays(self._clusters)

    def recall(self, arrays: Iterator[Array], texts: tuple[tuple[str, ...], ...]) -> None:
        """Remember that instead."""
        del texts
        accounts = restored(self._accounts, arrays)
        self._clusters = restored_clusters(self._clusters, arrays)
        self._accounts = accounts


class TagTracker(Tracker):
    """Hashtags: who of those that use one is confirmed, and what of it is flagged."""

    kind: Tracked = "tag"
    _is_tag = True

    def __init__(self, *, key: bytes = DEFAULT_KEY, most: int = DEFAULT_MOST) -> None:
        super().__init__(key=key, most=most)
        self._hasher: Final = Hasher(key)
        self._places = Places(
            new_table(most, PLACE_FIELDS, PLACE_SUMS),
            new_table(4 * most, MEMBER_FIELDS, 1),
            new_table(most, CASE_FIELDS, 1),
            new_table(2 * most, PLACE_POST),
            new_table(2 * most, 2),
            new_table(2 * most, 1),
            new_table(most, LABEL_FIELDS, 1),
            np.zeros(1, np.int64),
            np.array([self._is_tag], np.int64),
        )

    @property
    def memory(self) -> tuple[Any, ...]:
        """All that is remembered."""
        return self._places

    @memory.setter
    def memory(self, memory: tuple[Any, ...]) -> None:
        self._places = cast("Places", memory)

    def walk(self, batch: pa.RecordBatch, rows: Rows, begin: int, end: int, out: Gathered) -> None:
        """Learn from rows."""
        del batch
        walk_places(rows, begin, end, self._places, np.zeros(MOST_TAGS, np.uint64), out)

    def most_entries(self, rows: Rows, begin: int, end: int) -> int:
        """A row touches its tags."""
        return int(rows.tags.starts[end] - rows.tags.starts[begin])

    def name_of(self, batch: pa.RecordBatch, rows: Rows, row: int, subject: int) -> str:
        """The hashtag, folded and without ``#``."""
        start, end = rows.tags.starts[row], rows.tags.starts[row + 1]
        place = rows.tags.items[start:end].tolist().index(subject)
        return cast("str", batch.column("tags")[row][place].as_py())

    def conclude(self, label: Label) -> None:
        """Accounts, posts and pictures confirm those who use a place."""
        if label.kind not in ("account", "post", "media"):
            return
        # A pass over the members may meet a case at each place that they use.
        cases = roomy(self._places.cases, 2 * int(self._places.members.state[USED]) + 4)
        labels = roomy(self._places.labels, 4)
        self._places = self._places._replace(cases=cases, labels=labels)
        case = np.int64(np.uint64(self._hasher.one(label.case or label.subject, Domain.ID)))
        mark = mark_picture if label.kind == "media" else mark_subject
        for key in keys_of(self._hasher, label):
            mark(self._places, np.uint64(key), verdict_of(label), label.weight, int(case))


class CommunityTracker(TagTracker):
    """Communities and groups: what of their activity is flagged, and whose it is."""

    kind: Tracked = "community"
    _is_tag = False

    def most_entries(self, rows: Rows, begin: int, end: int) -> int:
        """A row has one community."""
        del rows
        return end - begin

    def name_of(self, batch: pa.RecordBatch, rows: Rows, row: int, subject: int) -> str:
        """The community's URI."""
        del rows, subject
        return cast("str", batch.column("community")[row].as_py())
