"""``leeward demo``."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import msgspec

from leeward.cli._options import Answer, answered, counted
from leeward.errors import AlreadyExists, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from leeward.evaluate import Judged
    from leeward.network import Ranked
    from leeward.pipeline import Found
    from leeward.simulate import Structure

__all__ = ["demo"]

_CUTS = (10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)
_MOST_CUTS = 4
_SHOWN = 5
_MARK = "leeward-demo.txt"
_MARKED = "Made by `leeward demo`, which replaces all that is in this folder when it runs again.\n"
_NEW = ".leeward-demo-"
_MADE = ("platform", "data", "seeds.txt", "ranking.parquet", "demo.html")


class _Line(NamedTuple):
    """How many of those above the line, in the ranking, are of the ring."""

    right: int
    of: int


@click.command(epilog="Example: leeward demo --out leeward-demo")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("leeward-demo"),
    show_default=True,
    help="A folder for everything that is made; an earlier demo in it is replaced.",
)
@click.option(
    "--accounts",
    type=click.IntRange(min=200),
    default=50_000,
    show_default=True,
    help="Accounts of the platform.",
)
@click.option(
    "--ring",
    type=click.IntRange(min=8),
    default=500,
    show_default=True,
    help="How many of them are in the hidden network: one in twenty at most.",
)
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="How many of those are known from the start.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Another seed, another world.",
)
@click.option(
    "--structure",
    type=click.Choice(["shared-posts", "hashtags", "migrating", "trade", "adjacent", "links"]),
    default="shared-posts",
    show_default=True,
    help="How the hidden network is organised.",
)
@answered
def demo(
    out: Path,
    accounts: int,
    ring: int,
    seeds: int,
    seed: int,
    structure: Structure,
    answer: Answer,
) -> None:
    """Find the network that is hidden in a simulated platform, and write a page about it.

    Makes a platform of made-up people, puts its events into a log, gives discovery a few
    accounts of the hidden ring, and compares what it finds with the truth. Nothing in it
    describes a real person.
    """
    from leeward.console import write_page
    from leeward.evaluate import RING, draw_seeds, read_truth, trial
    from leeward.pipeline import discover, ingest
    from leeward.store import Log, Writer, write_whole

    begun = time.monotonic()
    say = _say(quiet=answer.as_json)
    _check_ours(out)
    say(f"simulating {accounts:,} accounts, {ring:,} of them in a hidden ring ...")
    events = _simulate(out, accounts=accounts, ring=ring, seed=seed, structure=structure)
    say(f"putting {events:,} events into a log ...")
    with Writer.open(out / "data") as writer:
        ingest([out / "platform" / "events.parquet"], writer)
    roles = read_truth(out / "platform" / "truth.parquet")
    known = [f"account:{account}" for account in draw_seeds(roles, seeds, seed)]
    write_whole(out / "seeds.txt", "".join(f"{line}\n" for line in known).encode())
    say(f"searching from {counted(len(known), 'confirmed account')} ...")
    with Log(out / "data") as log:
        found = discover(log, known)
    seeds_alone = [line.removeprefix("account:") for line in known]
    hidden = sum(role in RING for role in roles.values()) - len(known)
    judged = trial(found, roles, seeds_alone, [k for k in _CUTS if k <= 2 * hidden][-_MOST_CUTS:])
    say("drawing the page ...")
    found.save(out / "ranking.parquet")
    page = write_page(
        out / "demo.html", found, title="A hidden network, found in a simulation", judged=judged
    )
    seconds = time.monotonic() - begun
    above = [roles[one.account] for one in found.ranking if one.tier == "above the line"]
    line = _Line(sum(role in RING for role in above), len(above))
    answer.one(
        _body(found, judged, line, out, seconds),
        _lines(found, judged, line, page, seconds, hidden + len(known)),
    )


def _check_ours(out: Path) -> None:
    """Whatever is in the folder must be of an earlier demo: it will be removed."""
    names = {path.name for path in out.iterdir()} if out.exists() else set()
    others = {name for name in names - {_MARK, *_MADE} if not name.startswith(_NEW)}
    if names and (_MARK not in names or others):
        raise AlreadyExists(
            "the folder holds something that no demo made",
            where=str(out),
            hint="name a new folder with --out",
        )


def _simulate(out: Path, *, accounts: int, ring: int, seed: int, structure: Structure) -> int:
    """Make the platform, then let it take the place of an earlier demo; how many events it has.

    What cannot be simulated is refused before anything is removed.
    """
    from leeward.simulate import simulate
    from leeward.store import write_whole

    new = _existing(out) / f"{_NEW}{secrets.token_hex(4)}"
    try:
        made = simulate(new, accounts=accounts, ring=ring, seed=seed, structure=structure)
        out.mkdir(parents=True, exist_ok=True)
        write_whole(out / _MARK, _MARKED.encode())
        for path in out.iterdir():
            if path.name != _MARK and path != new:
                _remove(path)
        new.rename(out / "platform")
    except OSError as error:
        raise StoreError(
            f"the system reports: {os.strerror(error.errno or errno.EIO)}",
            where=str(out),
            hint="name another folder with --out",
        ) from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return made.events


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above that is there: on the same disk as what is made."""
    here = folder.absolute()
    return next(above for above in (here, *here.parents) if above.is_dir())


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _say(*, quiet: bool) -> Callable[[str], None]:
    def say(text: str) -> None:
        if not quiet:
            click.echo(text, err=True)

    return say


