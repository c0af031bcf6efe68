"""Stand-in."""
from __future__ import annotations
from msgspec import Struct
from leeward.network import Picture, Ranked
class Figures(Struct, frozen=True):
    events:int; accounts:int; items:int; touches:int; seeds:int; seeds_unknown:int; suspects:int; two_hop:int; seconds: float; last_seq:int
class Histogram(Struct, frozen=True):
    edges: tuple[float,...]; counts: tuple[int,...]
class Found(Struct, frozen=True):
    ranking: tuple[Ranked,...]; picture: Picture; notes: tuple[str,...]; figures: Figures; histogram: Histogram
