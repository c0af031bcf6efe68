"""From seeds to a ranking: who stands where, under which shield, and on what evidence."""

from __future__ import annotations

import re
from math import fsum
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leeward.errors import UsageError
from leeward.model import LabelWord, MediaRef
from leeward.network import (
    TIERS,
    Discovery,
    Graph,
    Node,
    Prior,
    Search,
    Seed,
    discover,
    search,
)
from tests.network._events import HASHER, event, graph_of, in_pieces, random_events
from tests.network._harbour import harbour
from tests.network._quay import CROWD, SEEDS, quay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leeward.model import Event
    from leeward.network import Ranked


def offenders(*names: str) -> list[Seed]:
    return [Seed("account", name) for name in names]


@pytest.fixture(scope="module")
def platform() -> Graph:
    return graph_of(quay())


@pytest.fixture(scope="module")
def coast() -> Graph:
    """A platform of 1,200 with a ring of 40; large enough to hide seeds and look for them."""
    return graph_of(harbour())


@pytest.fixture(scope="module")
def ashore(coast: Graph) -> Discovery:
    return found(coast, offenders(*(f"ring/{i}" for i in range(10))), limit=1_200)


def found(graph: Graph, seeds: Sequence[Seed] = (), **options: Any) -> Discovery:
    return discover(graph, seeds or offenders(*SEEDS), HASHER, **options)


def by_name(discovery: Discovery) -> dict[str, Ranked]:
    return {ranked.account: ranked for ranked in discovery.ranking}


# --- who stands where --------------------------------------------------------------------------


def test_the_accomplice_stands_above_all_who_are_no_seeds(platform: Graph) -> None:
    others = [
        ranked
        for ranked in found(platform).ranking
        if ranked.tier != "seed" and ranked.account != "hugo"  # who did the same
    ]
    assert others[0].account == "cleo"
    assert others[0].tier == "suspect"


def test_whose_picture_was_taken_stands_nowhere_high(platform: Graph) -> None:
    """Dora's post was reposted, liked, copied, answered; she was followed and mentioned."""
    rows = by_name(found(platform))
    assert rows["dora"].score < rows["cleo"].score
    assert rows["dora"].score <= rows["crowd/0"].score
    assert rows["dora"].tier == "shielded"


def test_the_tags_of_whose_posts_were_taken_lead_to_nobody_either() -> None:
    """Seeds repost pictures of dora's, which stand under a tag that she and her mother use."""
    graph = graph_of(
        [
            *(event("post", n, "dora", f"dora/{n}", tags=("garden",)) for n in (1, 2, 3)),
            event("post", 4, "mother", "mother/1", tags=("garden",)),
            *(event("repost", 10 + n, "ada", target=f"dora/{n}") for n in (1, 2, 3)),
            *(event("repost", 20 + n, "ben", target=f"dora/{n}") for n in (1, 2, 3)),
            *(event("repost", 30 + n, "cleo", target=f"dora/{n}") for n in (1, 2, 3)),
        ]
    )
    rows = by_name(found(graph))
    for name in ("dora", "mother"):
        assert rows[name].score < rows["cleo"].score
        assert rows[name].tier not in ("suspect", "above the line")


def test_whoever_argued_and_complained_is_asked_first(platform: Graph) -> None:
    assert by_name(found(platform))["edna"].tier == "ask first"


def test_a_complaint_raises_nobody() -> None:
    without, flagged = (
        by_name(found(graph_of([e for e in quay() if e.kind != "flag" or keep])))["edna"]
        for keep in (False, True)
    )
    assert flagged.score <= without.score
    assert flagged.tier == "ask first"


def test_a_bot_and_a_passer_by_stand_below_the_accomplice(platform: Graph) -> None:
    rows = by_name(found(platform))
    assert rows["cleo"].score > rows["gale"].score
    assert rows["cleo"].score > rows["finn"].score
    assert rows["cleo"].score > rows["crowd/0"].score


def test_who_touched_nothing_has_no_score() -> None:
    """Only followed, mentioned and complained."""
    idle = [
        event("follow", 1_001, "olga", target="ada"),
        event("flag", 1_002, "olga", target="ada/1"),
        event("account", 1_003, "paul", "paul"),
    ]
    graph = graph_of([*quay(), *idle])
    discovery = found(graph)
    names = [graph.name(node) for node in discovery.scores.nodes.tolist()]
    touching = {e.actor for e in quay() if e.kind in ("post", "repost", "like")}
    assert {*names} == touching
    assert len(names) == len(touching)
    told = found(graph, [*offenders(*SEEDS), Seed("account", "paul")])
    assert by_name(told)["paul"].tier == "seed"


