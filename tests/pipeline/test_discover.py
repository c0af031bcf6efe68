"""From a log to a ranking, and to the files that it is taken further in."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from leeward.errors import InputError, StoreError, UsageError
from leeward.network import Cell, Evidence, Prior, Search, Seed, search
from leeward.pipeline import RANKING_SCHEMA, Found, Own, discover, ingest, read_priors
from leeward.pipeline._notes import notes as sentences
from leeward.pipeline._notes import summary
from leeward.store import Kept, Log, Writer, erase
from tests.network._events import event
from tests.network._harbour import harbour
from tests.network._quay import SEEDS, quay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from leeward.model import Event

COLUMNS = [
    "rank",
    "account",
    "score",
    "probability",
    "tier",
    "touches",
    "shield",
    "evidence",
    "cell",
]


def sent(events: list[Event]) -> list[Event]:
    """Events as a producer sends them."""
    return [msgspec.structs.replace(e, seq=None, seen=None) for e in events]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    folder = tmp_path_factory.mktemp("log")
    with Writer.open(folder) as writer:
        writer.append(sent(quay()))
    with Log(folder) as opened:
        yield opened


@pytest.fixture(scope="module")
def found(log: Log) -> Found:
    return discover(log, SEEDS, shields={"edna": "critic"})


@pytest.fixture(scope="module")
def coast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    """1,200 people with a ring of 40: large enough to hide seeds and look for them."""
    folder = tmp_path_factory.mktemp("coast")
    with Writer.open(folder) as writer:
        writer.append(sent(harbour()))
    with Log(folder) as opened:
        yield opened


RING = [f"ring/{i}" for i in range(10)]


@pytest.fixture(scope="module")
def ashore(coast: Log) -> Found:
    return discover(coast, RING)


# --- seeds and notes ---------------------------------------------------------------------------


def ranking(found: Found) -> list[tuple[str, float, str]]:
    return [(ranked.account, ranked.score, ranked.tier) for ranked in found.ranking]


@pytest.mark.parametrize(
    "seeds",
    [
        "ada\nben\n",
        "# two people\naccount:ada\toffender\t1\naccount:ben\n",
        ["account:ada", "ben"],
        ("ada\nben",),
        [Seed("account", "ada"), "ben\toffender"],
        iter([Seed("account", "ada"), Seed("account", "ben"), "ada"]),
    ],
)
def test_seeds_may_be_written_in_many_ways(log: Log, found: Found, seeds: Any) -> None:
    assert ranking(discover(log, seeds, shields={"edna": "critic"})) == ranking(found)


def test_a_bad_seed_is_named_by_its_place(log: Log) -> None:
    with pytest.raises(InputError) as refused:
        discover(log, ["ada", "canary\tguilty"])
    assert refused.value.where == "seeds[1], line 1"
    assert "canary" not in str(refused.value)


def test_seeds_that_nobody_knows_end_it(log: Log) -> None:
    with pytest.raises(UsageError) as refused:
        discover(log, ["canary"])
    assert refused.value.hint
    assert "canary" not in str(refused.value)


def notes(log: Log, seeds: Sequence[str], **options: Any) -> str:
    return "\n".join(discover(log, seeds, **options).notes)


def test_notes_say_what_could_not_be_done(log: Log) -> None:
    assert "1 of 3 seeds is not in the log and was left out." in notes(log, [*SEEDS, "nobody"])
    assert "2 of 4 seeds are not in the log and were left out." in notes(log, [*SEEDS, "no", "na"])
    assert "left out" not in notes(log, ["crowd/1", "gale\tinnocent", *SEEDS])
    lost = [("canary", 1.0, "watch"), ("gale", 1.0, "watch")]
    told = notes(log, SEEDS, priors=lost)
    assert "1 of 2 priors is about what is not in the log and was left out." in told
    assert "canary" not in told
    lost += [("post:canary", 1.0, "watch")]
    assert "2 of 3 priors are about what is not in the log" in notes(log, SEEDS, priors=lost)


@pytest.mark.parametrize("seeds", [SEEDS, [*SEEDS, "gale\tinnocent", "finn\tinnocent"], ["ada"]])
def test_with_few_seeds_it_says_what_it_needs(log: Log, seeds: Sequence[str]) -> None:
    found = discover(log, seeds)
    assert found.summary == found.notes[:2]
    assert found.summary[0] == (
        "Nothing could be checked: that takes at least 4 confirmed accounts, better ten."
    )
    assert "no probabilities" in found.summary[1]
    assert (found.figures.own, found.figures.size, found.figures.abstained) == (None, None, None)


def test_with_enough_it_says_how_far_it_may_be_relied_on(ashore: Found) -> None:
    figures = ashore.figures
    own, size = figures.own, figures.size
    assert own is not None
    assert size is not None
    assert own.of == 10
    assert 0 <= own.found <= own.of
    assert own.within <= figures.scored
    assert 1 <= size.low <= size.estimate <= size.high <= figures.accounts
    assert ashore.summary[:2] == (
        (
            f"Of your own 10 seeds it would have found {own.found} in the first {own.within:,}, "
            "each hidden in turn."
        ),
        (
            f"About {size.estimate:,} accounts are estimated to belong; the 90 % interval goes "
            f"from {size.low:,} to {size.high:,}."
        ),
    )
    assert (
        "99 of 100 are expected to belong" in ashore.summary[2]
        or "asked first" in (ashore.summary[2])
    )
    assert ashore.notes[:3] == ashore.summary


def test_an_abstention_stands_first_and_in_words(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*given: Any, **more: Any) -> Search:
        return search(*given, **more)._replace(abstained="the seeds share nothing.", own=(1, 4, 20))

    monkeypatch.setattr("leeward.network._result.discovery.search", silent)
    found = discover(log, SEEDS)
    assert found.notes[0] == "The search abstains: the seeds share nothing."
    assert found.figures.abstained == "the seeds share nothing."
    assert found.figures.size is None
    assert not any("estimated" in note or "line" in note for note in found.notes)
    assert {row.tier for row in found.ranking} <= {"seed", "shielded", "ask first"}


def blended(found: Found, **weights: float) -> str:
    discovery = replace(
        found.discovery,
        search=found.discovery.search._replace(weights=weights),
    )
    counted = {"seeds": 2, "priors": 0, "shields": (0, 0)}
    return "\n".join(sentences(found.figures, discovery, **counted))  # type: ignore[arg-type]  # numbers


def test_the_blend_is_told_where_there_is_one(found: Found) -> None:
    assert "blend" not in blended(found, evidence=1.0, pagerank=0.0)
    assert (
        "The scores blend evidence (60%), PageRank (30%) and cosine (10%), by how well each found "
        "hidden seeds."
    ) in blended(found, cosine=0.1, evidence=0.6, pagerank=0.3)


def test_with_an_abstention_nearly_everybody_is_no_success(found: Found) -> None:
    """That ten seeds are among the first 500 of 800 is what chance gives."""

    def told(within: int, abstained: str | None) -> str:
        figures = msgspec.structs.replace(found.figures, own=Own(10, 10, within), scored=800)
        silent = found.discovery.search._replace(abstained=abstained)
        return "\n".join(summary(figures, replace(found.discovery, search=silent)))

    assert "in the first 500" in told(500, None)
    assert "in the first 200" in told(200, "nothing.")
    assert "in the first" not in told(500, "nothing.")
    assert "in the first" not in told(1_000, "nothing.")


def test_cells_that_are_questions_are_told_where_somebody_waits(found: Found) -> None:
    """Three by their words, the others counted; one account alone is no cell."""
    members = np.arange(4, dtype=np.int32)

    def cell(size: int, *, question: bool = True) -> Cell:
        return Cell(members[:size], 0.0, 0, question, "the same? 2 of 4", ("#reef",))

    cells = (cell(4), cell(4, question=False), *(cell(2) for _ in range(5)), cell(1))
    first = found.ranking[0]
    waiting = [
        msgspec.structs.replace(first, tier="ask first", cell=n)
        for n in (1, 2, 3, 4, 4, 6, 7, None)
    ]
    ranking = (*waiting, msgspec.structs.replace(first, tier="suspect", cell=5))
    discovery = replace(found.discovery, cells=cells, ranking=ranking)
    counted = {"seeds": 2, "priors": 0, "shields": (0, 0)}
    told = [*sentences(found.figures, discovery, **counted)]  # type: ignore[arg-type]  # numbers
    assert told.pop(0).startswith("The scores blend")
    words = "the same? 2 of 4. In common: #reef."
    assert told == [
        f"Cell 1 of 4 accounts: {words}",
        f"Cell 3 of 2 accounts: {words}",
        f"Cell 4 of 2 accounts: {words}",
        "2 more cells are the same question, 4 accounts in all.",
    ]


def test_a_shield_that_fits_nobody_is_noted(log: Log) -> None:
    """Its URI may be mistyped, and somebody unprotected."""
    told = notes(log, SEEDS, shields={"cleo": "reporter", "canary": "reporter"})
    assert "1 of 2 shields names an account that is not in the log." in told
    assert "canary" not in told
    assert "shields" not in notes(log, SEEDS, shields={"cleo": "reporter"})


# --- figures -----------------------------------------------------------------------------------


def test_figures_are_counts_of_the_events(log: Log, found: Found) -> None:
    events = quay()
    accounts = {e.actor for e in events} | {e.target for e in events if e.kind == "follow"}
    posts = {e.object for e in events if e.kind == "post"}
    posts |= {str(e.target) for e in events if e.kind in ("repost", "like")}
    posts |= {e.reply_to for e in events if e.reply_to}
    figures = found.figures
    assert figures.events == len(events)
    assert figures.accounts == len(accounts)
    assert figures.items == len(posts) + len(["reef", "tide"]) + len(["the picture"])
    assert (figures.seeds, figures.seeds_unknown) == (2, 0)
    assert figures.scored == len(found.accounts())
    tiers = [ranked.tier for ranked in found.ranking]
    assert figures.suspects == tiers.count("suspect")
    assert figures.ask_first == tiers.count("ask first")
    assert figures.above_line == tiers.count("above the line")
    assert (figures.priors, figures.priors_unknown) == (0, 0)
    assert figures.two_hop == len(found.two_hop())
    assert figures.last_seq == len(events)
    assert figures.seconds > 0


def test_the_histogram_counts_every_account_with_a_score(found: Found) -> None:
    edges, counts = found.histogram.edges, found.histogram.counts
    assert sum(counts) == found.figures.scored
    assert len(edges) == len(counts) + 1
    expected, _ = np.histogram([ranked.score for ranked in found.ranking], edges)
    assert expected.tolist() == list(counts)


def test_every_score_comes_with_a_name(log: Log, found: Found) -> None:
    short = discover(log, SEEDS, shields={"edna": "critic"}, limit=2)
    scores = found.discovery.scores.log_odds.tolist()
    assert [(r.account, r.score) for r in found.ranking] == list(
        zip(found.accounts(), scores, strict=True)
    )
    assert len(short.ranking) == 2
    assert short.accounts() == found.accounts()
    assert short.histogram == found.histogram


def test_names_can_be_asked_for_when_the_log_is_closed(tmp_path: Path) -> None:
    with Writer.open(tmp_path) as writer:
        writer.append(sent(quay()))
    for _ in range(2):  # the second time from the saved graph
        with Log(tmp_path) as opened:
            found = discover(opened, SEEDS)
        assert {"ben", "ada"} <= {*found.accounts()}
        assert "dora" in found.two_hop()


def test_progress_is_told(log: Log) -> None:
    said: list[str] = []
    discover(log, SEEDS, progress=said.append)
    assert any("searching" in text for text in said)
    assert "comparing rankings" in said
    assert "ada" not in "".join(said)


def test_the_result_shows_nobody_in_a_log_of_ours(found: Found) -> None:
    for thing in (found, found.discovery, found.picture, found.ranking, found.figures):
        assert "cleo" not in repr(thing)
        assert "ada" not in repr(thing)


# --- tables and files --------------------------------------------------------------------------


def rows(found: Found) -> list[dict[str, Any]]:
    return [
        {
            **{name: getattr(ranked, name) for name in COLUMNS},
            "evidence": [
                {name: getattr(piece, name) for name in ("kind", "subject", "weight", "words")}
                for piece in ranked.evidence
            ],
        }
        for ranked in found.ranking
    ]


def test_the_table_has_the_schema_of_the_contract(found: Found) -> None:
    table = found.to_table()
    assert table.schema == RANKING_SCHEMA
    assert table.column_names == COLUMNS
    assert table.to_pylist() == rows(found)


def test_the_frame_has_the_same_columns(found: Found) -> None:
    frame = found.to_frame()
    assert list(frame.columns) == COLUMNS
    assert len(frame) == len(found.ranking)
    assert frame["account"].tolist() == [ranked.account for ranked in found.ranking]
    assert frame.loc[0, "evidence"][0]["words"] == found.ranking[0].evidence[0].words


def read_csv(file: Path) -> list[dict[str, Any]]:
    kinds: dict[str, Callable[[str], Any]] = {
        "rank": int,
        "score": float,
        "probability": float,
        "cell": int,
        "touches": int,
        "evidence": json.loads,
    }
    with file.open(newline="", encoding="utf-8") as lines:
        return [
            {
                name: kinds.get(name, str)(value) if value or name == "account" else None
                for name, value in row.items()
            }
            for row in csv.DictReader(lines)
        ]


def test_all_three_forms_hold_the_same(found: Found, tmp_path: Path) -> None:
    parquet, text, array = (found.save(tmp_path / f"r.{end}") for end in ("parquet", "csv", "json"))
    assert pq.read_table(parquet).to_pylist() == rows(found)
    assert pq.read_table(parquet).schema == RANKING_SCHEMA
    assert read_csv(text) == rows(found)
    assert json.loads(array.read_bytes()) == rows(found)


def test_odd_names_survive_every_form(found: Found, tmp_path: Path) -> None:
    odd = msgspec.structs.replace(
        found.ranking[0],
        account='boat, "the \u202eodd"; one\u2028',
        shield=None,
        evidence=(Evidence("tag", "tag:a,b", 0.1 + 0.2, 'posted under #"a,b"\n'),),
    )
    made = Found(
        **{
            **{name: getattr(found, name) for name in Found.__dataclass_fields__},
            "ranking": (odd,),
        }
    )
    files = [made.save(tmp_path / f"odd.{end}") for end in ("parquet", "csv", "json")]
    expected = rows(made)
    assert pq.read_table(files[0]).to_pylist() == expected
    assert read_csv(files[1]) == expected
    assert json.loads(files[2].read_bytes()) == expected


@pytest.mark.parametrize("end", ["parquet", "csv", "json"])
def test_only_the_owner_may_read_a_ranking(found: Found, tmp_path: Path, end: str) -> None:
    """Also where a file that everybody could read stood in its place."""
    file = tmp_path / f"ranking.{end}"
    file.write_text("old")
    file.chmod(0o644)
    before = os.umask(0)
    try:
        assert found.save(str(file)) == file
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


@pytest.mark.parametrize("name", ["ranking", "ranking.txt", "ranking.parquet.gz", ".csv", "r.CSV"])
def test_another_ending_is_refused_and_nothing_written(
    found: Found, tmp_path: Path, name: str
) -> None:
    with pytest.raises(UsageError) as refused:
        found.save(tmp_path / name)
    assert ".parquet, .csv, .json" in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_leaves_the_old_file(
    found: Found, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "ranking.json"
    file.write_text("old")

    def fail(*_: object) -> None:
        raise OSError(5, "a broken disk")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", fail)
        with pytest.raises(StoreError):
            found.save(file)
    assert file.read_text() == "old"
    with pytest.raises(StoreError):
        found.save(tmp_path / "nowhere" / "ranking.json")


def test_neither_links_nor_texts_are_in_a_ranking(tmp_path: Path) -> None:
    link = "https://material.example/picture.png"
    events = [
        event("post", n, who, f"https://quay.example/{n}", links=(link,), text="low tide")
        for n, who in enumerate(SEEDS, 1)
    ]
    with Writer.open(tmp_path / "data") as writer:
        writer.append(sent(events))
    with Log(tmp_path / "data") as log:
        text = discover(log, ["ada"]).save(tmp_path / "r.json").read_text()
    assert '"link#1"' in text
    assert not any(word in text for word in ("material", "tide", "quay.example"))


# --- priors ------------------------------------------------------------------------------------


def write_priors(folder: Path, form: str, rows: list[tuple[Any, Any, Any]]) -> Path:
    columns = dict(zip(("subject", "log_odds", "source"), zip(*rows, strict=True), strict=True))
    file = folder / f"priors.{form}"
    if form == "parquet":
        pq.write_table(pa.table({name: list(column) for name, column in columns.items()}), file)
    else:
        with file.open("w", newline="", encoding="utf-8") as lines:
            csv.writer(lines).writerows([[*columns], *rows])
    return file


PRIORS = [
    ("account:gale", 1.5, "harbour watch"),
    ("tag:#Reef", -2.0, "watch, two"),
    ("star", 1, "x"),
]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_priors_are_read_from_both_forms(tmp_path: Path, form: str) -> None:
    rows = [(subject, float(odds), source) for subject, odds, source in PRIORS]
    assert read_priors(write_priors(tmp_path, form, rows)) == [
        Prior("account", "gale", 1.5, "harbour watch"),
        Prior("tag", "reef", -2.0, "watch, two"),
        Prior("account", "star", 1.0, "x"),
    ]


def test_priors_of_every_form_give_the_same(log: Log) -> None:
    names = ("subject", "log_odds", "source")
    forms: list[Any] = [
        PRIORS,
        [dict(zip(names, row, strict=True)) for row in PRIORS],
        [
            Prior("account", "gale", 1.5, "harbour watch"),
            Prior("tag", "#Reef", -2.0, "watch, two"),
            ["star", "1.0", "x"],
        ],
    ]
    made = [discover(log, SEEDS, priors=rows) for rows in forms]
    assert made[0].ranking == made[1].ranking == made[2].ranking
    assert (made[0].figures.priors, made[0].figures.priors_unknown) == (3, 0)
    assert made[0].ranking != discover(log, SEEDS).ranking


BAD: list[tuple[Any, Any, Any]] = [
    ("", 1.0, "watch"),
    ("account:", 1.0, "watch"),
    ("canary\x07", 1.0, "watch"),
    ("canary", 21.0, "watch"),
    ("canary", float("nan"), "watch"),
    ("canary", 1.0, " "),
    ("canary", 1.0, "a\x07b"),
]


@pytest.mark.parametrize("row", BAD)
@pytest.mark.parametrize(("form", "place"), [("csv", "line 3"), ("parquet", "row 2")])
def test_a_bad_prior_is_named_by_its_place(
    tmp_path: Path, row: tuple[Any, Any, Any], form: str, place: str
) -> None:
    file = write_priors(tmp_path, form, [("ada", 1.0, "watch"), row])
    with pytest.raises(InputError) as refused:
        read_priors(file)
    assert refused.value.where == f"{file}, {place}"
    assert refused.value.hint
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize(
    "row", [*BAD, ("canary", "much", "watch"), ("canary", True, "x"), ("a", 1)]
)
def test_a_bad_row_of_priors_is_named_by_its_place(log: Log, row: Any) -> None:
    with pytest.raises(InputError) as refused:
        discover(log, SEEDS, priors=[("ada", 1.0, "watch"), row])
    assert refused.value.where == "priors[1]"
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_file_without_a_column_is_refused(tmp_path: Path, form: str) -> None:
    file = tmp_path / f"priors.{form}"
    if form == "csv":
        file.write_text("subject,weight\ncanary,1\n")
    else:
        pq.write_table(pa.table({"subject": ["canary"], "weight": [1.0]}), file)
    with pytest.raises(InputError, match="no column log_odds and no column source") as refused:
        read_priors(file)
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("name", ["p.csv", "p.parquet"])
def test_a_file_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes("subject,log_odds,source\ncanary,1,x\n".encode("utf-16"))
    with pytest.raises(InputError) as refused:
        read_priors(tmp_path / name)
    assert "canary" not in str(refused.value)
    with pytest.raises(InputError):
        read_priors(tmp_path / f"absent-{name}")


def test_another_form_of_priors_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        read_priors(tmp_path / "priors.json")


# --- real input --------------------------------------------------------------------------------

TEN = ["11313", "13394", "1855", "18793", "19326", "19569", "2064", "21052", "2230", "3163"]


@pytest.mark.slow
def test_the_rest_of_a_real_group_stands_right_after_its_seeds(
    shared_data: Path, tmp_path: Path
) -> None:
    """German elections 2021 as in the tutorial: two kept back, and one without pictures."""
    page = (Path(__file__).parents[2] / "docs" / "tutorials" / "real-posts.md").read_text("utf-8")
    table = page.partition("```toml\n")[2].partition("```")[0]
    (tmp_path / "map.toml").write_text(table)
    with Writer.open(tmp_path / "data") as writer, redirect_stdout(io.StringIO()):
        ingest(
            [shared_data / "german_elections" / "posts.csv.gz"], writer, map=tmp_path / "map.toml"
        )
    with Log(tmp_path / "data") as log:
        found = discover(log, [f"account:elections/account/fb_{n}" for n in TEN])
    names = [ranked.account.removeprefix("elections/account/fb_") for ranked in found.ranking]
    assert sorted(TEN) == sorted(names[:10])
    assert ["14899", "17226", "666"] == sorted(names[10:13])
    assert {ranked.tier for ranked in found.ranking[:10]} == {"seed"}
    for ranked in found.ranking[10:13]:
        assert ranked.tier in ("above the line", "suspect")
        assert any(piece.kind == "co-shared" for piece in ranked.evidence)


# --- an earlier result ---------------------------------------------------------------------------


def test_an_earlier_result_is_brought_up_to_date(tmp_path: Path) -> None:
    """Of some new events it is enough; it says that it was, and nobody falls out of sight."""
    later = [event("like", 20_000 + i, f"account/{i}", target=f"post/{i}") for i in range(20)]
    with Writer.open(tmp_path) as writer:
        writer.append(sent(harbour()))
        with Log(tmp_path) as opened:
            before = discover(opened, RING)
            same = discover(opened, RING, previous=before)
            writer.append(sent(later))
            after = discover(opened, RING, previous=same)
            anew = discover(opened, RING)
    assert not before.discovery.is_refreshed
    assert same.discovery.is_refreshed
    assert ranking(same) == ranking(before)
    assert after.discovery.is_refreshed
    assert after.figures.last_seq > before.figures.last_seq
    assert any("brought up to date" in note for note in after.notes)
    assert not any("brought up to date" in note for note in anew.notes)
    first = {ranked.account for ranked in anew.ranking[:50]}
    assert len(first & {ranked.account for ranked in after.ranking[:50]}) >= 48


def test_other_seeds_are_searched_for_anew(coast: Log, ashore: Found) -> None:
    found = discover(coast, RING[:9], previous=ashore)
    assert not found.discovery.is_refreshed
    assert ranking(found) == ranking(discover(coast, RING[:9]))


def test_another_log_is_searched_anew(log: Log, ashore: Found, found: Found) -> None:
    assert not discover(log, SEEDS, previous=ashore).discovery.is_refreshed


def test_after_an_erasure_everything_is_counted_anew(tmp_path: Path) -> None:
    with Writer.open(tmp_path) as writer:
        writer.append(sent(harbour()))
        with Log(tmp_path) as opened:
            before = discover(opened, RING)
        erase(writer, "account/3", Kept)
        with Log(tmp_path) as opened:
            assert not discover(opened, RING, previous=before).discovery.is_refreshed
