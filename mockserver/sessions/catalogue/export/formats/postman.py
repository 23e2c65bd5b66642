"""Postman: a collection of the form 2.1 and an environment."""

from __future__ import annotations

import json
from typing import Any

from specimen.mockserver.sessions.catalogue.export.formats.bodies import file_of, is_json, parts_of, text_of, uploads
from specimen.mockserver.sessions.catalogue.export.formats.javascript import NEW_NAMESPACE, at, literal, shown
from specimen.mockserver.sessions.catalogue.export.steps import MOST_POLLS, NAMESPACE, Collection, Step

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"


def files(collection: Collection) -> dict[str, bytes]:
    """The collection, its environment, and the files that its forms upload, which stand relative to Postman's working folder."""
    name = f"{collection.title} (Specimen)"
    document: dict[str, Any] = {
        "info": {"name": name, "description": _about(collection), "schema": SCHEMA},
        "item": [
            {"name": chapter.name, "item": [_item(step) for step in chapter.steps]} for chapter in collection.chapters
        ],
        "variable": [{"key": key, "value": value} for key, value in collection.variables.items()],
    }  # fmt: skip
    document["variable"].append({"key": NAMESPACE, "value": "export"})
    begin = f"pm.collectionVariables.set({literal(NAMESPACE)}, {NEW_NAMESPACE});"
    document["item"][0]["item"][0]["event"].append(
        {"listen": "prerequest", "script": {"type": "text/javascript", "exec": [begin]}}
    )
    environment = {
        "name": f"{collection.title} local",
        "values": [{"key": key, "value": value, "type": "default", "enabled": True}
                   for key, value in collection.variables.items()],
        "_postman_variable_scope": "environment",
    }  # fmt: skip
    return {
        f"{collection.provider}.postman_collection.json": _json(document),
        f"{collection.provider}.postman_environment.json": _json(environment),
        **dict(uploads(collection)),
    }


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def _about(collection: Collection) -> str:
    return f"Every scenario, answer and error of {collection.title}, as `specimen serve` answers. Nobody in it exists."


def _item(step: Step) -> dict[str, Any]:
    path, _, query = step.path.partition("?")
    url: dict[str, Any] = {"raw": "{{base_url}}" + step.path, "host": ["{{base_url}}"], "path": path.split("/")[1:]}
    if query:
        pairs = (pair.partition("=") for pair in query.split("&"))
        url["query"] = [{"key": key, "value": value} for key, _, value in pairs]
    request: dict[str, Any] = {
        "method": step.method,
        "header": [{"key": name, "value": value} for name, value in step.headers.items()],
        "url": url,
    }
    if (body := _body(step)) is not None:
        request["body"] = body
    script = {"type": "text/javascript", "exec": _tests(step)}
    return {"name": step.name, "request": request, "event": [{"listen": "test", "script": script}]}


def _body(step: Step) -> dict[str, Any] | None:
    parts = parts_of(step)
    if parts is not None:
        return {"mode": "formdata", "formdata": [_part(part) for part in parts]}
    text = text_of(step)
    if text is None:
        return None
    return {"mode": "raw", "raw": text, "options": {"raw": {"language": "json" if is_json(step) else "text"}}}


def _part(part: Any) -> dict[str, Any]:
    if "filename" not in part:
        return {"key": part["name"], "type": "text", "value": part["value"]}
    return {"key": part["name"], "type": "file", "src": file_of(part), "contentType": part["content_type"]}


def _tests(step: Step) -> list[str]:
    statuses = literal(list(step.statuses))
    title = f"answers {' or '.join(map(str, step.statuses))}"
    lines = [f"pm.test({literal(title)}, () => pm.expect(pm.response.code).to.be.oneOf({statuses}));"]
    if step.equal or step.captures or step.until:
        lines += ["let answer;", "try { answer = pm.response.json(); } catch (error) { answer = undefined; }"]
    for keys, value in step.equal:
        lines.append(
            f"pm.test({literal(f'{shown(keys)} is {value}')}, () => pm.expect({at('answer', keys)}).to.eql({literal(value)}));"
        )
    lines += [f"pm.collectionVariables.set({literal(name)}, {at('answer', keys)});" for name, keys in step.captures]
    if step.until is not None:
        keys, value = step.until
        title = literal(f"{shown(keys)} becomes {value}")
        lines += [
            f"const reached = {at('answer', keys)} === {literal(value)};",
            "const polls = Number(pm.collectionVariables.get('polls') || 0) + 1;",
            f"if (!reached && polls < {MOST_POLLS}) {{",
            "  pm.collectionVariables.set('polls', polls);",
            "  pm.execution.setNextRequest(pm.info.requestName);",
            "  setTimeout(() => {}, Number(pm.variables.get('poll_milliseconds') || 100));",
            "} else {",
            "  pm.collectionVariables.set('polls', 0);",
            f"  pm.test({title}, () => pm.expect({at('answer', keys)}).to.eql({literal(value)}));",
            "}",
        ]
    return lines