def test_who_rests_on_one_other_account_stands_below() -> None:
    graph = graph_of(
        [
            event("post", 1, "ada", "p/1"),
            event("repost", 2, "ben", target="p/1"),
            event("post", 3, "cleo", "p/3"),
            event("repost", 4, "dan", target="p/3"),
            event("repost", 5, "dan", target="p/1"),
        ]
    )
    rows = by_name(found(graph, offenders("ada", "cleo")))
    assert rows["ben"].tier in ("below", "ask first")
    assert rows["dan"].score > rows["ben"].score


# --- shields -----------------------------------------------------------------------------------


def test_a_minor_is_protected_and_nothing_says_so(platform: Graph) -> None:
    discovery = found(platform, offenders(*SEEDS, "hugo"))
    hugo = by_name(discovery)["hugo"]
    assert (hugo.tier, hugo.shield) == ("shielded", "protected")
    everything = msgspec.json.encode([discovery.ranking, discovery.picture]) + repr(TIERS).encode()
    assert not re.search(rb"minor|child", everything, re.IGNORECASE)


@pytest.mark.parametrize("role", ["child", "Child", " minor ", "MINOR"])
def test_a_role_that_tells_an_age_is_not_told(platform: Graph, role: str) -> None:
    cleo = by_name(found(platform, shields={"cleo": role}))["cleo"]
    assert (cleo.tier, cleo.shield) == ("shielded", "protected")


def test_shields_of_the_operator_hold_for_anybody(platform: Graph) -> None:
    rows = by_name(
        found(platform, shields={"cleo": "reporter", "ada": "critic", "nobody": "reporter"})
    )
    assert ("shielded", "reporter") == (rows["cleo"].tier, rows["cleo"].shield)
    assert ("shielded", "critic") == (rows["ada"].tier, rows["ada"].shield)
    assert ("seed", None) == (rows["ben"].tier, rows["ben"].shield)


def test_an_innocent_seed_is_shielded_and_lowers_others(platform: Graph) -> None:
    """Edna reposted what cleo reposted, and is known to have meant no harm."""
    cleared = [Seed("account", "edna", "innocent", 1e-6), Seed("account", "star", "innocent", 1e6)]
    rows, lower = (by_name(found(platform, [*offenders(*SEEDS), *also])) for also in ([], cleared))
    assert ("shielded", "confirmed innocent") == (lower["edna"].tier, lower["edna"].shield)
    for name in ("edna", "cleo"):
        assert lower[name].score < rows[name].score
    told = {piece.kind: piece for piece in lower["edna"].evidence}["priors"]
    assert told.weight < 0
    assert told.words == "given as confirmed innocent"


def test_a_tier_follows_from_the_shield_for_everybody(platform: Graph) -> None:
    for ranked in found(platform, shields=dict.fromkeys(CROWD, "reporter")).ranking:
        assert (ranked.tier == "shielded") == (ranked.shield is not None)
        assert ranked.tier in TIERS


# --- seeds -------------------------------------------------------------------------------------


def test_seeds_are_told_apart_and_unknown_ones_reported(platform: Graph) -> None:
    lost = [Seed("account", "ada "), Seed("post", "ada"), Seed("media", "picture/sai")]
    discovery = found(platform, [*offenders(*SEEDS), *lost])
    assert {name for name, row in by_name(discovery).items() if row.tier == "seed"} == {*SEEDS}
    assert tuple(lost) == discovery.unknown
    assert len(discovery.seeds) == 2


def test_every_kind_of_seed_is_found(platform: Graph) -> None:
    seeds = [
        Seed("tag", "#Reef"),
        Seed("post", "ada/1"),
        Seed("media", "picture/sail"),
        Seed("media", "5a" * 32),
        Seed("account", "ada"),
    ]
    discovery = found(platform, seeds)
    assert not discovery.unknown
    kinds = [Node(platform.kind[node]).name for node in discovery.seeds]
    assert ["TAG", "POST", "MEDIA", "MEDIA", "ACCOUNT"] == kinds


