"""From events that carry media to Findings: what the banks say of each event as a whole.

Three signals say it, since three different things follow: a match that speaks against a picture,
one that by law 1 may hide it at once, and one with a photograph under protection, which accuses
nobody.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Final

from leeward.hashing import POSITIONS, QUALITY_FLOOR
from leeward.model import EvidenceItem, Finding
from leeward.pipeline._match_query import DAMAGED, FLAT, FRAME, MatchQuery
from leeward.store.tables import fetched, find_names, media_values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sqlalchemy import Connection

    from leeward.pipeline._match_query import Matched, MatchResult
    from leeward.store import MediaItems
    from leeward.store.tables import FetchedHashes, FetchedMedia

__all__ = [
    "BANK_MATCH",
    "BANK_SIGNALS",
    "PROTECTED_MATCH",
    "VERIFIED_MATCH",
    "judge",
    "media_queries",
    "says_more",
]

BANK_MATCH: Final = "bank-match"
VERIFIED_MATCH: Final = "verified-match"
PROTECTED_MATCH: Final = "protected-match"

MOST_ENTRIES: Final = 100
"""Entries that the evidence of a finding names."""

_NO_LOOKS: Final = "no PDQ hash of it is known"


def media_queries(connection: Connection, items: MediaItems) -> list[MatchQuery]:
    """What is known of each item: by its event, by the media map, and by what was fetched.

    Args:
        connection: Of a transaction that reads.
        items: The items.
    """
    values = items.values()
    keys = list(zip(items.sha256_key.tolist(), items.key.tolist(), strict=True))
    blank = [pair for pair, value in zip(keys, values, strict=True) if value is None]
    names = find_names(connection, sorted({key for pair in blank for key in pair if key}))
    numbers = sorted({name.hash for name in names.values() if name.hash is not None})
    known = media_values(connection, numbers)
    uris, digests = items.uri.to_pylist(), items.sha256.to_pylist()
    wanted = {uri for uri, value in zip(uris, values, strict=True) if uri and value is None}
    files = fetched(connection, sorted(wanted)) if wanted else {}
    queries = []
    for pair, value, uri, sha256 in zip(keys, values, uris, digests, strict=True):
        led = (names[key].hash for key in pair if value is None and key in names)
        look = value or next((known[number] for number in led if number is not None), None)
        queries.append(_query(look, sha256, files.get(uri) if uri else None))
    return queries


def _query(value: bytes | None, sha256: str | None, file: FetchedMedia | None) -> MatchQuery:
    digests = [("sha256", bytes.fromhex(sha256))] if sha256 else []
    looks = {} if value is None else {value: POSITIONS[0]}
    reason = None if looks else _NO_LOOKS
    # What was fetched under a handle counts only for the file that the event means.
    if file is not None and (sha256 is None or sha256 == file.sha256):
        hashes = file.hashes
        given = ((name, getattr(hashes, name)) for name in ("sha256", "sha1", "md5"))
        digests = [(name, bytes.fromhex(text)) for name, text in given if text]
        if hashes.pdq is not None:
            for name, text in _looks(hashes):
                looks.setdefault(bytes.fromhex(text), name)
            reason = DAMAGED if hashes.damaged else None
            if not _good(hashes.quality):
                reason = FLAT
    return MatchQuery(tuple(looks), tuple(digests), reason, tuple(looks.values()))


def _looks(hashes: FetchedHashes) -> Iterator[tuple[str, str]]:
    """The looks of a file and what each is, as of an upload: each frame is a picture of its own."""
    if hashes.pdq is not None and _good(hashes.quality):
        yield POSITIONS[0], hashes.pdq
    for number, view in enumerate(hashes.views):
        if _good(view.quality):
            yield f"{FRAME} {number}" if view.kind == FRAME else view.kind, view.pdq
    if _good(hashes.quality):
        yield from list(zip(POSITIONS, hashes.positions, strict=False))[1:]


def _good(quality: int | None) -> bool:
    return (quality or 0) >= QUALITY_FLOOR


def judge(items: MediaItems, results: Sequence[MatchResult], version: str) -> list[Finding]:
    """A finding of each of :data:`BANK_SIGNALS` for each event, in the order of the log.

    It is a hit where a match with one of its media is what the signal looks for, with the
    smallest distance in bits as its score, and the entries as evidence. Otherwise it is
    abstained where something could not be compared; and else a miss.
    """
    now = time.time_ns() // 1_000
    seqs, objects = items.events["seq"].to_pylist(), items.events["object"].to_pylist()
    uris = items.uri.to_pylist()
    by_event: dict[int, list[tuple[str | None, MatchResult]]] = {}
    for row, uri, result in zip(items.row.tolist(), uris, results, strict=True):
        by_event.setdefault(row, []).append((uri, result))
    return [
        _finding(told, wanted, partial(Finding, **key, signal=signal, version=version, at=now))
        for row, told in by_event.items()
        for key in [{"seq": seqs[row], "subject": objects[row]}]
        for signal, wanted in _LOOKED_FOR.items()
    ]


def _finding(
    told: list[tuple[str | None, MatchResult]],
    wanted: Callable[[Matched], bool],
    say: Callable[..., Finding],
) -> Finding:
    named: list[tuple[int, list[EvidenceItem]]] = []
    for uri, result in told:
        found = [match for match in result.matches if wanted(match)]
        if found:
            named.append((min(match.distance for match in found), _evidence(uri, found)))
    if named:
        named.sort(key=lambda pair: pair[0])
        evidence = [item for _, items in named for item in items][: 2 * MOST_ENTRIES]
        return say(outcome="hit", score=named[0][0], evidence=tuple(evidence))
    reasons = sorted({result.abstained for _, result in told if result.abstained is not None})
    if reasons:
        return say(outcome="abstained", reason="; ".join(reasons)[:1_000])
    return say(outcome="miss")


def _accuses(match: Matched) -> bool:
    return not match.suppressed and match.meaning not in ("known_innocent", "protected_photograph")


def _may_hide(match: Matched) -> bool:
    return not match.suppressed and "hide" in match.may_follow


def _is_protected(match: Matched) -> bool:
    return match.meaning == "protected_photograph"


_LOOKED_FOR: Final[dict[str, Callable[[Matched], bool]]] = {
    BANK_MATCH: _accuses,
    VERIFIED_MATCH: _may_hide,
    PROTECTED_MATCH: _is_protected,
}
BANK_SIGNALS: Final = tuple(_LOOKED_FOR)
"""Each looks for matches of another kind."""


def _evidence(uri: str | None, matches: Iterable[Matched]) -> list[EvidenceItem]:
    """Which media item, and the entries that it is near to. No weight: nobody calibrated one."""
    media = [] if uri is None else [EvidenceItem("media", uri, 0.0)]
    entries = [EvidenceItem("bank_entry", f"bank:{m.bank}#{m.entry}", 0.0) for m in matches]
    return media + entries[:MOST_ENTRIES]


def says_more(finding: Finding, before: Finding | None) -> bool:
    """Whether a finding says something that an earlier one of its event did not.

    A miss after nothing does not: what was compared without a finding was one.
    """
    if before is None:
        return finding.outcome != "miss"
    told = ("outcome", "subject", "reason", "score", "evidence")
    return any(getattr(finding, name) != getattr(before, name) for name in told)
