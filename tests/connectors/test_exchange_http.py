"""An exchange that is slow, broken, elsewhere or hostile."""

from __future__ import annotations

import logging
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from leeward.connectors._exchange_http import JSON, ExchangeHttp, HttpLimits
from leeward.errors import DependencyDown, InputError, LeewardError, UsageError
from tests.conftest import absent
from tests.connectors._exchange_servers import START, Answer, Asked, Clock, Served

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator
    from pathlib import Path

SECRET = "boathouse-9"  # noqa: S105 - of a server that lives for one test
HARBOUR = Answer(b'{"harbour": "open"}')
QUICK = HttpLimits(connect=2.0, read=0.3, total=2.0, attempts=3, longest_wait=60.0, body=4_096)


class Harbour(Served):
    """Always open."""

    prefix = "/quay"

    def answer(self, asked: Asked) -> Answer:
        return HARBOUR


@pytest.fixture
def server() -> Iterator[Harbour]:
    with Harbour() as server:
        yield server


def client(server: Served, slept: list[float] | None = None, **more: Any) -> ExchangeHttp:
    made = ExchangeHttp(
        "harbour",
        server.address,
        {"authorization": f"Basic {SECRET}"},
        limits=more.pop("limits", QUICK),
        sleep=(slept if slept is not None else []).append,
        clock=server.clock,
    )
    return server.to_close(made)


def get(server: Served, slept: list[float] | None = None, **more: Any) -> bytes:
    return client(server, slept).request("GET", "look", "/boats", kinds=JSON, **more).body


def test_a_good_answer_is_read_and_nothing_is_written_into_a_log(
    server: Harbour, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    assert get(server, params={"from": "now"}) == HARBOUR.body
    assert server.asked[0].path == "/quay/boats"
    assert server.asked[0].headers["authorization"] == f"Basic {SECRET}"
    assert server.asked[0].headers["accept-encoding"] == "identity"
    assert not caplog.records


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_burst_of_faults_is_waited_out_ever_longer(server: Harbour, status: int) -> None:
    server.faults.extend([Answer(b"", status), Answer(b"", status)])
    slept: list[float] = []

    assert get(server, slept) == HARBOUR.body
    assert 0.25 <= slept[0] <= 0.5 <= slept[1] <= 1.0


def test_a_server_that_stays_down_is_given_up(server: Harbour) -> None:
    server.faults.extend([Answer(b"", 503)] * 9)

    with pytest.raises(DependencyDown, match="too busy") as caught:
        get(server)
    assert len(server.asked) == QUICK.attempts
    assert caught.value.where == "harbour, look"


def test_a_server_says_how_long_to_wait(server: Harbour) -> None:
    date = "Tue, 14 Nov 2023 22:13:50 GMT"  # 30 s after START
    server.faults.append(Answer(b"", 429, headers={"retry-after": "7"}))
    server.faults.append(Answer(b"", 503, headers={"retry-after": date}))
    slept: list[float] = []

    assert server.clock.now == START
    assert get(server, slept) == HARBOUR.body
    assert slept == [7.0, 30.0]


def test_a_server_that_asks_for_hours_is_left_alone(server: Harbour) -> None:
    server.faults.append(Answer(b"", 429, headers={"retry-after": "7200"}))
    slept: list[float] = []

    with pytest.raises(DependencyDown, match="left alone for 7,200 s"):
        get(server, slept)
    assert slept == []
    assert len(server.asked) == 1


@pytest.mark.parametrize("wait", ["soon", "-5", "Tue, 99 Foo", "1e9"])
def test_a_wait_that_means_nothing_is_passed_over(server: Harbour, wait: str) -> None:
    server.faults.append(Answer(b"", 503, headers={"retry-after": wait}))

    assert get(server) == HARBOUR.body


@pytest.mark.parametrize("fault", [Answer(b"{}", stall=1.0), Answer(b"{}" * 9, cut=3)])
def test_a_late_or_cut_answer_is_asked_for_again(server: Harbour, fault: Answer) -> None:
    server.faults.append(fault)

    assert get(server) == HARBOUR.body


def test_an_answer_that_drips_for_ever_is_given_up(server: Harbour) -> None:
    server.faults.extend([Answer(b"x" * 400, drip=0.05)] * 2)
    limits = QUICK._replace(total=0.3, attempts=2)

    with pytest.raises(DependencyDown, match="too slowly"):
        client(server, limits=limits).request("GET", "look", "/boats", kinds=JSON)


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (Answer(b"<html>", kind="text/html"), "another kind of document"),
        (Answer(b"x" * 5_000), "more than 4,096 bytes"),
        (Answer(b"x" * 5_000, untold=True), "more than 4,096 bytes"),
        (Answer(b"x", headers={"content-encoding": "gzip"}), "compresses, unasked"),
    ],
)
def test_an_answer_that_is_not_what_was_asked_for_is_refused(
    server: Harbour, fault: Answer, problem: str
) -> None:
    server.faults.append(fault)

    with pytest.raises(InputError, match=problem):
        get(server)


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_are_not_tried_again(server: Harbour, status: int) -> None:
    server.faults.append(Answer(SECRET.encode(), status))

    with pytest.raises(DependencyDown, match="refuses the credentials") as caught:
        get(server)
    assert len(server.asked) == 1
    assert SECRET not in f"{caught.value!s} {caught.value!r}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(server: Harbour, status: int) -> None:
    with Harbour() as elsewhere:
        there = {"location": f"{elsewhere.address}/boats"}
        server.faults.append(Answer(b"", status, headers=there))

        with pytest.raises(DependencyDown, match="never followed"):
            get(server)
        assert not elsewhere.asked


