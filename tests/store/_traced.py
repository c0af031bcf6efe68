"""A process whose system calls are recorded; it marks what it is about to do by writing it.

Usage: python -m tests.store._traced FOLDER
"""

from __future__ import annotations

import os
import sys

from leeward.model import Finding
from leeward.store import Writer
from tests.store._helpers import batch


def _mark(text: str) -> None:
    os.write(1, f"MARK {text}\n".encode())


def main() -> None:
    """Make a log, append five times, store findings, seal."""
    _mark("open begins")
    with Writer.open(sys.argv[1]) as writer:
        _mark("open ends")
        for turn in range(5):
            rows = batch(range(turn * 3, turn * 3 + 3))
            _mark(f"append {turn} begins")
            writer.append(rows)
            _mark(f"append {turn} ends")
        found = Finding(seq=1, signal="fog", version="1", subject="boat:1", outcome="miss", at=1)
        _mark("findings begins")
        writer.add_findings([found])
        _mark("findings ends")
        _mark("seal begins")
        writer.seal()
        _mark("seal ends")


if __name__ == "__main__":
    main()
