"""A network that lives in replies: what finds it, and what never counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.network import Graph, Search, Seed, discover, refresh, search
from leeward.network._evidence.replied import REPLIED, chances_of_one, replied_of
from leeward.network._touches.replies import REPLIES, replies_of
from leeward.network._touches.touches import CAME, touches_of
from leeward.network._votes.ways import Ways
from tests.network._events import HASHER, event, graph_of
from tests.network._pier import MEMBERS, pier

if TYPE_CHECKING:
    from leeward.model import Event
    from leeward.network import Touches

SEEDS = [f"ring/{i}" for i in range(12)]


def node(graph: Graph, name: str, kind: str = "account") -> int:
    found = graph.find(kind, name, HASHER)
    assert found is not None
    return found


def place(graph: Graph, found: Search, name: str) -> int:
    return int(found.touches.account_at[node(graph, name)])


@pytest.fixture(scope="module")
def platform() -> Graph:
    return graph_of(pier())


@pytest.fixture(scope="module")
def found(platform: Graph) -> Search:
    return search(platform, {node(platform, name): 1.0 for name in SEEDS})


# --- a whole search ----------------------------------------------------------------------------


def test_members_who_only_answer_in_the_same_threads_are_found(
    platform: Graph, found: Search
) -> None:
    assert found.abstained is None
    assert found.replied is not None
    others = np.setdiff1d(
        np.arange(len(found.log_odds)), [place(platform, found, name) for name in SEEDS]
    )
    first = others[np.argsort(-found.log_odds[others], kind="stable")][: MEMBERS - len(SEEDS)]
    ring = [place(platform, found, f"ring/{i}") for i in range(len(SEEDS), MEMBERS)]
    assert np.isin(first, ring).mean() > 0.8


def test_whom_replies_raise_a_person_is_asked_about_first(platform: Graph, found: Search) -> None:
    assert found.line == np.inf
    seeds = [place(platform, found, name) for name in SEEDS]
    assert np.flatnonzero(~found.asked_first).tolist() == sorted(seeds)
    assert found.extent.high == len(found.log_odds) / 2  # how far it reaches is open


def test_a_person_who_confirmed_somebody_need_not_be_asked_again(platform: Graph) -> None:
    known = node(platform, "ring/20")
    seeds = {node(platform, name): 1.0 for name in SEEDS}
    again = search(platform, seeds, priors={known: 4.0})
    assert again.replied is not None
    assert not again.asked_first[again.touches.account_at[known]]


def test_the_log_odds_are_the_sum_of_the_parts(found: Search) -> None:
    total = sum(found.parts.values(), np.zeros(len(found.log_odds)))
    assert REPLIED in found.parts
    assert found.log_odds.tolist() == pytest.approx(total.tolist(), abs=1e-12)


def test_reasons_say_where_it_answered_and_who_else_did(platform: Graph) -> None:
    ranked = discover(platform, [Seed("account", name) for name in SEEDS], HASHER).ranking
    member = next(one for one in ranked if one.account == "ring/15")
    assert member.tier == "ask first"
    assert sum(one.weight for one in member.evidence) == pytest.approx(member.score, abs=1e-9)
    (told,) = (one for one in member.evidence if one.kind == REPLIED)
    assert told.weight > 0
    assert told.words.startswith("answered in ")
    assert " suspects and " in told.words
    assert told.words.endswith(" threads and accounts in all")


def test_accounts_drawn_at_random_are_not_led_by_replies(platform: Graph) -> None:
    names = [f"account/{i}" for i in np.random.default_rng(3).choice(1_000, 12, replace=False)]
    nothing = search(platform, {node(platform, name): 1.0 for name in names})
    assert nothing.replied is None
    assert nothing.line == np.inf
    assert REPLIED not in nothing.parts


def test_without_a_new_event_a_refresh_is_the_same_number_for_number(
    platform: Graph, found: Search
) -> None:
    again = refresh(found, platform, {node(platform, name): 1.0 for name in SEEDS})
    assert again.due is None
    assert again.search.log_odds.tolist() == found.log_odds.tolist()
    assert again.search.asked_first.tolist() == found.asked_first.tolist()
    for name, part in again.search.parts.items():
        assert part.tolist() == found.parts[name].tolist(), name


def test_a_refresh_takes_new_replies_in(platform: Graph, found: Search) -> None:
    """Somebody quiet answers in ten threads where the ring does."""
    events, quiet = pier(), "account/777"
    for i in range(10):
        events.append(
            event("post", len(events) + 1, quiet, f"late/{i}", reply_to=f"garden/{5 * i}")
        )
    graph = graph_of(events[len(pier()) :], base=platform)
    seeds = {node(graph, name): 1.0 for name in SEEDS}
    after = refresh(found, graph, seeds).search
    before = float(found.parts[REPLIED][place(platform, found, quiet)])
    assert float(after.parts[REPLIED][place(graph, after, quiet)]) > before + 1
    total = sum(after.parts.values(), np.zeros(len(after.log_odds)))
    assert after.log_odds.tolist() == pytest.approx(total.tolist(), abs=1e-9)
    assert after.line == np.inf


# --- what others do ----------------------------------------------------------------------------


def test_to_be_answered_and_named_by_the_ring_counts_nothing(
    platform: Graph, found: Search
) -> None:
    """Half of the ring meets under Dora's posts; she answers three of them."""
    assert found.replied is not None
    dora = place(platform, found, "dora")
    assert found.replied.tainted[dora] == 0
    assert found.parts[REPLIED][dora] < 0
    assert found.suspicion[dora] == 0
    assert found.families["votes"][dora] == found.families["votes"].min()


