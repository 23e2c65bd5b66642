"""A made-up provider in a temporary folder: operations that echo what reached them, and a lifecycle with all kinds of edges."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from specimen import specs

NAME = "atlas"
KEY = {"X-Key": "atlas-specimen"}
SOURCE = {"mark": "D", "source": "Atlas handbook"}
REFUSED = {
    "type": "object",
    "x-closed": True,
    "required": ["refused"],
    "properties": {"refused": {"type": "string"}},
}

LIFECYCLE: dict[str, Any] = {
    "title": "Atlas",
    "ids": {"record": {"kind": "uuid4"}, "receipt": {"kind": "prefixed", "prefix": "r_", "length": 8, "alphabet": "lower"}},
    "lifetime": {"seconds": 600, "to": "lapsed", "from": ["open", "busy"], **SOURCE},
    "create": {"operation": "makeRecord", "request": {"body": {}}, "session": "/id"},
    "reads": [{"operation": "getRecord", "request": {"path": {"id": "{record}"}}, "status": "/state"}],
    "states": {
        "open": dict(SOURCE),
        "busy": dict(SOURCE),
        "done": {"terminal": True, **SOURCE},
        "bad": {"terminal": True, **SOURCE},
        "lapsed": {"terminal": True, **SOURCE},
    },
    "initial": "open",
    "transitions": [
        {"from": "open", "to": "busy", "cause": "begun", "seconds": 20, **SOURCE},
        {"from": "busy", "to": "busy", "cause": "retried", "seconds": 5, **SOURCE},
        {"from": "busy", "to": "done", "cause": "finished", "seconds": 40, **SOURCE},
        {"from": "busy", "to": "bad", "cause": "failed", "seconds": 40, **SOURCE},
        {"from": "open", "to": "bad", "cause": "stopped", "seconds": 5, **SOURCE},
        {"from": "open", "to": "lapsed", "cause": "lapsed", "seconds": 600, **SOURCE},
        {"from": "busy", "to": "lapsed", "cause": "lapsed", "seconds": 580, **SOURCE},
    ],
    "credentials": {"live": {"headers": KEY}, "old": {"headers": {"X-Key": "atlas-old"}, "fails": "locked"}},
    "magic": {"pointer": "/label", "form": "dotted"},
    "choices": {"tries": {"values": [1, 2], "source": "Atlas handbook"}},
    "scenarios": {
        "done": {"alias": "ok", "summary": "All goes well.", "path": ["open", "busy", "done"], **SOURCE},
        "retried": {"alias": "again", "summary": "One more try.", "path": ["open", "busy", "busy", "done"], **SOURCE},
        "bad": {"alias": "bad", "summary": "It fails.", "path": ["open", "busy", "bad"], "facts": {"tries": 1}, **SOURCE},
        "lapsed": {"alias": "late", "summary": "Nobody came.", "path": ["open", "busy", "lapsed"], **SOURCE},
    },
    "errors": {},
}


def _answer(name: str, schema: Mapping[str, Any] | None = None, description: str = "An answer.") -> dict[str, Any]:
    return {
        "description": description,
        "content": {
            "application/json": {"schema": schema or REFUSED, "examples": {name: {"value": {"refused": name.replace("_", " ")}}}}
        },
    }


def document(paths: Mapping[str, Any] | None = None, **schemas: Any) -> dict[str, Any]:
    """An OpenAPI 3.1 document with a create, a read and a stop, and whatever else a test adds."""
    secured: dict[str, Any] = {"security": [{"key": []}]}
    ok = {"description": "Fine.", "content": {"application/json": {"schema": {"type": "object"}}}}
    errors = {
        "400": _answer("bad_request"),
        "401": {
            "description": "No good key.",
            "content": {
                "application/json": {
                    "schema": REFUSED,
                    "examples": {"who": {"value": {"refused": "who"}}, "locked": {"value": {"refused": "locked"}}},
                }
            },
        },
        "404": _answer("no_record"),
    }
    one = {"parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}]}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Atlas", "version": "1.0.0"},
        "servers": [{"url": "https://api.atlas.example/v3"}],
        "paths": {
            "/records": {
                "post": {
                    "operationId": "makeRecord",
                    **secured,
                    "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}},
                    "responses": {"201": ok, **errors},
                },
                "get": {"operationId": "listRecords", **secured, "responses": {"200": ok, "401": errors["401"]}},
            },
            "/records/{id}": {**one, "get": {"operationId": "getRecord", **secured, "responses": {"200": ok, **errors}}},
            "/records/{id}/stop": {**one, "post": {"operationId": "stopRecord", **secured, "responses": {"200": ok, **errors}}},
            **(paths or {}),
        },
        "components": {
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
            "schemas": schemas,
            "responses": {
                "RouteNotFound": _answer("route_not_found"),
                "MethodNotAllowed": _answer("method_not_allowed"),
                "RequestTimeout": _answer("request_timeout"),
                "ContentTooLarge": _answer("content_too_large"),
                "UnsupportedMediaType": _answer("unsupported_media_type"),
            },
        },
    }


def echo(operation_id: str, body: Mapping[str, Any] | None = None, method: str = "post", **more: Any) -> dict[str, Any]:
    """A path item whose one operation answers what reached it."""
    node: dict[str, Any] = {
        "operationId": operation_id,
        "responses": {
            "200": {"description": "Echo.", "content": {"application/json": {"schema": {"type": "object"}}}},
            "400": _answer("bad_request"),
        },
        **more,
    }
    if body is not None:
        node["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return {method: node}


_HANDLERS = '''"""Echoes, and the three operations of records."""

from __future__ import annotations

from specimen.mockserver.provider_api import Reply, operation


@operation("makeRecord")
async def make(request, sessions):
    return await sessions.answer(await sessions.create({"label": (request.body or {}).get("label")}), "getRecord", 201)


@operation("listRecords")
async def records(request, sessions):
    return Reply(200, {"data": [sessions.body(session, "getRecord") for session in await sessions.page("oldest", 100)]})


@operation("getRecord")
async def read(request, sessions):
    session = await sessions.get(request.path["id"])
    return request.example("no_record") if session is None else await sessions.answer(session, "getRecord")


@operation("stopRecord")
async def stop(request, sessions):
    session = await sessions.get(request.path["id"], poll=False)
    return await sessions.answer(await sessions.transition(session, "bad", "stopped", {"stopped": True}), "getRecord")
'''
_ECHO = """

