"""The interface described in OpenAPI 3.1, its schemas made from the types that the code uses."""

from __future__ import annotations

import functools
from importlib.metadata import version
from typing import Any, Final

import msgspec

from leeward.model import HASH_OCTETS, Event
from leeward.server._answers import ErrorAnswer, EventsAnswer, HealthAnswer
from leeward.server._match import MatchAnswer
from leeward.server._match_body import MAX_HASHES, MAX_VIEWS, MatchErrorAnswer

__all__ = ["describe", "document"]

_REF: Final = "#/components/schemas/{name}"
_AFTER: Final = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
_FAULT: Final = "A fault of the server; its log names the place."
_UNAVAILABLE: Final = "The log or the tables cannot be used now."
_BAD_HASHES: Final = "MatchErrorAnswer"
_CHALLENGE: Final = {"WWW-Authenticate": {"schema": {"type": "string"}}}


@functools.cache
def document() -> bytes:
    """The description, as JSON."""
    return msgspec.json.encode(describe())


def describe() -> dict[str, Any]:
    """The description."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Leeward",
            "version": version("leeward"),
            "description": "Takes in what happens on a platform. Answers are for the platform's"
            " own servers and are never to be relayed to its users.",
        },
        "paths": {
            "/v1/events": {"post": _post_events()},
            "/v1/match": {"post": _post_match()},
            "/v1/openapi.json": {"get": _get("This document", "openapi", {"type": "object"})},
            "/healthz": {"get": _get_health()},
            "/metrics": {"get": _get_metrics()},
        },
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key; `leeward key create` makes one. Its scopes are"
                    " named where they are needed.",
                }
            },
        },
    }


def _schemas() -> dict[str, Any]:
    _, schemas = msgspec.json.schema_components(
        [Event, EventsAnswer, ErrorAnswer, HealthAnswer, MatchAnswer, MatchErrorAnswer],
        ref_template=_REF,
    )
    plain: dict[str, Any] = _for_browsers(schemas)
    return plain


def _for_browsers(value: Any) -> Any:
    r"""Patterns as ECMA-262 writes them: JSON Schema knows no ``\Z``."""
    if isinstance(value, dict):
        return {
            key: item.replace(r"\Z", "$") if key == "pattern" else _for_browsers(item)
            for key, item in value.items()
        }
    return [_for_browsers(item) for item in value] if isinstance(value, list) else value


def _post_events() -> dict[str, Any]:
    event = {"$ref": _REF.format(name="Event")}
    lines = {
        "schema": {"type": "string", "description": "One Event a line."},
    }
    return {
        "operationId": "postEvents",
        "summary": "Take events in",
        "description": "The answer comes when the events would survive a power cut. Bad lines are"
        " named and kept in quarantine, and the good ones enter; or, with `atomic`, nothing does."
        " To send the same events again is safe: repeats are dropped. The body may be compressed"
        " with gzip or zstd, as content-encoding says.",
        "security": [{"key": ["events:write"]}],
        "parameters": [
            {
                "name": "atomic",
                "in": "query",
                "description": "Refuse the whole batch where one line is bad.",
                "schema": {"type": "boolean", "default": False},
            },
            {
                "name": "Content-Encoding",
                "in": "header",
                "schema": {"enum": ["identity", "gzip", "zstd"]},
            },
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/x-ndjson": lines,
                "application/jsonl": lines,
                "application/json": {"schema": {"type": "array", "items": event}},
            },
        },
        "responses": {
            "202": _response("Durable.", "EventsAnswer"),
            "400": _error("The body or the query cannot be read."),
            "401": _error("No API key in force.", _CHALLENGE),
            "403": _error("The key lacks the scope.", _CHALLENGE),
            "408": _error("The body did not arrive in time."),
            "413": _error("The body is too large, as it arrives or unpacked."),
            "415": _error("A content type or encoding that is not read here."),
            "422": _error("With `atomic`: bad lines, named. Nothing was stored."),
            "429": _error("Too much waits. Nothing was stored; send it again.", _AFTER),
            "500": _error(_FAULT),
            "503": _error(_UNAVAILABLE, _AFTER),
            "507": _error("The disk or the quarantine is full. Nothing was stored."),
        },
    }


def _post_match() -> dict[str, Any]:
    def digits(count: int) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^[0-9a-fA-F]{{{count}}}$"}

    item = {
        "type": "object",
        "description": "What is known of one picture; at least one hash.",
        "properties": {
            **{name: digits(2 * octets) for name, octets in HASH_OCTETS.items()},
            "quality": {"type": "integer", "minimum": 0, "maximum": 100},
            "views": {
                "type": "array",
                "description": "Further PDQ values of the same picture, as turned or mirrored.",
                "items": digits(2 * HASH_OCTETS["pdq"]),
                "maxItems": MAX_VIEWS,
            },
        },
        "additionalProperties": False,
    }
    hashes = {
        "type": "object",
        "properties": {
            "hashes": {"type": "array", "items": item, "minItems": 1, "maxItems": MAX_HASHES}
        },
        "required": ["hashes"],
        "additionalProperties": False,
    }
    file = {"schema": {"type": "string", "format": "binary"}}
    return {
        "operationId": "postMatch",
        "summary": "Match with the hash banks",
        "description": "Says which entries are near, who listed them and what may follow, before"
        " an upload is published. `abstained` is never to be read as clear. No answer holds a"
        " hash.",
        "security": [{"key": ["match"]}],
        "parameters": [
            {
                "name": "positions",
                "in": "query",
                "description": "Whether an uploaded picture is searched for as it is shown only, or"
                " in its eight positions; by default as the settings say.",
                "schema": {"enum": ["one", "eight"]},
            }
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": hashes},
                "image/*": file,
                "video/*": file,
                "application/octet-stream": file,
            },
        },
        "responses": {
            "200": _response("What the banks say.", "MatchAnswer"),
            "400": _error("The body or the query cannot be read."),
            "401": _error("No API key in force.", _CHALLENGE),
            "403": _error("The key lacks the scope.", _CHALLENGE),
            "408": _error("The body did not arrive in time."),
            "413": _error("The body is too large or holds too many hashes."),
            "415": _error("A content type or encoding that is not read here."),
            "422": _response("Items that are no hashes, named. Nothing matched.", _BAD_HASHES),
            "429": _error("Too much waits; send it again.", _AFTER),
            "500": _error(_FAULT),
            "503": _error("The banks cannot be read, or are still being opened.", _AFTER),
        },
    }


def _get(summary: str, name: str, schema: dict[str, Any]) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}}
    return {
        "operationId": f"get{name.capitalize()}",
        "summary": summary,
        "security": [],
        "responses": {"200": {"description": summary, "content": content}},
    }


def _get_health() -> dict[str, Any]:
    found = _get(
        "Whether events can be taken", "health", {"$ref": _REF.format(name="HealthAnswer")}
    )
    found["responses"]["503"] = _response("They cannot.", "HealthAnswer")
    return found


def _get_metrics() -> dict[str, Any]:
    return {
        "operationId": "getMetrics",
        "summary": "Figures for Prometheus",
        "security": [{"key": ["metrics:read"]}],
        "responses": {
            "200": {
                "description": "Prometheus text format.",
                "content": {"text/plain": {"schema": {"type": "string"}}},
            },
            "401": _error("No API key in force.", _CHALLENGE),
            "403": _error("The key lacks the scope.", _CHALLENGE),
            "429": _error("Too many keys wait to be looked up.", _AFTER),
            "500": _error(_FAULT),
            "503": _error(_UNAVAILABLE, _AFTER),
        },
    }


def _response(text: str, name: str, headers: dict[str, Any] | None = None) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": _REF.format(name=name)}}}
    found: dict[str, Any] = {"description": text, "content": content}
    return found if headers is None else {**found, "headers": headers}


def _error(text: str, headers: dict[str, Any] | None = None) -> dict[str, Any]:
    return _response(text, "ErrorAnswer", headers)
