"""``leeward discover``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from leeward.cli._options import Answer, answered, counted, data_option

if TYPE_CHECKING:
    from leeward.network import Evidence
    from leeward.pipeline import Found

__all__ = ["discover"]

_SHOWN = 10


@click.command(
    epilog="Example: leeward discover --data data --seeds seeds.txt --out ranking.parquet"
)
@data_option
@click.option(
    "--seeds",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Confirmed starting points, one a line: account:URI, post:URI, media:HASH or tag:WORD, "
    "then optionally a tab, offender or innocent, a tab and a weight.",
)
@click.option(
    "--out",
    required=True,
    metavar="RANKING",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The ranking: a .parquet, .csv or .json file. Only you may read it.",
)
@click.option(
    "--page", type=click.Path(path_type=Path, dir_okay=False), help="Write an HTML page, too."
)
@click.option(
    "--shields",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Accounts for which only protective actions exist, one a line: URI, a tab, a role.",
)
@click.option(
    "--limit", type=click.IntRange(min=1), default=1_000, show_default=True, help="Accounts ranked."
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
    limit: int,
    backend: str,  # noqa: ARG001 - there is one so far
    answer: Answer,
) -> None:
    """Find the network behind a few confirmed accounts.

    Accounts are ranked by what their own acts share with the seeds: reposts, pictures and their
    near copies, hashtags, links. Each comes with its evidence in words. A place in the ranking
    is a question for a person; it proves nothing.
    """
    from leeward.network import parse_seeds
    from leeward.pipeline import discover as run
    from leeward.store import Log

    given = parse_seeds(_text(seeds), str(seeds))
    roles = _roles(shields) if shields else {}
    with Log(data) as log:
        found = run(log, given, shields=roles, limit=limit, progress=_say(quiet=answer.as_json))
    found.save(out)
    if page is not None:
        from leeward.console import write_page

        write_page(page, found)
    answer.one(_body(found, out, page), _lines(found, out, page))


def _text(path: Path) -> str:
    from leeward.errors import InputError

    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise InputError(
            "the file is not text in UTF-8", where=str(path), hint="save it as UTF-8"
        ) from None


def _roles(path: Path) -> dict[str, str]:
    from leeward.errors import InputError

    roles = {}
    for number, line in enumerate(_text(path).splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            account, _, role = line.partition("\t")
            if not role.strip():
                raise InputError(
                    "the line names no role",
                    where=f"{path}, line {number}",
                    hint="write the account's URI, a tab and a role",
                )
            roles[account.strip().removeprefix("account:")] = role.strip()
    return roles


def _say(*, quiet: bool) -> Any:
    def say(text: str) -> None:
        if not quiet and sys.stderr.isatty():
            click.echo(f"\r\x1b[K{text}", err=True, nl=False)

    return say


def _told(evidence: Evidence) -> str:
    share = f" ({evidence.weight:.0%})" if evidence.weight else ""
    return f"{evidence.words}{share}"


def _body(found: Found, out: Path, page: Path | None) -> dict[str, Any]:
    import msgspec

    figures = msgspec.to_builtins(found.figures)
    return {
        "figures": figures,
        "notes": found.notes,
        "ranking": str(out),
        "page": None if page is None else str(page),
    }


def _lines(found: Found, out: Path, page: Path | None) -> list[str]:
    figures = found.figures
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", err=True, nl=False)
    lines = [
        f"{figures.events:>12,}  events of {counted(figures.accounts, 'account')}",
        f"{figures.seeds:>12,}  seeds"
        + (f", {figures.seeds_unknown:,} more are not in the log" if figures.seeds_unknown else ""),
        f"{figures.reached:>12,}  accounts have a score",
        f"{figures.two_hop:>12,}  accounts would be accused by two hops over reposts",
        "",
    ]
    others = [ranked for ranked in found.ranking if ranked.tier != "seed"]
    for ranked in others[:_SHOWN]:
        lines.append(f"{ranked.rank:>5}  {ranked.tier:<9}  {ranked.account}")
        lines += [f"{'':>18}{_told(piece)}" for piece in ranked.evidence[:2]]
    lines += ["", *(f"note: {note}" for note in found.notes), f"ranking: {out}"]
    return lines if page is None else [*lines, f"page: {page}"]
