"""``leeward discover``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from leeward.cli._options import Answer, answered, counted, data_option, progress_line, shown
from leeward.errors import InputError, UsageError

if TYPE_CHECKING:
    from leeward.network import Evidence, Ranked
    from leeward.pipeline import Found

__all__ = ["discover"]

_SHOWN = 10
_PIECES = 2
"""Pieces of evidence that are told of each."""
_SAYS = 0.05
"""Log-odds that are not told as zero."""


@click.command(
    epilog="Example: leeward discover --data data --seeds seeds.txt --out ranking.parquet"
)
@data_option
@click.option(
    "--seeds",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Confirmed starting points, one a line: account:URI, post:URI, media:HASH or tag:WORD, "
    "then optionally a tab, offender or innocent, a tab and a weight. # begins a comment.",
)
@click.option(
    "--out",
    required=True,
    metavar="RANKING",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The ranking: a .parquet, .csv or .json file. Only you may read it.",
)
@click.option(
    "--page",
    type=click.Path(path_type=Path, dir_okay=False),
    help="An HTML page that shows it all, too. Only you may read it.",
)
@click.option(
    "--shields",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Accounts for which only protective actions exist, one a line: URI, a tab, a role.",
)
@click.option(
    "--priors",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="What others say: a .parquet or .csv file with the columns subject (written as a seed), "
    "log_odds (from -20 to 20, above 0 for belonging) and source.",
)
@click.option(
    "--no-findings",
    is_flag=True,
    help="Leave out what signals found in the log, which else counts as priors: matches with "
    "banks, flagged threads, turned hashtags.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=1_000,
    show_default=True,
    help="How many accounts the ranking holds.",
)
@click.option(
    "--backend",
    type=click.Choice(["local"]),
    default="local",
    show_default=True,
    help="Where it is computed.",
)
@answered
def discover(
    data: Path,
    seeds: Path,
    out: Path,
    page: Path | None,
    shields: Path | None,
    priors: Path | None,
    no_findings: bool,
    limit: int,
    backend: str,  # noqa: ARG001 - there is one so far
    answer: Answer,
) -> None:
    """Find the network behind a few confirmed accounts.

    Accounts are ranked by what they themselves did with the posts, pictures, hashtags and links
    that the seeds and those like them spread. Each comes with its evidence in words, whose
    weights (natural log-odds) add up to its score. With four confirmed accounts or more, each is
    hidden in turn, and the answer says how well the others found it, how large the network may
    be, and above which line nearly all are expected to belong. Where the seeds have nothing in
    common it says so, and asks about everybody first. A place in the ranking is a question for a
    person; it proves nothing.
    """
    from leeward.network import parse_seeds
    from leeward.pipeline import check_ranking_name, read_priors
    from leeward.pipeline import discover as run
    from leeward.store import Log

    check_ranking_name(out)
    _check_folder(out)
    if page is not None:
        _check_folder(page)
    given = parse_seeds(_text(seeds), str(seeds))
    roles = _roles(shields) if shields else {}
    said = read_priors(priors) if priors else []
    with Log(data) as log, progress_line(quiet=answer.as_json) as say:
        found = run(
            log,
            given,
            shields=roles,
            priors=said,
            findings=not no_findings,
            limit=limit,
            progress=say,
        )
    found.save(out)
    if page is not None:
        from leeward.console import write_page

        write_page(page, found)
    answer.one(_body(found, out, page), _lines(found, out, page))


def _check_folder(file: Path) -> None:
    """What cannot be written is told before the work is done."""
    if not file.parent.is_dir():
        raise UsageError(
            "there is no such folder", where=str(file.parent), hint="make it, or name another one"
        )


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(
            "the file is not text in UTF-8", where=str(path), hint="save it as UTF-8"
        ) from None


def _roles(path: Path) -> dict[str, str]:
    roles = {}
    for number, line in enumerate(_text(path).split("\n"), 1):
        if line.strip() and not line.startswith("#"):
            account, *rest = (field.strip() for field in line.split("\t"))
            account = account.removeprefix("account:").strip()
            if not account or len(rest) != 1 or not rest[0]:
                raise InputError(
                    "the line is not an account and a role",
                    where=f"{path}, line {number}",
                    hint="write the account's URI, a tab and a role",
                )
            roles[account] = rest[0]
    return roles


def _body(found: Found, out: Path, page: Path | None) -> dict[str, Any]:
    return {
        "figures": msgspec.to_builtins(found.figures),
        "notes": found.notes,
        "ranking": str(out),
        "page": None if page is None else str(page),
    }


def _lines(found: Found, out: Path, page: Path | None) -> list[str]:
    lines = [*found.summary, ""]
    lines += [f"{count:>12,}  {what}" for count, what in _counts(found)]
    others = [ranked for ranked in found.ranking if ranked.tier != "seed"][:_SHOWN]
    wide = max((len(ranked.tier) for ranked in others), default=0)
    lines += [""] if others else []
    for ranked in others:
        lines.append(
            f"{ranked.rank:>5}  {ranked.tier:<{wide}}  {shown(ranked.account)}{_at(ranked)}"
        )
        lines += [f"{'':>{wide + 9}}{_told(piece)}" for piece in _strongest(ranked)]
    notes = [note for note in found.notes if note not in found.summary]
    lines += ["", *(f"note: {shown(note)}" for note in notes), f"ranking: {out}"]
    return lines if page is None else [*lines, f"page: {page}"]


def _counts(found: Found) -> list[tuple[int, str]]:
    figures = found.figures
    rows = [
        (
            figures.events,
            f"{_noun(figures.events, 'event')} of {counted(figures.accounts, 'account')}",
        ),
        (figures.seeds, _noun(figures.seeds, "seed") + _more(figures.seeds_unknown)),
    ]
    if figures.priors or figures.priors_unknown:
        rows.append(
            (figures.priors, _noun(figures.priors, "prior") + _more(figures.priors_unknown))
        )
    if figures.findings:
        found_as = _noun(figures.findings, "finding")
        rows.append((figures.findings, f"{found_as} used as {_noun(figures.findings, 'prior')}"))
    return [
        *rows,
        (figures.scored, f"{_noun(figures.scored, 'account')} with a score"),
        (figures.suspects, f"{_noun(figures.suspects, 'suspect')} in the ranking"),
        (
            figures.ask_first,
            f"{_noun(figures.ask_first, 'account')} in the ranking to ask first about",
        ),
        (
            figures.two_hop,
            f"{_noun(figures.two_hop, 'account')} that two hops over reposts would accuse",
        ),
    ]


def _more(lost: int) -> str:
    return f", {lost:,} more {'is' if lost == 1 else 'are'} not in the log" if lost else ""


def _noun(count: int, noun: str) -> str:
    return noun if count == 1 else f"{noun}s"


def _at(ranked: Ranked) -> str:
    """The score, and the probability where it is one."""
    told = f"  ({ranked.score:+.1f}"
    return told + (")" if ranked.probability is None else f", {_percent(ranked.probability)})")


def _strongest(ranked: Ranked) -> list[Evidence]:
    """What says something of this account; what everybody has, the base rate, does not."""
    own = [piece for piece in ranked.evidence if piece.kind != "base rate"]
    return [piece for piece in own if abs(piece.weight) >= _SAYS][:_PIECES]


def _told(evidence: Evidence) -> str:
    """A piece of evidence with the log-odds that it adds, where it is a part of the score."""
    words = shown(evidence.words)
    return f"({evidence.weight:+.1f}) {words}" if evidence.weight else words


def _percent(probability: float) -> str:
    """A probability that never says that anything is certain."""
    if probability < 0.01:
        return "<1%"
    return ">99%" if probability > 0.99 else f"{probability:.0%}"
