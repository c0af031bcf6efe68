"""One condition, three readers: Python's function, DuckDB's query, and its meaning spelled out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leeward.model import EvidenceItem, Finding
from leeward.policy import (
    Compiled,
    Policy,
    RowReader,
    compile_policies,
    problems_of,
    read_policy,
    row_of,
)
from leeward.policy._evaluate import evaluate
from tests.conftest import FULL
from tests.policy._conditions import SCHEMA, TABLE, conditions, meaning, rows, seen_by_rules
from tests.policy._policies import boat_event

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_HEAD = """\
policy: boats
version: 1
about: Boats.
stands_on: Harbour rules, 1.
severity: low
rules:
"""
_EXAMPLES = 2_000 if FULL else 60


def _rule(number: int, when: str, if_abstained: str | None) -> str:
    quoted = when.replace("'", "''")
    says = f"    if_abstained: {if_abstained}\n" if if_abstained else ""
    return (
        f"  - rule: r{number}\n    when: '{quoted}'\n{says}"
        "    subject: account\n    causes: [open_case]\n    daily_quota: 5\n"
    )


def _may_abstain(when: str) -> bool:
    """Whether the checker holds that it has to be said what follows an abstention."""
    problems = problems_of(_HEAD + _rule(0, when, None), SCHEMA)
    assert all("does not say what follows" in one.message for one in problems), problems
    return bool(problems)


def _policy(whens: Sequence[str]) -> tuple[Policy, list[bool]]:
    abstain = [_may_abstain(when) for when in whens]
    text = _HEAD + "".join(
        _rule(at, when, "abstain" if may else None)
        for at, (when, may) in enumerate(zip(whens, abstain, strict=True))
    )
    return read_policy(text, SCHEMA), abstain


def _in_python(compiled: Compiled, seen: Sequence[dict[str, Any]]) -> list[list[bool | None]]:
    table: list[list[bool | None]] = [[False] * len(compiled.rules) for _ in seen]
    for row, rule, outcome in compiled.decide([row_of(compiled, values) for values in seen]):
        table[row][rule] = outcome
    return table


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        yield connection


def _in_sql(
    database: duckdb.DuckDBPyConnection, compiled: Compiled, table: Sequence[dict[str, Any]]
) -> list[list[bool | None]]:
    kinds = {"VARCHAR[]": pa.list_(pa.string()), "VARCHAR": pa.string(), "BIGINT": pa.int64()}
    kinds |= {"DOUBLE": pa.float64(), "BOOLEAN": pa.bool_()}
    arrow = pa.table(
        {name: pa.array([row[name] for row in table], kinds[TABLE[name]]) for name in TABLE}
        | {"seq": pa.array(range(len(table)), pa.int64())}
    )
    database.register("boats", arrow)
    found = database.execute(f"{compiled.sql('boats')} ORDER BY seq").fetchall()
    return [list(row[1:]) for row in found]


_TABLES = st.lists(rows(), min_size=1, max_size=25)


@st.composite
def _kindred(draw: st.DrawFn) -> list[str]:
    """Rules that have demands in common, as those of one policy have."""
    pool = draw(st.lists(conditions(depth=1), min_size=2, max_size=5))
    some = st.lists(st.sampled_from(pool), min_size=1, max_size=4)
    joined = some.map(lambda parts: " and ".join(f"({part})" for part in parts))
    return draw(st.lists(joined, min_size=2, max_size=10))


@settings(max_examples=_EXAMPLES)
@given(whens=st.lists(conditions(), min_size=1, max_size=8), table=_TABLES)
def test_a_condition_means_the_same_everywhere(
    whens: list[str], table: list[dict[str, Any]], database: duckdb.DuckDBPyConnection
) -> None:
    _compare(whens, table, database)


@settings(max_examples=_EXAMPLES)
@given(whens=_kindred(), table=_TABLES)
def test_what_rules_have_in_common_changes_no_meaning(
    whens: list[str], table: list[dict[str, Any]], database: duckdb.DuckDBPyConnection
) -> None:
    _compare(whens, table, database)


@given(table=_TABLES, looked=st.sets(st.sampled_from(["tide", "harbour-light"])))
def test_events_with_findings_make_the_rows_that_the_table_has(
    table: list[dict[str, Any]], looked: set[str]
) -> None:
    signals = {"tide": ("range", "since-full-moon"), "harbour-light": ("flashes",)}
    reads = [
        f"{name}.{part}".replace("-", "_")
        for name, parts in signals.items()
        for part in ("hit", *(["score"] if name == "tide" else []), *parts)
    ]
    policy, _ = _policy([f"known({read})" for read in reads])
    compiled = compile_policies([policy])
    reader = RowReader(compiled, looked=looked)
    for values in table:
        findings = {name: _finding(name, values, parts) for name, parts in signals.items()}
        said = {name: one for name, one in findings.items() if one is not None}
        silent = [name for name in signals if name not in said]
        row = dict(values)
        for name in silent:
            row |= {f"{name}.{part}": None for part in ("score", *signals[name])}
            row[f"{name}.outcome"] = "miss" if name in looked else None
        seen = {read: seen_by_rules(row)[read] for read in reads}

        assert reader.row(boat_event(), said) == row_of(compiled, seen)


def _finding(name: str, values: dict[str, Any], parts: tuple[str, ...]) -> Finding | None:
    """As the table has it, beside evidence of no concern."""
    outcome = values[f"{name}.outcome"]
    if outcome is None:
        return None
    return Finding(
        seq=1,
        signal=name,
        version="1",
        subject="post:1",
        outcome=outcome,
        at=1,
        score=values.get(f"{name}.score"),
        evidence=(
            EvidenceItem("else", "post:1", 9.0, value=7.0),
            *(EvidenceItem(part, "post:1", 1.0, value=values[f"{name}.{part}"]) for part in parts),
            *(EvidenceItem(part, "post:1", 0.5, value=5.0) for part in parts),
        ),
    )


_TRAPS = [
    "tide.hit and tide.score >= 3 and tide.range < 2",
    "tide.miss and known(tide.range)",
    "0.1 + 0.2 == 0.3",
    "boat.masts + 1 == boat.masts",
    "boat.masts + len(boat.name) == boat.masts",
    "boat.masts * boat.masts > 9007199254740992",
    "boat.masts / 0 > 1 or known(1 / boat.masts)",
    "boat.length * 1e308 > 0",
    "boat.length - boat.length == 0",
    "boat.length == -0.0",
    "min(boat.crew, 3) == 3",
    "max(boat.crew, boat.length) > boat.masts",
    "not (tide.score > 3)",
    "tide.miss and not tide.abstained",
    '"%" in boat.name or "_" in boat.name',
    'boat.name == "i" or boat.name.endswith("\N{GREEK SMALL LETTER FINAL SIGMA}")',
    "boat.name != boat.port",
    "len(boat.name) == 5",
    'has_all(boat.flags, ["a", "a"]) or "" in boat.flags',
    "at_least(2, boat.racing, tide.hit, True)",
    "boat.left - boat.built < days(0)",
]
_NOTHING: dict[str, Any] = dict.fromkeys(TABLE) | {"boat.masts": 0, "boat.left": 0}


@pytest.mark.parametrize("when", _TRAPS)
def test_where_python_and_sql_differ_by_themselves_they_agree_here(
    when: str, database: duckdb.DuckDBPyConnection
) -> None:
    table = [
        _NOTHING,
        _NOTHING | {"boat.masts": 2**53, "crew": 4, "boat.length": 1e308, "boat.racing": True},
        _NOTHING | {"boat.masts": 2**53, "called": "a"},
        _NOTHING | {"boat.masts": -(2**53), "boat.length": float("nan"), "boat.built": 2**53},
        _NOTHING | {"tide.outcome": "miss", "tide.score": float("nan"), "boat.length": -0.0},
        _NOTHING | {"tide.outcome": "miss", "tide.score": 3.0, "boat.length": float("inf")},
        _NOTHING | {"called": "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}", "boat.flags": ["a"]},
        _NOTHING | {"called": "👩\u200d👩\u200d👧", "boat.port": "a%b", "boat.flags": ["", "a"]},
        _NOTHING | {"called": "a_\0\N{GREEK SMALL LETTER FINAL SIGMA}", "boat.flags": []},
    ]
    _compare([when], table, database)


def test_a_part_of_one_rule_may_be_computed_for_another(
    database: duckdb.DuckDBPyConnection,
) -> None:
    table = [_NOTHING, _NOTHING | {"boat.masts": 2, "boat.racing": True, "crew": 1}]
    part = "known(boat.masts) and boat.crew > 0"
    _compare(
        [f"at_least(1, boat.racing, {part})", f"at_least(1, not ({part}), boat.racing)"],
        table,
        database,
    )
    _compare(
        [f"at_least(1, not ({part}), boat.racing)", f"at_least(1, boat.racing, {part})"],
        table,
        database,
    )


def _compare(
    whens: list[str], table: list[dict[str, Any]], database: duckdb.DuckDBPyConnection
) -> None:
    policy, abstain = _policy(whens)
    compiled = compile_policies([policy])
    seen = [seen_by_rules(row) for row in table]
    expected = [[meaning(when, row) for when in whens] for row in seen]

    assert expected == _in_python(compiled, seen)
    assert expected == _in_sql(database, compiled, table)
    assert expected == [[evaluate(rule.when, row) for rule in policy.rules] for row in seen]
    for outcomes in expected:
        # What the checker takes for always known always is.
        assert all(may for outcome, may in zip(outcomes, abstain, strict=True) if outcome is None)
