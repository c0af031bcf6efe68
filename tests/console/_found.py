"""A made-up result: boats that share things in five cells, and who stands around them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np

from leeward.evaluate import Judged, judge
from leeward.network import Evidence, Picture, Ranked, Tie, Tier
from leeward.pipeline import Figures, Found, Histogram

if TYPE_CHECKING:
    from leeward.network import Discovery

WORDS = (
    "reposted {} posts of seed @{}",
    "posted the same picture as {} seeds, @{} among them",
    "used the tag #tidepool-{} together with @{}",
    "shares {} links with @{}",
    "answered {} times in the harbour group where @{} writes",
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


def evidence(number: int, generator: np.random.Generator) -> tuple[Evidence, ...]:
    """Some sentences whose weights fall."""
    shares = np.sort(generator.dirichlet(np.full(generator.integers(1, 8), 0.8)))[::-1]
    return tuple(
        Evidence(
            ("reposted", "media", "tag", "link", "community")[place % 5],
            f"post#{number * 97 + place}",
            float(weight),
            WORDS[(number + place) % 5].format(2 + (number + place) % 9, name(place % 12)),
        )
        for place, weight in enumerate(shares)
    )


def account(rank: int, score: float, tier: Tier, generator: np.random.Generator) -> Ranked:
    """One account of the list."""
    return Ranked(
        rank=rank,
        account=uri(rank - 1),
        score=score,
        probability=None,
        tier=tier,
        touches=int(generator.integers(3, 900)),
        shield="reporter" if tier == "shielded" else None,
        evidence=() if tier == "seed" else evidence(rank, generator),
    )


def ranking(size: int, generator: np.random.Generator, seeds: int = 12) -> tuple[Ranked, ...]:
    """Seeds first; a few among the others are shielded, or to be asked first."""
    scores = np.sort(generator.pareto(1.3, size) * 2e-6 + 1e-7)[::-1]
    chance = generator.random(size)

    def tier(place: int) -> Tier:
        if place < seeds:
            return "seed"
        if chance[place] < 0.04:
            return "shielded"
        return "ask first" if chance[place] < 0.1 else "suspect"

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
    logs = generator.normal(-7.2, 0.7, 40_000)
    logs = np.concatenate([logs, np.log10([one.score for one in ranked])])
    counts, edges = np.histogram(logs, bins=36)
    return Found(
        ranking=ranked,
        picture=Picture(ranked[:drawn], ties),
        notes=(
            "Pictures without a hash were compared by their handle only: 212 of 18,400.",
            "One community has no members in the log, so it carries no evidence.",
        ),
        figures=Figures(
            events=1_284_302, accounts=50_000, items=212_480, touches=904_113, seeds=12,
            seeds_unknown=1, reached=41_000, suspects=896, two_hop=6_312,
            seconds=4.21, last_seq=1_284_301,
        ),
        histogram=Histogram(tuple(edges.tolist()), tuple(counts.tolist())),
        discovery=cast("Discovery", None),  # a page does not look at it
        accounts=list,
        two_hop=list,
    )  # fmt: skip


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