@operation("{0}")
def {0}(request, sessions):
    return Reply(200, {{"operation": "{0}", "path": dict(request.path), "query": dict(request.query), "body": request.body}})
"""
_RECIPE = '''"""A record at a moment."""

from __future__ import annotations

from specimen.fixtures.recipes.recipe import Moving, SessionSnapshot


def record(m: SessionSnapshot):
    return {
        "id": m.id,
        "receipt": m.ids["receipt"],
        "state": m.state,
        "made_at": m.created_at,
        "expires_at": m.expires_at,
        "events": [[event.state, event.at - m.created_at, event.cause] for event in m.events],
        "label": m.facts.get("label"),
        "tries": m.facts.get("tries"),
        "stopped": m.facts.get("stopped", False),
        "link": m.link("flow/" + m.id),
        "read_at": Moving(lambda now: now),
    }


answers = {"getRecord": record}
'''


def write(root: Path, openapi: Any = None, lifecycle: Any = None, name: str = NAME, handlers: str = "") -> Path:
    """The provider's folder below `root`, its files written."""
    openapi = document() if openapi is None else openapi
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    known = {"makeRecord", "listRecords", "getRecord", "stopRecord"}
    nodes = [node for item in openapi["paths"].values() for node in item.values() if isinstance(node, dict)]
    ids = [node["operationId"] for node in nodes if "operationId" in node]
    added = "".join(_ECHO.format(one) for one in ids if one not in known and f'"{one}"' not in handlers)
    (folder / "openapi.yaml").write_text(json.dumps(openapi), encoding="utf-8")
    (folder / "lifecycle.yaml").write_text(json.dumps(LIFECYCLE if lifecycle is None else lifecycle), encoding="utf-8")
    (folder / "handlers.py").write_text(_HANDLERS + added + handlers, encoding="utf-8")
    (folder / "recipe.py").write_text(_RECIPE, encoding="utf-8")
    return folder


def lifecycle(**changes: Any) -> dict[str, Any]:
    """A copy of the lifecycle with some top-level keys changed."""
    return {**copy.deepcopy(LIFECYCLE), **changes}


def load(monkeypatch: Any, root: Path, *args: Any, name: str = NAME, **options: Any) -> specs.Provider:
    """The provider, written below `root` and loaded through `SPECIMEN_PATH`."""
    write(root, *args, name=name, **options)
    monkeypatch.setenv(specs.SEARCH_PATH_VARIABLE, str(root))
    return specs.load(name)
