"""How large a thing may be that enters the log. What is larger goes to quarantine.

Lengths of strings count Unicode code points; an item of a list counts as one.
"""

from __future__ import annotations

from typing import Final

MAX_INTEGER: Final = 2**53
"""The largest integer that every JSON reader and every float64 keeps exactly (RFC 8259, 6)."""

MAX_URI: Final = 2_048
MAX_TEXT: Final = 100_000
MAX_TAG: Final = 640
MAX_LANG: Final = 64
MAX_MIME: Final = 128
MAX_TAGS: Final = 256
MAX_MEDIA: Final = 64
MAX_LINKS: Final = 256
MAX_MENTIONS: Final = 1_024
MAX_RELATIVES: Final = 64
MAX_DEPTH: Final = 16
"""Objects and arrays inside each other, in the whole event and in ``extra`` alike."""
MAX_EXTRA: Final = 65_536
"""Bytes of ``extra`` written as JSON."""
MAX_LINE: Final = 1 << 20
"""Bytes of one event on the wire."""
