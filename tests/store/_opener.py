"""A process that opens a log for writing and ends as a command would.

Usage: python -m tests.store._opener FOLDER
"""

from __future__ import annotations

import sys

from leeward.errors import LeewardError
from leeward.store import Writer


def main() -> int:
    """The exit code of the error; without one, wait for the end of the input."""
    try:
        with Writer.open(sys.argv[1]):
            print("open", flush=True)  # noqa: T201 - the parent reads it
            sys.stdin.read()
    except LeewardError as error:
        print(error, flush=True)  # noqa: T201 - the parent reads it
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
