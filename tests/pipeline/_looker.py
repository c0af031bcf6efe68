"""A process that looks back again and again, until it is killed.

Usage: python -m tests.pipeline._looker FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

from leeward.pipeline import LookBack
from leeward.pipeline import _lookback as lookback_module
from leeward.store import Writer
from leeward.store.tables import open_tables


def main() -> None:
    """Look back in small pieces."""
    data = Path(sys.argv[1])
    lookback_module.EVENTS = 5  # type: ignore[misc]  # so that there are many moments
    with open_tables(f"sqlite:///{data}/leeward.db") as tables, Writer.open(data) as writer:
        print("begun", flush=True)  # noqa: T201 - the parent waits for it
        with LookBack(writer, tables, data) as looking:
            looking.run()
        sys.stdin.readline()


if __name__ == "__main__":
    main()
