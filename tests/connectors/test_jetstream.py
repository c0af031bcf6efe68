from __future__ import annotations

import base64
import copy
import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.connectors import CID_MISMATCH, CID_VERIFIED, Jetstream
from leeward.connectors._atproto import cid_of, micros_of
from leeward.model import bounds

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from leeward.connectors import Decoded

DID = "did:plc:abcdefghijklmnopqrstuvwx"
OTHER = "did:plc:zyxwvutsrqponmlkjihgfedc"
POST = f"at://{OTHER}/app.bsky.feed.post/3kaaaaaaaaa2a"
NOW = 1_783_175_888_000_000
SHA256 = hashlib.sha256(b"a picture of a pier").digest()
BLOB_CID = "b" + base64.b32encode(b"\x01\x55\x12\x20" + SHA256).decode().lower().rstrip("=")
BLOB = {"$type": "blob", "ref": {"$link": BLOB_CID}, "mimeType": "image/jpeg", "size": 9}


def commit(
    collection: str, record: dict[str, Any] | None, operation: str = "create", **more: Any
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "rev": "3kbbbbbbbbb2b",
        "operation": operation,
        "collection": collection,
        "rkey": "3kccccccccc2c",
    }
    if record is not None:
        record = {"$type": collection, "createdAt": "2026-07-04T14:38:06.240Z", **record}
        body |= {"record": record, "cid": cid_of(record)}
    return {"did": DID, "time_us": NOW, "kind": "commit", "commit": {**body, **more}}


def post(**record: Any) -> dict[str, Any]:
    return commit("app.bsky.feed.post", {"text": "The boats are back", **record})


def decode(*messages: Any) -> Decoded:
    data = b"".join(json.dumps(message).encode() + b"\n" for message in messages)
    decoded = Jetstream().decode(data)
    assert decoded.adds_up
    return decoded


def one(message: dict[str, Any]) -> dict[str, Any]:
    decoded = decode(message)
    assert decoded.refused == []
    [row] = decoded.batch.to_pylist()
    row["extra"] = json.loads(row["extra"] or "{}")
    found: dict[str, Any] = row
    return found


