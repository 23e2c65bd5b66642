"""Namespaces: listed, exported, imported, ended and reset."""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncIterator, Mapping
from typing import Any

from msgspec.structs import replace

from specimen.fixtures.recipes.recipe import DEFAULT_NAMESPACE
from specimen.mockserver.control.call import Call, Handler
from specimen.mockserver.control.handlers import requests
from specimen.mockserver.control.handlers.clock import check_back
from specimen.mockserver.control.problems import ControlProblem
from specimen.mockserver.errors import SettingError
from specimen.mockserver.http.messages import Reply
from specimen.mockserver.sessions.clock import EARLIEST, LATEST, Clock
from specimen.mockserver.sessions.namespaces import FAULT_CHANGES, faults_of
from specimen.mockserver.sessions.session_record import Record, timeline
from specimen.mockserver.sessions.store import Page, Phase, Space
from specimen.mockserver.sessions.store.codec import UnknownFormat, decode_record, encode_record
from specimen.mockserver.settings import Pace

FORMAT = 1
_PAGE = 500
_MOST_VERSION = 1 << 53
_KEPT = ("clock", "seed", "pace", "faults", FAULT_CHANGES)


async def list_namespaces(call: Call) -> Reply:
    """A page of names."""
    limit = call.query["limit"]
    names = list(await call.server.store.namespaces(call.query.get("after", ""), limit + 1))
    return Reply(200, {"namespaces": names[:limit], "next": names[limit - 1] if len(names) > limit else None})


async def export_namespace(call: Call) -> Reply:
    """Clock, settings, faults and sessions of a namespace."""
    name = call.path["name"]
    document = (await call.server.store.namespace(name)).value
    if document is None:
        await call.server.store.drop(name)  # asking has begun it
        raise ControlProblem(404, f"namespace '{name}' is not there.")
    sessions = {
        provider: [base64.b64encode(encode_record(record)).decode() async for record in _records(call, Space(name, provider))]
        for provider in call.server.mounted
    }
    kept = {key: document[key] for key in _KEPT if key in document}
    shown = {provider: records for provider, records in sessions.items() if records}
    return Reply(200, {"specimen_export": FORMAT, "namespace": name, "document": kept, "sessions": shown})


