"""The page: what discovery found, in one file that asks nothing of any network."""

from __future__ import annotations

import base64
import hashlib
import math
from functools import cache
from importlib import resources
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
_MOST_EVIDENCE: Final = 8
_LEAST_WEIGHT: Final = 0.01
_NAMED: Final = ("account", "tag")


class Row(NamedTuple):
    """An account of the list.

    Attributes:
        account: As it was ranked.
        tier: As it is shown.
        sorting: The score in a form for sorting.
        first: The strongest evidence, which is seen at once.
        rest: More of it, the strongest first.
        unlisted: How many weaker pieces are left out altogether.
        ids: Opaque ids of the things in evidence; accounts and tags stand in its words.
    """

    account: Ranked
    tier: str
    sorting: str
    first: Sequence[Evidence]
    rest: Sequence[Evidence]
    unlisted: int
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
        notes=found.notes,
        tiers=TIERS,
        present=[tier for tier in TIERS if any(row.tier == tier for row in rows)],
        rows=rows,
        open_rows=_OPEN_ROWS,
        unlisted=len(found.ranking) - len(rows),
        anchors={row.account.account: number for number, row in enumerate(rows, 1)},
        strongest=lambda account: _row(account).first[:2],
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
    """A row; a weight that is no number counts as none."""
    ordered = sorted(account.evidence, key=lambda one: -one.weight if one.weight > 0 else 0.0)
    weighty = [one for one in ordered if one.weight >= _LEAST_WEIGHT]
    shown = ordered[: max(_OPEN_EVIDENCE, min(len(weighty), _MOST_EVIDENCE))]
    return Row(
        account=account,
        tier=tier_of(account),
        sorting=f"{account.score:.5g}" if math.isfinite(account.score) else "-1",
        first=shown[:_OPEN_EVIDENCE],
        rest=shown[_OPEN_EVIDENCE:],
        unlisted=len(ordered) - len(shown),
        ids=[one.subject for one in shown if one.subject.partition(":")[0] not in _NAMED],
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
    text = (resources.files("leeward.console") / "templates" / name).read_text("utf-8")
    return Markup(text)  # noqa: S704 - our own file


def _hash(source: str) -> str:
    """What the policy of the page's content allows by name."""
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