def test_who_is_surrounded_stands_no_higher_than_a_twin_left_alone(
    platform: Graph, found: Search
) -> None:
    dora, nora = (place(platform, found, name) for name in ("dora", "nora"))
    for name, part in found.parts.items():
        assert part[dora] <= part[nora] + 1e-9, name


def test_who_answers_its_friends_alone_is_no_member(platform: Graph, found: Search) -> None:
    talkers = [place(platform, found, f"talker/{i}") for i in range(40)]
    assert (found.parts[REPLIED][talkers] < 0).all()


@given(seed=st.integers(0, 2**32))
def test_what_others_do_to_it_leaves_its_evidence_as_it_was(seed: int) -> None:
    """Held fixed: who is suspected, and what the threads are like in which it answered.

    Others answer its posts, name it, and answer in threads of its own.
    """
    rng = np.random.default_rng(seed)
    events = talk(rng, 40)
    mine = [f"of/account/0/{i}" for i in range(3)]
    before = [event("post", seq, "account/0", name) for seq, name in enumerate(mine, 1)]
    before += [renumbered(one, seq) for seq, one in enumerate(events, len(before) + 1)]
    after = list(before)
    for _ in range(20):
        who, seq = f"account/{rng.integers(1, 6)}", len(after) + 1
        name = f"done/{seq}"
        post = mine[rng.integers(3)]
        after.append(event("post", seq, who, name, reply_to=post, root=post))
        after.append(event("post", seq + 1, who, f"{name}/name", mentions=("account/0",)))
    found = []
    for graph in (graph_of(before), graph_of(after)):
        touches = touches_of(graph)
        ground = replies_of(graph, touches)
        me = int(touches.account_at[node(graph, "account/0")])
        suspicion = np.zeros(len(touches.accounts))
        suspicion[[touches.account_at[node(graph, f"account/{i}")] for i in (1, 2)]] = 1
        replied = replied_of(ground, suspicion)
        # What a thread is like is estimated from everybody; which it came to is its own.
        things, _ = chances_of_one(replied, suspicion, me)
        names = [graph.subject(int(n)) for n in ground.things[things]]
        found.append((sorted(names), sorted(replied.found[things].tolist())))
    assert found[0] == found[1]


# --- who turned to whom ------------------------------------------------------------------------


def renumbered(one: Event, seq: int) -> Event:
    at = seq * 1_000_000
    return msgspec.structs.replace(one, seq=seq, at=at, seen=at, folded=None)