def test_what_must_not_happen_twice_is_not_repeated_blindly(server: Harbour) -> None:
    server.faults.append(Answer(b"", 502))
    once = client(server)

    with pytest.raises(DependencyDown):
        once.request("POST", "tell", "/boats", body=b"{}", repeatable=False)
    assert len(server.asked) == 1

    server.faults.append(Answer(b"", 503))
    assert once.request("POST", "tell", "/boats", body=b"{}", repeatable=False).status == 200


def test_a_server_that_is_gone_is_said_to_be(server: Harbour) -> None:
    with Harbour() as gone:
        pass

    with pytest.raises(DependencyDown, match="cannot be reached") as caught:
        get(gone)
    assert str(gone._http.server_port) not in str(caught.value)


@pytest.mark.parametrize(
    "base",
    [
        "http://harbour.example",
        "ftp://127.0.0.1",
        "https://",
        "harbour",
        f"https://user:{SECRET}@harbour.example",
        f"https://harbour.example/?key={SECRET}",
        "https://harbour.example/#top",
        "http://127.0.0.1.harbour.example",
    ],
)
def test_an_address_that_is_not_safe_is_refused_without_being_repeated(base: str) -> None:
    with pytest.raises(UsageError) as caught:
        ExchangeHttp("harbour", base, {})
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "path",
    [
        "boats",
        "//harbour.example/boats",
        "@harbour.example/boats",
        "https://harbour.example/",
        "/../admin",
        "/boats/%2e%2E/%2e%2e/admin",
        "/boats\r\nhost: harbour.example",
        "/boats?a=b#c",
        "\\\\harbour.example",
        "/" + "a" * 9_000,
        "",
    ],
)
def test_a_path_that_a_server_names_stays_below_its_own_address(server: Harbour, path: str) -> None:
    with pytest.raises(InputError, match="not one of its own"):
        client(server).request("GET", "look", path)
    assert not server.asked


def test_no_repr_holds_a_secret(server: Harbour) -> None:
    reply = client(server).request("GET", "look", "/boats")

    assert SECRET not in f"{client(server)!r} {reply!r}"
    assert "open" not in repr(reply)


@pytest.fixture
def certificate(tmp_path: Path) -> ssl.SSLContext:
    """A certificate that this machine has no reason to trust."""
    import ssl

    key, chain = tmp_path / "key.pem", tmp_path / "chain.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-keyout", str(key), "-out", str(chain), "-days", "2"]
    openssl = shutil.which("openssl")
    if openssl is None:
        absent("openssl is absent")
    command = [str(openssl), "req", *kind, *subject, *files]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return context


def test_a_certificate_that_nobody_trusts_ends_it(certificate: ssl.SSLContext) -> None:
    with Harbour(tls=certificate) as server:
        with pytest.raises(DependencyDown, match="certificate is not trusted"):
            get(server)
        assert not server.asked


def test_errors_are_of_the_one_tree_whatever_comes(server: Harbour) -> None:
    faults: list[Callable[[], Answer]] = [
        lambda: Answer(b"", 418),
        lambda: Answer(b"", 404),
        lambda: Answer(b"", 100 + 899),
    ]
    for fault in faults:
        server.faults.append(fault())
        with pytest.raises(LeewardError):
            get(server)


def test_the_servers_clock_is_told(server: Harbour) -> None:
    server.date_ahead = -3_600

    assert client(server).request("GET", "look", "/boats").date == START - 3_600
    assert Clock().now == START
