"""Both clients have the whole control API, and do the same."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from specimen.client import AsyncClient, Client, ControlError
from specimen.mockserver.app import build_app
from specimen.mockserver.control.api import DOCUMENT_FILE
from specimen.mockserver.control.call import API
from specimen.mockserver.control.client import operations
from specimen.mockserver.control.client.operations import Answer, Ask
from specimen.mockserver.http.server import running
from specimen.mockserver.settings import Pace, Settings
from specimen.specs.loading.openapi import read_document

KAYLE = {"Authorization": "Bearer kk_live_specimen"}


class Awaited:
    """An asynchronous client whose methods are run to their end."""

    def __init__(self, client: AsyncClient, loop: asyncio.AbstractEventLoop) -> None:
        self._client = client
        self._loop = loop

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)
        return lambda *given, **named: self._loop.run_until_complete(method(*given, **named))


@pytest.fixture(params=["sync", "async"])
def driven(request: pytest.FixtureRequest) -> Iterator[tuple[Any, set[tuple[str, str]], str]]:
    """A client of a mock on a port, the calls that it sends, and the mock's URL."""
    sent: set[tuple[str, str]] = set()

    def note(made: httpx.Request) -> None:
        sent.add((made.method.lower(), made.url.raw_path.decode().partition("?")[0].removeprefix(API)))

    async def note_too(made: httpx.Request) -> None:
        note(made)

    app = build_app(Settings(providers=("kayle", "kyve"), pace=Pace("manual")))
    with running(app) as url:
        if request.param == "sync":
            with httpx.Client(event_hooks={"request": [note]}) as http:
                yield Client(url, namespace="own", http=http), sent, url
        else:
            loop = asyncio.new_event_loop()
            http_too = httpx.AsyncClient(event_hooks={"request": [note_too]})
            yield Awaited(AsyncClient(url, namespace="own", http=http_too), loop), sent, url
            loop.run_until_complete(http_too.aclose())
            loop.close()


def test_client__does_all_that_the_document_has(driven: tuple[Any, set[tuple[str, str]], str]) -> None:
    """Every operation is called by a method of its own, and answers what its name says."""
    client, sent, url = driven
    session, expired = _steers(client)
    _sets_clock_and_settings(client)
    _breaks_and_asks(client, url, session)
    _registers_webhooks(client)
    exported = client.export()
    client.delete("kayle", expired)
    assert client.load(exported) == 2
    assert "own" in client.namespaces()
    client.reset("sessions")
    assert client.sessions() == []
    client.create("kayle")
    client.end_namespace()
    assert client.sessions() == []
    assert {
        name for name, operation in read_document(DOCUMENT_FILE).operations.items() if not _is_called(operation, sent)
    } == set()


def _steers(client: Any) -> tuple[str, str]:
    """Sessions: the ids of one that failed, and of one that expired."""
    session = client.create("kayle", "succeeded", facts={"locale": "de_DE"})
    assert (session.state, session.facts["locale"]) == ("created", "de_DE")
    narrowed = client.narrow("kayle", session.id, failure_code="liveness_failed", if_match=session.etag)
    assert narrowed.etag not in (None, session.etag)
    with pytest.raises(ControlError, match="has changed"):
        client.advance("kayle", session.id, if_match=session.etag)
    assert client.advance("kayle", session.id).state == "in_progress"
    assert client.transition("kayle", session.id, "failed").facts["failure_code"] == "liveness_failed"
    expired = client.create("kayle").id
    assert client.expire("kayle", expired).state == "expired"
    assert [one.id for one in client.sessions(state="failed")] == [session.id]
    assert client.session("kayle", session.id).next is None
    return session.id, expired


def _sets_clock_and_settings(client: Any) -> None:
    assert client.settings() == {"seed": 0, "pace": "manual"}
    assert client.settings(seed=4, pace="10x") == {"seed": 4, "pace": "10x"}
    assert client.freeze().frozen
    assert client.set_clock("2199-01-01T00:00:00Z").now == client.clock().now
    assert client.forward(1).now == "2199-01-01T00:00:01.000Z"
    assert not client.run().frozen
    assert [one["name"] for one in client.catalogue("kyve")] == ["kyve"]


def _breaks_and_asks(client: Any, url: str, session: str) -> None:
    assert "reset" in [one["kind"] for one in client.fault_kinds()["kinds"]]
    name = client.add_fault("status", status=503, match={"operation": "getSession"})
    assert client.put_fault(name, "status", status=500)["status"] == 500
    assert client.fault(name) == client.faults()[0]
    own = {**KAYLE, "Specimen-Namespace": "own"}
    assert httpx.get(f"{url}/kayle/v1/sessions/{session}", headers=own).status_code == 500
    client.remove_fault(name)
    client.set_faults("chaos")
    client.clear_faults()
    assert client.faults() == []

    client.assert_called(operation="getSession", times=1)
    client.assert_polled(operation="getSession", at_least=1)
    client.assert_not_called(operation="cancelSession")
    with pytest.raises(AssertionError, match="getSession"):
        client.assert_not_called(operation="getSession")
    assert [one.fault for one in client.requests()] == [name]
    assert len(client.har(whole=True)["log"]["entries"]) == 1
    client.clear_requests()
    assert client.requests() == []


def _registers_webhooks(client: Any) -> None:
    endpoint = client.add_webhook("kyve", "http://127.0.0.1:9/hook")["id"]
    assert client.change_webhook("kyve", endpoint, enabled=False)["enabled"] is False
    assert client.rotate_webhook_secret("kyve", endpoint)["secret"]
    assert [one["id"] for one in client.webhooks()] == [endpoint]
    assert client.webhook_deliveries("kyve") == client.webhook_attempts("kyve") == []
    for call in (client.resend_webhook, client.cancel_webhook, client.replay_webhook_event):
        with pytest.raises(ControlError, match="has none here"):
            call("kyve", "no/such")
    client.remove_webhook("kyve", endpoint)


def _is_called(operation: Any, sent: set[tuple[str, str]]) -> bool:
    wanted = operation.path.split("/")
    return any(
        method == operation.method
        and len(parts := path.split("/")) == len(wanted)
        and all(part == want or want.startswith("{") for part, want in zip(parts, wanted, strict=True))
        for method, path in sent
    )


def test_lists__are_asked_for_page_by_page() -> None:
    """Until the answer names no next page, with the filters each time."""
    steps = operations.namespaces()
    assert next(steps) == Ask("GET", "/namespaces", {"limit": 1000, "after": None})
    assert steps.send(Answer({"namespaces": ["a", "b"], "next": "b"})).query == {"limit": 1000, "after": "b"}
    with pytest.raises(StopIteration) as end:
        steps.send(Answer({"namespaces": ["c"], "next": None}))
    assert end.value.value == ["a", "b", "c"]
    filtered = operations.requests({"operation": "getSession"})
    next(filtered)
    second = filtered.send(Answer({"requests": [], "next": 7}))
    assert second.query == {"operation": "getSession", "limit": 1000, "after": 7}


def test_clients__have_the_same_methods() -> None:
    """The names, parameters and words of both are the same."""
    methods = [
        {name: (str(inspect.signature(method)), inspect.getdoc(method)) for name, method in vars(kind).items() if name[0] != "_"}
        for kind in (Client, AsyncClient)
    ]
    first, second = ({name: (text.replace("Async", ""), doc) for name, (text, doc) in one.items()} for one in methods)
    assert first == second
    assert len(first) > 40
