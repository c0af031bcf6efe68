"""Measures of a ranking against a known truth. Pure arithmetic on arrays."""

from leeward.evaluate._judged import Judged, RoleShare, TwoHop, judge
from leeward.evaluate._measures import At, Measures, ranking_measures

__all__ = ["At", "Judged", "Measures", "RoleShare", "TwoHop", "judge", "ranking_measures"]