def test_two_names_of_one_picture_count_as_one_seed_of_both_weights(platform: Graph) -> None:
    ada = Seed("account", "ada")
    both = [Seed("media", "picture/sail"), Seed("media", "5a" * 32), ada]
    one = [Seed("media", "picture/sail", weight=2.0), ada]
    expected, actual = (by_name(found(platform, seeds)) for seeds in (one, both))
    assert {name: row.score for name, row in expected.items()} == pytest.approx(
        {name: row.score for name, row in actual.items()}, rel=1e-9
    )


@pytest.mark.parametrize(
    "seeds",
    [
        [],
        [Seed("account", "canary")],
        [Seed("account", "ada", "innocent")],
        [Seed("account", "canary"), Seed("account", "ada", "innocent")],
    ],
)
def test_without_an_offending_seed_nothing_can_be_found(platform: Graph, seeds: list[Seed]) -> None:
    with pytest.raises(UsageError) as refused:
        discover(platform, seeds, HASHER)
    assert refused.value.hint
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize(
    ("one", "other"), [("picture/sail", "picture/sail"), ("picture/sail", "5a" * 32)]
)
def test_nothing_is_an_offender_and_innocent_at_once(platform: Graph, one: str, other: str) -> None:
    with pytest.raises(UsageError) as refused:
        found(platform, [Seed("media", one), Seed("media", other, "innocent")])
    assert refused.value.hint
    assert one not in str(refused.value)


def test_the_weights_of_seeds_are_relative(platform: Graph) -> None:
    heavy = [Seed("account", name, weight=1e6) for name in SEEDS]
    light = [Seed("account", name, weight=1e-6) for name in SEEDS]
    expected, actual = (
        {name: row.score for name, row in by_name(found(platform, seeds)).items()}
        for seeds in (heavy, light)
    )
    assert expected == pytest.approx(actual)


# --- the ranking -------------------------------------------------------------------------------


@given(
    seed=st.integers(0, 2**32),
    count=st.integers(5, 120),
    labels=st.lists(st.sampled_from(["offender", "innocent"]), max_size=6),
)
def test_ranks_rise_scores_fall_and_the_evidence_adds_up(
    seed: int, count: int, labels: list[LabelWord]
) -> None:
    rng = np.random.default_rng(seed)
    graph = graph_of(random_events(rng, count))
    names = rng.permutation([graph.name(n) for n in graph.accounts().tolist()]).tolist()
    seeds = [
        Seed("account", name, label)
        for name, label in zip(names, ["offender", *labels], strict=False)
    ]
    discovery = found(graph, seeds)
    ranking = discovery.ranking
    assert list(range(1, len(ranking) + 1)) == [ranked.rank for ranked in ranking]
    scores = [ranked.score for ranked in ranking]
    assert sorted(scores, reverse=True) == scores
    assert discovery.scores.log_odds.tolist() == scores
    assert len({ranked.account for ranked in ranking}) == len(ranking)
    for ranked in ranking:
        _adds_up(ranked)
        node = graph.find("account", ranked.account, HASHER)
        assert node is not None
        assert ranked.touches == len(graph.out.node[graph.out.row(node)])
        assert all(_resolves(graph, piece.subject) for piece in ranked.evidence)


def _adds_up(ranked: Ranked) -> None:
    """The weights are the score, the weightiest first and the base rate last."""
    assert fsum(piece.weight for piece in ranked.evidence) == pytest.approx(ranked.score, abs=1e-9)
    kinds = [piece.kind for piece in ranked.evidence]
    assert "base rate" not in kinds[:-1]
    weights = [
        round(abs(piece.weight), 9) for piece in ranked.evidence if piece.kind != "base rate"
    ]
    assert sorted(weights, reverse=True) == weights
    for piece in ranked.evidence:
        assert (piece.weight == 0) <= (piece.kind in ("co-shared", "complained", "argued"))


def _resolves(graph: Graph, subject: str) -> bool:
    """Whether a subject is a name of the log, or the place of the event that first named it."""
    kind, opaque, place = subject.partition("#")
    if not opaque:
        kind, _, name = subject.partition(":")
        return graph.find(kind, name, HASHER) is not None
    seq, _, slot = place.partition(".")
    of_kind = graph.kind == Node[kind.upper()]
    return bool((of_kind & (graph.first == int(seq)) & (graph.slot == int(slot or 0))).any())


def test_a_post_goes_by_the_event_that_first_names_it() -> None:
    """Which may be a repost, where the post itself came to the log later or never."""
    graph = graph_of(
        [
            event("repost", 41, "ben", target="p/1"),
            event("post", 57, "ada", "p/1"),
            event("repost", 58, "cleo", target="p/1"),
        ]
    )
    pieces = by_name(found(graph, offenders("ada")))["cleo"].evidence
    assert "post#41" in {piece.subject for piece in pieces if piece.kind == "reposted"}