def _body(found: Found, judged: Judged, line: _Line, out: Path, seconds: float) -> dict[str, Any]:
    return {
        "figures": msgspec.to_builtins(found.figures),
        "judged": {
            "hidden": judged.hidden,
            "found_at": [at._asdict() for at in judged.found_at],
            "average_precision": judged.average_precision,
            "top": judged.top,
            "by_role": [role._asdict() for role in judged.by_role],
            "two_hop": judged.two_hop._asdict(),
            "above_line": line._asdict(),
        },
        "page": str(out / "demo.html"),
        "ranking": str(out / "ranking.parquet"),
        "seeds": str(out / "seeds.txt"),
        "data": str(out / "data"),
        "seconds": seconds,
    }


def _lines(
    found: Found, judged: Judged, line: _Line, page: Path, seconds: float, ring: int
) -> list[str]:
    hop, top, out = judged.two_hop, judged.top, page.parent
    others = [ranked for ranked in found.ranking if ranked.tier not in ("seed", "shielded")]
    # A cut that is nearly the number of the hidden says nothing new beside that.
    cuts = [at for at in judged.found_at if at.k == top or abs(at.k - top) > 0.1 * top]
    accused = f"Two hops over reposts would have accused {counted(hop.accused, 'account')}; "
    again = f"leeward discover --data {out / 'data'} --seeds {out / 'seeds.txt'} --out ranking.csv"
    return [
        "",
        "From the seeds alone, not knowing the truth, discovery says:",
        *(f"  {sentence}" for sentence in found.summary),
        "",
        f"In truth {counted(ring, 'account')} belong to the ring{_right(line)}.",
        f"{counted(judged.hidden, 'account')} of the ring were to be found. In the ranking,",
        *(
            f"  of the first {at.k:>5,} {at.found:>5,.0f} are of the ring ({at.precision:.0%})"
            for at in cuts
        ),
        f"{accused}{hop.right:,} of them are of the ring ({hop.precision or 0:.1%}).",
        "",
        "The first that were found, and what says most for them (+3: about twenty times likelier):",
        *(told for ranked in others[:_SHOWN] for told in _told(ranked)),
        "",
        f"page: {page} (made in {seconds:.0f} s; open it in a browser)",
        f"next: {again}",
    ]


def _right(line: _Line) -> str:
    if not line.of:
        return ""
    do = "does" if line.right == 1 else "do"
    return f"; of the {line.of:,} above the line {line.right:,} {do}"


def _told(ranked: Ranked) -> list[str]:
    """An account, its tier, and the piece of evidence that adds most to its score."""
    head = f"{ranked.rank:>6}  {ranked.account}  ({ranked.score:+.1f}, {ranked.tier})"
    most = max(ranked.evidence, key=lambda piece: piece.weight, default=None)
    if most is None or most.weight <= 0:
        return [head]
    return [head, f"{'':>8}({most.weight:+.1f}) {most.words}"]
