"""A made-up result: boats that share things in five cells, and who stands around them."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import msgspec
import numpy as np

from leeward.evaluate import Judged, judge
from leeward.network import Cell, Evidence, Picture, Ranked, Tie, Tier
from leeward.pipeline import Figures, Found, Histogram, Own, Size

if TYPE_CHECKING:
    from leeward.network import Discovery

WORDS = (
    "reposted {} posts that 12 suspects posted, reposted or liked and {} others did",
    "posted {} pictures that 4 suspects posted and {} others did",
    "used the hashtag #tidepool in {} posts that 9 suspects used or liked and {} others did",
    "reposted {} links that 20 suspects posted, reposted or liked and {} others did",
    "liked {} other posts of {} that suspects left alone",
)
KINDS = ("reposted", "media", "tag", "link", "activity")
BASE = -3.5
LINE = 1.5
WORDS_OF_CELL = (
    "is this the same ring, or its neighbours? 3 of 200 members touched what is confirmed "
    "(2 things); of anybody 2.5 would have, of a part of the network 71.0"
)
NAMES = """
    ada bo cleo dov elm finn gale hazel iris juno kelp lark moss nell oak pike quill reed sage
    tern umber vale wren yarrow zephyr anchor buoy cove dune eddy ferry gull haven inlet jetty keel
    lagoon mast narrows oar pier quay rudder sail tide upwind vessel wharf
""".split()  # noqa: SIM905 - a list of fifty quoted words reads worse


def name(number: int) -> str:
    """A made-up handle, a different one for each number."""
    return NAMES[number % len(NAMES)] + (str(number // len(NAMES)) if number >= len(NAMES) else "")


def uri(number: int) -> str:
    """The account's URI."""
    return f"https://harbour.example/users/{name(number)}"


def evidence(number: int, score: float, generator: np.random.Generator) -> tuple[Evidence, ...]:
    """Some sentences, for and against, that add up to a score with the base rate."""
    weights = generator.normal(0.4, 1, generator.integers(2, 8))
    weights[0] += score - BASE - weights.sum()
    pieces = [
        Evidence(
            KINDS[place % 5],
            f"post#{number * 97 + place}",
            float(weight),
            WORDS[(number + place) % 5].format(2 + (number + place) % 9, 1 + place % 12),
        )
        for place, weight in enumerate(weights)
    ]
    pieces.sort(key=lambda one: -abs(one.weight))
    about = "about 480 of 50,000 accounts are thought to belong"
    return (*pieces, Evidence("base rate", f"account:{uri(number)}", BASE, about))


def account(rank: int, score: float, tier: Tier, generator: np.random.Generator) -> Ranked:
    """One account of the list."""
    return Ranked(
        rank=rank,
        account=uri(rank - 1),
        score=score,
        probability=1 / (1 + math.exp(-score)),
        tier=tier,
        touches=int(generator.integers(3, 900)),
        shield="reporter" if tier == "shielded" else None,
        evidence=() if tier == "seed" else evidence(rank, score, generator),
        cell=None if tier == "below" else 1 + rank % 4,
    )


def ranking(size: int, generator: np.random.Generator, seeds: int = 12) -> tuple[Ranked, ...]:
    """Seeds first; a few among the others are shielded, or to be asked first."""
    scores = np.sort(generator.normal(-3, 3, size))[::-1]
    chance = generator.random(size)

    def tier(place: int) -> Tier:
        if place < seeds:
            return "seed"
        if chance[place] < 0.04:
            return "shielded"
        if chance[place] < 0.1:
            return "ask first"
        if scores[place] >= LINE:
            return "above the line"
        return "suspect" if scores[place] >= 0 else "below"

    return tuple(
        account(place + 1, float(score), tier(place), generator)
        for place, score in enumerate(scores)
    )


def planted(
    cells: list[int], generator: np.random.Generator, within: float = 0.5, between: float = 0.01
) -> tuple[list[int], tuple[Tie, ...]]:
    """The cell of each account, and ties that are dense within the cells."""
    of = generator.permutation(np.repeat(np.arange(len(cells)), cells)).tolist()
    ties = []
    for a in range(len(of)):
        for b in range(a + 1, len(of)):
            if generator.random() < (within if of[a] == of[b] else between):
                shared = int(generator.integers(1, 9))
                ties.append(Tie(a, b, shared / 3, f"{shared} posts, 1 picture"))
    return of, tuple(ties)


