"""Real posts with a network in them that nobody made for us: ``german_elections``.

The accounts that shared the same links within ten seconds, and did so with two links or more, hang
together in groups; the largest group is the hidden network. Ten of it are the seeds. The links
are then forgotten: hashtags, domains and pictures are all that leads to the others. So are the
times, of which the network is made; what they would add is measured apart.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc

from leeward.errors import InputError
from leeward.evaluate._ceiling import recall_at
from leeward.evaluate._measures import ranking_measures
from leeward.evaluate._peers import portfolio
from leeward.evaluate._rows import GERMAN, GERMAN_TIMED, Measured, Setting
from leeward.evaluate._run import OURS
from leeward.evaluate._searching import searched
from leeward.evaluate._world import World, order_of
from leeward.network import co_shares, components
from leeward.pipeline import ingest, interaction_graph
from leeward.store import Log, Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import numpy.typing as npt

    from leeward.evaluate._searching import Searched, Searching
    from leeward.network import Csr

    Bools = npt.NDArray[np.bool_]
    Doubles = npt.NDArray[np.float64]

__all__ = ["hidden_network", "measure_german", "open_german"]

_SECOND: Final = 1_000_000
_WINDOW: Final = 10 * _SECOND
_SEEDS: Final = 10
_TOP: Final = 100
_MAP: Final = """
source = "german-elections"
kind = "post"
group_by = ["account_id", "post_id"]

[fields]
object = "elections/post/{post_id}"
actor = "elections/account/{account_id}"
at = { column = "timestamp", unit = "s" }
tags = "hashtag_{hashtag_id}"
links = "elections/domain/{domain_id}"
media = { uri = "elections/picture/{phash_id}" }
"""
_COLUMNS: Final = ("account_id", "url_id", "timestamp")


class _Acts(NamedTuple):
    account: Any
    link: Any
    at: Any


def hidden_network(posts: Path) -> set[str]:
    """The accounts of the largest group that shared links together.

    Args:
        posts: ``posts.csv.gz``.

    Raises:
        InputError: It is something else.
    """
    acts = _shares(posts)
    names, account = np.unique(acts.account, return_inverse=True)
    _, link = np.unique(acts.link, return_inverse=True)
    at = acts.at.astype(np.int64) * _SECOND
    pairs = co_shares(account.astype(np.int32), link.astype(np.int32), at, window=_WINDOW)
    label = components(pairs.a, pairs.b, len(names))
    largest = np.bincount(label).argmax()
    return {str(name) for name in names[label == largest]}


def _shares(posts: Path) -> _Acts:
    try:
        options = pc.ConvertOptions(
            include_columns=_COLUMNS, column_types={"account_id": pa.string()}
        )
        table = pc.read_csv(posts, convert_options=options)
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            "these are not the posts of german_elections",
            where=str(posts),
            hint="give posts.csv.gz, as the tutorial on real posts makes it",
        ) from error
    rows = table.filter(table["url_id"].is_valid()).group_by(list(_COLUMNS)).aggregate([])
    return _Acts(*(rows[name].to_numpy() for name in _COLUMNS))


def open_german(posts: Path, folder: Path, *, times: bool = False) -> World:
    """The graph of hashtags, domains and pictures, and the hidden network as its ring.

    Accounts that used none of these are left out: nothing could lead to them.

    Args:
        posts: ``posts.csv.gz``.
        folder: Gets the log.
        times: Whether it is known when accounts acted.
    """
    hidden = hidden_network(posts)
    table = folder / "german.toml"
    if not (folder / "data").exists():
        folder.mkdir(parents=True, exist_ok=True)
        table.write_text(_MAP)
        with Writer.open(folder / "data") as writer:
            ingest([posts], writer, map=table)
    with Log(folder / "data") as log:
        graph = interaction_graph(log)
    if not times:
        graph = replace(graph, out=_timeless(graph.out), into=_timeless(graph.into))
    carrying = np.zeros(len(graph.kind), np.bool_)  # accounts with a post that carries anything
    source = np.repeat(np.arange(len(graph.kind)), graph.out.degrees())
    carrying[source[graph.out.degrees()[graph.out.node] > 0]] = True
    accounts = graph.accounts()
    accounts = accounts[carrying[accounts]]
    names = [graph.name(int(node)).rpartition("/")[2] for node in accounts]
    ring = np.isin(names, sorted(hidden))
    roles = np.where(ring, "reposter", "ordinary")
    nothing = np.zeros(len(graph.kind), np.bool_)
    by_name = order_of(pa.array(names))
    return World(graph, accounts, roles, by_name, ring, nothing, np.zeros(len(accounts)), None)


def _timeless(edges: Csr) -> Csr:
    return edges._replace(at=np.zeros_like(edges.at))


def measure_german(
    world: World,
    searching: Searching,
    draws: int,
    progress: Callable[[str], None] = lambda _: None,
) -> Iterator[Measured]:
    """Ten seeds of the hidden network, and ten of anybody's, each draw.

    Args:
        world: From :func:`open_german`.
        searching: The search.
        draws: How many.
        progress: Told what happens.
    """
    name = GERMAN_TIMED if world.graph.out.at.any() else GERMAN
    for draw in range(draws):
        progress(f"{name}, draw {draw + 1} of {draws}")
        at = Setting(name, accounts=len(world.accounts), seeds=_SEEDS, draw=draw)
        rng = np.random.default_rng(draw)
        members = rng.permutation(world.by_name[world.ring[world.by_name]])[:_SEEDS]
        yield from _figures(world, at, searched(world, searching, members))
        anybody = rng.permutation(world.by_name)[:_SEEDS]
        at = Setting(name, accounts=len(world.accounts), seeds=_SEEDS, draw=draw, placebo=True)
        yield from _figures(world, at, searched(world, searching, anybody))


def _figures(world: World, at: Setting, first: Searched) -> Iterator[Measured]:
    counted = ~first.seeds
    yield Measured(at, OURS, 0, "abstained", float(first.search.abstained is not None))
    yield Measured(at, OURS, 0, "base rate", float(world.ring[counted].mean()))
    yield Measured(at, OURS, 0, "above the line", float((first.above & counted).sum()))
    scores: dict[str, Doubles] = {OURS: first.log_odds, **portfolio(first)}
    for method, of in scores.items():
        ring = world.ring[counted]
        measures = ranking_measures(of[counted], ring, (_TOP,))
        yield Measured(at, method, 0, "average precision", measures.average_precision)
        yield Measured(at, method, 0, "found in the first 100", measures.at[0].found)
        yield Measured(at, method, 0, "recall at the best .99", recall_at(of[counted], ring))
