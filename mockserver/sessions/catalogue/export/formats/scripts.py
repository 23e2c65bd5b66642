"""k6 and Locust: a script that runs the steps of a JSON file beside it."""

from __future__ import annotations

import base64
import json
from importlib import resources
from typing import Any

from specimen.mockserver.sessions.catalogue.export.formats.bodies import parts_of, text_of
from specimen.mockserver.sessions.catalogue.export.steps import MOST_POLLS, Collection, Step
from specimen.mockserver.sessions.catalogue.scenario_requests import encoded_body


def k6(collection: Collection) -> dict[str, bytes]:
    """`<provider>.js`, for `k6 run`, and its steps."""
    return _with_steps(collection, "k6.js", f"{collection.provider}.js")


def locust(collection: Collection) -> dict[str, bytes]:
    """`<provider>_locust.py`, for `locust -f`, and its steps."""
    return _with_steps(collection, "locustfile.py.txt", f"{collection.provider}_locust.py")


def _with_steps(collection: Collection, template: str, name: str) -> dict[str, bytes]:
    steps = f"{collection.provider}.steps.json"
    text = (resources.files(__package__) / "templates" / template).read_text(encoding="utf-8")
    script = text.replace("STEPS_FILE", steps).replace("TITLE", collection.title)
    return {name: script.encode(), steps: (json.dumps(_values(collection), ensure_ascii=False, indent=1) + "\n").encode()}


def _values(collection: Collection) -> dict[str, Any]:
    return {
        "variables": dict(collection.variables),
        "most_polls": MOST_POLLS,
        "chapters": [
            {"name": chapter.name, "steps": [_step(step) for step in chapter.steps]} for chapter in collection.chapters
        ],
    }  # fmt: skip


def _step(step: Step) -> dict[str, Any]:
    headers, body, base64_body = dict(step.headers), text_of(step), None
    if parts_of(step) is not None:
        content, headers["Content-Type"] = encoded_body(step.body)
        base64_body = base64.b64encode(content).decode()
    return {
        "name": step.name,
        "method": step.method,
        "path": step.path,
        "headers": headers,
        "body": body,
        "base64": base64_body,
        "statuses": step.statuses,
        "equal": step.equal,
        "captures": step.captures,
        "until": step.until,
    }
