"""A process that dies at a chosen step of sealing or merging.

Usage: python -m tests.store._crasher FOLDER ACTION STEP COUNT
"""

from __future__ import annotations

import os
import sys

from leeward.model import LogSettings
from leeward.store import Writer
from tests.store._helpers import set_globally, shrink
from tests.store._steps import act, arm, prepare


def main() -> None:
    """Store 60 events, half of them sealed, then die while acting."""
    folder, action, step, count = sys.argv[1:5]
    shrink(set_globally)
    with Writer.open(folder, LogSettings(seal_events=100_000)) as writer:
        prepare(writer)
        arm(step, int(count), lambda: os._exit(9), setattr)
        act(writer, action)
    print("done")  # noqa: T201 - the step was never reached, and the parent must know


if __name__ == "__main__":
    main()
