"""Events of a quiet harbour, and ways to spoil them."""

from __future__ import annotations

from typing import Any

import msgspec


def event(number: int = 1, **fields: Any) -> dict[str, Any]:
    uri = f"https://harbour.example/p/{number}"
    return {
        "id": f"harbour:{uri}@1#create",
        "source": "harbour",
        "kind": "post",
        "op": "create",
        "at": 1_700_000_000_000_000 + number,
        "actor": f"https://harbour.example/u/{number % 7}",
        "object": uri,
        "text": f"Boat {number} is back",
        "tags": ["Boats", "harbour"],
        **fields,
    }


def lines(*events: dict[str, Any]) -> bytes:
    return b"".join(msgspec.json.encode(item) + b"\n" for item in events)
