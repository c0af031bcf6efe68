"""Events of all sorts, sound and unsound, as JSON objects."""

# Characters that look like others are the point here.
# ruff: noqa: RUF001

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
from hypothesis import settings
from hypothesis import strategies as st

from leeward.model import INPUT_SCHEMA
from tests.conftest import FULL

MANY = settings(max_examples=5_000 if FULL else 150)
"""For a property whose exceptions are rare."""

HEX = "0123456789abcdef" * 4

# Seldom more than one oddity an event, so that each is met alone.
ODD_TEXT = st.sampled_from(
    ["", " ", "\x00", "a\x1fb", "\x7f", "tab\there", "Ä\u0301", "\u2028", "İ", "ﷺ" * 40, "港" * 10]
)
URI = st.sampled_from(
    ["boat:1", "https://harbour.example/p/1?x=@y#z", "at://did:plc:x/app/3", "港"]
)
ODD_URI = ODD_TEXT | st.sampled_from(
    ["u" * 2_048, "u" * 2_049, "港" * 2_048, "港" * 2_049, "a\nb", "a\x7fb", "\u0085"]
)
TAG = st.sampled_from(["harbour", "#Boat", "##x_1", "Ｗｅａｔｈｅｒ", "Straße", "a-b"])
ODD_TAG = ODD_TEXT | st.sampled_from(
    ["#", "# #", "t" * 640, "t" * 641, "# #x", "#\u3000", "ﷺ" * 36]
)
DIGEST = st.sampled_from([HEX, HEX.upper(), HEX[:-1], HEX + "0", "", "港" * 21 + "a", HEX + "\n"])
JSON_LEAF = st.sampled_from(
    [None, True, 0, -1, 2**53, 2**53 + 1, -(2**53) - 1, 2**64, 2**70, 0.5, 1e300, "", "boat", "港"]
)


def _nested(depth: int) -> Any:
    value: Any = 1
    for level in range(depth):
        value = [value] if level % 2 else {"in": value}
    return value


EXTRA = st.dictionaries(
    st.sampled_from(["a", "b", "港", ""]), JSON_LEAF | st.lists(JSON_LEAF, max_size=3), max_size=3
) | st.sampled_from(
    [
        {"deep": _nested(13)},
        {"deep": _nested(14)},
        {"deep": _nested(15)},
        {"deep": _nested(400)},
        {"long": "x" * 65_525},
        {"long": "x" * 65_526},
        {"long": "x" * 65_527},
        {"poll": {"options": ["north", "south"], "votes": [1, 2], "closes": 5}},
        {"poll": {"options": ["north"], "votes": [2**60]}},
        {"poll": None, "account": None},
        {"poll": []},
        {"account": {"handle": "@pier", "bot": True}},
        {"account": {"handle": "@pier", "unknown": 1}},
    ]
)
MEDIA = st.fixed_dictionaries(
    {},
    optional={
        "uri": URI | ODD_URI,
        "sha256": st.just(HEX) | DIGEST,
        "pdq": st.just(HEX) | DIGEST,
        "mime": st.sampled_from(["image/jpeg", "m" * 128, "m" * 129, "", "im\x01"]),
    },
)

SOUND: dict[str, Any] = {
    "id": "example:boat:1@1#create",
    "source": "example",
    "kind": "post",
    "op": "create",
    "at": 5,
    "actor": "boat:1",
    "object": "boat:1/p",
}

FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "source": st.sampled_from(["", "Example", "a:b", "x" * 64, "x" * 65, "-x", "example\n", "é"]),
    "kind": st.sampled_from(["like", "account", "flag", "boat", "", "Post"]),
    "op": st.sampled_from(["update", "delete", "upsert", ""]),
    "at": st.sampled_from([0, -1, 2**53, 2**53 + 1, 2**62]),
    "actor": URI | ODD_URI,
    "object": URI | ODD_URI,
    "target": URI | ODD_URI,
    "reply_to": URI | ODD_URI,
    "root": URI | ODD_URI,
    "community": URI | ODD_URI,
    "text": ODD_TEXT | st.sampled_from(["x" * 100_000, "x" * 100_001, "港" * 100_000]),
    "lang": st.sampled_from(["de", "", "x" * 64, "x" * 65, "é" * 64, "d\x00"]),
    "visibility": st.sampled_from(["public", "direct", "secret", ""]),
    "tags": st.lists(TAG | ODD_TAG, max_size=3) | st.sampled_from([["t"] * 256, ["t"] * 257]),
    "links": st.lists(URI | ODD_URI, max_size=2) | st.sampled_from([["l"] * 256, ["l"] * 257]),
    "mentions": st.lists(URI | ODD_URI, max_size=2)
    | st.sampled_from([["m"] * 1_024, ["m"] * 1_025]),
    "media": st.lists(MEDIA, max_size=2) | st.sampled_from([[{}] * 64, [{}] * 65]),
    "extra": EXTRA,
}
IDS = st.sampled_from(
    [
        "",
        "example",
        "example:boat@1",
        "example:boat@1#update",
        "other:boat@1#create",
        "example:boat@#create",
        "example:@1#create",
        "example:b@1#x#create",
        "example:b#1#create",
        "example:a@b@1#create",
        "example:bo\nat@1#create",
        "example:港@版#create",
        "example:" + "u" * 2_031 + "@1#create",
        "example:" + "u" * 2_032 + "@1#create",
    ]
)


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    """An event as a JSON object: mostly sound, with up to three fields drawn from the odd."""
    record = dict(SOUND)
    if draw(st.booleans()):
        record.update(tags=[], links=[], mentions=[], media=[])  # else they are null in a table
    for name in draw(st.lists(st.sampled_from(sorted(FIELDS)), unique=True, max_size=3)):
        record[name] = draw(FIELDS[name])
    if draw(st.booleans()):
        record["id"] = f"{record['source']}:boat:1@1#{record['op']}"
    else:
        record["id"] = draw(IDS)
    if draw(st.integers(0, 9)) == 0:
        del record[draw(st.sampled_from(sorted(SOUND)))]
    return record


def table_of(rows: list[dict[str, Any]]) -> pa.RecordBatch:
    """The same events as a table: what a Parquet file of a producer would hold."""
    arrays = []
    for field in INPUT_SCHEMA:
        values = [row.get(field.name) for row in rows]
        if field.name == "extra":
            values = [None if v is None else json.dumps(v, ensure_ascii=False) for v in values]
        arrays.append(pa.array(values, field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=INPUT_SCHEMA)