def test_equal_scores_stand_in_the_order_of_the_log() -> None:
    names = [f"boat/{n}" for n in np.random.default_rng(4).permutation(40)]
    graph = graph_of(
        [event("post", 1, "ada", "p/1")]
        + [event("like", n, name, target="p/1") for n, name in enumerate(names, 2)]
    )
    ranking = found(graph, offenders("ada")).ranking
    assert len({ranked.score for ranked in ranking[1:]}) == 1
    assert ["ada", *names] == [ranked.account for ranked in ranking]


def test_no_more_are_ranked_than_asked_for(platform: Graph) -> None:
    everybody, few = found(platform), found(platform, limit=3)
    assert everybody.ranking[:3] == few.ranking
    assert everybody.scores.nodes.tolist() == few.scores.nodes.tolist()


@pytest.mark.parametrize("limit", [0, -1])
def test_an_empty_ranking_is_not_asked_for(platform: Graph, limit: int) -> None:
    with pytest.raises(UsageError):
        found(platform, limit=limit)


def test_the_picture_holds_the_seeds_and_the_foremost(platform: Graph) -> None:
    discovery = found(platform)
    places = [ranked.rank for ranked in discovery.picture.accounts]
    assert sorted(places) == places
    assert {*SEEDS, "cleo"} <= {ranked.account for ranked in discovery.picture.accounts}
    size = len(discovery.picture.accounts)
    assert all(0 <= tie.a < tie.b < size for tie in discovery.picture.ties)


def test_a_seed_too_low_for_the_foremost_is_drawn_all_the_same() -> None:
    """Ben did nothing that anybody else did, but hundreds of ordinary things."""
    crowd = [event("repost", n, f"boat/{n}", target="p/1") for n in range(10, 400)]
    alone = [event("post", 1_000 + n, "ben", f"ben/{n}") for n in range(400)]
    graph = graph_of([event("post", 1, "ada", "p/1"), *crowd, *alone])
    discovery = found(graph, offenders("ada", "ben"))
    drawn = [ranked.account for ranked in discovery.picture.accounts]
    assert len(drawn) == 300
    assert {"ada", "ben"} <= {*drawn}


# --- where there is enough to tell ---------------------------------------------------------------


def test_the_evidence_adds_up_on_a_larger_platform(ashore: Discovery) -> None:
    assert ashore.search.abstained is None
    for ranked in ashore.ranking:
        _adds_up(ranked)


def test_the_scores_are_those_of_the_search(coast: Graph, ashore: Discovery) -> None:
    place = ashore.search.touches.account_at[ashore.scores.nodes]
    assert ashore.scores.log_odds.tolist() == ashore.search.log_odds[place].tolist()
    assert ashore.scores.probability.tolist() == ashore.search.probability[place].tolist()
    assert [ranked.account for ranked in ashore.ranking] == [
        coast.name(node) for node in ashore.scores.nodes.tolist()
    ]
    assert [ranked.probability for ranked in ashore.ranking] == ashore.scores.probability.tolist()


def test_the_tiers_are_what_their_words_say(coast: Graph, ashore: Discovery) -> None:
    """Told once more for each account, one after the other."""
    search = ashore.search
    asked = {m for cell in ashore.cells if cell.question for m in cell.members.tolist()}
    for ranked in ashore.ranking:
        node = coast.find("account", ranked.account, HASHER)
        place = int(search.touches.account_at[node or 0])
        as_high = sum(other >= ranked.score for other in search.log_odds.tolist())
        if ranked.account in {f"ring/{i}" for i in range(10)}:
            expected = "seed"
        elif search.asked_first[place] or place in asked:
            expected = "ask first"
        elif ranked.score >= search.line:
            expected = "above the line"
        elif (ranked.probability or 0) >= 0.5 or as_high <= search.extent.estimate + 1:
            expected = "suspect"
        else:
            expected = "below"
        assert ranked.tier == expected
    above = [ranked for ranked in ashore.ranking if ranked.tier == "above the line"]
    assert ashore.above_line == len(above)


