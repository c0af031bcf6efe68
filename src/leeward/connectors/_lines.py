"""NDJSON as records: where each line lies, and which lines no decoder may see."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from leeward.connectors import _scan
from leeward.connectors._decoded import Refused
from leeward.errors import InputError
from leeward.model import bounds

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["CUT_BYTES", "Lines", "has_repeated_key", "lines_of_body", "split_lines"]

CUT_BYTES: Final = "bytes of overlong lines not kept"
"""The remark under which the missing part of quarantined lines is counted."""

_REASONS: Final = {
    _scan.LONG: f"is longer than {bounds.MAX_LINE} bytes; only the first of them are kept",
    _scan.DEEP: f"is nested deeper than {bounds.MAX_DEPTH}",
}
_REPEATED: Final = "has the same key twice in one object"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Lines:
    """The records of some NDJSON; blank lines are no records.

    Attributes:
        data: The bytes that hold them.
        first_line: Number of the first line of ``data`` in its input.
        places: Lines before each record in ``data``, shape (n,).
        starts, ends: Where each record lies in ``data``, shape (n,).
        verdicts: What the structural scan says of each, shape (n,).
    """

    data: bytes
    first_line: int
    places: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    verdicts: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def cut(self) -> int:
        """Bytes of overlong lines that :meth:`raw` leaves out."""
        long = self.verdicts == _scan.LONG
        return int((self.ends[long] - self.starts[long] - bounds.MAX_LINE).sum())

    def raw(self, record: int) -> bytes:
        """The bytes of a record without its line feed, at most ``MAX_LINE`` of them."""
        start, end = int(self.starts[record]), int(self.ends[record])
        return self.data[start : min(end, start + bounds.MAX_LINE)]

    def fault(self, record: int) -> str | None:
        """Why no decoder may see this record, if so."""
        verdict = int(self.verdicts[record])
        if verdict == _scan.UNSURE and has_repeated_key(self.raw(record)):
            return _REPEATED
        return _REASONS.get(verdict)

    def refuse(self, record: int, field: str, reason: str) -> Refused:
        """A record on its way to quarantine."""
        line = self.first_line + int(self.places[record])
        return Refused(line, field, reason, self.raw(record))


def split_lines(data: bytes, first_line: int = 1) -> Lines:
    """Find the records of NDJSON and scan their structure."""
    octets = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(octets == ord("\n"))
    if not data.endswith(b"\n"):
        ends = np.append(ends, len(data))
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1])
    verdicts = _scan.scan(octets, starts, ends, bounds.MAX_DEPTH, bounds.MAX_LINE)
    places = np.flatnonzero(verdicts != _scan.BLANK)
    if len(places) < len(verdicts):
        starts, ends, verdicts = starts[places], ends[places], verdicts[places]
    return Lines(data, first_line, places, starts, ends, verdicts)


def lines_of_body(body: bytes) -> bytes:
    """The NDJSON of a request's body, which may also be one JSON array.

    The n-th item of an array becomes line n.

    Raises:
        InputError: It begins as an array and is none, so that no item can be told from the next.
    """
    if not body.lstrip(b" \t\r\n").startswith(b"["):
        return body
    try:
        items = msgspec.json.decode(body, type=list[msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InputError(
            "The body begins as a JSON array and is none",
            where="body",
            hint="send a whole JSON array, or NDJSON, in which a bad line does not harm the rest",
        ) from None
    # A line feed in valid JSON is white space between tokens: strings cannot hold one.
    return b"\n".join(bytes(item).replace(b"\n", b" ") for item in items)


def has_repeated_key(text: bytes) -> bool:
    """Whether some object in a JSON text has one key twice; False where it is not JSON."""
    try:
        # Numbers stay text: how large they are is not the question here.
        json.loads(text.decode(), object_pairs_hook=_distinct, parse_int=str, parse_float=str)
    except _RepeatedKeyError:
        return True
    except (ValueError, RecursionError):
        return False
    return False


class _RepeatedKeyError(Exception):
    pass


def _distinct(pairs: list[tuple[str, Any]]) -> None:
    if len({key for key, _ in pairs}) < len(pairs):
        raise _RepeatedKeyError
