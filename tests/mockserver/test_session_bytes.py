"""What callers choose of a session is bounded by the size of their request, so the bytes of a session are bounded too."""

from __future__ import annotations

import json
from typing import Any

import pytest

from specimen import specs
from specimen.mockserver.app import App
from specimen.mockserver.sessions.catalogue.scenario_requests import encoded_body
from specimen.mockserver.sessions.session_record import Record
from specimen.mockserver.sessions.store import Page, Space
from specimen.mockserver.sessions.store.codec import encode_record
from specimen.mockserver.sessions.store.memory import MemoryStore
from specimen.mockserver.settings import Settings
from specimen.mockserver.testing.in_process import completed
from tests.mockserver.calling import NOW, ask, ask_entry, create_entry

# The plan, the ids, the keys, and what a template or an API key adds.
MOST_OWN_BYTES = 4_096
KYVE = {"Authorization": "Bearer ak_test_specimen"}


def kept(store: MemoryStore, name: str) -> Record:
    """The only session of a provider."""
    (record,) = completed(store.page(Space("default", name), Page("oldest", 2)))
    return record


@pytest.mark.parametrize("name", specs.names())
def test_create__bytes_of_a_session(name: str) -> None:
    """No more than its request and four kilobytes."""
    store = MemoryStore()
    app = App(Settings(now=NOW, freeze=True), [specs.load(name)], store)
    entry = create_entry(app, name)
    assert ask_entry(app, entry).is_success
    assert len(encode_record(kept(store, name))) <= len(encoded_body(entry["body"])[0]) + MOST_OWN_BYTES


@pytest.mark.parametrize("size", [1_000, 100_000, 1_000_000, 3_000_000])
def test_create__large_facts(size: int) -> None:
    """Facts are as large as their request at most; one beyond `json_bytes` makes no session."""
    store = MemoryStore()
    settings = Settings(now=NOW, freeze=True)
    app = App(settings, [specs.load("kyve")], store)
    body: Any = {"metadata": {"note": "x" * size}}
    answer = ask(app, "POST", "/kyve/v1/sessions", KYVE, json=body)
    if not answer.is_success:
        assert completed(store.count(Space("default", "kyve"))) == 0
        assert len(json.dumps(body)) > settings.json_bytes
        return
    assert size <= len(encode_record(kept(store, "kyve"))) <= len(json.dumps(body)) + MOST_OWN_BYTES
