"""The routes, and what holds for all of them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import traceback
from typing import TYPE_CHECKING, Any, Final, cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Route

from leeward.errors import LeewardError, Overloaded
from leeward.server._answers import EventsAnswer, Problem, answer, named, problem_of
from leeward.server._bodies import empty, form_of, read_body
from leeward.server._intake import Work
from leeward.server._match_body import MAX_HASH_BYTES, kind_of, positions_of, queries_in
from leeward.server._metrics import CONTENT_TYPE
from leeward.server._openapi import document
from leeward.server._parts import Parts, open_parts

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from leeward.model import Settings

__all__ = ["app_of", "create_app"]

LINGER_BYTES: Final = 1 << 20
LINGER_SECONDS: Final = 2.0
"""How much of a body that nobody wants is read, so that its sender sees the answer."""

_log: Final = logging.getLogger("leeward.server")


def create_app(data: str | os.PathLike[str], settings: Settings) -> Starlette:
    """The ASGI application of a data folder, for one process: it owns the log's writer.

    The folder is opened and closed by the lifespan of the application.

    Args:
        data: The data folder.
        settings: What is in force.
    """

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        with open_parts(data, settings) as parts:
            app.state.parts = parts
            yield
            parts.state.closing = True

    return _app(lifespan)


def app_of(parts: Parts) -> Starlette:
    """The application over parts that are open already."""
    app = _app(None)
    app.state.parts = parts
    return app


def _app(lifespan: Any) -> Starlette:
    return Starlette(
        routes=[
            Route("/v1/events", post_events, methods=["POST"]),
            Route("/v1/match", post_match, methods=["POST"]),
            Route("/v1/openapi.json", get_openapi, methods=["GET"]),
            Route("/healthz", get_health, methods=["GET"]),
            Route("/metrics", get_metrics, methods=["GET"]),
        ],
        middleware=[Middleware(_Door)],
        exception_handlers={HTTPException: _plain_error},
        lifespan=lifespan,
    )


# --- routes ------------------------------------------------------------------------------------


async def post_events(request: Request) -> Response:
    """Take events in; 202 when they are durable."""
    parts = _parts(request)
    key = await parts.keys.require(request, "events:write")
    atomic = _atomic(request)
    form = form_of(request)
    if parts.state.full:
        raise Overloaded("the writer's queue is full", retry_after=1)
    with parts.budget.share() as share:
        body = await read_body(request, share, parts.settings.server.max_body_bytes)
        if not body:
            raise empty()
        try:
            outcome = await parts.intake.put(Work(body, form, share, atomic, key.name))
        except Problem as problem:
            parts.metrics.turned_away(len(problem.refused))
            raise
    parts.state.note(None)
    parts.metrics.took(outcome)
    receipt, refused = outcome
    first = receipt.first_seq if receipt.accepted else None
    counts = (receipt.accepted, receipt.repeated, receipt.quarantined)
    return answer(EventsAnswer(*counts, first, named(refused), len(refused)), 202)


async def post_match(request: Request) -> Response:
    """Say what the hash banks know of some hashes, or of a file."""
    parts = _parts(request)
    await parts.keys.require(request, "match")
    upload = kind_of(request) == "media"
    positions = positions_of(request, parts.settings.banks.positions, upload=upload)
    if upload:
        parts.desk.make_room()
    with parts.budget.share() as share:
        most = parts.settings.server.max_body_bytes
        body = await read_body(request, share, most if upload else min(most, MAX_HASH_BYTES))
        if not body:
            raise Problem(400, "empty", "the body is empty", "send hashes or a file")
        if upload:
            found = await parts.desk.match_upload(body, eight=positions == "eight")
        else:
            found = await parts.desk.match(queries_in(body))
    parts.metrics.matched(result.status for result in found.results)
    return answer(found, headers={"cache-control": "no-store"})


async def get_health(request: Request) -> Response:
    """Whether events can be taken."""
    health = await _parts(request).state.health()
    headers = {"cache-control": "no-store"}
    return answer(health, 503 if health.status == "down" else 200, headers)


async def get_metrics(request: Request) -> Response:
    """Figures for Prometheus."""
    parts = _parts(request)
    await parts.keys.require(request, "metrics:read")
    reading = await parts.state.reading()
    parts.metrics.note_banks(parts.desk)
    text = parts.metrics.text(reading, parts.writer.queued, parts.budget.used)
    return Response(text, headers={"content-type": CONTENT_TYPE})


async def get_openapi(_: Request) -> Response:
    """This interface, described."""
    return Response(document(), media_type="application/json")


def _parts(request: Request) -> Parts:
    return cast("Parts", request.app.state.parts)


def _atomic(request: Request) -> bool:
    """What the query asks. What is not known is refused: it may be `atomic`, misspelt."""
    given = request.query_params.multi_items()
    if not given:
        return False
    if len(given) == 1 and given[0][0] == "atomic" and given[0][1] in ("true", "false"):
        return given[0][1] == "true"
    raise Problem(
        400, "bad_query", "the query is not one that is known here", "use ?atomic=true or none"
    )


def _plain_error(_: Request, error: Exception) -> Response:
    """Starlette's own errors, as where there is no such path."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for that class alone
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "failed")
    hint = "see /v1/openapi.json"
    return Problem(
        error.status_code, code, error.detail.lower(), hint, headers=error.headers
    ).response()


