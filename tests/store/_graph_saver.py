"""A process that saves the graph of a log, over and over, or dies at a step of it.

Usage: python -m tests.store._graph_saver FOLDER [STEP COUNT]
"""

from __future__ import annotations

import os
import sys

from leeward.network import COLUMNS, GraphBuilder
from leeward.store import Log, save_graph
from tests.store._steps import arm


def main() -> None:
    """Save a graph of the first events, then of all, and so on, until it is killed."""
    folder, *step = sys.argv[1:]
    with Log(folder) as log:
        graphs = []
        for parts in (slice(1), slice(None)):
            builder = GraphBuilder(log.hasher)
            for batch in list(log.tail())[parts]:
                builder.add(batch.select(COLUMNS))
            graphs.append(builder.finish())
        if step:
            arm(step[0], int(step[1]), lambda: os._exit(9), setattr)
        print("begun", flush=True)  # noqa: T201 - the parent waits for it
        while True:
            for graph in graphs:
                save_graph(log, graph, log.rewritten())


if __name__ == "__main__":
    main()
