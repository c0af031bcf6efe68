"""Files are fetched from listed origins and from nowhere else, whatever a server does."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import zlib
from typing import TYPE_CHECKING

import pytest

from leeward.connectors import open_origins
from leeward.connectors._fetch_http import FetchReply
from leeward.model import OriginSettings
from tests.connectors._fetch_servers import (
    FILE,
    LOOPBACK,
    NAME,
    Conversation,
    FileServer,
    bomb,
    certificate,
    drip,
    drip_headers,
    endless,
    endless_headers,
    fetcher,
    hang_up,
    listed,
    never,
    speaks_tls,
    trusts,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer() as running:
        yield running


def outcome(server: FileServer, path: str = "/boat.jpg", **settings: object) -> FetchReply:
    with fetcher(listed(server, **settings)) as fetching:  # type: ignore[arg-type]
        return fetching.fetch(f"http://127.0.0.1:{server.port}{path}")


# --- what is fetched ---------------------------------------------------------------------------


def test_a_file_is_fetched_as_it_is(server: FileServer) -> None:
    server.put("/boat.jpg")
    reply = outcome(server)
    assert (reply.reason, reply.body) == (None, FILE)
    assert repr(reply) == f"<FetchReply fetched bytes={len(FILE)}>"


def test_a_request_says_no_more_than_it_must(
    server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No proxy and no credentials of the environment, no cookie that a server set."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    server.paths["/boat.jpg"] = lambda it: it.answer(200, FILE, set_cookie="tide=high")
    with fetcher(listed(server)) as fetching:
        for _ in range(2):
            assert fetching.fetch(f"http://127.0.0.1:{server.port}/boat.jpg?size=2#top").body
    assert server.connected == 1
    assert {tuple(sorted(it.headers)) for it in server.asked} == {
        ("accept", "accept-encoding", "host", "user-agent")
    }
    assert server.asked[1].headers["accept-encoding"] == "identity"
    assert server.targets == ["/boat.jpg?size=2"] * 2


def test_an_origin_gets_its_own_header_and_no_other_does(server: FileServer) -> None:
    with FileServer() as other:
        server.redirect("/boat.jpg", f"http://127.0.0.1:{other.port}/boat.jpg")
        other.put("/boat.jpg")
        settings = {
            "pier": OriginSettings(
                url=f"http://127.0.0.1:{server.port}",
                networks=LOOPBACK,
                header="Authorization",
                header_env="PIER",
            ),
            "jetty": OriginSettings(url=f"http://127.0.0.1:{other.port}", networks=LOOPBACK),
        }
        visited: list[str] = []
        origins = open_origins(settings, {"PIER": "Bearer s3cret\n"})
        with fetcher(origins, redirected=visited.append) as fetching:
            assert fetching.fetch(f"http://127.0.0.1:{server.port}/boat.jpg").body == FILE
        assert server.asked[0].headers["authorization"] == "Bearer s3cret"
        assert "authorization" not in other.asked[0].headers
        assert visited == ["jetty"]
    assert "s3cret" not in repr(origins) + repr(origins.by_name)


def test_a_file_that_comes_in_pieces_is_put_together(server: FileServer) -> None:
    def pieces(it: Conversation) -> None:
        it.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        it.send(b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n")

    server.paths["/boat.jpg"] = pieces
    assert outcome(server).body == b"abcdefg"


# --- what is not listed ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1:{port}/media/boat.jpg",
        "http://127.0.0.1/media/boat.jpg",
        "http://127.0.0.1:1{port}/media/boat.jpg",
        "http://localhost:{port}/media/boat.jpg",
        "http://ada@127.0.0.1:{port}/media/boat.jpg",
        "http://127.0.0.1:{port}@evil.example/media/boat.jpg",
        "http://127.0.0.1:{port}\\@evil.example/media/boat.jpg",
        "http://127.0.0.1.evil.example:{port}/media/boat.jpg",
        "http://evil.example/http://127.0.0.1:{port}/media/boat.jpg",
        "http://127.0.0.1:{port}/media",
        "http://127.0.0.1:{port}/mediaboat.jpg",
        "http://127.0.0.1:{port}/media/../boat.jpg",
        "http://127.0.0.1:{port}/media/%2e%2e/boat.jpg",
        "http://127.0.0.1:{port}/media/x/..%2f..%2fboat.jpg",
        "http://127.0.0.1:{port}/media/..%5cboat.jpg",
        "http://127.0.0.1:{port}/media/..\\boat.jpg",
        "//127.0.0.1:{port}/media/boat.jpg",
        "file:///media/boat.jpg",
        "data:image/png;base64,AAAA",
        "ftp://127.0.0.1:{port}/media/boat.jpg",
        "at://did:example:ada/boat",
        "media/boat.jpg",
        "http://[::1",
        "http://127.0.0.1:{port}/media/" + "x" * 9_000,
        "http://127.0.0.1:99999/media/boat.jpg",
        "",
    ],
)
def test_what_is_not_below_a_listed_origin_is_not_asked_for(
    server: FileServer, address: str
) -> None:
    with fetcher(listed(server, folder="/media")) as fetching:
        reply = fetching.fetch(address.format(port=server.port))
    assert reply.reason == "not_listed"
    assert (server.connected, reply.again) == (0, False)


# --- redirects ---------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_within_the_origin_is_followed(server: FileServer, status: int) -> None:
    server.redirect("/boat.jpg", "/other/boat.jpg", status)
    server.put("/other/boat.jpg")
    assert outcome(server).body == FILE


@pytest.mark.parametrize(
    "to",
    [
        "http://evil.example/boat.jpg",
        "//evil.example/boat.jpg",
        "https://127.0.0.1:{port}/media/boat.jpg",
        "http://127.0.0.1:1/media/boat.jpg",
        "http://ada:word@127.0.0.1:{port}/media/boat.jpg",
        "http://169.254.169.254/latest/meta-data/",
        "/outside/boat.jpg",
        "../../outside/boat.jpg",
        "file:///etc/hosts",
        "http://[::1",
        "\xff",
        "",
    ],
)
def test_a_redirect_out_of_what_is_listed_is_not_followed(server: FileServer, to: str) -> None:
    server.redirect("/media/a/boat.jpg", to.format(port=server.port))
    server.put("/outside/boat.jpg")
    with fetcher(listed(server, folder="/media/", redirects=1)) as fetching:
        reply = fetching.fetch(f"http://127.0.0.1:{server.port}/media/a/boat.jpg")
    # A redirect to nowhere leads to where one is.
    assert reply.reason == ("redirected_out" if to else "too_many_redirects")
    assert set(server.targets) == {"/media/a/boat.jpg"}


def test_redirects_are_counted(server: FileServer) -> None:
    for number in range(9):
        server.redirect(f"/{number}", f"/{number + 1}")
    server.put("/3")
    assert outcome(server, "/0", redirects=3).body == FILE
    server.redirect("/3", "/4")
    assert outcome(server, "/0", redirects=3).reason == "too_many_redirects"
    server.redirect("/round", "/round")
    assert outcome(server, "/round").reason == "too_many_redirects"
    assert outcome(server, "/round", redirects=0).reason == "too_many_redirects"


# --- addresses ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "addresses",
    [
        ("127.0.0.1",),
        ("93.184.215.14", "10.0.0.1"),
        ("::1",),
        ("::ffff:127.0.0.1",),
        ("64:ff9b::7f00:1",),
        ("fe80::1%lo",),
        ("0.0.0.0",),  # noqa: S104 - an address to be refused
        ("not an address",),
    ],
)
def test_a_name_that_leads_inside_is_not_connected_to(
    server: FileServer, addresses: tuple[str, ...]
) -> None:
    """Which address is taken must not be a matter of luck, so one bad one is enough."""
    server.put("/boat.jpg")
    origins = listed(server, name=NAME, networks=())
    with fetcher(origins, *addresses) as fetching:
        reply = fetching.fetch(f"http://{NAME}:{server.port}/boat.jpg")
    assert (reply.reason, server.connected) == ("address_refused", 0)


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "127.1", "0x7f.1", "localhost"])
def test_this_machine_is_not_reached_under_any_of_its_names(server: FileServer, host: str) -> None:
    from leeward.connectors import Fetcher

    server.put("/boat.jpg")
    with Fetcher(listed(server, name=host, networks=())) as fetching:
        reply = fetching.fetch(f"http://{host}:{server.port}/boat.jpg")
    assert reply.reason in ("address_refused", "unknown_name")
    assert server.connected == 0


def test_the_address_that_is_checked_is_the_one_connected_to(server: FileServer) -> None:
    """A name server that answers differently the second time gains nothing: it is not asked."""
    from leeward.connectors import Fetcher

    answers = [["127.0.0.1"], ["127.0.0.2"]]

    def rebinding(_: str, __: int) -> Sequence[str]:
        return answers.pop(0)

    server.put("/boat.jpg")
    with (
        FileServer("127.0.0.2") as inside,
        Fetcher(
            listed(server, name=NAME, networks=("127.0.0.1/32",)), resolver=rebinding
        ) as fetching,
    ):
        assert fetching.fetch(f"http://{NAME}:{server.port}/boat.jpg").body == FILE
        assert len(answers) == 1
        assert server.asked[0].headers["host"] == f"{NAME}:{server.port}"
        # When it is asked anew, for the connection is gone, the new answer is checked anew.
        server.paths["/boat.jpg"] = hang_up
        assert fetching.fetch(f"http://{NAME}:{server.port}/boat.jpg").reason is not None
        assert fetching.fetch(f"http://{NAME}:{server.port}/boat.jpg").reason == "address_refused"
        assert inside.connected == 0


def test_another_address_of_the_name_is_tried(server: FileServer) -> None:
    server.put("/boat.jpg")
    with fetcher(listed(server, name=NAME), "127.0.0.9", "127.0.0.1") as fetching:
        assert fetching.fetch(f"http://{NAME}:{server.port}/boat.jpg").body == FILE


def test_an_origin_with_an_address_of_ipv6_is_reached() -> None:
    with FileServer("::1") as server:
        server.put("/boat.jpg")
        with fetcher(listed(server, name="::1")) as fetching:
            reply = fetching.fetch(f"http://[::1]:{server.port}/boat.jpg")
        assert reply.body == FILE
        assert server.asked[0].headers["host"] == f"[::1]:{server.port}"


def test_a_name_that_is_not_known_may_be_tomorrow(server: FileServer) -> None:
    from leeward.connectors import Fetcher

    def fails(_: str, __: int) -> Sequence[str]:
        raise OSError("no such name")

    def gives_none(_: str, __: int) -> Sequence[str]:
        return ()

    for resolver in (fails, gives_none):
        with Fetcher(listed(server, name=NAME), resolver=resolver) as fetching:
            reply = fetching.fetch(f"http://{NAME}:{server.port}/boat.jpg")
        assert (reply.reason, reply.again) == ("unknown_name", True)


def test_a_resolver_that_does_not_answer_is_not_waited_for(server: FileServer) -> None:
    from leeward.connectors import Fetcher

    answered = threading.Event()

    def sleeps(_: str, __: int) -> Sequence[str]:
        answered.wait(30)
        return ["127.0.0.1"]

    origins = listed(server, name=NAME, connect_seconds=1)
    with Fetcher(origins, resolver=sleeps) as fetching:
        assert fetching.fetch(f"http://{NAME}:{server.port}/boat.jpg").reason == "unknown_name"
    answered.set()


# --- TLS ---------------------------------------------------------------------------------------


def test_a_server_proves_its_name(tmp_path: Path) -> None:
    ours, others = certificate(tmp_path, NAME), certificate(tmp_path, "quay.example")
    for path, trusted, reason in (
        (ours, trusts(ours), None),
        (others, trusts(ours, others), "untrusted"),  # trusted, and for another name
        (ours, trusts(others), "untrusted"),
    ):
        with FileServer(tls=speaks_tls(path)) as server:
            server.put("/boat.jpg")
            origins = listed(server, name=NAME, scheme="https")
            with fetcher(origins, trust=trusted) as fetching:
                reply = fetching.fetch(f"https://{NAME}:{server.port}/boat.jpg")
            assert (reply.reason, bool(reply.body)) == (reason, reason is None)
            assert len(server.asked) == (reason is None)


# --- servers that behave badly -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("handler", "reasons"),
    [
        (never, {"timeout"}),
        (drip, {"timeout"}),
        (drip_headers, {"timeout"}),
        (hang_up, {"unreachable", "broken"}),
        (endless, {"too_large"}),
        (endless_headers, {"broken"}),
        (lambda it: it.send(b"SSH-2.0-boat\r\n\r\n"), {"broken"}),
        (lambda it: it.send(b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n"), {"broken"}),
    ],
)
def test_a_server_that_behaves_badly_is_bounded(
    server: FileServer, handler: Callable[[Conversation], None], reasons: set[str]
) -> None:
    server.paths["/boat.jpg"] = handler
    began = time.monotonic()
    reply = outcome(server, total_seconds=1, max_bytes=1 << 20)
    assert reply.reason in reasons
    assert reply.again == (reply.reason != "too_large")
    assert time.monotonic() - began < 15


def test_a_length_that_lies_is_found_out(server: FileServer) -> None:
    def short(it: Conversation) -> None:
        it.answer(200, FILE, content_length=str(len(FILE) + 1))
        it.connection.shutdown(socket.SHUT_WR)

    server.paths["/short.jpg"] = short
    assert outcome(server, "/short.jpg").reason == "broken"
    server.paths["/long.jpg"] = lambda it: it.answer(200, FILE, content_length="10")
    assert outcome(server, "/long.jpg").body == FILE[:10]
    server.paths["/huge.jpg"] = lambda it: it.answer(200, b"", content_length="9" * 18)
    assert outcome(server, "/huge.jpg").reason == "too_large"


@pytest.mark.parametrize("size", [len(FILE) - 1, len(FILE)])
def test_the_limit_on_bytes_is_exact(server: FileServer, size: int) -> None:
    server.put("/boat.jpg")
    assert outcome(server, max_bytes=size).reason == (None if size == len(FILE) else "too_large")


@pytest.mark.parametrize(
    ("coding", "body", "reason"),
    [
        ("gzip", gzip.compress(FILE), None),
        ("x-gzip", gzip.compress(FILE), None),
        ("deflate", zlib.compress(FILE), None),
        ("identity", FILE, None),
        ("gzip", bomb(300 << 20), "too_large"),
        ("gzip", gzip.compress(FILE)[:-9], "encoded"),
        ("gzip", FILE, "encoded"),
        ("br", FILE, "encoded"),
        ("gzip, gzip", gzip.compress(gzip.compress(FILE)), "encoded"),
    ],
)
def test_a_file_that_comes_packed_is_bounded_by_what_it_unpacks_to(
    server: FileServer, coding: str, body: bytes, reason: str | None
) -> None:
    server.paths["/boat.jpg"] = lambda it: it.answer(200, body, content_encoding=coding)
    reply = outcome(server, max_bytes=1 << 20)
    assert (reply.reason, reply.body) == (reason, FILE if reason is None else b"")


@pytest.mark.parametrize(
    ("status", "reason", "again"),
    [
        (204, "refused", False),
        (206, "refused", False),
        (304, "refused", False),
        (401, "refused", False),
        (403, "refused", False),
        (404, "gone", False),
        (410, "gone", False),
        (429, "busy", True),
        (451, "refused", False),
        (500, "busy", True),
        (503, "busy", True),
    ],
)
def test_a_status_says_whether_to_try_again(
    server: FileServer, status: int, reason: str, again: bool
) -> None:
    server.paths["/boat.jpg"] = lambda it: it.answer(status)
    reply = outcome(server)
    assert (reply.reason, reply.again, reply.wait) == (reason, again, None)


def test_a_server_may_ask_to_be_left_alone(server: FileServer) -> None:
    server.paths["/boat.jpg"] = lambda it: it.answer(503, retry_after="120")
    assert outcome(server).wait == 120
    server.paths["/boat.jpg"] = lambda it: it.answer(
        429, retry_after="Fri, 31 Dec 9999 23:59:59 GMT"
    )
    assert (outcome(server).wait or 0) > 1e9
    server.paths["/boat.jpg"] = lambda it: it.answer(429, retry_after="soon")
    assert outcome(server).wait is None


def test_after_a_failure_the_next_file_is_fetched(server: FileServer) -> None:
    server.paths["/bad.jpg"] = hang_up
    server.paths["/big.jpg"] = endless
    server.put("/boat.jpg")
    with fetcher(listed(server, max_bytes=1 << 20)) as fetching:
        for _ in range(3):
            for path in ("/bad.jpg", "/big.jpg", "/missing.jpg"):
                assert fetching.fetch(f"http://127.0.0.1:{server.port}{path}").reason
            assert fetching.fetch(f"http://127.0.0.1:{server.port}/boat.jpg").body == FILE


def test_after_an_address_is_refused_another_is_connected_to(server: FileServer) -> None:
    from leeward.connectors import Fetcher

    server.put("/boat.jpg")
    answers = iter([["10.0.0.1"]] * 5 + [[]] * 5 + [["127.0.0.1"]])
    address = f"http://{NAME}:{server.port}/boat.jpg"
    with Fetcher(listed(server, name=NAME), resolver=lambda *_: next(answers)) as fetching:
        reasons = [fetching.fetch(address).reason for _ in range(11)]
    assert reasons == ["address_refused"] * 5 + ["unknown_name"] * 5 + [None]


def test_what_is_under_way_can_be_ended(server: FileServer) -> None:
    server.paths["/boat.jpg"] = never
    with fetcher(listed(server, total_seconds=600)) as fetching:
        replies: list[FetchReply] = []
        address = f"http://127.0.0.1:{server.port}/boat.jpg"
        thread = threading.Thread(target=lambda: replies.append(fetching.fetch(address)))
        thread.start()
        while not server.asked:
            time.sleep(0.01)
        fetching.abort()
        thread.join(30)
        assert not thread.is_alive()
        assert replies[0].reason is not None
        assert fetching.fetch(address).reason == "timeout"


def test_no_content_shows_in_what_is_said_of_a_request(server: FileServer) -> None:
    from leeward.connectors import place_of

    place = place_of("https://cdn.example/canary-8812.jpg?canary")
    assert "canary" not in repr(place)
    assert "canary" not in repr(FetchReply(None, b"canary"))
