"""The story, from input to verdict: what is decoded below is put in order here."""

from leeward.pipeline._discover import discover
from leeward.pipeline._erasure import Forgotten, carry_out, count_subject, erase_subject
from leeward.pipeline._found import (
    RANKING_SCHEMA,
    Figures,
    Found,
    Histogram,
    Own,
    Size,
    check_ranking_name,
)
from leeward.pipeline._graph import interaction_graph
from leeward.pipeline._housekeeping import Housekeeper
from leeward.pipeline._ingest import Sink, ingest
from leeward.pipeline._mending import Mended, replay_quarantine
from leeward.pipeline._pieces import FORMATS, Format, detect
from leeward.pipeline._priors import read_priors
from leeward.pipeline._replay import Replayed, replay
from leeward.pipeline._retention import retain
from leeward.pipeline._summary import Summary

__all__ = [
    "FORMATS",
    "RANKING_SCHEMA",
    "Figures",
    "Forgotten",
    "Format",
    "Found",
    "Histogram",
    "Housekeeper",
    "Mended",
    "Own",
    "Replayed",
    "Sink",
    "Size",
    "Summary",
    "carry_out",
    "check_ranking_name",
    "count_subject",
    "detect",
    "discover",
    "erase_subject",
    "ingest",
    "interaction_graph",
    "read_priors",
    "replay",
    "replay_quarantine",
    "retain",
]
