"""Findings of the log as priors for a discovery."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from leeward.model import fold_tag
from leeward.network import Prior
from leeward.pipeline._finding_weights import CAPS, Heard
from leeward.store import read_settings
from leeward.store.tables import database_url, get_entries, list_banks, open_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from leeward.model import Hasher, Meaning
    from leeward.network import Graph
    from leeward.pipeline._finding_weights import Said
    from leeward.store import Log

__all__ = ["FindingPriors", "finder", "priors_from", "said_in"]

_FEW: Final = 4
"""Confirmed accounts below whom hints about things are left out: there is too little to weigh so
many hints against, most of them wrong."""


class FindingPriors(NamedTuple):
    """What the findings of a log say.

    Attributes:
        priors: For each subject that the graph knows, one.
        findings: How many findings that is made of.
        signals: The signals that said them, by name.
        held_back: Hints about posts, pictures and hashtags that were left out, since there are
            too few confirmed accounts.
    """

    priors: tuple[Prior, ...]
    findings: int
    signals: tuple[str, ...]
    held_back: int = 0


def said_in(log: Log) -> list[Said]:
    """What the findings of a log say of their subjects.

    Raises:
        LeewardError: The findings, or the banks that they name, cannot be read.
    """
    heard = Heard()
    for batch in log.findings():
        heard.add(batch)
    return heard.said(lambda entries: _meanings(log, entries))


def finder(graph: Graph, hasher: Hasher) -> Callable[[str, str], int | None]:
    """Gives the node of a subject by its kind and name; None where the graph does not know it."""
    return lambda kind, name: graph.find(kind, fold_tag(name) if kind == "tag" else name, hasher)


def priors_from(
    said: Iterable[Said],
    find: Callable[[str, str], int | None],
    own: Iterable[Prior] = (),
    confirmed: int = _FEW,
) -> FindingPriors:
    """Make priors of what findings say.

    Copies of a picture are one subject here, however many of them are named: of each signal the
    highest counts, and what several signals say adds up to the cap of its kind at most.

    Args:
        said: From :func:`said_in`.
        find: From :func:`finder`; what it does not know is left out.
        own: What the caller says: it stands in the place of what is found about the same subject.
        confirmed: How many accounts are given as offenders.
    """
    taken = {find(prior.kind, prior.name) for prior in own}
    by_node: dict[int, list[Said]] = defaultdict(list)
    for one in said:
        node = find(one.kind, one.name)
        if node is not None and node not in taken:
            by_node[node].append(one)
    made, used, held = [], [], 0
    for each in by_node.values():
        prior = _prior(each)
        if confirmed < _FEW and prior.kind != "account":
            held += 1
            continue
        made.append(prior)
        used += each
    signals = tuple(sorted({one.signal for one in used}))
    return FindingPriors(tuple(made), sum(one.findings for one in used), signals, held)


def _prior(said: Sequence[Said]) -> Prior:
    most: dict[str, float] = {}
    for one in said:
        most[one.signal] = max(most.get(one.signal, 0.0), one.log_odds)
    kind, name = said[0].kind, said[0].name
    log_odds = min(sum(most.values()), CAPS[kind])
    return Prior(kind, name, log_odds, f"findings of {', '.join(sorted(most))}")


def _meanings(log: Log, entries: Collection[int]) -> dict[int, Meaning]:
    """What the banks of some entries mean; entries that match no longer, or are paused, are not.

    A bank that is paused or gone means nothing, either.
    """
    data = log.layout.data
    url = database_url(read_settings(data).tables, data, os.environ)
    is_file = url.get_backend_name() == "sqlite"
    if not entries or (is_file and not Path(str(url.database)).exists()):
        return {}
    with open_tables(url) as tables, tables.read() as connection:
        banks = {
            bank.name: bank.settings.meaning
            for bank in list_banks(connection)
            if bank.paused is None
        }
        found = get_entries(connection, list(entries))
    return {
        entry.id: banks[entry.bank]
        for entry in found
        if entry.stands and entry.paused is None and entry.bank in banks
    }
