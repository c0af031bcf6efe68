"""A process that reads a log over and over until its input ends, and fails on any disagreement.

Usage: python -m tests.store._follower FOLDER
"""

from __future__ import annotations

import sys
import threading

from leeward.store import Log
from tests.store._helpers import in_order, number_of, set_globally, shrink


def _check(log: Log, followed: list[tuple[int, int]]) -> None:
    """One pass: every state seen is a whole beginning of the log."""
    followed += in_order(log, len(followed))
    assert [seq for seq, _ in followed] == list(range(1, len(followed) + 1))
    scanned = sorted(
        (seq, number_of(identity))
        for part in log.scan(["seq", "id"])
        for seq, identity in zip(part["seq"].to_pylist(), part["id"].to_pylist(), strict=True)
    )
    assert scanned[: len(followed)] == followed
    assert [seq for seq, _ in scanned] == list(range(1, len(scanned) + 1))
    own = [(seq, n) for seq, n in scanned if n % 5 == 2]
    found = [(e.seq, number_of(e.id)) for e in log.of(account="skipper:2", last=10**6)]
    assert found[::-1][: len(own)] == own


def _wait(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


def main() -> None:
    """Read until the input ends; one line for each pass."""
    shrink(set_globally)
    ended = threading.Event()
    threading.Thread(target=_wait, args=(ended,), daemon=True).start()
    followed: list[tuple[int, int]] = []
    with Log(sys.argv[1]) as log:
        while True:
            last = ended.is_set()
            _check(log, followed)
            print(len(followed), flush=True)  # noqa: T201 - the parent reads it
            if last:
                return


if __name__ == "__main__":
    main()
