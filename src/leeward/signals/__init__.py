"""Detectors: what they have in common, and the lexicon. Pure: data in, findings out.

A :class:`Signal` looks at a batch of the log's rows and says :class:`Looked` of it: an outcome a
row, and a finding for each hit and each abstention. :class:`Lexicon` finds the terms of an
operator's list, also in disguise. :class:`RareText` adds up what a :class:`TextModel`, trained from
labelled examples, says of single messages.
"""

from leeward.signals._behaviour_polls import AGE_SPAN, age_like
from leeward.signals._behaviour_ties import GROUP_MOST
from leeward.signals._behaviour_tracker import Tracker
from leeward.signals._behaviour_trackers import (
    AccountTracker,
    CommunityTracker,
    MediaTracker,
    TagTracker,
    ThreadTracker,
)
from leeward.signals._context import NEWS, ContextSignal
from leeward.signals._features import (
    ACCOUNT_FEATURES,
    COMMUNITY_FEATURES,
    FEATURES,
    MEDIA_FEATURES,
    TAG_FEATURES,
    THREAD_FEATURES,
    Feature,
    Features,
    Tracked,
)
from leeward.signals._lexicon import LEXICON_WEIGHTS, MAX_EVIDENCE, Lexicon
from leeward.signals._places import PART_LETTERS
from leeward.signals._rare import RARE_KEYS, RARE_LINE, RareLevel, RareText
from leeward.signals._rare_heavy import RARE_EVIDENCE
from leeward.signals._rare_state import bayes_factor_mixture
from leeward.signals._read import ListForm, read_terms
from leeward.signals._samples import signal_samples
from leeward.signals._scorecard import Scorecard
from leeward.signals._scorecard_train import groups_of, train_scorecard
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
from leeward.signals._templates import TEMPLATE_WEIGHT, Templates
from leeward.signals._term import MAX_TERM, MAX_TERMS, Boundary, InTags, Term
from leeward.signals._text_model import ENOUGH, WITHOUT, Learnt, Said, TextFacts, TextModel
from leeward.signals._text_model_scripts import language_of
from leeward.signals._text_model_second import ENCODED_SHARE, Encoder, SecondFacts
from leeward.signals._text_model_train import (
    LEAST_EXAMPLES,
    TextExample,
    TextLabel,
    Trained,
    hold_out,
    train_text_model,
)
from leeward.signals._threshold import Threshold

__all__ = [
    "ABSTAINED",
    "ACCOUNT_FEATURES",
    "AGE_SPAN",
    "COMMUNITY_FEATURES",
    "DEEP_UNITS",
    "ENCODED_SHARE",
    "ENOUGH",
    "FEATURES",
    "GROUP_MOST",
    "HIT",
    "LEAST_EXAMPLES",
    "LEXICON_WEIGHTS",
    "MAX_EVIDENCE",
    "MAX_TERM",
    "MAX_TERMS",
    "MEDIA_FEATURES",
    "MISS",
    "NEWS",
    "PART_LETTERS",
    "RARE_EVIDENCE",
    "RARE_KEYS",
    "RARE_LINE",
    "TAG_FEATURES",
    "TEMPLATE_WEIGHT",
    "THREAD_FEATURES",
    "UNASKED",
    "WITHOUT",
    "AccountTracker",
    "Boundary",
    "CommunityTracker",
    "ContextSignal",
    "Encoder",
    "Example",
    "Feature",
    "Features",
    "InTags",
    "Learnt",
    "Lexicon",
    "ListForm",
    "Looked",
    "MediaTracker",
    "RareLevel",
    "RareText",
    "Said",
    "Scorecard",
    "SecondFacts",
    "Signal",
    "Stateful",
    "TagTracker",
    "Templates",
    "Term",
    "TextExample",
    "TextFacts",
    "TextLabel",
    "TextModel",
    "ThreadTracker",
    "Threshold",
    "Tracked",
    "Tracker",
    "Trained",
    "age_like",
    "bayes_factor_mixture",
    "every_finding",
    "groups_of",
    "hold_out",
    "language_of",
    "read_terms",
    "signal_samples",
    "train_scorecard",
    "train_text_model",
]
