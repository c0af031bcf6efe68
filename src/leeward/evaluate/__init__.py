"""Measures of a ranking against a known truth, and evaluations that use them.

:func:`ranking_measures` and :func:`judge` are pure arithmetic on arrays. :func:`measure` runs a
search on a simulated :class:`World`, beside its peers and with simulated reviewers, and
:func:`reached` holds what came of it against the goals.
"""

from leeward.evaluate._ceiling import Ceiling, ceiling, read_tainted
from leeward.evaluate._certified import Attempt, attempt
from leeward.evaluate._figures import figures
from leeward.evaluate._fraudar import Block, Fraudar, fraudar
from leeward.evaluate._german import hidden_network, measure_german, open_german
from leeward.evaluate._goals import Goal, goals
from leeward.evaluate._judged import Judged, RoleShare, TwoHop, judge
from leeward.evaluate._measures import At, Measures, ranking_measures
from leeward.evaluate._panel import Panel
from leeward.evaluate._priors import measure_priors, priors_table
from leeward.evaluate._priors_made import Planted, Rates, made_findings, odds_of, planted
from leeward.evaluate._reached import Reached, reached
from leeward.evaluate._report import report, write_report
from leeward.evaluate._reviewing import Milestone, reviewing
from leeward.evaluate._rows import DEVELOPED_ON, Measured, Setting, read_rows, rows_file, write_rows
from leeward.evaluate._run import Wish, measure
from leeward.evaluate._scored import Reliability, calibration
from leeward.evaluate._searching import Search, Searched, Searching, searched
from leeward.evaluate._text import (
    AccountsMeasured,
    LanguageMeasured,
    Rate,
    TextCut,
    TextMeasured,
    TextsCompared,
    compare_texts,
    measure_texts,
)
from leeward.evaluate._trial import RING, draw_seeds, read_truth, trial
from leeward.evaluate._world import SHIELDED, World, open_world

__all__ = [
    "DEVELOPED_ON",
    "RING",
    "SHIELDED",
    "AccountsMeasured",
    "At",
    "Attempt",
    "Block",
    "Ceiling",
    "Fraudar",
    "Goal",
    "Judged",
    "LanguageMeasured",
    "Measured",
    "Measures",
    "Milestone",
    "Panel",
    "Planted",
    "Rate",
    "Rates",
    "Reached",
    "Reliability",
    "RoleShare",
    "Search",
    "Searched",
    "Searching",
    "Setting",
    "TextCut",
    "TextMeasured",
    "TextsCompared",
    "TwoHop",
    "Wish",
    "World",
    "attempt",
    "calibration",
    "ceiling",
    "compare_texts",
    "draw_seeds",
    "figures",
    "fraudar",
    "goals",
    "hidden_network",
    "judge",
    "made_findings",
    "measure",
    "measure_german",
    "measure_priors",
    "measure_texts",
    "odds_of",
    "open_german",
    "open_world",
    "planted",
    "priors_table",
    "ranking_measures",
    "reached",
    "read_rows",
    "read_tainted",
    "read_truth",
    "report",
    "reviewing",
    "rows_file",
    "searched",
    "trial",
    "write_report",
    "write_rows",
]
