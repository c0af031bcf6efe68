"""The interaction graph, discovery and the arithmetic of certification. No I/O.

A :class:`GraphBuilder` turns events into a :class:`Graph` of accounts and what they acted on.
"""

from leeward.network._acts import OPPOSING, Act, Node
from leeward.network._build import GraphBuilder
from leeward.network._columns import COLUMNS
from leeward.network._copies import NEAR
from leeward.network._coshare import CoShares, Shares, co_shares, components
from leeward.network._csr import Csr, Edges
from leeward.network._discovery import Discovery, Scores, discover
from leeward.network._graph import Flags, Graph, Trait, fingerprint
from leeward.network._seeds import parse_seeds
from leeward.network._steps import WalkSettings
from leeward.network._types import TIERS, Evidence, Label, Picture, Ranked, Seed, Tie, Tier

__all__ = [
    "COLUMNS",
    "NEAR",
    "OPPOSING",
    "TIERS",
    "Act",
    "CoShares",
    "Csr",
    "Discovery",
    "Edges",
    "Evidence",
    "Flags",
    "Graph",
    "GraphBuilder",
    "Label",
    "Node",
    "Picture",
    "Ranked",
    "Scores",
    "Seed",
    "Shares",
    "Tie",
    "Tier",
    "Trait",
    "WalkSettings",
    "co_shares",
    "components",
    "discover",
    "fingerprint",
    "parse_seeds",
]
