"""``POST /v1/match``: pictures turned or mirrored, hashes of several looks, and videos."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from leeward.connectors import video_entry
from leeward.hashing import VideoLimits, hash_media, hash_picture
from leeward.model import Provenance
from leeward.server._match_body import MAX_VIEWS
from leeward.store.tables import add_entries, begin_act, create_bank, finish_act, get_bank
from tests.hashing.test_video import scene, video
from tests.server._running import wait_until
from tests.server.test_http_match import PILOTS, Asking, _writing, add, picture, value

if TYPE_CHECKING:
    from tests.server._running import Running

CLIP = scene(4, 40)


def mirrored(file: bytes) -> bytes:
    turned = io.BytesIO()
    with Image.open(io.BytesIO(file)) as image:
        image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(turned, "JPEG")
    return turned.getvalue()


@pytest.fixture(scope="module")
def asking(server: Running) -> Asking:
    """A server with a bank of a picture by its PDQ value, and of a clip."""
    with _writing(server.data) as connection:
        create_bank(connection, "pilots", PILOTS, "Ada")
        act = begin_act(connection, get_bank(connection, "pilots"), "add", "Ada")
        known = hash_media(video(CLIP), video=VideoLimits()).video
        assert known is not None
        add_entries(connection, act, [video_entry(known.frames, Provenance())])
        finish_act(connection, act)
    add(server.data, ("pdq", hash_picture(picture(5)).pdq))
    asking = Asking(server)
    wait_until(lambda: asking.status(hash_picture(picture(5)).pdq) == "matched")
    return asking


def upload(asking: Asking, body: bytes, kind: str, query: str = "") -> Any:
    headers = {"authorization": f"Bearer {asking.secret}", "content-type": kind}
    return asking.server.client.post(f"/v1/match{query}", content=body, headers=headers)


def test_a_mirrored_upload_is_known_unless_only_one_position_is_asked_for(asking: Asking) -> None:
    file = mirrored(picture(5))
    for query, status in (("", "matched"), ("?positions=eight", "matched")):
        (result,) = upload(asking, file, "image/jpeg", query).json()["results"]
        assert result["status"] == status
        assert [match["look"] for match in result["matches"]] == ["flipped_columns"]
    (result,) = upload(asking, file, "image/jpeg", "?positions=one").json()["results"]
    assert result["status"] == "unmatched"


@pytest.mark.parametrize("query", ["?positions=two", "?positions=one&positions=one", "?a=1"])
def test_a_query_that_is_not_known_is_refused(asking: Asking, query: str) -> None:
    response = upload(asking, picture(5), "image/jpeg", query)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "bad_query")
    response = upload(asking, b'{"hashes": []}', "application/json", "?positions=one")
    assert (response.status_code, response.json()["error"]["code"]) == (400, "bad_query")


def test_several_values_of_one_picture_are_one_query(asking: Asking) -> None:
    known = hash_picture(picture(5)).pdq.hex()
    item = {"pdq": value(3).hex(), "views": [value(4).hex(), known]}
    (result,) = asking.hashes(item).json()["results"]
    assert [match["look"] for match in result["matches"]] == ["view 1"]


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ({"pdq": "00" * 32, "views": "00" * 32}, "views"),
        ({"pdq": "00" * 32, "views": [5]}, "views"),
        ({"pdq": "00" * 32, "views": ["00" * 32] * (MAX_VIEWS + 1)}, "views"),
        ({"pdq": "00" * 32, "views": ["00" * 32, "boat"]}, "views[1]"),
        ({"md5": "00" * 16, "views": ["00" * 32]}, "views"),
    ],
)
def test_views_that_are_none_are_named(asking: Asking, item: dict[str, Any], field: str) -> None:
    response = asking.hashes(item)
    (bad,) = response.json()["refused"]
    assert (response.status_code, bad["field"]) == (422, field)


def test_views_count_among_the_hashes_of_a_request(asking: Asking) -> None:
    item = {"pdq": value(1).hex(), "views": [value(n).hex() for n in range(2, 18)]}
    assert asking.hashes(*[item] * 58).status_code == 200
    assert asking.hashes(*[item] * 60).status_code == 413


def test_an_uploaded_video_is_compared_with_known_ones(asking: Asking) -> None:
    body = video(scene(5, 30) + CLIP)
    answer = upload(asking, body, "video/mp4").json()
    (result,) = answer["results"]
    (match,) = result["matches"]
    assert (result["status"], match["algorithm"], match["look"]) == ("matched", "vpdq", None)
    assert match["video"]["bank_share"] >= 0.8
    assert answer["media"]["mime"] == "video/mp4"
    assert answer["media"]["frames"] == match["video"]["query_frames"]
    (other,) = upload(asking, video(scene(7, 30)), "video/mp4").json()["results"]
    assert (other["status"], other["matches"]) == ("unmatched", [])
