"""Detectors: what they have in common, and the lexicon. Pure: data in, findings out.

A :class:`Signal` looks at a batch of the log's rows and says :class:`Looked` of it: an outcome a
row, and a finding for each hit and each abstention. :class:`Lexicon` finds the terms of an
operator's list, also in disguise.
"""

from leeward.signals._lexicon import LEXICON_WEIGHTS, MAX_EVIDENCE, Lexicon
from leeward.signals._places import PART_LETTERS
from leeward.signals._read import ListForm, read_terms
from leeward.signals._samples import signal_samples
from leeward.signals._search import DEEP_UNITS
from leeward.signals._signal import (
    ABSTAINED,
    HIT,
    MISS,
    UNASKED,
    Example,
    Looked,
    Signal,
    Stateful,
    every_finding,
)
from leeward.signals._term import MAX_TERM, MAX_TERMS, Boundary, InTags, Term

__all__ = [
    "ABSTAINED",
    "DEEP_UNITS",
    "HIT",
    "LEXICON_WEIGHTS",
    "MAX_EVIDENCE",
    "MAX_TERM",
    "MAX_TERMS",
    "MISS",
    "PART_LETTERS",
    "UNASKED",
    "Boundary",
    "Example",
    "InTags",
    "Lexicon",
    "ListForm",
    "Looked",
    "Signal",
    "Stateful",
    "Term",
    "every_finding",
    "read_terms",
    "signal_samples",
]
