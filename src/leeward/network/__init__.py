"""The interaction graph, discovery and the arithmetic of certification. No I/O.

A :class:`GraphBuilder` turns events into a :class:`Graph` of accounts and what they acted on;
:func:`discover` turns the graph and a few confirmed accounts into a :class:`Discovery`. Inside,
what stands lower knows nothing of what stands above it: graph, touches, evidence, votes, families
of rankings, searching, result. The arithmetic of review stands apart and knows no graph.
"""

from leeward.network._evidence.signs import SIGNS, Signs, signs_of
from leeward.network._families.rankings import FAMILIES, Family, rankings
from leeward.network._graph.acts import OPPOSING, Act, Node
from leeward.network._graph.build import GraphBuilder
from leeward.network._graph.columns import COLUMNS
from leeward.network._graph.copies import NEAR, Joins, lead
from leeward.network._graph.csr import Csr, Edges
from leeward.network._graph.graph import Flags, Graph, Trait, fingerprint
from leeward.network._result.cells import Cell, cells_of
from leeward.network._result.discovery import Discovery, Scores, discover
from leeward.network._result.remaining import name_of
from leeward.network._review.answers import Answers, Reviewed, reviewed
from leeward.network._review.certify import (
    Certifier,
    FrozenTier,
    Standing,
    Verdict,
    certified_together,
    drawn,
)
from leeward.network._review.doubled import Reviewers, reviewers
from leeward.network._review.plan import Plan, plan, separable
from leeward.network._review.questions import Asking, Candidates, Questions, questions
from leeward.network._review.recalibrate import Calibration, recalibrate
from leeward.network._review.reviewers import FAULTLESS, ErrorRate, ReviewErrors
from leeward.network._review.reweigh import Reweighed, Said, reweigh
from leeward.network._review.spread import Spread, bands, spread
from leeward.network._review.unfound import Band, Members, Range, agreed, members
from leeward.network._searching.extent import Extent
from leeward.network._searching.refresh import Refreshed, refresh
from leeward.network._searching.search import Search, search
from leeward.network._seeds import parse_prior, parse_seeds
from leeward.network._touches.coshare import CoShares, Shares, co_shares, components
from leeward.network._touches.touches import Touches, touches_of
from leeward.network._types import (
    CONCLUSIVE,
    TIERS,
    Evidence,
    Picture,
    Prior,
    Ranked,
    Seed,
    Tie,
    Tier,
)

__all__ = [
    "COLUMNS",
    "CONCLUSIVE",
    "FAMILIES",
    "FAULTLESS",
    "NEAR",
    "OPPOSING",
    "SIGNS",
    "TIERS",
    "Act",
    "Answers",
    "Asking",
    "Band",
    "Calibration",
    "Candidates",
    "Cell",
    "Certifier",
    "CoShares",
    "Csr",
    "Discovery",
    "Edges",
    "ErrorRate",
    "Evidence",
    "Extent",
    "Family",
    "Flags",
    "FrozenTier",
    "Graph",
    "GraphBuilder",
    "Joins",
    "Members",
    "Node",
    "Picture",
    "Plan",
    "Prior",
    "Questions",
    "Range",
    "Ranked",
    "Refreshed",
    "ReviewErrors",
    "Reviewed",
    "Reviewers",
    "Reweighed",
    "Said",
    "Scores",
    "Search",
    "Seed",
    "Shares",
    "Signs",
    "Spread",
    "Standing",
    "Tie",
    "Tier",
    "Touches",
    "Trait",
    "Verdict",
    "agreed",
    "bands",
    "cells_of",
    "certified_together",
    "co_shares",
    "components",
    "discover",
    "drawn",
    "fingerprint",
    "lead",
    "members",
    "name_of",
    "parse_prior",
    "parse_seeds",
    "plan",
    "questions",
    "rankings",
    "recalibrate",
    "refresh",
    "reviewed",
    "reviewers",
    "reweigh",
    "search",
    "separable",
    "signs_of",
    "spread",
    "touches_of",
]
