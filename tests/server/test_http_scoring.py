"""What is received is scored while the server runs: lists change, processes die, it goes on."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from leeward.pipeline import scoring_state
from leeward.store import SCORING, Log
from tests.server._running import Running, event, lines, make_key, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = "term,class,severity\n"
CONTEXTS = [f"{kind}-context" for kind in ("account", "community", "media", "tag", "thread")]
# The others compile for a while where nothing is cached, and have tests of their own.
LISTS = {
    "harbour-words": {"kind": "lexicon", "path": "words.csv", "disguised": False},
    **{name: {"on": False} for name in ("template", *CONTEXTS)},
}


def hits(data: Path) -> set[int]:
    """The events that the list hit."""
    with Log(data) as log:
        found = log.findings(signal="harbour-words")
        return {seq for batch in found for seq in batch["seq"].to_pylist()}


def scored(data: Path) -> int:
    """How far scoring has come."""
    with Log(data) as log:
        return log.position(SCORING)


def children(pid: int) -> list[int]:
    """The processes that a process has started and that still are."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    for thread in Path(f"/proc/{pid}/task").iterdir():
        text += " " + (thread / "children").read_text()
    return sorted({int(word) for word in text.split()})


def scorers(running: Running) -> list[int]:
    """The processes that score for a server."""
    return [
        pid
        for pid in children(running.process.pid)
        if b"_scoring_child" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


def test_findings_follow_events_through_new_lists_broken_lists_and_dead_processes(
    start: Callable[..., Running],
) -> None:
    server = start(signals=LISTS, server={"key_cache_seconds": 0})
    words = server.data / "words.csv"
    words.write_text(f"{HEAD}blorvane,boats,high\n")

    server.post(lines(event(1, text="A blorvane in the harbour"), event(2, text="Nothing")))
    wait_until(lambda: hits(server.data) == {1}, 180)
    wait_until(lambda: scored(server.data) == 2)

    words.write_text(f"{HEAD}quintadel,boats,high\n")

    def found_by_the_new_list() -> bool:
        server.post(lines(event(f"again-{os.urandom(4).hex()}", text="A quintadel at anchor")))
        return len(hits(server.data)) > 1

    wait_until(found_by_the_new_list)

    words.write_text("no such column\nquintadel\n")
    with Log(server.data) as log:
        wait_until(lambda: bool(scoring_state(log, server.data).broken))
        (said,) = scoring_state(log, server.data).broken.values()
    assert "stays in force" in said
    assert "quintadel" not in said
    before = len(hits(server.data))
    server.post(lines(event("kept", text="Another quintadel")))
    wait_until(lambda: len(hits(server.data)) == before + 1)

    (first,) = scorers(server)
    os.kill(first, signal.SIGKILL)
    words.write_text(f"{HEAD}blorvane,boats,high\n")
    server.post(lines(event("later", text="One more blorvane")))
    wait_until(lambda: len(hits(server.data)) == before + 2, 180)
    (second,) = scorers(server)
    assert second != first

    secret = make_key(server.data, "prometheus", "metrics:read")
    text = server.client.get("/metrics", headers={"authorization": f"Bearer {secret}"}).text
    assert "leeward_scoring_behind_events" in text
    assert f'leeward_scored{{what="findings"}} {float(before + 2)}' in text
    assert "blorvane" not in text

    server.close()
    wait_until(lambda: not Path(f"/proc/{second}").exists())


def test_no_process_scores_where_the_settings_say_so(start: Callable[..., Running]) -> None:
    server = start(signals=LISTS, scoring={"on": False})
    (server.data / "words.csv").write_text(f"{HEAD}blorvane,boats,high\n")
    server.post(lines(event(1, text="A blorvane in the harbour")))
    secret = make_key(server.data, "prometheus", "metrics:read")
    text = server.client.get("/metrics", headers={"authorization": f"Bearer {secret}"}).text
    assert "leeward_last_seq 1.0" in text
    assert not scorers(server)


def test_the_process_that_scores_ends_when_its_server_is_killed(
    start: Callable[..., Running],
) -> None:
    server = start(signals=LISTS)
    (server.data / "words.csv").write_text(f"{HEAD}blorvane,boats,high\n")
    server.post(lines(event(1, text="A blorvane in the harbour")))
    wait_until(lambda: scored(server.data) == 1, 180)
    (child,) = scorers(server)
    server.process.kill()
    wait_until(lambda: not Path(f"/proc/{child}").exists())
