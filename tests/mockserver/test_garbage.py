"""What a server keeps for each session is nothing that the garbage collector visits; the log's own account of what it dropped."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from specimen import specs
from specimen.mockserver.sessions.request_log.log import RequestLog
from specimen.mockserver.sessions.session_record import timeline
from tests.mockserver.calling import frozen_app, namespace


@pytest.mark.parametrize("name", specs.names())
def test_records__are_not_visited_by_the_collector(name: str) -> None:
    """A million sessions would make each full collection look at a million of them."""
    app = frozen_app(name)
    state, own = app.mounted[name].shared_state, namespace(app, "default")
    session_id = next(iter(state.catalogue.places()))[0]
    record = state.catalogue.record(session_id, own.name, own.clock.started_at)
    assert record is not None
    assert not gc.is_tracked(record)
    assert not gc.is_tracked(timeline(record, state.lifecycle, own.clock.now()))


def _fields(namespace_name: str) -> tuple[Any, ...]:
    return (namespace_name, "kayle", "GET", "/", b"", {}, b"", None, 404, "", b"", None, None, None, 1)


def test_log__notes_a_namespace_that_drops_again_after_it_was_cleared() -> None:
    """And of two that drop by turns, both."""
    log = RequestLog(1)
    for name in ("a", "a", "b", "a"):
        log.add(_fields(name), 0, 0.0, 0.0)
    assert (log.has_dropped("a"), log.has_dropped("b")) == (True, True)
    log.clear("a")
    assert not log.has_dropped("a")
    for name in ("a", "a"):
        log.add(_fields(name), 0, 0.0, 0.0)
    assert log.has_dropped("a")