# --- what holds for all routes -----------------------------------------------------------------


class _Door:
    """Turns every error into an answer, counts and times, and logs no content.

    Args:
        app: What is behind the door.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begin = time.perf_counter()
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            try:
                await self._app(scope, receive, noting)
            except Exception as error:
                problem = _problem(scope, error)
                if not status:
                    await _refuse(scope, receive, noting, problem.response())
        finally:
            seconds = time.perf_counter() - begin
            scope["app"].state.parts.metrics.answered(_route(scope), status, seconds)


def _problem(scope: Scope, error: Exception) -> Problem:
    if isinstance(error, Problem):
        cause = error.__cause__
        if isinstance(cause, LeewardError):
            scope["app"].state.parts.state.note(cause)
        return error
    if isinstance(error, LeewardError):
        return problem_of(error)
    # The message of a foreign error may quote content, so only its class and places are logged.
    places = [f"{f.filename}:{f.lineno}" for f in traceback.extract_tb(error.__traceback__)]
    _log.error("%s %s: %s", _route(scope), type(error).__name__, " > ".join(places[-6:]))
    return Problem(
        500, "failed", "the server failed on this request", "see the server's log; try again"
    )


async def _refuse(scope: Scope, receive: Receive, send: Send, response: Response) -> None:
    """Answer a request whose body may not have been read."""
    headers = dict(scope["headers"])
    length = headers.get(b"content-length")
    chunked = length is None and b"transfer-encoding" in headers
    if not chunked and int(length or 0) <= LINGER_BYTES:
        await response(scope, receive, send)  # the server reads over the rest of so small a body
        return
    response.headers["connection"] = "close"

    async def open_ended(message: Message) -> None:
        """Send the whole answer, and leave the connection open for a moment."""
        if message["type"] == "http.response.body":
            message = {**message, "more_body": True}
        await send(message)

    await response(scope, receive, open_ended)
    # To close while bytes arrive would reset the connection, and with it our answer.
    read = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            while read < LINGER_BYTES:
                message = await receive()
                read += len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    break
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _route(scope: Scope) -> str:
    """The route for a label: never the path as it was sent."""
    route = getattr(scope.get("endpoint"), "__name__", None)
    return _NAMES.get(route or "", "other")


_NAMES: Final = {
    "post_events": "/v1/events",
    "post_match": "/v1/match",
    "get_openapi": "/v1/openapi.json",
    "get_health": "/healthz",
    "get_metrics": "/metrics",
}