def test_cells_are_numbered_from_the_largest(coast: Graph, ashore: Discovery) -> None:
    cells = {ranked.account: ranked.cell for ranked in ashore.ranking}
    for number, cell in enumerate(ashore.cells, 1):
        names = [coast.name(n) for n in ashore.search.touches.accounts[cell.members].tolist()]
        expected = number if len(names) > 1 else None
        assert {expected} == {cells[name] for name in names}
    sizes = [len(cell.members) for cell in ashore.cells]
    assert sorted(sizes, reverse=True) == sizes
    members = {m for cell in ashore.cells for m in cell.members.tolist()}
    assert members == {*np.flatnonzero(ashore.search.suspicion > 0).tolist()}


def test_nobody_with_a_shield_is_above_the_line(coast: Graph, ashore: Discovery) -> None:
    named = {ranked.account: "reporter" for ranked in ashore.ranking[:30]}
    rows = by_name(found(coast, offenders(*(f"ring/{i}" for i in range(10))), shields=named))
    assert {rows[name].tier for name in named} == {"shielded"}


def test_ranks_by_other_rankings_are_true(coast: Graph, ashore: Discovery) -> None:
    search = ashore.search
    for ranked in ashore.ranking:
        place = search.touches.account_at[coast.find("account", ranked.account, HASHER) or 0]
        for piece in ranked.evidence:
            found = re.search(r"first ([\d,]+) of 1,200 by the votes", piece.words)
            if found is not None:
                votes = search.families["votes"]
                above = int((votes > votes[place]).sum())
                assert above < int(found[1].replace(",", ""))


def test_where_the_search_abstains_everybody_is_asked_first(
    platform: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*given: Any, **more: Any) -> Search:
        return search(*given, **more)._replace(abstained="nothing in common", line=-100.0)

    monkeypatch.setattr("leeward.network._result.discovery.search", silent)
    discovery = found(platform, shields={"cleo": "reporter"})
    assert {row.tier for row in discovery.ranking} == {"seed", "shielded", "ask first"}
    assert {row.probability for row in discovery.ranking} == {None}
    assert {row.cell for row in discovery.ranking} == {None}
    assert discovery.cells == ()
    assert discovery.above_line == 0


def test_with_two_seeds_there_is_an_order_and_no_probability(platform: Graph) -> None:
    discovery = found(platform)
    assert discovery.search.own is None
    assert {row.probability for row in discovery.ranking} == {None}
    assert "above the line" not in {row.tier for row in discovery.ranking}
    scores = discovery.search.log_odds.tolist()
    for row in discovery.ranking:
        as_high = sum(other >= row.score for other in scores)
        within = as_high <= 10 * len(SEEDS)
        if row.tier in ("suspect", "below"):
            base = {piece.kind: piece.weight for piece in row.evidence}.get("base rate", 0.0)
            assert (row.tier == "suspect") == (row.score - base > 0 and within)


def test_progress_is_told(platform: Graph) -> None:
    said: list[str] = []
    found(platform, progress=said.append)
    assert len(said) > 1
    assert "ada" not in "".join(said)


# --- priors ------------------------------------------------------------------------------------


def test_a_prior_is_a_part_of_the_score_and_names_its_sources(platform: Graph) -> None:
    priors = [
        Prior("account", "gale", 1.5, "harbour watch"),
        Prior("account", "gale", -0.5, "lighthouse"),
        Prior("account", "star", -1.0, "harbour watch"),
    ]
    rows = by_name(found(platform, priors=priors))
    pieces = {
        name: {piece.kind: piece for piece in rows[name].evidence}["priors"]
        for name in ("gale", "star")
    }
    assert pieces["gale"].weight == 1.0
    assert pieces["gale"].words == "said that it belongs: harbour watch, lighthouse"
    assert pieces["gale"].subject == "account:gale"
    assert pieces["star"].words == "said that it does not belong: harbour watch"
    for row in rows.values():
        _adds_up(row)


def test_what_many_say_is_no_surer_than_one_may_be(platform: Graph) -> None:
    """Fifty rows of +19 in a file are no proof fifty times as strong."""
    for sign in (1.0, -1.0):
        priors = [Prior("account", "gale", sign * 19.0, f"watch {n}") for n in range(50)]
        row = by_name(found(platform, priors=priors))["gale"]
        assert {piece.kind: piece.weight for piece in row.evidence}["priors"] == sign * 20.0
        _adds_up(row)


def test_of_many_sources_three_are_named(platform: Graph) -> None:
    priors = [Prior("account", "gale", 0.1, f"watch {n}") for n in (5, 3, 4, 1, 2)]
    pieces = by_name(found(platform, priors=priors))["gale"].evidence
    (words,) = (piece.words for piece in pieces if piece.kind == "priors")
    assert words == "said that it belongs: watch 1, watch 2, watch 3 and 2 more"


