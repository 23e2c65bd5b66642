"""What the page shows, gathered by the functions of the control API."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from specimen.fixtures.primitives.times import iso_millis
from specimen.fixtures.recipes.recipe import DEFAULT_NAMESPACE
from specimen.mockserver.control.call import Call
from specimen.mockserver.control.handlers import HANDLERS
from specimen.mockserver.control.handlers.requests import CLEARED
from specimen.mockserver.control.page import snippets
from specimen.mockserver.control.page.diagram import Diagram, draw
from specimen.mockserver.control.server import Mounted
from specimen.mockserver.preferences.faults import rules
from specimen.mockserver.sessions.namespaces import BEGAN
from specimen.mockserver.sessions.session import Session
from specimen.specs import Lifecycle

MOST_SESSIONS, MOST_REQUESTS, MOST_ATTEMPTS = 60, 50, 40
_PICTURE = re.compile(r"https?://[^\"\s]+?/_specimen/images/[^\"\s]+")
_diagram = cache(draw)


async def asked(call: Call, operation_id: str, body: Any = None, **path: str) -> Any:
    """The body of an answer of the control API, in the same namespace.

    Raises:
        ControlProblem: the API refuses.
    """
    query = {"limit": MOST_REQUESTS}
    return (await HANDLERS[operation_id](replace(call, path=path, query=query, body=body))).body


async def clock(call: Call) -> dict[str, Any]:
    """The time, and whether it stands."""
    shown: dict[str, Any] = await asked(call, "getClock")
    return {"clock": {**shown, "text": readable(shown["now"])}}


async def sessions(call: Call, vendor: str) -> dict[str, Any]:
    """The newest sessions of a vendor, and its lifecycle with them in their states."""
    mounted = call.mounted(vendor)
    found = [_listed(one) for one in await call.sessions(mounted).page("newest", MOST_SESSIONS)]
    by_state: dict[str, list[dict[str, Any]]] = {}
    for one in found:
        by_state.setdefault(one["state"], []).append(one)
    return {"diagram": diagram_of(mounted.provider.lifecycle), "sessions": found, "by_state": by_state}


def diagram_of(lifecycle: Lifecycle) -> Diagram:
    """The drawing of a lifecycle, made once."""
    return _diagram(lifecycle)


def _listed(session: Session) -> dict[str, Any]:
    return {
        "id": session.id,
        "state": session.state,
        "scenario": session.scenario,
        "is_terminal": session.is_terminal,
        "at": readable(iso_millis(session.events[-1].at)),
        "changes": len(session.events),
        "version": session.record.version,
    }


async def session(call: Call, vendor: str, session_id: str) -> dict[str, Any]:
    """One session: its timeline, what can be done with it, its answers, pictures and snippets.

    Raises:
        ControlProblem: there is none.
    """
    mounted = call.mounted(vendor)
    lifecycle = mounted.provider.lifecycle
    shown = await asked(call, "getSession", provider=vendor, id=session_id)
    events = [{**event, "text": readable(event["at"])} for event in shown["events"]]
    of_provider = call.sessions(mounted)
    found = await of_provider.get(shown["id"], poll=False)
    answers: list[dict[str, Any]] = []
    if found is not None:
        for read in lifecycle.reads:
            if read.fits(found.facts):
                reply = await of_provider.answer(found, read.operation)
                text = json.dumps(json.loads(reply.payload()), indent=2, ensure_ascii=False)
                request = snippets.of_entry(mounted.table.read_request(read, found.ids, found.facts), call.origin, _headers(call))
                answers.append({"operation": read.operation, "text": text, "snippets": snippets.all_of(request)})
    pictures = list(dict.fromkeys(link for answer in answers for link in _PICTURE.findall(answer["text"])))
    return {
        "session": {
            **shown,
            "events": events,
            "expires_text": None if shown["expires_at"] is None else readable(shown["expires_at"]),
            "moves": [_move(lifecycle, shown, to) for to in dict.fromkeys(shown["possible"]["states"])],
            "answers": answers,
            "pictures": pictures,
            "hosted": None if found is None else found.snapshot.link(f"flow/{found.id}"),
        }
    }


def _move(lifecycle: Lifecycle, shown: Mapping[str, Any], to: str) -> dict[str, Any]:
    """A state that the session can move to, with the facts that it would show there and that are still open."""
    choices = [
        {"name": choice.name, "options": [str(value) for value in choice.values]}
        for choice in lifecycle.choices.values()
        if to in choice.states and choice.name in shown["possible"]["facts"]
    ]
    return {
        "to": to,
        "cause": lifecycle.transition(shown["state"], to).cause.replace("_", " "),
        "is_terminal": to in lifecycle.terminal,
        "choices": choices,
    }


async def requests(call: Call) -> dict[str, Any]:
    """The newest requests of the namespace, the newest first."""
    after = call.namespace.document.get(CLEARED, 0)
    since = call.namespace.document.get(BEGAN, 0)
    found = [one.entry for one in await call.log.latest(call.namespace.name, after, MOST_REQUESTS, since)]
    return {"requests": [_request(entry) for entry in reversed(found)]}


def _request(entry: Mapping[str, Any]) -> dict[str, Any]:
    problem, wrong = entry["problem"], None
    if problem is not None:
        places = [f"{error['pointer'] or 'body'}: {error['keyword']}" for error in problem["errors"][:5]]
        wrong = {"kind": problem["kind"].replace("_", " "), "detail": problem["detail"], "places": places}
    return {
        **entry,
        "text": readable(entry["at"]),
        "wrong": wrong,
        "sent": _json_text(entry["request"]["body"]),
        "answered": _json_text(entry["response"]["body"]),
    }


async def webhooks(call: Call, vendor: str) -> dict[str, Any]:
    """Endpoints and deliveries of a vendor, the newest first, each with its attempts."""
    provider = call.mounted(vendor).provider
    if provider.webhooks is None:
        return {"webhooks": None}
    endpoints = [one for one in (await asked(call, "listWebhooks"))["webhooks"] if one["provider"] == vendor]
    attempts: list[dict[str, Any]] = []
    after = 0
    while True:  # the store gives them oldest first
        query = {"limit": 500, "after": after}
        page = (await HANDLERS["listAttempts"](replace(call, path={"provider": vendor}, query=query))).body["attempts"]
        attempts = [*attempts, *page][-MOST_ATTEMPTS:]
        if len(page) < query["limit"]:
            break
        after = page[-1]["number"]
    by_delivery: dict[str, list[dict[str, Any]]] = {}
    for entry in attempts:
        shown = {**entry, "text": readable(iso_millis(entry["at"]))}
        if entry["next_at"] is not None:
            shown["next_text"] = readable(iso_millis(entry["next_at"]))
        by_delivery.setdefault(entry["delivery"], []).append(shown)
    deliveries: list[dict[str, Any]] = [{"id": name, "last": tries[-1], "attempts": tries} for name, tries in by_delivery.items()]
    deliveries.sort(key=lambda one: -one["last"]["number"])
    return {"webhooks": {"endpoints": endpoints, "deliveries": deliveries, "types": list(provider.webhooks.events)}}


async def faults(call: Call) -> dict[str, Any]:
    """The faults of the namespace."""
    found = (await asked(call, "listFaults"))["faults"]
    return {"faults": [{"id": one["id"], "kind": one["kind"], "text": _json_text(_without(one, "id", "kind"))} for one in found]}


def vendor(call: Call, name: str) -> dict[str, Any]:
    """What is fixed of a vendor: its scenarios, operations, credentials, and the snippets of its create request."""
    mounted = call.mounted(name)
    provider = mounted.provider
    lifecycle = provider.lifecycle
    scenarios = [
        {"name": entry.name, "summary": entry.summary, "path": " → ".join(entry.path)} for entry in lifecycle.scenarios.values()
    ]
    wished = {**_headers(call), "Prefer": f"scenario={lifecycle.default.name}"}
    create = snippets.of_entry(mounted.table.create_request(), call.origin, wished)
    return {
        "vendor": {
            "name": name,
            "title": lifecycle.title,
            "homepage": lifecycle.homepage,
            "base_url": call.origin + provider.mount,
            "ui": f"{call.origin}/{name}/ui/",
            "scenarios": scenarios,
            "default": lifecycle.default.name,
            "operations": list(provider.document.operations),
            "credentials": _credentials(lifecycle),
            "create_snippets": snippets.all_of(create),
        },
        "kinds": [{"name": kind.name, "summary": kind.summary, "value": kind.value} for kind in rules.kinds().values()],
        "presets": list(rules.presets()),
    }


def _credentials(lifecycle: Lifecycle) -> Sequence[Mapping[str, Any]]:
    return [
        {
            "name": name,
            "headers": dict(entry.headers),
            "fails": entry.fails,
            "description": entry.description,
            "facts": _json_text(entry.facts) if entry.facts else "",
        }
        for name, entry in lifecycle.credentials.items()
    ]


def vendors(call: Call) -> list[dict[str, str]]:
    """All vendors that are served."""
    return [{"name": name, "title": call.mounted(name).provider.lifecycle.title} for name in call.server.mounted]


def first_mounted(call: Call, name: str) -> Mounted:
    """The vendor of that name, else the first one."""
    return call.mounted(name if name in call.server.mounted else next(iter(call.server.mounted)))


def readable(time: str) -> str:
    """An ISO 8601 time to the second, for people."""
    return time[:19].replace("T", " ")


def _headers(call: Call) -> dict[str, str]:
    return {} if call.namespace.name == DEFAULT_NAMESPACE else {"Specimen-Namespace": call.namespace.name}


def _json_text(value: Any) -> str:
    return "" if value is None else json.dumps(value, indent=2, ensure_ascii=False, default=dict)


def _without(value: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: entry for name, entry in value.items() if name not in names}
