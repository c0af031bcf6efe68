"""From seeds to a ranking: who stands where, under which shield, and on what evidence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.errors import UsageError
from leeward.model import MediaRef
from leeward.network import TIERS, Discovery, Graph, Node, Seed, discover
from tests.network._events import HASHER, event, graph_of, random_events
from tests.network._quay import CROWD, SEEDS, quay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leeward.model import Event
    from leeward.network import Label, Ranked


def offenders(*names: str) -> list[Seed]:
    return [Seed("account", name) for name in names]


@pytest.fixture(scope="module")
def platform() -> Graph:
    return graph_of(quay())


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
    assert others[0].score > 2 * others[1].score


def test_whose_picture_was_taken_has_no_score_at_all(platform: Graph) -> None:
    """Dora's post was reposted, liked, copied, answered; she was followed and mentioned."""
    discovery = found(platform)
    node = platform.find("account", "dora", HASHER)
    assert node not in discovery.scores.nodes.tolist()
    assert "dora" not in by_name(discovery)
    assert b"dora" not in msgspec.json.encode(discovery.picture)


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
    assert {*by_name(found(graph))} == {"ada", "ben", "cleo"}


def test_whoever_argued_and_complained_is_asked_first(platform: Graph) -> None:
    assert by_name(found(platform))["edna"].tier == "ask first"


def test_a_complaint_alone_leads_nobody_into_the_ranking() -> None:
    events = [e for e in quay() if not (e.actor == "edna" and e.kind == "repost")]
    assert "edna" not in by_name(found(graph_of(events)))


def test_a_bot_and_a_passer_by_stand_far_below(platform: Graph) -> None:
    rows = by_name(found(platform))
    assert rows["cleo"].score > 1_000 * rows["finn"].score
    assert rows["cleo"].score > 2 * rows["gale"].score
    assert rows["finn"].score == pytest.approx(rows["crowd/0"].score, rel=0.5)


def test_who_rests_on_one_other_account_is_asked_first() -> None:
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
    assert ("ask first", "suspect") == (rows["ben"].tier, rows["dan"].tier)


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
    light = [Seed("account", "edna", "innocent", 1e-6), Seed("account", "star", "innocent", 1e6)]
    rows, cleared = (by_name(found(platform, [*offenders(*SEEDS), *also])) for also in ([], light))
    assert ("shielded", "confirmed innocent") == (cleared["edna"].tier, cleared["edna"].shield)
    for name in ("edna", "cleo"):
        assert cleared[name].score < rows[name].score
    alone = [*offenders(*SEEDS), Seed("account", "edna", "innocent")]
    assert "edna" not in by_name(found(platform, alone))


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
        {name: row.score for name, row in actual.items()}, rel=1e-5
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
    labels=st.lists(st.sampled_from(["offender", "innocent"]), max_size=3),
)
def test_ranks_rise_and_scores_fall(seed: int, count: int, labels: list[Label]) -> None:
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
    assert all(score > 0 for score in scores)
    assert len({ranked.account for ranked in ranking}) == len(ranking)
    for ranked in ranking:
        weights = [piece.weight for piece in ranked.evidence]
        own = [piece.weight for piece in ranked.evidence if piece.kind != "co-shared"]
        assert sum(weights) == sum(own)
        assert not own or sum(own) == pytest.approx(1) or (sum(own) < 1 and len(own) == 6)
        node = graph.find("account", ranked.account, HASHER)
        assert node is not None
        assert ranked.touches == len(graph.out.node[graph.out.row(node)])
        assert all(_resolves(graph, piece.subject) for piece in ranked.evidence)


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
    (evidence,) = by_name(found(graph, offenders("ada")))["cleo"].evidence
    assert evidence.subject == "post#41"


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
    crowd = [event("repost", n, f"boat/{n}", target="p/1") for n in range(10, 400)]
    graph = graph_of(
        [event("post", 1, "ada", "p/1"), event("post", 2, "ben", "p/2"), *crowd]
        + [event("repost", 500, f"boat/{n}", target="p/2") for n in range(10, 400)]
    )
    seeds = [Seed("account", "ada"), Seed("account", "ben", weight=1e-4)]
    drawn = [ranked.account for ranked in found(graph, seeds).picture.accounts]
    assert len(drawn) == 300
    assert {"ada", "ben"} <= {*drawn}


# --- any build of the graph --------------------------------------------------------------------


def in_pieces(events: list[Event], rng: np.random.Generator) -> Graph:
    """The graph of the same log, come in batches of other sizes, with a graph between them."""
    cuts = np.sort(rng.integers(0, len(events) + 1, 5)).tolist()
    parts = [events[a:b] for a, b in zip([0, *cuts], [*cuts, len(events)], strict=True)]
    return graph_of(*parts[3:], base=graph_of(*parts[:3]))


@given(seed=st.integers(0, 2**32), count=st.integers(5, 150), starts=st.integers(1, 3))
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
