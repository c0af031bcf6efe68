"""The story, from input to verdict: what is decoded below is put in order here."""

from leeward.pipeline._backtest import backtest
from leeward.pipeline._backtest_looks import looks_in_force
from leeward.pipeline._backtest_source import Looks, looks_of
from leeward.pipeline._backtest_types import (
    Backtested,
    Changed,
    DayCount,
    Labelled,
    PolicyBacktested,
    RuleBacktested,
    Sample,
    SampleOf,
    SignalLooked,
)
from leeward.pipeline._detectors import Detectors, detectors, readable
from leeward.pipeline._difference import (
    Difference,
    DifferentPolicy,
    DifferentRule,
    OnlyHere,
    Sides,
    difference,
)
from leeward.pipeline._discover import discover
from leeward.pipeline._erasure import Forgotten, carry_out, count_subject, erase_subject
from leeward.pipeline._explained import Explained, explain_subject
from leeward.pipeline._fetch import MediaFetcher
from leeward.pipeline._fetch_keeper import FetchKeeper, fetch_media
from leeward.pipeline._fetch_standing import FetchPlan, FetchStanding, fetch_plan, fetch_standing
from leeward.pipeline._finding_priors import FindingPriors, finder, priors_from, said_in
from leeward.pipeline._finding_weights import Heard, Said
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
from leeward.pipeline._policies import (
    POLICIES,
    check_versions,
    keep_versions,
    kept_version,
    policies_in_force,
    policy_files,
    policy_text,
    read_policies,
)
from leeward.pipeline._priors import read_priors
from leeward.pipeline._replay import Replayed, replay
from leeward.pipeline._retention import retain
from leeward.pipeline._scorecard_training import train_context
from leeward.pipeline._scoring_again import score_again
from leeward.pipeline._scoring_keeper import ScoringKeeper, ScoringState
from leeward.pipeline._scoring_run import ScoredSoFar, score
from leeward.pipeline._scoring_standing import ScoringStanding, scoring_state
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
from leeward.pipeline._text_encoder import OnnxEncoder
from leeward.pipeline._text_examples import REPORTED_SOURCES, read_text_examples
from leeward.pipeline._text_models import (
    load_text_model,
    rare_text_signal,
    text_model_files,
    train_text,
    use_text_model,
)

__all__ = [
    "FORMATS",
    "MOST_MATCHES",
    "POLICIES",
    "RANKING_SCHEMA",
    "REPORTED_SOURCES",
    "Applied",
    "Backtested",
    "BankSink",
    "Changed",
    "Copies",
    "DayCount",
    "Detectors",
    "Difference",
    "DifferentPolicy",
    "DifferentRule",
    "ExchangeStanding",
    "Explained",
    "FeedbackReport",
    "FetchKeeper",
    "FetchPlan",
    "FetchStanding",
    "Figures",
    "FindingPriors",
    "Forgotten",
    "Format",
    "Found",
    "Heard",
    "Histogram",
    "Housekeeper",
    "Labelled",
    "LookBack",
    "LookBackThread",
    "LookedBack",
    "Looks",
    "MatchListing",
    "MatchQuery",
    "MatchResult",
    "Matched",
    "Matcher",
    "MediaFetcher",
    "MediaMap",
    "Mended",
    "OnlyHere",
    "OnnxEncoder",
    "Own",
    "PolicyBacktested",
    "Replayed",
    "RuleBacktested",
    "Said",
    "Sample",
    "SampleOf",
    "ScoredSoFar",
    "ScoringKeeper",
    "ScoringStanding",
    "ScoringState",
    "Sides",
    "Sighting",
    "SignalLooked",
    "Sink",
    "Size",
    "Staleness",
    "Summary",
    "SyncReport",
    "SyncedBank",
    "backtest",
    "carry_out",
    "check_ranking_name",
    "check_versions",
    "copies_of",
    "count_subject",
    "detect",
    "detectors",
    "difference",
    "discover",
    "erase_subject",
    "exchange_standings",
    "explain_subject",
    "feedback_queue",
    "fetch_media",
    "fetch_plan",
    "fetch_standing",
    "finder",
    "hash_query",
    "ingest",
    "interaction_graph",
    "keep_versions",
    "kept_version",
    "load_text_model",
    "looks_in_force",
    "looks_of",
    "media_query",
    "policies_in_force",
    "policy_files",
    "policy_text",
    "priors_from",
    "rare_text_signal",
    "read_policies",
    "read_priors",
    "read_text_examples",
    "readable",
    "replay",
    "replay_quarantine",
    "retain",
    "said_in",
    "score",
    "score_again",
    "scoring_state",
    "send_reviewed",
    "staleness",
    "sync",
    "text_model_files",
    "tidy_media",
    "train_context",
    "train_text",
    "use_text_model",
]
