"""What an operator's list finds, and where."""

from __future__ import annotations

import pytest

from leeward.errors import InputError, UsageError
from leeward.signals import ABSTAINED, MAX_EVIDENCE, MAX_TERMS, MISS, UNASKED, Lexicon, Term
from tests.signals._lists import batch_of, found, lexicon_of, rows_of


def test_a_term_counts_as_a_word_of_the_source_text() -> None:
    lexicon = lexicon_of("boat")

    texts = ("A Boat!", "boats", "steamboat", "my-boat.", "boat\u0301", "boat\u200bs", "\u00e9boat")
    assert found(lexicon, *texts) == [["Boat"], [], [], ["boat"], ["boat\u0301"], [], []]


@pytest.mark.parametrize(
    ("boundary", "expected"),
    [
        ("both", [["reef"], [], [], []]),
        ("start", [["reef"], ["reef"], [], []]),
        ("end", [["reef"], [], ["reef"], []]),
        ("none", [["reef"], ["reef"], ["reef"], ["reef"]]),
    ],
)
def test_a_boundary_is_asked_for_where_the_entry_says(
    boundary: str, expected: list[list[str]]
) -> None:
    lexicon = lexicon_of("reef", boundary=boundary)

    assert found(lexicon, "a reef", "reefs", "underreef", "areefs") == expected


def test_scripts_without_blanks_need_no_boundary() -> None:
    lexicon = lexicon_of("港口", "เรือ", "порт")

    texts = ("大港口大", "นั่งเรือไป", "порты", "в порт.")
    assert found(lexicon, *texts) == [["港口"], ["เรือ"], [], ["порт"]]


@pytest.mark.parametrize(
    ("hashtags", "expected"),
    [
        ("words", [[], ["Harbour"], [], ["harbour"], ["harbour"], ["harbour"]]),
        ("parts", [["harbour"], ["Harbour"], [], ["harbour"], ["harbour"], ["harbour"]]),
        ("whole", [[], [], [], [], ["harbour"], ["harbour"]]),
        ("only", [[], [], [], [], ["harbour"], []]),
    ],
)
def test_a_hashtag_counts_as_the_entry_says(hashtags: str, expected: list[list[str]]) -> None:
    lexicon = lexicon_of("harbour", hashtags=hashtags)

    texts = (
        "#harbourdays",
        "#OldHarbour2",
        "#oldharbourdays",
        "#old_harbour",
        "#harbour",
        "harbour",
    )
    assert found(lexicon, *texts) == expected


def test_a_short_term_is_no_part_of_a_run_together_hashtag() -> None:
    assert found(lexicon_of("boat", hashtags="parts"), "#boatdays", "#BoatDays") == [[], ["Boat"]]


def test_a_tag_that_the_text_does_not_hold_is_evidence_without_offsets() -> None:
    looked = lexicon_of("harbour").look(
        batch_of(["#harbour", "quiet", None], [["harbour"], ["harbour"], ["harbour"]]), at=0
    )

    spans = [[(item.start, item.end) for item in one.evidence] for one in looked.findings]
    assert spans == [[(1, 8)], [(None, None)], [(None, None)]]


def test_case_and_marks_count_where_the_entry_says() -> None:
    assert found(lexicon_of("Wren", cased=True), "a wren", "a Wren", "WREN") == [[], ["Wren"], []]
    texts = ("the quay", "the qu\u00e1y", "qua\u0301y")
    assert found(lexicon_of("quay"), *texts) == [["quay"], ["qu\u00e1y"], ["qua\u0301y"]]
    assert found(lexicon_of("quay", marked=True), *texts) == [["quay"], [], []]
    assert found(lexicon_of("weir", marked=True), "weir\u0301", "weir") == [[], ["weir"]]
    assert found(lexicon_of("qu\u00e1y", marked=True), *texts) == [
        [],
        ["qu\u00e1y"],
        ["qua\u0301y"],
    ]


def test_an_emoji_is_found_with_selectors_and_skin_tones() -> None:
    lexicon = lexicon_of("\N{ANCHOR}", "\N{WAVING HAND SIGN}\N{SAILBOAT}")

    tone = "\N{WAVING HAND SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}\N{SAILBOAT}\ufe0f"
    assert [len(spans) for spans in found(lexicon, "x\N{ANCHOR}\ufe0fy", tone)] == [1, 1]


