"""All that is durable: the event log and what lies beside it.

A :class:`Writer` appends, one process at a time; a :class:`Log` reads, any number at a time.
Hot rows are compressed blocks in one SQLite file; sealed rows are segments, Parquet files
with an index beside them, which other tools can read as they are.
"""

from leeward.store._backup import BackedUp, backup
from leeward.store._coverage import Covered
from leeward.store._disk import make_folder, write_whole
from leeward.store._erase import Erased, Expired, Kept, Proof, erase, expire, prove
from leeward.store._findings_of import findings_at, findings_of
from leeward.store._graphs import forget_graph, load_graph, save_graph
from leeward.store._log import Log
from leeward.store._media_items import MediaItems, media_key, media_keys, media_with, read_media
from leeward.store._models import ModelAct, ModelFiles
from leeward.store._reading import Piece, events_at, read_events, waiting_since
from leeward.store._restore import Restored, restore
from leeward.store._scored import (
    LATE,
    SCORING,
    LateOnes,
    Scored,
    ScoringStanding,
    Stored,
    late_ones,
    scoring_standing,
)
from leeward.store._settings import SETTINGS_FILE, read_settings
from leeward.store._types import (
    Checkpoint,
    LogStatus,
    Quarantined,
    QuarantineStatus,
    Receipt,
    Refused,
)
from leeward.store._verdicts import verdicts_at, verdicts_in, verdicts_of
from leeward.store._writer import Writer

__all__ = [
    "LATE",
    "SCORING",
    "SETTINGS_FILE",
    "BackedUp",
    "Checkpoint",
    "Covered",
    "Erased",
    "Expired",
    "Kept",
    "LateOnes",
    "Log",
    "LogStatus",
    "MediaItems",
    "ModelAct",
    "ModelFiles",
    "Piece",
    "Proof",
    "QuarantineStatus",
    "Quarantined",
    "Receipt",
    "Refused",
    "Restored",
    "Scored",
    "ScoringStanding",
    "Stored",
    "Writer",
    "backup",
    "erase",
    "events_at",
    "expire",
    "findings_at",
    "findings_of",
    "forget_graph",
    "late_ones",
    "load_graph",
    "make_folder",
    "media_key",
    "media_keys",
    "media_with",
    "prove",
    "read_events",
    "read_media",
    "read_settings",
    "restore",
    "save_graph",
    "scoring_standing",
    "verdicts_at",
    "verdicts_in",
    "verdicts_of",
    "waiting_since",
    "write_whole",
]
