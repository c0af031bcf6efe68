"""A process that appends from eight threads until it is killed, and tells what was acknowledged.

Usage: python -m tests.store._producer FOLDER FIRST_NUMBER
"""

from __future__ import annotations

import os
import random
import sys
import threading

from leeward.model import LogSettings
from leeward.store import Writer
from tests.store._helpers import batch, set_globally, shrink


def _produce(writer: Writer, thread: int, first: int) -> None:
    rng = random.Random(first + thread)  # noqa: S311 - not a secret
    begin = first + thread * 100_000
    while True:
        size = rng.choice([1, 3, 9, 20, 70])
        numbers = list(range(begin, begin + size))
        again = max(begin - 5, first + thread * 100_000)
        writer.append(batch([*range(again, begin), *numbers]))
        # One write of few bytes to a pipe is never torn, so a line is an acknowledgement.
        os.write(1, f"{begin} {begin + size}\n".encode())
        begin += size


def main() -> None:
    """Append until killed."""
    folder, first = sys.argv[1], int(sys.argv[2])
    shrink(set_globally)
    writer = Writer.open(folder, LogSettings(seal_events=300))
    threads = [threading.Thread(target=_produce, args=(writer, n, first)) for n in range(8)]
    for thread in threads:
        thread.start()


if __name__ == "__main__":
    main()