async def import_namespace(call: Call) -> Reply:
    """How many sessions the imported namespace has."""
    name, body = call.path["name"], call.body
    document = _document(body["document"])
    found: dict[tuple[str, str], Record] = {}
    for provider, texts in body["sessions"].items():
        if provider not in call.server.mounted:
            raise ControlProblem(
                400, f"sessions: provider '{provider}' is not served here.", {"providers": list(call.server.mounted)}
            )
        for text in texts:
            try:
                record = decode_record(base64.b64decode(text, validate=True))
                lifecycle = call.mounted(provider).provider.lifecycle
                timeline(record, lifecycle, Clock.of(document["clock"]).now())
            except (UnknownFormat, binascii.Error, KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
                raise ControlProblem(400, f"sessions/{provider}: a session cannot be read: {str(error)[:200]}") from error
            if (provider, record.id) in found:
                raise ControlProblem(400, f"sessions/{provider}: session '{record.id[:100]}' is there twice.")
            if type(record.version) is not int or not 1 <= record.version <= _MOST_VERSION:
                raise ControlProblem(400, f"sessions/{provider}: a session's version is none: expected a number from 1.")
            # Its webhook endpoints stay behind.
            found[provider, record.id] = replace(record, namespace=name, told_after=())
    store = call.server.store
    now, sessions = Clock.of(document["clock"]).now(), []
    for (provider, session_id), record in found.items():
        space = Space(name, provider)
        old = await store.get(space, session_id)
        # A request that began before may know the version that is replaced, and later ones of the imported session.
        version = max(record.version, 0 if old is None else old.version) + 1
        line = timeline(record, call.mounted(provider).provider.lifecycle, now)
        sessions.append((space, replace(record, version=version), Phase(line.state, line.until)))
    await call.server.namespaces.replace(name, document, sessions)
    await _restore_webhooks(call, name)
    return Reply(200, {"sessions": len(found)})


def _document(value: Mapping[str, Any]) -> dict[str, Any]:
    """The members of an exported document, checked.

    Raises:
        ControlProblem: one has another form.
    """
    found = {key: value[key] for key in _KEPT if key in value}
    try:
        clock = {name: found["clock"][name] for name in ("start", "frozen_at", "offset")}
        what = _mistake(clock, found)
        if "pace" in found:
            Pace.parse(str(found["pace"]))
        faults_of(found)
    except (KeyError, TypeError, AttributeError) as error:
        raise ControlProblem(400, f"document: it is no exported one ({type(error).__name__}: {error}).") from error
    except SettingError as error:
        raise ControlProblem(400, f"document: {error}") from error
    if what is not None:
        raise ControlProblem(400, f"document: {what}")
    return {**found, "clock": clock}


def _mistake(clock: Mapping[str, Any], document: Mapping[str, Any]) -> str | None:
    """What is wrong with an exported clock or seed, or None."""
    times = [clock["start"], clock["start"] if clock["frozen_at"] is None else clock["frozen_at"]]
    if not all(type(time) is int for time in (*times, clock["offset"])):
        return "clock: expected whole milliseconds."
    if not all(EARLIEST <= time <= LATEST for time in (*times, Clock.of(clock).now())):
        return "clock: expected times in the years 2000 to 2199."
    counts = [("seed", document.get("seed", 0)), (FAULT_CHANGES, document.get(FAULT_CHANGES, 0))]
    counts += [("faults: change", entry.get("change", 0)) for entry in document.get("faults", ())]
    wrong = next((name for name, value in counts if type(value) is not int or value < 0), None)
    return None if wrong is None else f"{wrong}: expected a whole number from 0."


async def delete_namespace(call: Call) -> Reply:
    """Nothing; the namespace is gone."""
    await call.server.namespaces.drop(call.path["name"])
    await _restore_webhooks(call, call.path["name"])
    return Reply(204)


async def reset(call: Call) -> Reply:
    """Nothing; what was asked for is as at the start."""
    scope, name, namespaces = call.body.get("scope", "namespace"), call.namespace.name, call.server.namespaces
    if scope == "server":
        after = ""
        while names := await call.server.store.namespaces(after, _PAGE):
            for one in names:
                await namespaces.drop(one)
            after = names[-1]
        await _restore_webhooks(call, DEFAULT_NAMESPACE)
    elif scope == "namespace":
        await namespaces.drop(name)
        await _restore_webhooks(call, name)
    elif scope == "requests":
        await requests.clear(call)
    elif scope == "faults":
        await namespaces.change_faults(name, lambda _: namespaces.first_faults(name, call.namespace.clock))
    elif scope == "clock":
        await check_back(call, namespaces.first_clock)
        await namespaces.change(name, lambda _: {"clock": namespaces.first_clock.document})
    else:
        for provider in call.server.mounted:
            space = Space(name, provider)
            while page := await call.server.store.page(space, Page("id", _PAGE)):
                for record in page:
                    await call.server.store.delete(space, record.id)
    return Reply(204)


async def _restore_webhooks(call: Call, name: str) -> None:
    """The endpoints of `serve --webhook` hear of every session of `default`, also after it began anew."""
    if name == DEFAULT_NAMESPACE:
        await call.server.restore_webhooks()


async def _records(call: Call, space: Space) -> AsyncIterator[Record]:
    after: str | None = None
    while True:
        page = await call.server.store.page(space, Page("oldest", _PAGE, after))
        for record in page:
            yield record
        if len(page) < _PAGE:
            return
        after = page[-1].id


HANDLERS: Mapping[str, Handler] = {
    "listNamespaces": list_namespaces,
    "exportNamespace": export_namespace,
    "importNamespace": import_namespace,
    "deleteNamespace": delete_namespace,
    "reset": reset,
}
