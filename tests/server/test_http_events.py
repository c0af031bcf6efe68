from __future__ import annotations

import gzip
import json
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from leeward.store import Log
from tests.server._running import Running, event, lines

if TYPE_CHECKING:
    import httpx


def error_of(response: httpx.Response) -> dict[str, Any]:
    assert response.headers["content-type"] == "application/json"
    error: dict[str, Any] = response.json()["error"]
    assert set(error) == {"code", "message", "hint"}
    return error


def test_posting_lines_stores_them(server: Running) -> None:
    response = server.post(lines(event("a1"), event("a2")))
    assert response.status_code == 202
    answer = response.json()
    first = answer.pop("first_seq")
    assert answer == {
        "accepted": 2,
        "repeated": 0,
        "quarantined": 0,
        "refused": [],
        "refused_total": 0,
    }
    with Log(server.data) as log:
        (stored,) = log.of(post="at://harbour/post/a2")
        assert stored.seq == first + 1
        assert stored.text == "The ferry leaves at dawn"


def test_posting_the_same_again_is_safe(server: Running) -> None:
    server.post(lines(event("b1")))
    answer = server.post(lines(event("b1"), event("b2"), event("b1"))).json()
    assert (answer["accepted"], answer["repeated"]) == (1, 2)
    answer = server.post(lines(event("b1"))).json()
    assert (answer["accepted"], answer["repeated"], answer["first_seq"]) == (0, 1, None)


def test_posting_an_array_stores_it_and_names_items_by_place(server: Running) -> None:
    body = json.dumps([event("c1"), event("c2", kind="boat"), event("c3")], indent=2).encode()
    answer = server.post(body, content_type="application/json; charset=utf-8").json()
    assert (answer["accepted"], answer["quarantined"]) == (2, 1)
    assert [(bad["line"], bad["field"]) for bad in answer["refused"]] == [(2, "kind")]


def test_posting_one_object_as_json_stores_it(server: Running) -> None:
    body = json.dumps(event("d1"), indent=2).encode()
    assert server.post(body, content_type="application/json").json()["accepted"] == 1


def test_posting_an_empty_array_stores_nothing(server: Running) -> None:
    response = server.post(b"[]", content_type="application/json")
    assert response.status_code == 202
    assert response.json()["accepted"] == 0


@pytest.mark.parametrize("body", [b"", b"\n \n"], ids=["empty", "blank"])
def test_posting_nothing_says_so(server: Running, body: bytes) -> None:
    response = server.post(body)
    assert (response.status_code, error_of(response)["code"]) == (400, "empty")


@pytest.mark.parametrize(
    "body", [b"[", b'[{"id": 1}', b"7", b'{"a": 1}\n{"a": 2}', b"\xff\xfe"], ids=repr
)
def test_posting_json_that_is_none_says_so(server: Running, body: bytes) -> None:
    response = server.post(body, content_type="application/json")
    assert (response.status_code, error_of(response)["code"]) == (400, "not_json")


def test_bad_lines_are_named_and_kept_and_the_good_ones_enter(server: Running) -> None:
    bad = [b"{", b'{"id": "\xff"}', b'{"a": 1, "a": 2}', lines(event("e", at=-1)), b"[1]"]
    body = lines(event("e1"), *bad[:2], b"", *bad[2:], event("e2"))
    answer = server.post(body).json()
    assert (answer["accepted"], answer["quarantined"], answer["refused_total"]) == (2, 5, 5)
    assert [item["line"] for item in answer["refused"]] == [2, 3, 5, 6, 7]
    assert answer["refused"][3]["field"] == "at"
    with Log(server.data) as log:
        kept = list(log.quarantine())[-5:]
    assert [item.raw for item in kept] == bad
    assert all(item.origin.startswith("gateway") for item in kept)


def test_an_atomic_batch_with_a_bad_line_leaves_nothing(server: Running) -> None:
    before = _figures(server)
    response = server.post(lines(event("f1"), b"{}", event("f2")), "?atomic=true")
    assert (response.status_code, error_of(response)["code"]) == (422, "refused")
    assert [item["line"] for item in response.json()["refused"]] == [2]
    assert response.json()["refused_total"] == 1
    assert _figures(server) == before
    assert server.post(lines(event("f1")), "?atomic=true").json()["accepted"] == 1


def _figures(server: Running) -> tuple[int, int]:
    with Log(server.data) as log:
        status = log.status()
        return status.events, status.quarantine.waiting