def found(listed: int = 1_000, drawn: int = 300) -> Found:
    """The whole result, as large as a page shows."""
    generator = np.random.default_rng(11)
    ranked = ranking(listed, generator)
    parts = [round(drawn * part) for part in (0.24, 0.2, 0.16, 0.13, 0.1, 0.07, 0.04)]
    _, ties = planted(parts, generator, within=0.45)
    scores = [*generator.normal(-6, 1, 40_000), *(one.score for one in ranked)]
    counts, edges = np.histogram(scores, bins=36)
    first = (
        "Of your own 12 seeds it would have found 9 in the first 500, each hidden in turn.",
        "About 480 accounts are estimated to belong; the 90 % interval goes from 310 to 905.",
        "74 accounts stand above the line, where 99 of 100 are expected to belong.",
    )
    return Found(
        ranking=ranked,
        picture=Picture(ranked[:drawn], ties),
        notes=(
            *first,
            "Pictures without a hash were compared by their handle only: 212 of 18,400.",
            "One community has no members in the log, so it carries no evidence.",
        ),
        figures=Figures(
            events=1_284_302, accounts=50_000, items=212_480, touches=904_113, seeds=12,
            seeds_unknown=1, priors=3, priors_unknown=1, scored=41_000, above_line=74,
            suspects=396, ask_first=58, cells=4, size=Size(480, 310, 905), own=Own(9, 12, 500),
            abstained=None, two_hop=6_312, seconds=4.21, last_seq=1_284_301,
        ),
        histogram=Histogram(tuple(edges.tolist()), tuple(counts.tolist())),
        discovery=_discovery(LINE),
        accounts=list,
        two_hop=list,
        summary=first,
    )  # fmt: skip


def _discovery(line: float, cells: int = 4) -> Discovery:
    """What a page looks at: the line, and cells of which the second is a question."""
    made = [
        Cell(np.arange(200, dtype=np.int32), 9.0, 40, number == 2, WORDS_OF_CELL, ("#tidepool",))
        for number in range(1, cells + 1)
    ]
    return cast("Discovery", SimpleNamespace(search=SimpleNamespace(line=line), cells=made))


def abstained(listed: int = 60) -> Found:
    """A result that says nothing, since the seeds have nothing in common."""
    result = found(listed, listed)
    why = "the seeds have no more in common than accounts drawn at random."
    return replace(
        result,
        ranking=tuple(
            msgspec.structs.replace(
                one,
                tier=one.tier if one.tier in ("seed", "shielded") else "ask first",
                probability=None,
                cell=None,
            )
            for one in result.ranking
        ),
        figures=msgspec.structs.replace(
            result.figures, abstained=why, size=None, above_line=0, suspects=0
        ),
        discovery=_discovery(math.inf, cells=0),
        summary=(f"The search abstains: {why}", "The order below is no better than chance."),
        notes=(f"The search abstains: {why}", "The order below is no better than chance."),
    )


def judged() -> Judged:
    """A truth in which most of the top is right, and a walk accuses a crowd."""
    generator = np.random.default_rng(4)
    size = 20_000
    ring = np.arange(size) < 480
    scores = np.where(ring, generator.normal(3, 1.2, size), generator.normal(0, 0.9, size))
    words = ["bystander", "fan", "critic", "reporter", "bot", "passer-by", "school"]
    roles = np.where(
        ring, "ring", generator.choice(words, size, p=[0.7, 0.1, 0.05, 0.03, 0.05, 0.05, 0.02])
    )
    accused = generator.random(size) < np.where(ring, 0.7, 0.3)
    return judge(np.exp(scores), roles.tolist(), ring, accused)


def with_(result: Found, **changes: object) -> Found:
    """The same result with some parts exchanged."""
    return replace(result, **changes)  # type: ignore[arg-type]  # the caller knows the fields
