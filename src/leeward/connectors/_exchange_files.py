"""A file or a folder of hash lists as an exchange: it states all that stands.

What an earlier reading found and a later one does not is withdrawn. So a list with a line that
cannot be read withdraws nothing: the line may be what is missing.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from leeward.connectors._bank_files import BankFile
from leeward.connectors._bank_lines import BankDefaults
from leeward.connectors._exchange import (
    ExchangeCheckpoint,
    ExchangeItem,
    Page,
    named_by_hash,
    reviewed,
)
from leeward.connectors._files import expand, open_input
from leeward.errors import InputError, NoPermission, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from leeward.connectors._bank_files import BankRows
    from leeward.connectors._exchange import ReviewedFeedback
    from leeward.model import NewEntry

__all__ = ["FileExchange"]

_ROWS: Final = 10_000
_BLOCK: Final = 1 << 20
_LONGEST_ID: Final = 240


class FileExchange:
    """Hash lists in files, in any form that ``leeward bank import`` reads.

    Args:
        path: A file, or a folder: all files in it.
        name: What provenance calls it, whatever the lines say of an exchange.
        member: Who lists what does not say it.
        licensed: Further algorithms whose values are taken as they are.
        clock: Seconds since 1970 UTC.
    """

    def __init__(
        self,
        path: Path,
        *,
        name: str = "files",
        member: str = "",
        licensed: Collection[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self._path = Path(path)
        self._defaults = BankDefaults(exchange=name, member=member, licensed=frozenset(licensed))
        self._clock = clock

    def __repr__(self) -> str:
        """The name only."""
        return f"<FileExchange {self.name}>"

    def pages(self, since: ExchangeCheckpoint | None) -> Iterator[Page]:
        """All that stands; nothing where no byte has changed since the last time.

        Raises:
            UsageError: There is no such file.
            NoPermission: It may not be read.
            InputError: It cannot be read, or it changes meanwhile.
        """
        now = int(self._clock())
        files = sorted(path for path in expand([self._path]) if path is not None)
        if not files:
            # A folder that is not mounted looks like an empty one; it must not empty the bank.
            raise InputError("there is no list in the folder", where=self._where("read"))
        token = self._digest(files)
        mark = ExchangeCheckpoint(through=now * 1_000_000, token=token)
        if since is not None and since.token == token:
            yield Page(checkpoint=mark, last=True)
            return
        # Whether all of it can be read must be known before anything is withdrawn.
        whole = not any(rows.bad for path in files for rows in self._rows(path))
        for path in files:
            for rows in self._rows(path):
                ignored = Counter(f"a line that {line.reason}" for line in rows.bad)
                items = tuple(_items(rows.entries))
                yield Page(items=items, ignored=dict(ignored), whole=whole)
        if self._digest(files) != token:
            raise InputError(
                "the files changed while they were read",
                where=self._where("read"),
                hint="put new lists in place by renaming them; then sync again",
            )
        yield Page(checkpoint=mark, whole=whole, last=True)

    def send_feedback(self, feedback: ReviewedFeedback) -> None:
        """A file takes no feedback.

        Raises:
            UsageError: Always.
        """
        reviewed(self.name, feedback)
        raise UsageError(
            "files take no feedback",
            where=self._where("feedback"),
            hint="tell whoever writes them",
        )

    def close(self) -> None:
        """Nothing is open between two readings."""

    def _rows(self, path: Path) -> Iterator[BankRows]:
        with open_input(path) as opened:
            yield from BankFile(opened, defaults=self._defaults).parts(_ROWS)

    def _digest(self, files: list[Path]) -> str:
        """One digest of all names and bytes."""
        total = hashlib.sha256()
        for path in files:
            name = path.relative_to(self._path).as_posix() if path != self._path else ""
            each = hashlib.sha256()
            try:
                with path.open("rb") as file:
                    while block := file.read(_BLOCK):
                        each.update(block)
            except FileNotFoundError:
                raise InputError(
                    "a file is gone while it is read", where=self._where("read")
                ) from None
            except PermissionError:
                raise NoPermission(
                    "the system does not let this user read a list", where=path.name
                ) from None
            total.update(f"{name}\0{each.hexdigest()}\0".encode(errors="surrogateescape"))
        return total.hexdigest()

    def _where(self, step: str) -> str:
        return f"{self.name}, {step}"


def _items(entries: list[NewEntry]) -> Iterator[ExchangeItem]:
    """Each line as an item of its own.

    Lines with one external id may stand far apart, in two parts or two files, so that no part
    could state such an item as a whole. So a mark of the value is added to the id.
    """
    for entry in entries:
        told = entry.provenance
        name = named_by_hash(entry.algorithm, entry.value)
        if told.external_id is not None:
            mark = hashlib.blake2b(name.encode(), digest_size=4).hexdigest()
            name = f"{told.external_id[:_LONGEST_ID]}#{mark}"
        yield ExchangeItem(
            member=told.member,
            external_id=name,
            hashes=((entry.algorithm, entry.value),),
            classification=told.classification,
            at=told.at,
        )
