"""Made-up media and banks, and what they must lead to, computed without an index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from leeward.model import BankSettings, Event, MediaRef, NewEntry, Provenance
from leeward.store.tables import add_entries, begin_act, create_bank, finish_act, get_bank

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from leeward.store.tables import Tables

NEAR: Final = 15
PILOTS: Final = BankSettings(meaning="illegal_verified", source="the pilots")
INNOCENT: Final = BankSettings(meaning="known_innocent", source="reviews")

Ref = tuple[str | None, str | None, str | None]


def value(seed: int, *flipped: int) -> str:
    """A made-up PDQ value, some of its bits turned over; hexadecimal."""
    bits = np.random.default_rng(seed).integers(0, 2, 256, dtype=np.uint8)
    bits[list(flipped)] ^= 1
    return np.packbits(bits).tobytes().hex()


def drawn(rng: np.random.Generator, pictures: int, spread: int) -> str:
    """A copy of one of some pictures, up to so many bits away from it."""
    flipped = rng.choice(256, int(rng.integers(spread + 1)), replace=False).tolist()
    return value(int(rng.integers(pictures)), *flipped)


def apart(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def event(number: int, refs: Iterable[Ref], actor: str = "boat:1") -> Event:
    post = f"{actor}/post/{number}"
    return Event(
        id=f"harbour:{post}@1#create",
        source="harbour",
        kind="post",
        op="create",
        at=number,
        actor=actor,
        object=post,
        media=tuple(MediaRef(uri=uri, sha256=sha256, pdq=pdq) for uri, sha256, pdq in refs),
    )


def pictures_of(events: Sequence[Event]) -> dict[str, set[str]]:
    """What each medoid, digest and handle leads to: the names of one picture, by brute force."""
    leader: dict[str, str] = {}
    first: dict[str, str] = {}
    for one in events:
        refs = sorted(one.media, key=lambda ref: (ref.pdq is None, ref.pdq or ""))
        for ref in refs:
            if ref.pdq is not None and ref.pdq not in leader:
                medoids = [pdq for pdq, own in leader.items() if pdq == own]
                near = (pdq for pdq in medoids if apart(pdq, ref.pdq) <= NEAR)
                leader[ref.pdq] = next(near, ref.pdq)
            if ref.sha256 is not None and ref.pdq is not None:
                first.setdefault(ref.sha256, ref.pdq)
            digest = ref.sha256 or ref.pdq
            if ref.uri is not None and digest is not None:
                first.setdefault(ref.uri, digest)

    def end(name: str) -> str:
        while name in first:
            name = first[name]
        return leader.get(name, name)

    every = {name for e in events for r in e.media for name in (r.uri, r.sha256, r.pdq) if name}
    groups: dict[str, set[str]] = {}
    for name in every:
        groups.setdefault(end(name), set()).add(name)
    return groups


def add(tables: Tables, bank: str, *values: str, algorithm: str = "pdq", **told: Any) -> None:
    who = Provenance(exchange="pilots", member="north", **told)
    with tables.begin() as connection:
        act = begin_act(connection, get_bank(connection, bank), "add", "Ada")
        entries = [NewEntry(algorithm, bytes.fromhex(text), who) for text in values]
        add_entries(connection, act, entries)
        finish_act(connection, act)


def make(tables: Tables, name: str, settings: BankSettings = PILOTS) -> None:
    with tables.begin() as connection:
        create_bank(connection, name, settings, "Ada")