def talk(rng: np.random.Generator, count: int) -> list[Event]:
    """Six accounts post, answer each other in threads, and name each other."""
    people = [f"account/{i}" for i in range(6)]
    events: list[Event] = [event("post", i + 1, who, f"post/{i}") for i, who in enumerate(people)]
    roots = {f"post/{i}": f"post/{i}" for i in range(6)}
    for seq in range(len(events) + 1, len(events) + 1 + count):
        who, name = people[rng.integers(6)], f"post/{seq}"
        about = [*roots][rng.integers(len(roots))]
        named = tuple(people[i] for i in rng.choice(6, rng.integers(3), replace=False))
        if rng.random() < 0.2:
            events.append(event("post", seq, who, name, mentions=named))
            roots[name] = name
        else:
            root = roots[about]
            events.append(event("post", seq, who, name, reply_to=about, root=root, mentions=named))
            roots[name] = root
    return events


def turns(events: list[Event]) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Who turned to what, one event after the other; and where that was to answer."""
    maker = {e.object: e.actor for e in events}
    came: dict[tuple[str, str], int] = {}
    found: set[tuple[str, str]] = set()
    answers: set[tuple[str, str]] = set()
    for e in events:
        to = [name for name in (e.reply_to, e.root) if name]
        to += [*(e.mentions or ())]
        for what in to:
            who, about = e.actor, maker.get(what, what)
            if about != who:
                came.setdefault((who, about), e.at)
                if (who, what) not in found | answers:
                    first = came.get((about, who), e.at + 1) <= e.at
                    (answers if first else found).add((who, what))
    return found, answers


@given(seed=st.integers(0, 2**32), count=st.integers(0, 60))
def test_the_ground_is_what_one_counts_event_by_event(seed: int, count: int) -> None:
    events = talk(np.random.default_rng(seed), count)
    graph = graph_of(events)
    touches = touches_of(graph)
    ground = replies_of(graph, touches)
    maker = {e.object: e.actor for e in events}
    names = {node(graph, name, "post"): name for name in maker}
    names |= {node(graph, f"account/{i}"): f"account/{i}" for i in range(6)}
    rows = ground.by_account
    came: set[tuple[str, str]] = set()
    made: set[tuple[str, str]] = set()
    back: set[tuple[str, str]] = set()
    for i, account in enumerate(touches.accounts.tolist()):
        for e in range(rows.start[i], rows.start[i + 1]):
            thing = int(rows.other[e])
            pair = names[account], names[int(ground.things[thing])]
            if ground.size[thing] == 1:
                assert rows.how[e] == CAME
                back.add(pair)
            else:
                (came if rows.how[e] == CAME else made).add(pair)
        assert (np.diff(rows.other[rows.row(i)]) > 0).all()
    found, answers = turns(events)
    assert came == found
    assert back == answers
    assert made == {(maker.get(what, what), what) for _, what in found}
    assert (ground.size == ground.by_thing.degrees()).all()
    assert ground.by_thing.other.tolist() == [
        i for t in range(len(ground.things)) for i in _who(ground, t)
    ]


def _who(ground: Touches, thing: int) -> list[int]:
    rows = ground.by_account
    of = np.repeat(np.arange(len(rows.start) - 1), np.diff(rows.start))
    return [int(i) for i in of[rows.other == thing]]


def test_ways_by_replies_have_one_name_and_take_no_thing_for_a_witness(platform: Graph) -> None:
    touches = touches_of(platform)
    ways = Ways(touches, replies_of(platform, touches))
    assert ways.names == (REPLIES,)
    witness = np.array([int(touches.account_at[node(platform, "ring/1")])])
    with_thing = np.append(witness, len(touches.accounts))
    ones = np.ones(2)
    alone = ways.of(REPLIES, witness, ones[:1])
    assert ways.of(REPLIES, with_thing, ones).tolist() == alone.tolist()


def test_who_is_the_only_suspect_in_its_threads_has_no_evidence(platform: Graph) -> None:
    touches = touches_of(platform)
    suspicion = np.zeros(len(touches.accounts))
    suspicion[touches.account_at[node(platform, "talker/3")]] = 1
    replied = replied_of(replies_of(platform, touches), suspicion)
    assert replied.tainted[touches.account_at[node(platform, "talker/3")]] == 0