@pytest.mark.parametrize(
    ("events", "seeds", "problem", "next_"),
    [
        ([], offenders("ada"), "the log holds no events", "leeward ingest"),
        (quay(), [], "no seed is given", "belongs to the network"),
        (quay(), [Seed("account", "ada", "innocent")], "given as innocent", "belongs to"),
        (quay(), offenders("canary"), "knows none of the offending seeds", "account:URI"),
    ],
)
def test_where_there_is_nothing_to_begin_with_it_says_which(
    events: list[Event], seeds: list[Seed], problem: str, next_: str
) -> None:
    with pytest.raises(UsageError) as raised:
        discover(graph_of(events), seeds, HASHER)
    assert problem in raised.value.message
    assert next_ in str(raised.value.hint)


def test_priors_that_nobody_knows_are_told(platform: Graph) -> None:
    lost = [Prior("account", "canary", 2.0, "watch"), Prior("tag", "canary", 2.0, "watch")]
    known = Prior("tag", "#Reef", 1.0, "watch")
    discovery = found(platform, priors=[lost[0], known, lost[1]])
    assert discovery.unknown_priors == tuple(lost)
    assert not found(platform, priors=[known]).unknown_priors


def test_what_is_said_of_a_seed_counts_for_nothing(platform: Graph) -> None:
    plain, said = (
        found(platform, priors=priors) for priors in ([], [Prior("account", "ada", -3.0, "watch")])
    )
    assert plain.ranking == said.ranking


@pytest.mark.parametrize("odds", [float("nan"), float("inf"), -float("inf"), 20.1, -20.1])
def test_log_odds_that_are_no_measure_are_refused(odds: float) -> None:
    with pytest.raises(UsageError) as refused:
        Prior("account", "canary", odds, "watch")
    assert refused.value.where == "Prior.log_odds"
    assert refused.value.hint
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "source", "field"),
    [("link", "watch", "kind"), ("account", " ", "source"), ("account", "a\nb", "source")],
)
def test_a_prior_of_another_form_is_refused(kind: str, source: str, field: str) -> None:
    with pytest.raises(UsageError) as refused:
        Prior(kind, "canary", 1.0, source)
    assert refused.value.where == f"Prior.{field}"


def test_a_prior_shows_neither_its_subject_nor_its_source() -> None:
    shown = repr(Prior("account", "canary", 1.5, "harbour watch"))
    assert shown == "<Prior account +1.50>"


# --- any build of the graph --------------------------------------------------------------------


@given(seed=st.integers(0, 2**32), count=st.integers(5, 150), starts=st.integers(1, 3))
@example(seed=2_273_593, count=36, starts=2)  # where two sums are equal but for their order
def test_it_does_not_matter_how_the_log_came_in(seed: int, count: int, starts: int) -> None:
    rng = np.random.default_rng(seed)
    events = random_events(rng, count)
    one, other = graph_of(events), in_pieces(events, rng)
    names = sorted({one.name(int(n)) for n in rng.choice(one.accounts(), starts)})
    expected, actual = (found(graph, offenders(*names)) for graph in (one, other))
    assert [_row(ranked) for ranked in expected.ranking] == [
        _row(ranked) for ranked in actual.ranking
    ]
    assert expected.picture.ties == actual.picture.ties
    assert {one.name(n) for n in expected.two_hop.tolist()} == {
        other.name(n) for n in actual.two_hop.tolist()
    }


def _row(ranked: Ranked) -> tuple[Any, ...]:
    """What a person reads; sums of floats may differ in their last bits."""
    told = [
        (piece.kind, piece.subject, round(piece.weight, 5), piece.words)
        for piece in ranked.evidence
    ]
    return ranked.rank, ranked.account, f"{ranked.score:.4g}", ranked.tier, ranked.touches, told


def test_the_platform_in_pieces_gives_the_same_result() -> None:
    events = [
        *quay(),
        event("post", 200, "ivo", "ivo/1", media=(MediaRef(sha256="5a" * 32),), tags=("reef",)),
    ]
    expected = found(graph_of(events))
    for turn in range(5):
        actual = found(in_pieces(events, np.random.default_rng(turn)))
        assert [*map(_row, expected.ranking)] == [*map(_row, actual.ranking)]
        assert expected.picture.ties == actual.picture.ties
