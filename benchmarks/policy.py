"""Fifty rules over events: compiled to Python and to SQL, beside CEL on the same rules.

CEL is Google's expression language, here in Rust (``common-expression-language``), in a process of
its own. Both sides decide the same events in turn, and the benchmark refuses to go on where they
hit a different number of times. What CEL cannot say, an abstention, is spelled out for it:
``signal.known && signal.score > x``.

The rules are made up and have the shapes that rules have: nearly all ask first for the kind of the
event, half for the findings of two signals, a few for words or hashtags.

    python benchmarks/policy.py --events 200000 --rows 1000000
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from peers import Peer, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leeward.policy import Compiled

__all__ = ["run"]

_HERE: Final = Path(__file__).resolve()
_ROUNDS: Final = 5
_RULES: Final = 50
_SIGNALS: Final = (
    "tide",
    "wind",
    "swell",
    "gulls",
    "mist",
    "ropes",
    "nets",
    "lamps",
    "buoys",
    "piers",
    "crates",
    "sails",
)
_KINDS: Final = ("like",) * 9 + ("repost",) * 4 + ("post",) * 5 + ("follow", "hashtag")
_WORDS: Final = [
    "the",
    "harbour",
    "garden",
    "lies",
    "quiet",
    "and",
    "a",
    "boat",
    "with",
    "red",
    "sails",
    "comes",
    "in",
    "before",
    "rain",
    "while",
    "two",
    "gulls",
    "watch",
    "from",
    "their",
    "pier",
    "as",
    "somebody",
    "waters",
    "beans",
    "and",
    "mends",
    "an",
    "old",
    "net",
]


def _shapes(rng: random.Random) -> list[tuple[str, str]]:
    """A condition of each shape, in our language and in CEL."""
    a, b, c = rng.sample(_SIGNALS, 3)
    x, y = round(rng.uniform(0.6, 0.99), 2), round(rng.uniform(0.6, 0.99), 2)
    kind = rng.choice(("post", "repost", "like"))
    word, other = rng.sample(_WORDS, 2)
    of_kind, post = f'event.kind == "{kind}"', 'event.kind == "post"'
    has_a, has_b, has_c = f"{a}.known", f"{b}.known", f"{c}.known"
    return [
        (
            f"{of_kind} and {a}.score >= {x}",
            f"{of_kind} && {has_a} && {a}.score >= {x}",
        ),
        (
            f"{of_kind} and {a}.score >= {x} and {b}.score >= {y}",
            f"{of_kind} && {has_a} && {a}.score >= {x} && {has_b} && {b}.score >= {y}",
        ),
        (
            f'{post} and "{word}" in event.text and {a}.score > {x}',
            f'{post} && event.text.contains("{word}") && {has_a} && {a}.score > {x}',
        ),
        (
            f'event.kind in ["post", "repost"] and ({a}.score > {x} or {b}.score > {y})',
            (
                f'event.kind in ["post", "repost"] && ({has_a} && {a}.score > {x} '
                f"|| {has_b} && {b}.score > {y})"
            ),
        ),
        (
            f'{post} and "{word}" in event.tags and not ({c}.score < {y})',
            f'{post} && "{word}" in event.tags && {has_c} && !({c}.score < {y})',
        ),
        (
            f'event.op == "create" and event.kind == "repost" and {a}.score + {b}.score > 1.5',
            (
                f'event.op == "create" && event.kind == "repost" && {has_a} && {has_b} '
                f"&& {a}.score + {b}.score > 1.5"
            ),
        ),
        (
            f"{post} and event.pictures > 0 and {a}.score > {x} and {c}.score > 0.5",
            (
                f"{post} && event.pictures > 0 && {has_a} && {a}.score > {x} "
                f"&& {has_c} && {c}.score > 0.5"
            ),
        ),
        (
            f'event.kind == "follow" and {a}.score >= {x} and {b}.score < 0.5',
            f'event.kind == "follow" && {has_a} && {a}.score >= {x} && {has_b} && {b}.score < 0.5',
        ),
        (
            f'{post} and event.reply_to != "" and {b}.score > {y}',
            f'{post} && event.reply_to != "" && {has_b} && {b}.score > {y}',
        ),
        (
            f'"{word}" in event.tags and "{other}" in event.tags and {a}.score > 0.4',
            f'"{word}" in event.tags && "{other}" in event.tags && {has_a} && {a}.score > 0.4',
        ),
    ]


def _conditions() -> list[tuple[str, str]]:
    rng = random.Random(7)  # noqa: S311 - a made-up workload, the same every time
    found: list[tuple[str, str]] = []
    while len(found) < _RULES:
        found.extend(_shapes(rng))
    return found[:_RULES]


def _workload(events: int) -> Iterator[dict[str, Any]]:
    """Events as columns by name; both sides make the same."""
    rng = random.Random(11)  # noqa: S311 - a made-up workload, the same every time
    for number in range(events):
        kind = rng.choice(_KINDS)
        written = kind == "post"
        row: dict[str, Any] = {
            "event.kind": kind,
            "event.op": "create" if rng.random() < 0.97 else "delete",
            "event.text": " ".join(rng.choices(_WORDS, k=12)) if written else "",
            "event.tags": tuple(rng.sample(_WORDS, 3)) if written else (),
            "event.pictures": int(written and rng.random() < 0.4),
            "event.reply_to": f"post:{number // 2}" if written and rng.random() < 0.5 else "",
        }
        for signal in _SIGNALS:
            known = rng.random() < 0.9
            score = round(rng.random() ** 8, 3)
            row[f"{signal}.hit"] = score > 0.8 if known else None
            row[f"{signal}.score"] = score if known else None
        yield row


def run(events: int, rows: int, folder: Path) -> dict[str, Any]:
    """Measure.

    Args:
        events: For Python and CEL.
        rows: For SQL.
        folder: Where the table for SQL is made; removed again.

    Returns:
        Events per CPU-second and their ratio; seconds of the query.
    """
    with (
        Peer(_HERE, ["--side", "ours"], python=Path(sys.executable)) as ours,
        Peer(_HERE, ["--side", "cel"]) as cel,
    ):
        some = max(events // 10, 1)  # CEL is slower
        ours.ask("prepare", events=events)
        cel.ask("prepare", events=some)
        mine, theirs, whole, read = [], [], [], []
        for _ in range(_ROUNDS):
            answer = ours.ask("decide", most=events)
            mine.append(events / answer.cpu_s)
            peer = cel.ask("decide", most=some)
            theirs.append(some / peer.cpu_s)
            assert ours.ask("decide", most=some).value == peer.value, "they do not agree"
            whole.append(some / ours.ask("judge", most=some).cpu_s)
            read.append(some / ours.ask("read", most=some).cpu_s)
    figures: dict[str, Any] = {
        "rules": _RULES,
        "events": events,
        "hits an event": answer.value / events,
        "events/CPU-s, the compiled function": median(mine),
        "events/CPU-s, CEL in Rust": median(theirs),
        "ratio, goal above 1": median(mine) / median(theirs),
        "events/CPU-s, rows made of events and findings": median(read),
        "events/CPU-s, from events to verdicts": median(whole),
    }
    return figures | _query(rows, folder)


# --- the two sides -----------------------------------------------------------------------------


def _policy_text() -> str:
    lines = [
        "policy: workload",
        "version: 1",
        "about: Made up.",
        "stands_on: Harbour rules, 1.",
        "severity: low",
        "rules:",
    ]
    for number, (when, _) in enumerate(_conditions()):
        lines += [
            f"  - rule: r{number}",
            f"    when: '{when}'",
            f"    if_abstained: {'abstain' if number % 2 else 'open_case'}",
            "    subject: account",
            "    causes: [open_case]",
            "    daily_quota: 1000",
        ]
    return "\n".join(lines)


def _compiled() -> Compiled:
    from leeward.policy import Signal, compile_policies, event_schema, read_policy

    schema = event_schema([Signal(name=name, about="made up") for name in _SIGNALS])
    return compile_policies([read_policy(_policy_text(), schema)])


class _Ours:
    def prepare(self, events: int) -> None:
        from leeward.policy import RowReader, row_of

        self.compiled = _compiled()
        self.reader = RowReader(self.compiled)
        self.rows = [row_of(self.compiled, row) for row in _workload(events)]
        self.events = [_event(n, row) for n, row in enumerate(_workload(events // 10))]

    def decide(self, most: int) -> int:
        return sum(1 for _, _, outcome in self.compiled.decide(self.rows[:most]) if outcome)

    def read(self, most: int) -> int:
        return len(list(self.reader.rows(self.events[:most])))

    def judge(self, most: int) -> int:
        from leeward.policy import judge

        return len(judge(self.compiled, self.reader, self.events[:most]))


def _event(number: int, row: dict[str, Any]) -> Any:
    """The event and its findings, as the pipeline has them."""
    from leeward.model import Event, Finding, MediaRef

    event = Event(
        id=f"bench:post:{number}@1#create",
        source="bench",
        kind=row["event.kind"],
        op=row["event.op"],
        at=1_700_000_000_000_000 + number,
        actor=f"account:{number % 1000}",
        object=f"post:{number}",
        reply_to=row["event.reply_to"] or None,
        text=row["event.text"],
        folded=row["event.text"],
        tags=row["event.tags"],
        media=(MediaRef(uri=f"media:{number}"),) * row["event.pictures"],
        seq=number,
    )
    findings = {
        name: Finding(
            seq=number,
            signal=name,
            version="1",
            subject=event.object,
            outcome="abstained" if score is None else "hit" if row[f"{name}.hit"] else "miss",
            at=event.at,
            score=score,
        )
        for name in _SIGNALS
        if (score := row[f"{name}.score"]) is not None or number % 2
    }
    return event, findings


class _Cel:
    def prepare(self, events: int) -> None:
        import cel

        self.programs = [cel.compile(when) for _, when in _conditions()]
        self.rows = []
        for row in _workload(events):
            context: dict[str, Any] = {"event": {}}
            for name, value in row.items():
                group, _, what = name.partition(".")
                if group == "event":
                    context["event"][what] = list(value) if isinstance(value, tuple) else value
                elif what == "score":
                    context[group] = {"known": value is not None, "score": value or 0.0}
            self.rows.append(context)

    def decide(self, most: int) -> int:
        from cel import Context

        programs, hits = self.programs, 0
        for row in self.rows[:most]:
            # Made once an event: a dictionary would be taken over anew by each program.
            context = Context(variables=row)
            hits += sum(1 for program in programs if program.execute(context) is True)
        return hits


# --- SQL ---------------------------------------------------------------------------------------


def _query(rows: int, folder: Path) -> dict[str, Any]:
    import duckdb
    import pyarrow as pa

    compiled = _compiled()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "policy.parquet"
    base = list(_workload(min(rows, 50_000)))
    table = pa.table(_columns(base))
    with duckdb.connect() as connection:
        connection.execute("SET threads = 2")
        connection.register("base", table)
        times = rows // len(base)
        connection.execute(
            f"COPY (SELECT *, n * {len(base)} + one AS seq FROM base, range({times}) t(n)) "
            f"TO '{path}' (FORMAT parquet)"
        )
        counts = ", ".join(
            f'count(*) FILTER ("{placed.name}"), count(*) FILTER ("{placed.name}" IS NULL)'
            for placed in compiled.rules
        )
        query = f"SELECT {counts} FROM ({compiled.sql(f'read_parquet({str(path)!r})')})"
        wall, cpu = time.perf_counter(), time.process_time()
        found = connection.execute(query).fetchone()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    path.unlink()
    from leeward.policy import row_of

    decided = compiled.decide([row_of(compiled, row) for row in base])
    assert found is not None
    outcomes = [outcome for _, _, outcome in decided]
    both = [outcomes.count(True) * times, outcomes.count(None) * times]
    assert [sum(found[::2]), sum(found[1::2])] == both, "SQL and Python do not agree"
    return {"SQL, rows": times * len(base), "SQL, wall s": wall, "SQL, CPU s": cpu}


def _columns(rows: list[dict[str, Any]]) -> dict[str, Any]:
    import pyarrow as pa

    strings = {"kind": "event.kind", "op": "event.op", "reply_to": "event.reply_to"}
    columns: dict[str, Any] = {
        name: pa.array([row[key] or None for row in rows]) for name, key in strings.items()
    }
    columns["text"] = pa.array([row["event.text"] or None for row in rows])
    columns["folded"] = pa.nulls(len(rows), pa.string())
    columns["tags"] = pa.array([row["event.tags"] for row in rows], pa.list_(pa.string()))
    columns["media"] = pa.array(
        [[{"uri": "m"}] * row["event.pictures"] for row in rows],
        pa.list_(pa.struct([("uri", pa.string())])),
    )
    for name in _SIGNALS:
        columns[f"{name}.score"] = pa.array([row[f"{name}.score"] for row in rows], pa.float64())
        outcomes = {True: "hit", False: "miss", None: "abstained"}
        columns[f"{name}.outcome"] = pa.array([outcomes[row[f"{name}.hit"]] for row in rows])
    columns["one"] = pa.array(range(len(rows)))
    return columns


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--side", choices=("ours", "cel"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side is not None:
        side: Any = _Ours() if arguments.side == "ours" else _Cel()
        serve(
            {
                name: getattr(side, name)
                for name in dir(side)
                if callable(getattr(side, name)) and name[0] != "_"
            }
        )
        return
    for name, value in run(arguments.events, arguments.rows, _HERE.parent / ".data").items():
        print(f"{name:50} {value:,.3g}" if isinstance(value, float) else f"{name:50} {value:,}")


if __name__ == "__main__":
    main()
