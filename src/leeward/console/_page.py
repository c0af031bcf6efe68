"""The page: what discovery found, in one file that asks nothing of any network."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from leeward.console import _charts, _text
from leeward.console._picture import draw, tier_of
from leeward.network import TIERS
from leeward.store import write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from leeward.evaluate import Judged
    from leeward.network import Evidence, Ranked
    from leeward.pipeline import Found

__all__ = ["page", "write_page"]

_LISTED: Final = 2_000
_OPEN_ROWS: Final = 100
_OPEN_EVIDENCE: Final = 3
_MOST_EVIDENCE: Final = 12


class Row(NamedTuple):
    """An account of the list, its evidence with the strongest first."""

    account: Ranked
    tier: str
    first: Sequence[Evidence]
    rest: Sequence[Evidence]
    unlisted: int


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
        notes=found.notes,
        tiers=TIERS,
        present=[tier for tier in TIERS if any(row.tier == tier for row in rows)],
        rows=rows,
        open_rows=_OPEN_ROWS,
        unlisted=len(found.ranking) - len(rows),
        anchors={row.account.account: number for number, row in enumerate(rows, 1)},
        strongest=lambda account: _row(account).first,
        drawing=draw(found.picture),
        chart=_charts.scores(found.histogram, found.ranking),
        judged=judged,
        top_found=_top_found(judged),
        curve=None if judged is None else _charts.curve(judged),
        plot=_charts,
        style=_source("page.css"),
        style_hash=_hash(_source("page.css")),
        script=_source("page.js"),
        script_hash=_hash(_source("page.js")),
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
    """The evidence as shown; a weight that is no number counts as none."""
    ordered = sorted(account.evidence, key=lambda one: -one.weight if one.weight > 0 else 0.0)
    shown = ordered[:_MOST_EVIDENCE]
    return Row(
        account,
        tier_of(account),
        shown[:_OPEN_EVIDENCE],
        shown[_OPEN_EVIDENCE:],
        len(ordered) - len(shown),
    )


def _top_found(judged: Judged | None) -> float:
    """How many of the hidden accounts the top holds."""
    cuts = () if judged is None else judged.found_at
    return next((at.found for at in cuts if judged is not None and at.k == judged.top), 0.0)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("leeward.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        count=_text.count,
        isolated=_text.isolated,
        number=_text.number,
        share=_text.share,
        shortened=_text.shortened,
        told=_text.title,
        visible=_text.visible,
    )
    return environment


@cache
def _source(name: str) -> Markup:
    """A style sheet or a script of this package; nothing that was observed enters it."""
    environment = _environment()
    loader = environment.loader
    assert loader is not None
    return Markup(loader.get_source(environment, name)[0])  # noqa: S704 - our own file


def _hash(source: str) -> str:
    """What the policy of the page's content allows by name."""
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