# --- real messages -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def corpus(shared_data: Path) -> list[dict[str, Any]]:
    text = (shared_data / "jetstream" / "corpus_v1.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_every_real_message_is_accounted_for(corpus: list[dict[str, Any]]) -> None:
    """The oracle is the corpus itself, counted by collection."""
    decoded = decode(*corpus)
    assert (len(corpus), decoded.records, decoded.refused) == (152, 152, [])
    kinds = {"post": 0, "repost": 0, "like": 0, "follow": 0, "account": 0}
    ignored = 0
    for message in corpus:
        name = message.get("commit", {}).get("collection", "").rpartition(".")[2]
        if message["kind"] != "commit":
            kinds["account"] += 1
        elif name in kinds:
            kinds[name] += 1
        else:
            ignored += 1
    found = decoded.batch["kind"].to_pylist()
    assert kinds == {kind: found.count(kind) for kind in kinds}
    assert decoded.ignored.total() == ignored


def test_the_cid_of_every_real_record_is_computed_again_and_equal(
    corpus: list[dict[str, Any]],
) -> None:
    records = [m["commit"] for m in corpus if "record" in m.get("commit", {})]
    assert [item["cid"] for item in records] == [cid_of(item["record"]) for item in records]
    assert decode(*corpus).noted == {CID_VERIFIED: len(records)}


def test_real_events_have_identities_of_their_own(corpus: list[dict[str, Any]]) -> None:
    ids = decode(*corpus).batch["id"].to_pylist()
    assert len(ids) == len(set(ids))


# --- what becomes of each kind -----------------------------------------------------------------


def test_a_post_carries_its_context() -> None:
    row = one(
        post(
            langs=["de", "en"],
            reply={"root": {"uri": POST + "r"}, "parent": {"uri": POST}},
            tags=["Pier"],
            facets=[
                {"features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "Boats"}]},
                {"features": [{"$type": "app.bsky.richtext.facet#mention", "did": OTHER}]},
                {
                    "features": [
                        {"$type": "app.bsky.richtext.facet#link", "uri": "https://a.example"}
                    ]
                },
            ],
            labels={"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "weather"}]},
        )
    )
    uri = f"at://{DID}/app.bsky.feed.post/3kccccccccc2c"
    assert row["id"] == f"bluesky:{uri}@3kbbbbbbbbb2b#create"
    assert (row["actor"], row["object"], row["kind"], row["op"]) == (DID, uri, "post", "create")
    assert row["at"] == int(datetime(2026, 7, 4, 14, 38, 6, 240_000, UTC).timestamp() * 1e6)
    assert (row["text"], row["lang"]) == ("The boats are back", "de")
    assert (row["reply_to"], row["root"]) == (POST, POST + "r")
    assert (row["tags"], row["mentions"], row["links"]) == (
        ["boats", "pier"],
        [OTHER],
        ["https://a.example"],
    )
    assert row["extra"] == {"labels": ["weather"]}


IMAGES = {"$type": "app.bsky.embed.images", "images": [{"image": BLOB, "alt": "a pier"}]}
VIDEO = {"$type": "app.bsky.embed.video", "video": {**BLOB, "mimeType": "video/mp4"}}
CARD = {"$type": "app.bsky.embed.external", "external": {"uri": "https://a.example", "thumb": BLOB}}
QUOTE = {"$type": "app.bsky.embed.record", "record": {"uri": POST, "cid": "c"}}


@pytest.mark.parametrize(
    ("embed", "mime", "link", "target"),
    [
        (IMAGES, "image/jpeg", [], None),
        (VIDEO, "video/mp4", [], None),
        (CARD, "image/jpeg", ["https://a.example"], None),
        (QUOTE, None, [], POST),
        (
            {"$type": "app.bsky.embed.recordWithMedia", "record": QUOTE, "media": IMAGES},
            "image/jpeg",
            [],
            POST,
        ),
    ],
)
def test_embeds_become_media_links_and_target(
    embed: dict[str, Any], mime: str | None, link: list[str], target: str | None
) -> None:
    row = one(post(embed=embed))
    item = {"uri": f"at://{DID}/blob/{BLOB_CID}", "sha256": SHA256.hex(), "pdq": None, "mime": mime}
    assert row["media"] == ([item] if mime else [])
    assert (row["links"], row["target"]) == (link, target)
    assert "left_out" not in row["extra"]


@pytest.mark.parametrize("kind", ["like", "repost"])
def test_likes_and_reposts_point_to_their_post(kind: str) -> None:
    via = {"uri": POST + "v", "cid": "c"}
    row = one(commit(f"app.bsky.feed.{kind}", {"subject": {"uri": POST}, "via": via}))
    assert (row["kind"], row["target"], row["extra"]) == (kind, POST, {"via": POST + "v"})


def test_a_follow_points_to_its_account() -> None:
    row = one(commit("app.bsky.graph.follow", {"subject": OTHER}))
    assert (row["kind"], row["target"]) == ("follow", OTHER)


def test_a_profile_updates_its_account() -> None:
    record = {"displayName": "The Pier", "description": "Boats and weather", "avatar": BLOB}
    row = one(commit("app.bsky.actor.profile", record, "update", rkey="self"))
    assert (row["kind"], row["op"], row["object"]) == ("account", "update", DID)
    assert (row["text"], row["extra"]) == ("Boats and weather", {"account": {"name": "The Pier"}})
    assert (row["media"][0]["sha256"], row["at"]) == (SHA256.hex(), NOW)


def test_deleting_a_profile_does_not_delete_the_account() -> None:
    row = one(commit("app.bsky.actor.profile", None, "delete", rkey="self"))
    assert (row["op"], row["extra"]) == ("update", {"profile": "deleted"})


@pytest.mark.parametrize("collection", ["feed.post", "feed.like", "feed.repost", "graph.follow"])
def test_a_deleted_record_is_a_delete_at_the_time_of_the_relay(collection: str) -> None:
    row = one(commit(f"app.bsky.{collection}", None, "delete"))
    assert (row["op"], row["at"]) == ("delete", NOW)


@pytest.mark.parametrize(
    ("account", "op", "status"),
    [
        ({"active": True}, "update", "active"),
        ({"active": False, "status": "takendown"}, "update", "takendown"),
        ({"active": False}, "update", "inactive"),
        ({"active": False, "status": "deleted"}, "delete", "deleted"),
    ],
)
def test_the_status_of_an_account_is_kept(account: dict[str, Any], op: str, status: str) -> None:
    row = one({"did": DID, "time_us": NOW, "kind": "account", "account": {**account, "seq": 5}})
    assert row["id"] == f"bluesky:{DID}@account-5#{op}"
    assert row["extra"] == {"account": {"status": status}}


def test_a_new_handle_is_kept() -> None:
    body = {"did": DID, "handle": "pier.example", "time": "2026-07-04T14:38:07Z"}
    row = one({"did": DID, "time_us": NOW, "kind": "identity", "identity": body})
    assert row["id"] == f"bluesky:{DID}@identity-{NOW}#update"
    assert row["extra"] == {"account": {"handle": "pier.example"}}


def test_other_collections_are_counted_by_name_up_to_a_bound() -> None:
    decoder = Jetstream()
    names = [f"example.tide{n}" for n in range(60)]
    lines = [json.dumps(commit(name, {})).encode() for name in names]
    ignored = decoder.decode(b"\n".join(lines)).ignored + decoder.decode(lines[0]).ignored
    assert ignored["collection example.tide0"] == 2
    assert ignored["other collections"] == 10
    assert len(ignored) == 51


# --- what is not as it should be ---------------------------------------------------------------


def test_a_wrong_cid_is_noted_and_the_event_kept() -> None:
    message = post()
    message["commit"]["record"]["text"] = "Another text"
    decoded = decode(message)
    assert decoded.noted == {CID_MISMATCH: 1}
    assert json.loads(decoded.batch["extra"][0].as_py()) == {"cid_mismatch": True}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"did": "pier"}, "did"),
        ({"did": None}, "did"),
        ({"time_us": -1}, "time_us"),
        ({"time_us": "noon"}, "time_us"),
        ({"kind": "regatta"}, "kind"),
        ({"commit": None}, "commit"),
        ({"kind": "account"}, "account"),
        ({"commit": {"rev": "a@b"}}, "commit.rev"),
        ({"commit": {"operation": "rename"}}, "commit.operation"),
        ({"commit": {"collection": "a b"}}, "commit.collection"),
        ({"commit": {"rkey": "a/b"}}, "commit.rkey"),
        ({"commit": {"record": None}}, "commit.record"),
        ({"commit": {"record": []}}, "commit.record"),
    ],
)
def test_a_bad_envelope_is_refused(change: dict[str, Any], field: str) -> None:
    message = post()
    for key, value in change.items():
        message[key] = {**message[key], **value} if isinstance(value, dict) else value
    [refused] = decode(message).refused
    assert (refused.field, refused.raw) == (field, json.dumps(message).encode())


