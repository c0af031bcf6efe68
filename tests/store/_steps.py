"""The steps of sealing and merging at which something can go wrong."""

from __future__ import annotations

import pkgutil
from typing import TYPE_CHECKING, Any, Final

from leeward.model import Finding
from tests.store._helpers import batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from leeward.store import Writer

# A function by its full name, and which of its calls. Sealing and merging both take these steps.
STEPS: Final = [
    ("leeward.store._segment_writer:write_arrays", 1),
    ("leeward.store._segment_writer:sync_file", 1),
    ("leeward.store._segment_writer:sync_file", 2),
    ("leeward.store._segment_writer:sync_folder", 1),  # before the rename
    ("leeward.store._segment_writer:sync_folder", 2),  # after it
    ("leeward.store._sealing:Sealer.publish", 1),
    ("leeward.store._hot:Hot.replace_segments", 1),
    ("leeward.store._sealing:Sealer.published", 1),  # after the transaction
    ("leeward.store._sealing:write_whole", 1),
]
SEALING: Final = [
    ("leeward.store._segment_writer:pq.ParquetWriter.write_batch", 1),  # in a thread of its own
    ("leeward.store._beside:sync_file", 1),
    ("leeward.store._beside:sync_folder", 1),
    ("leeward.store._hot:Hot.drop_blocks", 1),
]
MERGING: Final = [("leeward.store._compaction:SealedIds.merge", 1)]


def cases() -> list[tuple[str, str, int]]:
    """(action, step, which call of it)."""
    sealing = [(action, *step) for action in ("seal", "direct") for step in STEPS + SEALING]
    # `seal` seals and then merges, so the second half of the calls belongs to the merge.
    calls = {name: max(n for other, n in STEPS if other == name) for name, _ in STEPS}
    merging = [("merge", name, number + calls[name]) for name, number in STEPS]
    return [*sealing, *merging, *(("merge", *step) for step in MERGING)]


def arm(
    step: str,
    count: int,
    fault: Callable[[], object],
    set_attribute: Callable[[Any, str, Any], object],
) -> None:
    """Let the ``count``-th call of a function run ``fault`` first."""
    module, _, path = step.partition(":")
    owner, _, name = path.rpartition(".")
    place = pkgutil.resolve_name(f"{module}:{owner}" if owner else module)
    real = getattr(place, name)
    calls = 0

    def faulty(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == count:
            fault()
        return real(*arguments, **named)

    set_attribute(place, name, faulty)


def prepare(writer: Writer) -> None:
    """60 events, half of them sealed, and a finding for each."""
    writer.append(batch(range(30)))
    writer.add_findings(findings(range(1, 31)))
    writer.seal()
    writer.append(batch(range(30, 60)))
    writer.add_findings(findings(range(25, 61)))


def act(writer: Writer, action: str) -> None:
    """Seal (and merge), or append so much that it is sealed at once."""
    if action == "direct":
        writer.append(batch(range(60, 130)))
    else:
        writer.seal()


def findings(seqs: Iterable[int]) -> list[Finding]:
    """One finding for each of some places."""
    return [
        Finding(seq=n, signal="fog", version="1", subject=f"boat:{n}", outcome="hit", at=n)
        for n in seqs
    ]
