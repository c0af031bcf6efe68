"""From a log to a ranking, and to the files that it is taken further in."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest

from leeward.errors import InputError, StoreError, UsageError
from leeward.network import Evidence, Seed
from leeward.pipeline import RANKING_SCHEMA, Found, discover, ingest
from leeward.store import Log, Writer
from tests.network._events import event
from tests.network._quay import SEEDS, quay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from leeward.model import Event

COLUMNS = ["rank", "account", "score", "probability", "tier", "touches", "shield", "evidence"]


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
    assert "seeds" not in notes(log, ["crowd/1", "crowd/2", *SEEDS])
    assert "With so few seeds" in notes(log, SEEDS)
    assert "With so few seeds" in notes(log, [*SEEDS, "gale\tinnocent", "finn\tinnocent"])
    assert "no probabilities" in notes(log, SEEDS)


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
    assert figures.reached == len(found.accounts())
    assert figures.suspects == sum(ranked.tier == "suspect" for ranked in found.ranking)
    assert figures.two_hop == len(found.two_hop())
    assert figures.last_seq == len(events)
    assert figures.seconds > 0


def test_the_histogram_counts_every_account_with_a_score(found: Found) -> None:
    edges, counts = found.histogram.edges, found.histogram.counts
    assert sum(counts) == found.figures.reached
    assert len(edges) == len(counts) + 1
    logs = np.log10([ranked.score for ranked in found.ranking])
    expected, _ = np.histogram(logs, edges)
    assert expected.tolist() == list(counts)


def test_every_score_comes_with_a_name(log: Log, found: Found) -> None:
    short = discover(log, SEEDS, shields={"edna": "critic"}, limit=2)
    scores = found.discovery.scores.scores.tolist()
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
        assert found.accounts()[:2] == ["ben", "ada"]
        assert "dora" in found.two_hop()


def test_progress_is_told(log: Log) -> None:
    said: list[str] = []
    discover(log, SEEDS, progress=said.append)
    assert any("walking" in text for text in said)
    assert "ada" not in "".join(said)


def test_the_result_shows_nobody_in_a_log_of_ours(found: Found) -> None:
    for thing in (found, found.discovery, found.picture, found.ranking, found.figures):
        assert "cleo" not in repr(thing)
        assert "ada" not in repr(thing)


# --- tables and files --------------------------------------------------------------------------


def rows(found: Found) -> list[dict[str, Any]]:
    return [
        {
            **{name: getattr(ranked, name) for name in COLUMNS[:-1]},
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
    assert "posted the same link as seed ada" in text
    assert '"link#1"' in text
    assert not any(word in text for word in ("material", "tide", "quay.example"))


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
        assert ranked.tier == "suspect"
        assert any(piece.kind == "co-shared" for piece in ranked.evidence)
    after = found.ranking[12].score / found.ranking[13].score
    assert after > 2
