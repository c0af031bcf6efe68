"""A made-up platform with a hidden ring: its events, and the truth about them.

Nothing in it describes a real person or harmful content: names and texts are made-up words,
pictures are abstract patterns. It serves to measure methods, to try out what Leeward does, and
to show it, without anybody's data.
"""

from leeward.simulate._render import render
from leeward.simulate._settings import ATTACKS, STRUCTURES, Attack, RoleSizes, Structure
from leeward.simulate._simulate import Summary, simulate
from leeward.simulate._write import Format

__all__ = [
    "ATTACKS",
    "STRUCTURES",
    "Attack",
    "Format",
    "RoleSizes",
    "Structure",
    "Summary",
    "render",
    "simulate",
]
