"""Lines and rows of hash lists as entries of a bank. A bad one is named by its line, never by it.

Read are Leeward's own CSV and JSONL, and what Hasher-Matcher-Actioner and the threatexchange
library write: the CSV and the lines of ``threatexchange dataset``, JSON with ``signals`` as of
``/c/bank/NAME/content/ID`` and the body of ``/c/bank/NAME/signal``, and the lines of the PDQ tools.
"""

from __future__ import annotations

import re
import time
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from leeward.connectors._atproto import micros_of
from leeward.connectors._bank_video import frames_in, video_entry
from leeward.errors import InputError
from leeward.model import LOCAL, PDQ_FLOOR, VIDEO, NewEntry, Provenance, hash_octets

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

__all__ = ["COLUMNS", "BadLine", "BankDefaults", "EntryLines"]

COLUMNS: Final = (
    "algorithm",
    "value",
    "exchange",
    "member",
    "external_id",
    "classification",
    "listed_at",
    "quality",
)
"""What a row may say of an entry."""

_NAMES: Final = {
    "signal_type": "algorithm",
    "signal_str": "value",
    "hash": "value",
    "collab": "exchange",
    "category": "classification",
}
"""Other names of columns, as the threatexchange library writes them."""

_LENGTHS: Final = {"exchange": 64, "member": 255, "external_id": 255, "classification": 255}
_BARE: Final = re.compile(r"[0-9a-fA-F]+")
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")
_QUALITY: Final = re.compile(r"[0-9]{1,3}")
_CACHED: Final = 100_000

_micros: Final = lru_cache(4_096)(micros_of)
"""Lists of a day have few times, or one for all."""


class BadLine(NamedTuple):
    """A line that was left out.

    Attributes:
        line: Its number, from 1.
        reason: What is wrong with it, in words that follow the line's number.
    """

    line: int
    reason: str


class BankDefaults(NamedTuple):
    """What is true of lines that do not say it themselves.

    Attributes:
        algorithm: Of a bare value.
        exchange, member, classification: Of the provenance.
        licensed: Further algorithms whose values are taken as they are.
    """

    algorithm: str = "pdq"
    exchange: str = LOCAL
    member: str = ""
    classification: str | None = None
    licensed: Collection[str] = ()


class EntryLines:
    """Makes entries of what lines say.

    Args:
        defaults: What lines leave out.
    """

    def __init__(self, defaults: BankDefaults) -> None:
        self._defaults = defaults
        self._told: dict[tuple[str | None, ...], Provenance] = {}

    def row(self, row: Mapping[str, str]) -> NewEntry:
        """An entry of named cells.

        Raises:
            InputError: They are none; the message says why in words that follow "line 3".
        """
        name = row.get("algorithm") or self._defaults.algorithm
        if name.strip().lower() == VIDEO:
            return video_entry(frames_in(row.get("value") or ""), self._provenance(row))
        algorithm, value = hash_octets(name, row.get("value") or "", self._defaults.licensed)
        if algorithm == "pdq":
            _check_quality(row.get("quality"))
        return NewEntry(algorithm, value, self._provenance(row))

    def text(self, line: str) -> NewEntry | None:
        """An entry of ``value``, ``value,quality,file``, ``hash=value,...`` or ``type value``.

        A video is ``vpdq frame,quality,hash,seconds;frame,...``.

        What follows a value is left out, but for its quality. An empty line is no entry.

        Raises:
            InputError: As for :meth:`row`.
        """
        line = line.strip()
        if not line:
            return None
        word, _, value = line.partition(" ")
        if word.lower() == VIDEO:
            return self.row({"algorithm": word, "value": value})
        first, _, rest = line.partition(",")
        if first.startswith("hash="):
            pairs = (part.partition("=") for part in line.split(","))
            named = {key: value for key, _, value in pairs}
            return self.row({"value": named["hash"], "quality": named.get("quality", "")})
        word, _, value = line.replace(",", " ", 1).partition(" ")
        if _WORD.fullmatch(word) and value and not _BARE.fullmatch(word):
            return self.row({"algorithm": word, "value": value})
        quality = rest.partition(",")[0].strip()
        if not _QUALITY.fullmatch(quality):
            quality = ""
        return self.row({"value": first, "quality": quality})

    def json(self, body: Any) -> Iterator[NewEntry]:
        """The entries of a JSON object: our own, or one of HMA's, which may have many values.

        Raises:
            InputError: As for :meth:`row`.
        """
        if not isinstance(body, dict):
            raise InputError("is not a JSON object")
        if "value" in body:
            yield self.row(_texts(body))
            return
        signals = body.get("signals")
        name = body.get("id")
        if signals is None:
            signals = {key: value for key, value in body.items() if key not in {"id", "note"}}
        until = body.get("disable_until_ts")
        if isinstance(until, int) and until > time.time():
            raise InputError("is disabled in the list that it comes from")
        if not isinstance(signals, dict) or not signals:
            raise InputError("has no value")
        for algorithm, value in signals.items():
            row = {"algorithm": algorithm, "value": value, "external_id": name}
            yield self.row(_texts(row))

    def _provenance(self, row: Mapping[str, str]) -> Provenance:
        """Who lists it; lines that say the same share one."""
        key = tuple(row.get(name) or None for name in _PROVENANCE)
        known = self._told.get(key)
        if known is None:
            if len(self._told) >= _CACHED:
                self._told.clear()  # external ids differ from line to line
            known = self._told[key] = self._made(*key)
        return known

    def _made(
        self,
        exchange: str | None,
        member: str | None,
        external_id: str | None,
        classification: str | None,
        listed_at: str | None,
    ) -> Provenance:
        at = None
        if listed_at is not None and (at := _micros(listed_at)) is None:
            raise InputError("has a time that is not RFC 3339, as 2026-05-02T10:00:00Z")
        return Provenance(
            exchange=_word("exchange", exchange) or self._defaults.exchange,
            member=_word("member", member) or self._defaults.member,
            external_id=_word("external_id", external_id),
            classification=_word("classification", classification) or self._defaults.classification,
            at=at,
        )


_PROVENANCE: Final = ("exchange", "member", "external_id", "classification", "listed_at")


def column_names(header: list[str]) -> list[str]:
    """What the columns of a CSV are called here; one of no meaning keeps its name."""
    names = [name.strip().lower() for name in header]
    return [_NAMES.get(name, name) for name in names]


def decoded(line: bytes) -> Any:
    """The JSON of a line.

    Raises:
        InputError: It is none.
    """
    try:
        return msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InputError("is not JSON") from None


def _check_quality(text: str | None) -> None:
    if not text:
        return
    if not _QUALITY.fullmatch(text.strip()) or int(text) > 100:
        raise InputError("has no quality of 0 to 100")
    if int(text) < PDQ_FLOOR:
        raise InputError(f"has a quality below {PDQ_FLOOR}")


def _word(name: str, text: str | None) -> str | None:
    if text is None:
        return None
    if len(text) > _LENGTHS[name]:
        raise InputError(f"has a {name} of more than {_LENGTHS[name]} characters")
    # Nearly all are printable; only the others need a look at each sign.
    if not text.isprintable() and any(unicodedata.category(c) in {"Cc", "Cs"} for c in text):
        raise InputError(f"has a {name} that is not one line of text")
    return text


def _texts(body: dict[str, Any]) -> dict[str, str]:
    """The cells of an object; what is null is left out."""
    cells = {}
    for name in COLUMNS:
        value = body.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if value is None:
            continue
        if not isinstance(value, str):
            raise InputError(f"has a {name} that is not text")
        cells[name] = value
    return cells
