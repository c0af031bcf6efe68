"""The story, from input to verdict: what is decoded below is put in order here."""

from leeward.pipeline._discover import discover
from leeward.pipeline._erasure import Forgotten, carry_out, count_subject, erase_subject
from leeward.pipeline._fetch import MediaFetcher
from leeward.pipeline._fetch_keeper import FetchKeeper, fetch_media
from leeward.pipeline._fetch_standing import FetchPlan, FetchStanding, fetch_plan, fetch_standing
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
from leeward.pipeline._lookback import LookBack, LookedBack
from leeward.pipeline._lookback_thread import LookBackThread
from leeward.pipeline._match import MOST_MATCHES, Matcher
from leeward.pipeline._match_query import (
    Matched,
    MatchListing,
    MatchQuery,
    MatchResult,
    hash_query,
    media_query,
)
from leeward.pipeline._media_copies import Copies, Sighting, copies_of
from leeward.pipeline._media_map import MediaMap, tidy_media
from leeward.pipeline._mending import Mended, replay_quarantine
from leeward.pipeline._pieces import FORMATS, Format, detect
from leeward.pipeline._priors import read_priors
from leeward.pipeline._replay import Replayed, replay
from leeward.pipeline._retention import retain
from leeward.pipeline._summary import Summary
from leeward.pipeline._sync import (
    Applied,
    BankSink,
    FeedbackReport,
    Staleness,
    SyncReport,
    feedback_queue,
    send_reviewed,
    staleness,
    sync,
)
from leeward.pipeline._sync_tables import ExchangeStanding, SyncedBank, exchange_standings

__all__ = [
    "FORMATS",
    "MOST_MATCHES",
    "RANKING_SCHEMA",
    "Applied",
    "BankSink",
    "Copies",
    "ExchangeStanding",
    "FeedbackReport",
    "FetchKeeper",
    "FetchPlan",
    "FetchStanding",
    "Figures",
    "Forgotten",
    "Format",
    "Found",
    "Histogram",
    "Housekeeper",
    "LookBack",
    "LookBackThread",
    "LookedBack",
    "MatchListing",
    "MatchQuery",
    "MatchResult",
    "Matched",
    "Matcher",
    "MediaFetcher",
    "MediaMap",
    "Mended",
    "Own",
    "Replayed",
    "Sighting",
    "Sink",
    "Size",
    "Staleness",
    "Summary",
    "SyncReport",
    "SyncedBank",
    "carry_out",
    "check_ranking_name",
    "copies_of",
    "count_subject",
    "detect",
    "discover",
    "erase_subject",
    "exchange_standings",
    "feedback_queue",
    "fetch_media",
    "fetch_plan",
    "fetch_standing",
    "hash_query",
    "ingest",
    "interaction_graph",
    "media_query",
    "read_priors",
    "replay",
    "replay_quarantine",
    "retain",
    "send_reviewed",
    "staleness",
    "sync",
    "tidy_media",
]
