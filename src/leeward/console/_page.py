"""The page: what discovery found, in one file that asks nothing of any network."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from leeward.console import _charts, _text
from leeward.console._picture import draw, tier_of
from leeward.console._templates import allowed, environment, source
from leeward.network import TIERS
from leeward.store import write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from jinja2 import Environment

    from leeward.evaluate import Judged
    from leeward.network import Evidence, Ranked
    from leeward.pipeline import Found

__all__ = ["page", "write_page"]

_LISTED: Final = 2_000
_OPEN_ROWS: Final = 100
_OPEN_EVIDENCE: Final = 3
_LEAST_WEIGHT: Final = 0.05
"""Log-odds that are told as zero."""
_NOTABLE: Final = 0.5
_LAST: Final = -1e9
_BASE: Final = "base rate"
_OPPOSING: Final = ("argued", "complained")
"""Kinds of evidence that a person has to see even where they add nothing."""
_NAMED: Final = ("account", "tag")


class Group(NamedTuple):
    """A cell that is a question.

    Attributes:
        number: As the list has it.
        size: How many accounts it has.
        words: What is to be asked.
        common: What its accounts have in common.
        rows: Those of the list, by their places there.
    """

    number: int
    size: int
    words: str
    common: Sequence[str]
    rows: Sequence[int]


class Row(NamedTuple):
    """An account of the list.

    Attributes:
        account: As it was ranked.
        tier: As it is shown.
        sorting: The score in a form for sorting.
        first: The weightiest evidence, for or against, which is seen at once.
        rest: More of it, the weightiest first.
        unlisted: How many weaker pieces are not told one by one.
        weaker: What these add up to.
        ids: Opaque ids of the things in evidence; accounts and tags stand in its words.
    """

    account: Ranked
    tier: str
    sorting: str
    first: Sequence[Evidence]
    rest: Sequence[Evidence]
    unlisted: int
    weaker: float
    ids: Sequence[str]

    @property
    def more(self) -> str:
        """What opens if a person asks for it."""
        more = [f"{len(self.rest)} more"] if self.rest else []
        weaker = ["weaker ones"] if self.unlisted and not self.rest and not self.ids else []
        return " and ".join([*more, *(["ids"] if self.ids else []), *weaker])


def page(found: Found, *, title: str = "What discovery found", judged: Judged | None = None) -> str:
    """Render what was found as one HTML page.

    The page holds everything it needs, works without scripts, and has no link but to places in
    itself. The same input gives the same page.

    Args:
        found: What discovery returned.
        title: The heading.
        judged: How it stands beside the truth, where that is known.
    """
    rows = [_row(account) for account in found.ranking[:_LISTED]]
    environment = _environment()
    return environment.get_template("page.html.j2").render(
        title=title,
        figures=found.figures,
        summary=found.summary,
        notes=[note for note in found.notes if note not in found.summary],
        checked=found.figures.own is not None and found.figures.abstained is None,
        tiers=TIERS,
        present=[tier for tier in TIERS if any(row.tier == tier for row in rows)],
        rows=rows,
        open_rows=_OPEN_ROWS,
        unlisted=len(found.ranking) - len(rows),
        anchors={row.account.account: number for number, row in enumerate(rows, 1)},
        strongest=lambda account: _row(account).first[:2],
        drawing=draw(found.picture),
        questions=_questions(found, rows),
        chart=_charts.scores(found.histogram, found.ranking, found.discovery.search.line),
        judged=judged,
        top_found=_top_found(judged),
        curve=None if judged is None else _charts.curve(judged),
        plot=_charts,
        style=source("page.css"),
        style_hash=allowed(source("page.css")),
        script=source("page.js"),
        script_hash=allowed(source("page.js")),
    )


def write_page(
    path: str | PathLike[str],
    found: Found,
    *,
    title: str = "What discovery found",
    judged: Judged | None = None,
) -> Path:
    """Write the page to a file that only its owner may read; whole, or not at all.

    Returns:
        The file.

    Raises:
        StoreError: The file cannot be written.
    """
    file = Path(path)
    text = page(found, title=title, judged=judged)
    write_whole(file, text.encode())
    return file


def _row(account: Ranked) -> Row:
    """A row; a weight that is no number counts as none."""
    ordered = sorted(account.evidence, key=_weightiest)
    told = [one for one in ordered if _tells(one)]
    first = told[:_OPEN_EVIDENCE] + [one for one in told[_OPEN_EVIDENCE:] if _has_to_be_seen(one)]
    rest = [one for one in told[_OPEN_EVIDENCE:] if not _has_to_be_seen(one)]
    weak = [one.weight for one in ordered if not _tells(one) and math.isfinite(one.weight)]
    return Row(
        account=account,
        tier=tier_of(account),
        sorting=f"{account.score if math.isfinite(account.score) else _LAST:.5g}",
        first=first,
        rest=rest,
        unlisted=len(ordered) - len(told),
        weaker=math.fsum(weak),
        ids=[one.subject for one in told if one.subject.partition(":")[0] not in _NAMED],
    )


def _weightiest(one: Evidence) -> tuple[bool, float]:
    """What everybody has stands last."""
    return one.kind == _BASE, -abs(one.weight) if math.isfinite(one.weight) else 0.0


def _tells(one: Evidence) -> bool:
    """Whether a piece is told by itself: it weighs something, or stands beside the score."""
    return one.weight == 0 or abs(one.weight) >= _LEAST_WEIGHT


def _has_to_be_seen(one: Evidence) -> bool:
    """Whether a piece says that the account opposed, where that is more than a trace."""
    return one.kind in _OPPOSING and (one.weight == 0 or abs(one.weight) >= _NOTABLE)


def _questions(found: Found, rows: Sequence[Row]) -> list[Group]:
    """The cells of which a person has to say first whether they are the same network.

    Those without anybody to ask about in the list stand lower than the network reaches.
    """
    places: dict[int | None, list[int]] = {}
    for place, row in enumerate(rows, 1):
        places.setdefault(row.account.cell, []).append(place)
    return [
        Group(number, len(cell.members), cell.words, cell.common, places.get(number, []))
        for number, cell in enumerate(found.discovery.cells, 1)
        if cell.question and any(rows[i - 1].tier == "ask first" for i in places.get(number, []))
    ]


def _top_found(judged: Judged | None) -> float:
    """How many of the hidden accounts the top holds."""
    cuts = () if judged is None else judged.found_at
    return next((at.found for at in cuts if judged is not None and at.k == judged.top), 0.0)


@cache
def _environment() -> Environment:
    return environment(
        chance=_text.chance,
        count=_text.count,
        isolated=_text.isolated,
        number=_text.number,
        share=_text.share,
        shortened=_text.shortened,
        signed=_text.signed,
        told=_text.title,
        visible=_text.visible,
    )
