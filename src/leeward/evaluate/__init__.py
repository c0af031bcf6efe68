"""Measures of a ranking against a known truth. Pure arithmetic on arrays."""

from leeward.evaluate._ceiling import Ceiling, ceiling, read_tainted, recall_at
from leeward.evaluate._fraudar import Block, Fraudar, fraudar
from leeward.evaluate._judged import Judged, RoleShare, TwoHop, judge
from leeward.evaluate._measures import At, Measures, ranking_measures
from leeward.evaluate._trial import RING, draw_seeds, read_truth, trial

__all__ = [
    "RING",
    "At",
    "Block",
    "Ceiling",
    "Fraudar",
    "Judged",
    "Measures",
    "RoleShare",
    "TwoHop",
    "ceiling",
    "draw_seeds",
    "fraudar",
    "judge",
    "ranking_measures",
    "read_tainted",
    "read_truth",
    "recall_at",
    "trial",
]
