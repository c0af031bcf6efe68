"""The interaction graph, discovery and the arithmetic of certification. No I/O.

A :class:`GraphBuilder` turns events into a :class:`Graph` of accounts and what they acted on.
"""

from leeward.network._acts import OPPOSING, Act, Node
from leeward.network._answers import Answers, Reviewed, reviewed
from leeward.network._build import GraphBuilder
from leeward.network._cells import Cell, cells_of
from leeward.network._certify import (
    Certifier,
    FrozenTier,
    Standing,
    Verdict,
    certified_together,
    drawn,
)
from leeward.network._columns import COLUMNS
from leeward.network._copies import NEAR, Joins, lead
from leeward.network._coshare import CoShares, Shares, co_shares, components
from leeward.network._csr import Csr, Edges
from leeward.network._discovery import Discovery, Scores, discover
from leeward.network._doubled import Reviewers, reviewers
from leeward.network._extent import Extent
from leeward.network._families import FAMILIES, Family, rankings
from leeward.network._graph import Flags, Graph, Trait, fingerprint
from leeward.network._plan import Plan, plan, separable
from leeward.network._questions import Asking, Candidates, Questions, questions
from leeward.network._recalibrate import Calibration, recalibrate
from leeward.network._refresh import Refreshed, refresh
from leeward.network._remaining import name_of
from leeward.network._reviewers import FAULTLESS, ErrorRate, ReviewErrors
from leeward.network._reweigh import Reweighed, Said, reweigh
from leeward.network._search import Search, search
from leeward.network._seeds import parse_prior, parse_seeds
from leeward.network._signs import SIGNS, Signs, signs_of
from leeward.network._spread import Spread, bands, spread
from leeward.network._touches import Touches, touches_of
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
from leeward.network._unfound import Band, Members, Range, members

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
