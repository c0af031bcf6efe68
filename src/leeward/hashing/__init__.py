"""Pixels to hashes, and exact search in hash banks. Bytes in, data out.

:func:`hash_picture` decodes a file and gives its PDQ hash and quality; :class:`MediaHasher` does
so in a process that can be killed, with a limit on memory and time. :func:`digests` gives the
exact digests of a file. Hash values are secrets: no ``repr`` shows them.
"""

from leeward.hashing._algorithm import Algorithm
from leeward.hashing._digests import Digests, digests
from leeward.hashing._index import MAX_DISTANCE, PDQ_DISTANCE, QUALITY_FLOOR, HashIndex
from leeward.hashing._index_matches import Matches
from leeward.hashing._limits import Limits
from leeward.hashing._media import Hashed, hash_media
from leeward.hashing._pdq import Turn, pdq, pdq_dihedral
from leeward.hashing._picture import POSITIONS, PictureHash, View, hash_picture
from leeward.hashing._video import VideoHash, VideoLimits, hash_video
from leeward.hashing._vpdq import (
    MAX_VIDEO_FRAMES,
    FrameHash,
    VideoMatch,
    compare_videos,
    read_vpdq,
    write_vpdq,
)
from leeward.hashing._worker import MediaHasher

__all__ = [
    "MAX_DISTANCE",
    "MAX_VIDEO_FRAMES",
    "PDQ_DISTANCE",
    "POSITIONS",
    "QUALITY_FLOOR",
    "Algorithm",
    "Digests",
    "FrameHash",
    "HashIndex",
    "Hashed",
    "Limits",
    "Matches",
    "MediaHasher",
    "PictureHash",
    "Turn",
    "VideoHash",
    "VideoLimits",
    "VideoMatch",
    "View",
    "compare_videos",
    "digests",
    "hash_media",
    "hash_picture",
    "hash_video",
    "pdq",
    "pdq_dihedral",
    "read_vpdq",
    "write_vpdq",
]
