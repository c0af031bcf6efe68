"""A process that makes the graph of a log, saving it, and tells how large it is.

Usage: python -m tests.pipeline._grapher FOLDER TIMES
"""

from __future__ import annotations

import sys

from leeward.pipeline import interaction_graph
from leeward.store import Log


def main() -> None:
    """Make the graph several times over."""
    with Log(sys.argv[1]) as log:
        for _ in range(int(sys.argv[2])):
            graph = interaction_graph(log)
            print(graph.events, len(graph.kind), len(graph.out.node))  # noqa: T201 - the parent reads it


if __name__ == "__main__":
    main()
