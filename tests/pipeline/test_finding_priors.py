"""What signals found, as priors of a discovery: how much it counts, and how little it can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.errors import Corrupt
from leeward.model import FINDING_SCHEMA, BankSettings, EvidenceItem, Finding, Meaning
from leeward.network import CONCLUSIVE, Prior
from leeward.pipeline import Heard, discover, priors_from, said_in
from leeward.pipeline import _discover as module
from leeward.pipeline._finding_weights import CAPS, MOST_OF_A_MATCH, SUBJECTS
from leeward.store import Log, Writer
from leeward.store.tables import open_tables, pause_entries, withdraw_entries
from tests.network._harbour import harbour
from tests.pipeline._media_worlds import add, make, value
from tests.pipeline.test_discover import sent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leeward.pipeline import FindingPriors, Found

RING = [f"ring/{i}" for i in range(10)]
THREAD, TAG, ACCOUNT, BANK = "thread-context", "tag-context", "account-context", "bank-match"


def hit(signal: str, subject: str, seq: int = 1, **more: Any) -> Finding:
    given_ = {"version": "1", "outcome": "hit", "at": seq, "score": 4.0, **more}
    return Finding(seq=seq, signal=signal, subject=subject, **given_)


def match(subject: str, *entries: int, media: str = "sail:1", seq: int = 1, **more: Any) -> Finding:
    items = [EvidenceItem("media", media, 0.0)]
    items += [EvidenceItem("bank_entry", f"bank:pilots#{entry}", 0.0) for entry in entries]
    return hit(BANK, subject, seq, **{"score": 3.0, "evidence": tuple(items), **more})


def heard(*findings: Finding) -> Heard:
    said = Heard()
    table = pa.Table.from_pylist([msgspec.to_builtins(f) for f in findings], FINDING_SCHEMA)
    for batch in table.to_batches(max_chunksize=2):
        said.add(batch)
    return said


def weights(*findings: Finding, **meanings: Meaning) -> dict[tuple[str, str], float]:
    """Log-odds by subject; meanings by ``entry_NUMBER``."""
    meant = {int(name.removeprefix("entry_")): meaning for name, meaning in meanings.items()}
    said = heard(*findings).said(lambda _: meant)
    return {(one.kind, one.name): one.log_odds for one in priors(said).priors}


def priors(said: Any, **more: Any) -> FindingPriors:
    """Of subjects that the log knows, each by its name."""
    known: dict[str, int] = {}
    return priors_from(said, lambda kind, name: known.setdefault(kind + name, len(known)), **more)


# --- what is said ------------------------------------------------------------------------------


def test_half_of_a_score_counts_up_to_the_cap() -> None:
    assert weights(hit(THREAD, "post/1", score=2.0)) == {("post", "post/1"): 1.0}
    assert weights(hit(THREAD, "post/1", score=9.0)) == {("post", "post/1"): CAPS["post"]}


def test_the_base_rate_in_a_score_is_no_evidence() -> None:
    evidence = (
        EvidenceItem("replier_overlap", "post/1", 2.0),
        EvidenceItem("reply_burst", "post/1", -0.5),
        EvidenceItem("intercept", "post/1", -4.0),
    )
    found = weights(hit(THREAD, "post/1", score=-2.5, evidence=evidence))
    assert found == {("post", "post/1"): 0.75}
    # The evidence of a text's score does not sum to it: only what says so is a base rate.
    assert weights(hit("rare-text", "ada", score=2.0, evidence=evidence[:2])) == {
        ("account", "ada"): 1.0
    }


def test_many_findings_of_a_signal_count_as_the_highest() -> None:
    findings = [hit(THREAD, "post/1", seq, score=seq / 10) for seq in range(1, 21)]
    assert weights(*findings) == {("post", "post/1"): 1.0}


def test_several_signals_add_up_to_the_cap_at_most() -> None:
    two = [hit(THREAD, "post/1", score=1.0), hit("rare-text-thread", "post/1", score=1.0)]
    assert weights(*two) == {("post", "post/1"): 1.0}
    more = hit("rare-text-thread", "post/1", 2, score=9.0)
    assert weights(*two, more) == {("post", "post/1"): CAPS["post"]}


def test_a_template_counts_by_what_it_weighs_and_not_by_how_many_sent_it() -> None:
    """Its score is a number of accounts: three who share an announcement are no evidence of 1.5."""
    items = (
        EvidenceItem("template.accounts", "post/1", 0.5, 0, 30, value=3.0, count=3),
        EvidenceItem("template.copy", "post/2", 0.0),
    )
    found = weights(hit("template", "post/1", score=3.0, evidence=items))
    assert found == {("post", "post/1"): 0.25}


@given(st.lists(st.tuples(st.sampled_from(sorted(SUBJECTS)), st.floats(-50, 50)), max_size=12))
def test_no_number_of_findings_is_a_conclusion(told: list[tuple[str, float]]) -> None:
    """Below that it makes nobody a witness, and lifts nobody over the line."""
    findings = [hit(name, "it", seq, score=score) for seq, (name, score) in enumerate(told, 1)]
    findings += [match("post/1", 7, media="it", seq=99)]
    for log_odds in weights(*findings, entry_7="illegal_verified").values():
        assert 0 < log_odds < CONCLUSIVE


def test_a_score_moves_up_and_never_down() -> None:
    assert weights(hit(THREAD, "post/1", score=-3.0)) == {}


def test_what_was_abstained_of_or_missed_says_nothing() -> None:
    abstained = hit(THREAD, "post/1", outcome="abstained", reason="no replies", score=None)
    assert weights(abstained, hit(THREAD, "post/2", 2, outcome="miss")) == {}


def test_a_signal_without_log_odds_says_nothing() -> None:
    assert weights(hit("lexicon", "post/1"), hit("community-context", "group/1")) == {}


def test_a_hashtag_is_found_by_its_word() -> None:
    assert list(weights(hit(TAG, "tag:regatta"))) == [("tag", "regatta")]


def test_of_a_signal_the_version_counts_that_spoke_last() -> None:
    old = hit(THREAD, "post/1", 9, version="old", at=5)
    new = hit(THREAD, "post/2", 2, version="new", at=6)
    other = hit(TAG, "regatta", 1, version="old", at=1)
    assert set(weights(old, new, other)) == {("post", "post/2"), ("tag", "regatta")}


# --- banks -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("meaning", "said"),
    [
        ("illegal_verified", MOST_OF_A_MATCH),
        ("illegal_unverified", 1.0),
        ("exploitative", 1.0),
        ("protected_photograph", None),
        ("known_innocent", None),
    ],
)
def test_a_match_counts_by_what_the_bank_means(meaning: Meaning, said: float | None) -> None:
    """It speaks of the picture: who posted it first may be whose picture it is."""
    found = weights(match("post/1", 7), entry_7=meaning)
    assert found == ({} if said is None else {("media", "sail:1"): said})


def test_the_heaviest_entry_counts_once() -> None:
    found = weights(match("post/1", 7, 8), entry_7="exploitative", entry_8="illegal_verified")
    assert found == {("media", "sail:1"): MOST_OF_A_MATCH}


def test_an_entry_that_matches_no_longer_says_nothing() -> None:
    assert weights(match("post/1", 7)) == {}


def test_the_last_finding_of_an_event_counts() -> None:
    """A look-back withdraws a match by a later finding of the same event."""
    later = hit(BANK, "post/1", at=9, version="2", outcome="miss", score=None)
    assert weights(match("post/1", 7, at=8), later, entry_7="illegal_verified") == {}
    assert weights(later, match("post/1", 7, at=10), entry_7="illegal_verified") != {}


def test_the_banks_of_the_log_are_asked(tmp_path: Path) -> None:
    with Writer.open(tmp_path) as writer:
        writer.append(sent(harbour())[:20])
        writer.add_findings([match("post/0/1", 1, 2), match("post/0/2", 2, media="sail:2", seq=2)])
    with Log(tmp_path) as log:
        assert said_in(log) == []  # there is no bank yet
        with open_tables(f"sqlite:///{tmp_path}/leeward.db") as tables:
            make(tables, "pilots", BankSettings(meaning="illegal_verified", source="the pilots"))
            make(tables, "chandlers", BankSettings(meaning="exploitative", source="the chandlers"))
            add(tables, "pilots", value(1))
            add(tables, "chandlers", value(2))
            told = {one.name: one.log_odds for one in said_in(log)}
            assert told == {"sail:1": MOST_OF_A_MATCH, "sail:2": 1.0}
            with tables.begin() as connection:
                withdraw_entries(connection, "pilots", "Ada", "a test", entries=[1])
            assert {one.log_odds for one in said_in(log)} == {1.0}
            with tables.begin() as connection:
                pause_entries(connection, "chandlers", [2], "Ada", "a flood")
            assert said_in(log) == []


# --- priors ------------------------------------------------------------------------------------


def test_copies_of_a_picture_are_one_subject() -> None:
    findings = [match("post/1", 7, media=f"sail:{i}", seq=i) for i in range(1, 9)]
    said = heard(*findings).said(lambda _: {7: "exploitative"})
    found = priors_from(said, lambda *_: 5)
    assert [prior.log_odds for prior in found.priors] == [1.0]
    assert found.findings == 8


def test_what_the_log_does_not_know_is_left_out() -> None:
    said = heard(hit(THREAD, "post/1")).said(lambda _: {})
    assert priors_from(said, lambda *_: None) == ((), 0, (), 0)


def test_what_the_caller_says_stands_in_the_place_of_a_finding() -> None:
    said = heard(hit(THREAD, "post/1"), hit(THREAD, "post/2", 2)).said(lambda _: {})
    found = priors(said, own=[Prior("post", "post/1", -3.0, "a colleague")])
    assert [prior.name for prior in found.priors] == ["post/2"]


def test_beside_few_seeds_only_hints_of_accounts_count() -> None:
    """The search takes things with a prior as witnesses there, and they would outvote a seed."""
    findings = [hit(THREAD, f"post/{i}", i) for i in range(1, 6)]
    findings += [hit(ACCOUNT, "ada", 6), match("post/9", 7, seq=7)]
    said = heard(*findings).said(lambda _: {7: "illegal_verified"})
    few, many = priors(said, confirmed=3), priors(said, confirmed=4)
    assert {prior.kind for prior in few.priors} == {"account"}
    assert (few.held_back, few.findings) == (6, 1)
    assert (many.held_back, many.findings, len(many.priors)) == (0, 7, 7)


def test_a_prior_names_its_signals() -> None:
    said = heard(hit(ACCOUNT, "ada"), hit("rare-text", "ada")).said(lambda _: {})
    (prior,) = priors(said).priors
    assert prior.source == "findings of account-context, rare-text"
    assert "ada" not in repr(said)


# --- a discovery -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def coast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    """1,200 people with a ring of 40: true findings, and false ones about one town."""
    folder = tmp_path_factory.mktemp("coast")
    with Writer.open(folder) as writer:
        writer.append(sent(harbour()))
        true = [hit(THREAD, f"post/tainted/{i}", 1 + i) for i in range(0, 100, 3)]
        false = [hit(THREAD, f"post/3/{i}", 200 + i) for i in range(20)]
        person = [hit(ACCOUNT, "account/65", 300, score=30.0)]
        person += [hit("rare-text", "account/65", 301, score=30.0)]
        writer.add_findings([*true, *false, *person])
    with Log(folder) as opened:
        yield opened


@pytest.fixture(scope="module")
def with_findings(coast: Log) -> Found:
    return discover(coast, RING)


def test_a_discovery_takes_findings_from_the_log_by_itself(
    coast: Log, with_findings: Found
) -> None:
    said = "56 findings of 3 signals were used as priors: account-context, rare-text, "
    assert f"{said}thread-context." in with_findings.notes
    assert (with_findings.figures.findings, with_findings.figures.priors) == (56, 0)
    without = discover(coast, RING, findings=False)
    assert without.figures.findings == 0
    assert not any("finding" in note for note in without.notes)
    assert without.discovery.scores.log_odds.tolist() != (
        with_findings.discovery.scores.log_odds.tolist()
    )


def test_the_evidence_names_the_signals(with_findings: Found) -> None:
    (ranked,) = (one for one in with_findings.ranking if one.account == "account/65")
    (piece,) = (one for one in ranked.evidence if one.kind == "priors")
    assert piece.weight == CAPS["account"]
    assert piece.words == "said that it belongs: findings of account-context, rare-text"


def test_evidence_that_rests_on_a_thing_says_who_said_so_of_it(coast: Log) -> None:
    told = [(f"post:post/tainted/{i}", 3.0, "findings of bank-match") for i in range(0, 100, 3)]
    found = discover(coast, RING[:2], priors=told)
    words = [piece.words for ranked in found.ranking for piece in ranked.evidence]
    assert any("confirmed or reported (findings of bank-match)" in one for one in words)


def test_false_findings_draw_nobody_over_the_line(with_findings: Found) -> None:
    """Neither the people of the town whose threads are flagged, nor the one that was accused."""
    above = {one.account for one in with_findings.ranking if one.tier == "above the line"}
    assert above
    assert all(account.startswith("ring/") for account in above)


def test_a_few_seeds_are_told_what_was_held_back(coast: Log) -> None:
    notes = " ".join(discover(coast, RING[:1]).notes)
    assert "54 hints that signals gave of posts, pictures and hashtags were left out" in notes


def test_findings_that_cannot_be_read_are_told(coast: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Log) -> list[Any]:
        raise Corrupt("a file of findings is missing", hint="restore it")

    monkeypatch.setattr(module, "said_in", broken)
    found = discover(coast, RING)
    assert "What signals found was left out: a file of findings is missing." in found.notes
