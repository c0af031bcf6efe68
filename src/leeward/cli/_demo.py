"""``leeward demo``."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from leeward.cli._options import Answer, answered

if TYPE_CHECKING:
    from leeward.evaluate import Judged
    from leeward.pipeline import Found

__all__ = ["demo"]

_CUTS = (50, 100, 200, 500)
_SHOWN = 5


@click.command(epilog="Example: leeward demo --out leeward-demo")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("leeward-demo"),
    show_default=True,
    help="A folder for everything that is made; an earlier demo in it is replaced.",
)
@click.option("--accounts", type=click.IntRange(min=200), default=50_000, show_default=True)
@click.option(
    "--ring",
    type=click.IntRange(min=8),
    default=500,
    show_default=True,
    help="Accounts of the hidden network.",
)
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="How many of them are known.",
)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option("--structure", default="shared-posts", show_default=True)
@answered
def demo(
    out: Path, accounts: int, ring: int, seeds: int, seed: int, structure: str, answer: Answer
) -> None:
    """Find the network that is hidden in a simulated platform, and write a page about it.

    Makes a platform of made-up people, puts its events into a log, gives discovery a few
    accounts of the hidden ring, and compares what it finds with the truth. Nothing in it
    describes a real person.
    """
    from leeward.console import write_page
    from leeward.evaluate import draw_seeds, read_truth, trial
    from leeward.pipeline import discover, ingest
    from leeward.simulate import simulate
    from leeward.store import Log, Writer

    begun = time.monotonic()
    say = _say(quiet=answer.as_json)
    _make_room(out)
    say(f"simulating {accounts:,} accounts, {ring:,} of them in a hidden ring ...")
    made = simulate(
        out / "platform",
        accounts=accounts,
        ring=ring,
        seed=seed,
        structure=structure,  # type: ignore[arg-type]
    )
    say(f"putting {made.events:,} events into a log ...")
    with Writer.open(out / "data") as writer:
        ingest([out / "platform" / "events.parquet"], writer)
    roles = read_truth(out / "platform" / "truth.parquet")
    known = draw_seeds(roles, seeds, seed)
    (out / "seeds.txt").write_text("".join(f"account:{account}\n" for account in known))
    say(f"searching from {len(known)} confirmed accounts ...")
    with Log(out / "data") as log:
        found = discover(log, [f"account:{account}" for account in known])
    judged = trial(found, roles, known, _CUTS)
    say("drawing the page ...")
    found.save(out / "ranking.parquet")
    page = write_page(
        out / "demo.html", found, title="A hidden network, found in a simulation", judged=judged
    )
    seconds = time.monotonic() - begun
    answer.one(_body(found, judged, page, seconds), _lines(found, judged, page, seconds))


def _make_room(out: Path) -> None:
    """Remove what an earlier demo left, and nothing else."""
    from leeward.errors import AlreadyExists

    mark = out / "seeds.txt"
    ours = {"platform", "data", "seeds.txt", "ranking.parquet", "demo.html"}
    if out.exists() and {path.name for path in out.iterdir()} - ours:
        raise AlreadyExists(
            "the folder holds something that no demo made",
            where=str(out),
            hint="name a new folder with --out",
        )
    for name in ("platform", "data"):
        shutil.rmtree(out / name, ignore_errors=True)
    mark.unlink(missing_ok=True)
    out.mkdir(parents=True, exist_ok=True)


def _say(*, quiet: bool) -> Any:
    def say(text: str) -> None:
        if not quiet:
            click.echo(text, err=True)
            sys.stderr.flush()

    return say


def _body(found: Found, judged: Judged, page: Path, seconds: float) -> dict[str, Any]:
    import msgspec

    return {
        "figures": msgspec.to_builtins(found.figures),
        "judged": msgspec.to_builtins(judged),
        "page": str(page),
        "seconds": seconds,
    }


def _lines(found: Found, judged: Judged, page: Path, seconds: float) -> list[str]:
    hop = judged.two_hop
    suspects = [ranked for ranked in found.ranking if ranked.tier == "suspect" and ranked.evidence]
    accused = f"Two hops over reposts would have accused {hop.accused:,} accounts, "
    return [
        "",
        f"{judged.hidden:,} accounts of the ring were hidden. Of the accounts ranked highest,",
        *(
            f"  the first {at.k:>5,} hold {at.found:>5,.0f} ({at.precision:.0%})"
            for at in judged.found_at
        ),
        f"{accused}{hop.right:,} of them rightly ({hop.precision or 0:.1%}).",
        "",
        *(
            f"{ranked.rank:>4}  {ranked.account}: {ranked.evidence[0].words}"
            for ranked in suspects[:_SHOWN]
        ),
        "",
        f"page: {page} (made in {seconds:.0f} s)",
    ]