@pytest.mark.parametrize("subject", [None, 7, "pier", {"uri": 7}, {"uri": ""}, {"uri": "a\nb"}])
@pytest.mark.parametrize("collection", ["feed.like", "feed.repost", "graph.follow"])
def test_a_record_without_its_subject_is_refused(collection: str, subject: Any) -> None:
    [refused] = decode(commit(f"app.bsky.{collection}", {"subject": subject})).refused
    assert (refused.field, refused.reason) == (
        "commit.record.subject",
        "is missing or malformed",
    )


@pytest.mark.parametrize(
    ("record", "part"),
    [
        ({"text": 7}, "text"),
        ({"langs": "en"}, "langs"),
        ({"langs": [7]}, "langs"),
        ({"reply": {"parent": 7}}, "reply"),
        ({"facets": {}}, "facets"),
        ({"facets": [7]}, "facets"),
        ({"facets": [{"features": [{"$type": "app.bsky.richtext.facet#link"}]}]}, "facets"),
        ({"tags": ["#"]}, "tags"),
        ({"tags": ["x" * (bounds.MAX_TAG + 1)]}, "tags"),
        ({"tags": [f"t{n}" for n in range(bounds.MAX_TAGS + 1)]}, "tags"),
        ({"embed": "pier"}, "embed"),
        ({"embed": {"$type": "app.bsky.embed.regatta"}}, "embed"),
        ({"embed": {**IMAGES, "images": [{"image": {}}]}}, "embed"),
        ({"embed": {"$type": "app.bsky.embed.recordWithMedia", "record": QUOTE}}, "embed.media"),
        ({"labels": []}, "labels"),
        ({"createdAt": "noon"}, "createdAt"),
        ({"createdAt": "1969-12-31T23:59:59Z"}, "createdAt"),
        ({"createdAt": "2099-01-01T00:00:00Z"}, "createdAt"),
    ],
)
def test_a_bad_part_is_left_out_and_named(record: dict[str, Any], part: str) -> None:
    decoded = decode(post(**record))
    assert decoded.refused == []
    assert decoded.noted[f"left out: {part}"] == 1
    assert json.loads(decoded.batch["extra"][0].as_py())["left_out"] == [part]


JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 7, -1, 2**70, 1.5, "", "pier", "\x00", "\ud83d\ude00", [], {}, [[]], [None],
     {"uri": 7}, {"$link": "b"}, {"$bytes": "?"}, "x" * 3_000, {"$type": 7}]
)  # fmt: skip


def places(tree: Any) -> list[tuple[Any, Any]]:
    """Every place in a message that can be overwritten."""
    found: list[tuple[Any, Any]] = []
    members = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in members:
        found.append((tree, key))
        if isinstance(value, dict | list):
            found += places(value)
    return found


FULL = [
    post(
        langs=["en"],
        reply={"root": {"uri": POST}, "parent": {"uri": POST}},
        tags=["Pier"],
        facets=[{"features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "Boats"}]}],
        labels={"values": [{"val": "weather"}]},
        embed={"$type": "app.bsky.embed.recordWithMedia", "record": QUOTE, "media": IMAGES},
    ),
    post(embed=CARD),
    commit("app.bsky.feed.like", {"subject": {"uri": POST}, "via": {"uri": POST}}),
    commit("app.bsky.actor.profile", {"displayName": "Pier", "avatar": BLOB}),
    {"did": DID, "time_us": NOW, "kind": "account", "account": {"active": True, "seq": 1}},
]


@given(st.sampled_from(FULL), st.lists(JUNK, min_size=1, max_size=4), st.randoms())
def test_whatever_a_record_holds_it_is_accounted_for(
    message: dict[str, Any], junk: list[Any], chance: random.Random
) -> None:
    message = copy.deepcopy(message)
    for value in junk:
        tree, key = chance.choice(places(message))
        tree[key] = copy.deepcopy(value)
    assert decode(message).records == 1


@given(st.binary(max_size=100), st.integers(0, 300))
def test_whatever_bytes_a_line_holds_it_is_accounted_for(junk: bytes, at: int) -> None:
    line = json.dumps(FULL[0]).encode()
    assert Jetstream().decode(line[:at] + junk + line[at + len(junk) :]).adds_up


# --- times and content identifiers -------------------------------------------------------------


@given(
    st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1)),
    st.integers(0, 12),
    st.sampled_from(["Z", "z", "+00:00", "-07:30", "+14:00"]),
)
def test_times_are_read_with_a_fraction_of_any_length(
    moment: datetime, digits: int, zone: str
) -> None:
    """The oracle is datetime.fromisoformat, which takes up to six digits and the rest cut."""
    fraction = f"{moment.microsecond:06d}".ljust(12, "7")[:digits]
    stem = moment.strftime("%Y-%m-%dT%H:%M:%S")
    text = stem + (f".{fraction}" if fraction else "") + zone
    cut = stem + "." + fraction[:6].ljust(6, "0") + ("+00:00" if zone in "zZ" else zone)
    since = datetime.fromisoformat(cut) - datetime(1970, 1, 1, tzinfo=UTC)
    assert micros_of(text) == (since.days * 86_400 + since.seconds) * 10**6 + since.microseconds


@pytest.mark.parametrize(
    "text",
    [None, 7, "", "noon", "2026-07-04", "2026-07-04T14:38:06", "2026-13-01T00:00:00Z",
     "2026-07-04T24:00:01Z", "1969-12-31T23:59:59Z", "2026-07-04T14:38:06+25:00",
     "2026-07-04T14:38:06.Z", "٢026-07-04T14:38:06Z"],
)  # fmt: skip
def test_what_is_no_time_is_none(text: Any) -> None:
    assert micros_of(text) is None


@pytest.mark.parametrize("value", [2**70, "\ud800", {"$bytes": "!"}])
def test_what_dag_cbor_cannot_hold_has_no_cid(value: Any) -> None:
    assert cid_of({"boat": value}) is None


def test_the_cid_of_a_known_record() -> None:
    """{"hello": "world"} and its CID, computed by hand from the CBOR bytes."""
    octets = bytes.fromhex("a1") + b"\x65hello" + b"\x65world"
    digest = b"\x01\x71\x12\x20" + hashlib.sha256(octets).digest()
    expected = "b" + base64.b32encode(digest).decode().lower().rstrip("=")
    assert cid_of({"hello": "world"}) == expected