def test_a_finding_points_to_the_entry_and_scores_the_gravest() -> None:
    terms = [
        Term(term="reef", of="boats", severity="low"),
        Term(term="weir", of="w", severity="high"),
    ]
    (finding,) = Lexicon(terms, name="coast").look(batch_of(["a reef, a we1r"]), at=5).findings

    assert (finding.subject, finding.score, finding.at) == ("post:0", 3.0, 5)
    assert [(item.kind, item.subject) for item in finding.evidence] == [
        ("lexicon.w.disguised", "lexicon:coast/2"),
        ("lexicon.boats", "lexicon:coast/1"),
    ]


def test_a_message_full_of_terms_names_the_heaviest_only() -> None:
    terms = [
        Term(term="reef", of="boats", severity="low"),
        Term(term="weir", of="w", severity="high"),
    ]
    (finding,) = Lexicon(terms).look(batch_of(["reef " * 100 + "weir"]), at=0).findings

    assert len(finding.evidence) == MAX_EVIDENCE
    assert finding.evidence[0].kind == "lexicon.w"


def test_an_empty_list_abstains_and_what_holds_no_text_is_not_asked() -> None:
    batch = batch_of(["a reef", None])

    assert Lexicon([]).look(batch, at=0).outcomes.tolist() == [ABSTAINED, UNASKED]
    assert {f.reason for f in Lexicon([]).look(batch, at=0).findings} == {"the list is empty"}
    assert lexicon_of("weir").look(batch, at=0).outcomes.tolist() == [MISS, UNASKED]


def test_a_list_has_one_version_and_another_list_another() -> None:
    first, again, other = lexicon_of("reef"), lexicon_of("reef"), lexicon_of("weir")

    assert first.version == again.version != other.version
    assert lexicon_of("reef", severity="high").version != first.version
    assert Lexicon([Term(term="reef", of="boats")], disguised=False).version != first.version


def test_text_that_nobody_folded_is_folded_here() -> None:
    batch = batch_of(["\N{FULLWIDTH LATIN CAPITAL LETTER R}eef", "Straße am Meer"])
    nowhere = batch.drop_columns(["folded"])

    lexicon = Lexicon([Term(term="reef", of="x"), Term(term="strasse", of="x")], disguised=False)
    assert lexicon.look(batch, at=0).findings == lexicon.look(nowhere, at=0).findings
    assert len(lexicon.look(nowhere, at=0).findings) == 2


def test_many_rows_are_looked_at_in_pieces() -> None:
    texts = ["calm"] * 40_000
    texts[5], texts[20_000], texts[39_999] = "a reef", "the r3ef", "reef"

    looked = lexicon_of("reef").look(batch_of(texts), at=0)
    assert [finding.seq for finding in looked.findings] == [6, 20_001, 40_000]


def test_what_is_no_term_is_refused_without_being_shown() -> None:
    with pytest.raises(InputError, match="letter or a symbol") as caught:
        Lexicon([Term(term="reef", of="x"), Term(term=" \u3000", of="x")])
    assert "entry 2" in str(caught.value)
    with pytest.raises(UsageError, match="100,000"):
        Lexicon([Term(term="reef", of="x")] * (MAX_TERMS + 1))


def test_nothing_that_prints_shows_a_term() -> None:
    lexicon = lexicon_of("quillwort", note="seen at the weir")
    term = Term(term="quillwort", of="boats", note="seen at the weir")

    looked = lexicon.look(batch_of(["a quillwort"]), at=0)
    shown = " ".join(map(repr, (lexicon, term, looked, looked.findings)))
    assert "quillwort" not in shown
    assert "weir" not in shown
    assert len(lexicon) == 1
    assert rows_of([]).num_rows == 0


def test_a_long_text_full_of_terms_takes_no_longer_than_it_is_long() -> None:
    lexicon = lexicon_of("reef", "weir", hashtags="parts", boundary="none")

    # Squares of these lengths would take hours.
    texts = ["#" + "reef" * 20_000, "r3ef" * 20_000, "é reef" * 15_000, "r e e f " * 10_000]
    looked = lexicon.look(batch_of(texts), at=0)
    assert [len(finding.evidence) for finding in looked.findings] == [MAX_EVIDENCE] * 4
