"""Measures of a ranking against a known truth. Pure arithmetic on arrays."""

from leeward.evaluate._judged import Judged, RoleShare, TwoHop, judge
from leeward.evaluate._measures import At, Measures, ranking_measures
from leeward.evaluate._trial import RING, draw_seeds, read_truth, trial

__all__ = [
    "RING",
    "At",
    "Judged",
    "Measures",
    "RoleShare",
    "TwoHop",
    "draw_seeds",
    "judge",
    "ranking_measures",
    "read_truth",
    "trial",
]
