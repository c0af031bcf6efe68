"""All that is durable: the event log and what lies beside it.

A :class:`Writer` appends, one process at a time; a :class:`Log` reads, any number at a time.
Hot rows are compressed blocks in one SQLite file; sealed rows are segments, Parquet files
with an index beside them, which other tools can read as they are.
"""

from leeward.store._backup import BackedUp, backup
from leeward.store._disk import write_whole
from leeward.store._erase import Erased, Expired, Kept, Proof, erase, expire, prove
from leeward.store._findings_of import findings_of
from leeward.store._graphs import forget_graph, load_graph, save_graph
from leeward.store._log import Log
from leeward.store._media_items import MediaItems, media_key, media_keys, media_with, read_media
from leeward.store._restore import Restored, restore
from leeward.store._settings import SETTINGS_FILE, read_settings
from leeward.store._types import (
    Checkpoint,
    LogStatus,
    Quarantined,
    QuarantineStatus,
    Receipt,
    Refused,
)
from leeward.store._writer import Writer

__all__ = [
    "SETTINGS_FILE",
    "BackedUp",
    "Checkpoint",
    "Erased",
    "Expired",
    "Kept",
    "Log",
    "LogStatus",
    "MediaItems",
    "Proof",
    "QuarantineStatus",
    "Quarantined",
    "Receipt",
    "Refused",
    "Restored",
    "Writer",
    "backup",
    "erase",
    "expire",
    "findings_of",
    "forget_graph",
    "load_graph",
    "media_key",
    "media_keys",
    "media_with",
    "prove",
    "read_media",
    "read_settings",
    "restore",
    "save_graph",
    "write_whole",
]
