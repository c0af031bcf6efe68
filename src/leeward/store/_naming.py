"""Whose a refused record is, as far as bytes that could not be read can tell."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

__all__ = ["names_account"]

_OWNERS = ("actor", "did")
"""Where a record of Leeward's own form, and one of Jetstream's, names its author."""


def names_account(raw: bytes, account: str) -> bool:
    """Whether a refused record says that an account made it, or describes that account.

    That a record merely mentions an account does not make it that account's: emptying it would
    let anybody hide something by naming somebody else in it.
    """
    try:
        record = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _says_so(raw, account)
    records = record if isinstance(record, list) else [record]
    return any(_is_of(one, account) for one in records)


def _is_of(record: Any, account: str) -> bool:
    if not isinstance(record, dict):
        return False
    described = record.get("kind") == "account" and record.get("object") == account
    # A row of a table has columns of somebody else's choice: any cell may be the author's.
    foreign = "id" not in record and "did" not in record and account in record.values()
    return described or foreign or any(record.get(name) == account for name in _OWNERS)


def _says_so(raw: bytes, account: str) -> bool:
    """The same of bytes that are not JSON: a key and the URI behind it, however it is escaped."""
    for text in {json.dumps(account), json.dumps(account, ensure_ascii=False)}:
        value = re.escape(text.encode()).replace(b"/", rb"\\?/")
        if re.search(rb'"(?:actor|did|object)"\s*:\s*' + value, raw):
            return True
    return False