def test_an_answer_names_a_bounded_number_of_lines(server: Running) -> None:
    answer = server.post(b"{}\n" * 1_500).json()
    assert (len(answer["refused"]), answer["refused_total"]) == (1_000, 1_500)


@pytest.mark.parametrize("query", ["?atomc=true", "?atomic=yes", "?atomic=true&atomic=false"])
def test_a_misspelt_query_is_refused(server: Running, query: str) -> None:
    response = server.post(lines(event("g")), query)
    assert (response.status_code, error_of(response)["code"]) == (400, "bad_query")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/json; charset=latin-1", "application/cbor"]
)
def test_another_content_type_is_refused(server: Running, kind: str) -> None:
    response = server.post(lines(event("h")), content_type=kind)
    assert (response.status_code, error_of(response)["code"]) == (415, "unsupported_media_type")
    assert "application/x-ndjson" in response.headers["accept-post"]


# --- compression -------------------------------------------------------------------------------


def zstd(body: bytes) -> bytes:
    return pa.compress(body, "zstd", asbytes=True)  # type: ignore[no-any-return]


@pytest.mark.parametrize("codec", ["gzip", "zstd", "identity"])
def test_a_compressed_body_is_unpacked(server: Running, codec: str) -> None:
    plain = lines(*(event(f"i-{codec}-{n}") for n in range(300)))
    body = {"gzip": gzip.compress(plain), "zstd": zstd(plain), "identity": plain}[codec]
    assert server.post(body, content_encoding=codec).json()["accepted"] == 300


@pytest.mark.parametrize("codec", ["gzip", "zstd"])
@pytest.mark.parametrize("damage", ["plain", "cut", "tail"])
def test_a_damaged_compressed_body_is_refused_whole(
    server: Running, codec: str, damage: str
) -> None:
    whole = (gzip.compress if codec == "gzip" else zstd)(lines(*(event(n) for n in range(99))))
    body = {"plain": lines(event("j")), "cut": whole[:-20], "tail": whole + b"boat"}[damage]
    before = _figures(server)
    response = server.post(body, content_encoding=codec)
    assert (response.status_code, error_of(response)["code"]) == (400, "bad_compression")
    assert _figures(server) == before


def test_an_unknown_encoding_is_refused(server: Running) -> None:
    response = server.post(b"x", content_encoding="br")
    assert (response.status_code, error_of(response)["code"]) == (415, "unsupported_encoding")


@pytest.mark.parametrize("codec", ["gzip", "zstd"])
def test_a_bomb_is_refused_in_bounded_memory(server: Running, codec: str, tmp_path: Path) -> None:
    body = _bomb(codec, tmp_path, 512)
    assert len(body) < 1 << 20
    before = _peak_memory(server)
    response = server.post(body, content_encoding=codec)
    assert (response.status_code, error_of(response)["code"]) == (413, "too_large")
    assert _peak_memory(server) - before < 32 << 20


def _bomb(codec: str, folder: Path, mebibytes: int) -> bytes:
    blanks = b" " * (1 << 20)
    if codec == "gzip":
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        return b"".join(packer.compress(blanks) for _ in range(mebibytes)) + packer.flush()
    path = folder / "bomb"
    with pa.CompressedOutputStream(str(path), "zstd") as stream:
        for _ in range(mebibytes):
            stream.write(blanks)
    return path.read_bytes()


def _peak_memory(server: Running) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


# --- many at once ------------------------------------------------------------------------------


def test_many_producers_at_once_each_learn_what_became_of_their_own_lines(
    server: Running,
) -> None:
    """Small bodies are decoded together, so each producer sends its own mix of good and bad."""

    def produce(number: int) -> list[tuple[int, list[int]]]:
        answers = []
        for turn in range(10):
            bad = (number + turn) % 3
            body = lines(*([b"{}"] * bad), event(f"k-{number}-{turn}"), b"", b"no")
            answer = server.post(body).json()
            assert answer["accepted"] == 1
            answers.append((bad, [item["line"] for item in answer["refused"]]))
        return answers

    with ThreadPoolExecutor(16) as threads:
        for answers in threads.map(produce, range(16)):
            for bad, named in answers:
                assert named == [*range(1, bad + 1), bad + 3]
    with Log(server.data) as log:
        assert len(log.of(post="at://harbour/post/k-15-9")) == 1
