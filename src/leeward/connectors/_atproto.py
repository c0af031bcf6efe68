"""What AT Protocol says of addresses, times and content identifiers."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import libipld

__all__ = ["cid_of", "micros_of", "record_uri", "sha256_of_blob"]

_CID_DAG_CBOR: Final = bytes.fromhex("01711220")
_CID_RAW: Final = bytes.fromhex("01551220")
_RFC3339: Final = re.compile(
    r"^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))\Z",
    re.ASCII,
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def record_uri(did: str, collection: str, rkey: str) -> str:
    """The address of a record."""
    return f"at://{did}/{collection}/{rkey}"


def micros_of(text: object) -> int | None:
    """Microseconds since 1970 UTC of an RFC 3339 time with a fraction of any length.

    None where it is no such time or lies before 1970.
    """
    match = _RFC3339.match(text) if isinstance(text, str) and len(text) <= 64 else None
    if match is None:
        return None
    day, clock, fraction, sign, hours, minutes = match.groups()
    # A leap second is written as :60 and taken as the second before it.
    leap = clock.endswith(":60")
    try:
        moment = datetime.fromisoformat(f"{day}T{clock[:-2] + '59' if leap else clock}+00:00")
    except ValueError:
        return None
    micros = (moment - _EPOCH) // timedelta(microseconds=1)
    micros += int((fraction or "0")[:6].ljust(6, "0"))
    if sign is not None:
        if int(hours) > 23 or int(minutes) > 59:
            return None
        offset = (int(hours) * 60 + int(minutes)) * 60_000_000
        micros += offset if sign == "-" else -offset
    return micros if micros >= 0 else None


def cid_of(record: dict[str, Any]) -> str | None:
    """The CID of a record: SHA-256 of its DAG-CBOR, as CIDv1 in base32.

    None where the record cannot be written as DAG-CBOR, as with an integer beyond 64 bits.
    """
    try:
        octets = libipld.encode_dag_cbor(_ipld(record))
    except (ValueError, TypeError):
        return None
    return _base32(_CID_DAG_CBOR + hashlib.sha256(octets).digest())


def sha256_of_blob(blob: object) -> tuple[str, str] | None:
    """The CID of a blob, and the SHA-256 of its bytes in hexadecimal, which the CID holds.

    None where it is no blob, or its CID is not one of raw bytes with SHA-256.
    """
    ref = blob.get("ref") if isinstance(blob, dict) else None
    link = ref.get("$link") if isinstance(ref, dict) else None
    octets = _cid_octets(link)
    if octets is None or len(octets) != 36 or not octets.startswith(_CID_RAW):
        return None
    return str(link), octets[4:].hex()


def _ipld(value: Any) -> Any:
    """The data model that a record's JSON spells: ``$link`` is a CID, ``$bytes`` are bytes."""
    if isinstance(value, dict):
        if len(value) == 1:
            if (octets := _cid_octets(value.get("$link"))) is not None:
                return octets  # libipld writes bytes that are a CID as a link
            if isinstance(text := value.get("$bytes"), str):
                return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        return {key: _ipld(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_ipld(item) for item in value]
    return value


def _cid_octets(link: object) -> bytes | None:
    """The bytes of a CIDv1 in base32, the only form that the protocol uses."""
    if not isinstance(link, str) or not link.startswith("b") or len(link) > 128:
        return None
    digits = link[1:]
    try:
        octets = base64.b32decode(digits.upper() + "=" * (-len(digits) % 8))
    except (binascii.Error, ValueError):
        return None
    return octets if _base32(octets) == link else None


def _base32(octets: bytes) -> str:
    return "b" + base64.b32encode(octets).decode("ascii").lower().rstrip("=")
