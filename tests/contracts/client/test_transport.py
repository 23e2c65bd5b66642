"""What the transport sends, and what it refuses to send."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from specimen import specs
from specimen.contracts.client.transport import BudgetSpent, Burst, Forbidden, NoAnswer, Transport, Unreachable, is_loopback
from specimen.contracts.http.credentials import as_headers
from specimen.contracts.requests.request_encoder import send
from specimen.contracts.requests.request_templates import minimal_request, unknown
from specimen.specs import SpecimenError
from specimen.specs.core.version import product_version
from tests.contracts.operation_requests import ask
from tests.contracts.servers import FOREIGN, is_home, place

ID = "vs_" + "a" * 64


class Service:
    """A service in place of the network; keeps what it is sent."""

    def __init__(self, *answers: httpx.Response) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """The next answer; the last one again and again."""
        self.requests.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def foreign(service: Any, **more: Any) -> Transport:
    """A transport to a production host, whose pauses take no time."""
    values: dict[str, Any] = {"headers": {"Authorization": "Bearer kk_secret"}, "sessions": (ID,), "sleep": lambda _: None}
    return Transport("https://api.kayle.id", "kayle", transport=httpx.MockTransport(service), **{**values, **more})


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("127.9.9.9", True), ("api.kayle.id", False), ("10.0.0.1", False),
     ("localhost.example", False), ("127.0.0.1.nip.io", False), ("0.0.0.0", False)],
)  # fmt: skip
def test_loopback__is_this_machine_by_its_name_alone(host: str, expected: bool) -> None:
    """A name that DNS would have to resolve is somebody else's."""
    assert is_loopback(host) is expected


@pytest.mark.parametrize("name", specs.names())
def test_production__gets_nothing_but_its_reads(name: str) -> None:
    """Every operation in every wrong way at a recording server on a foreign address: nothing arrives but the given session."""
    provider = specs.load(name)
    given = unknown(provider)
    with place(name, host=FOREIGN) as there:
        sender = Transport(
            there.url, provider, headers=there.auth, sessions=(given,), loopback=is_home, sleep=lambda _: None, budget=1000
        )
        assert sender.is_production
        ids = dict.fromkeys(provider.lifecycle.ids, given)
        for operation in provider.document.operations.values():
            good = minimal_request(provider, operation.id, ids)
            other = minimal_request(provider, operation.id, dict.fromkeys(ids, given + "x"))
            assert good is not None
            assert other is not None
            ways: list[tuple[Any, dict[str, Any]]] = [
                (good, {"prefer": "status=succeeded"}),
                (good, {"credentials": "none"}),
                (good, {"credentials": "unknown"}),
                (good, {"intent": {"malformed_id": True}}),
                (good, {"intent": {"invalid": True}}),
                (good, {"method": "DELETE"}),
                (good, {"method": "OPTIONS"}),
            ]
            for wanted, how in ways:
                with pytest.raises(Forbidden):
                    send(sender, wanted, **how)
            if other.path != good.path or other.body != good.body:
                with pytest.raises(Forbidden):
                    send(sender, other)
            for extra in ({"query": {"debug": "1"}}, {"headers": {"X-Debug": "1"}}, {"raw": b"{}"}):
                with pytest.raises(Forbidden):
                    ask(sender, operation.id, path=good.path, **extra)
            if not operation.is_safe:
                with pytest.raises(Forbidden):
                    send(sender, good)
        assert there.seen == []
        assert sender.sent == 0
        first = provider.lifecycle.reads[0]
        wanted = minimal_request(provider, first.operation, ids)
        assert wanted is not None
        send(sender, wanted)
        assert len(there.seen) == 1
        sender.close()


def test_production__ends_where_a_host_is_named() -> None:
    """--allow-writes takes the host with or without its port."""
    for allowed in ("api.kayle.id", "api.kayle.id:8443"):
        sender = Transport("https://api.kayle.id:8443", "kayle", allow_writes=frozenset({allowed}))
        assert not sender.is_production
    assert Transport("https://api.kayle.id", "kayle", allow_writes=frozenset({"kayle.id"})).is_production


def test_production__gets_one_request_a_second() -> None:
    """The pause between two requests is counted from the one before."""
    pauses: list[float] = []
    sender = foreign(Service(httpx.Response(200, json={})), sleep=pauses.append)
    for _ in range(3):
        ask(sender, "getSession", path={"id": ID})
    assert len(pauses) == 2
    assert all(0.9 < pause <= 2 for pause in pauses)


def test_production__is_left_alone_as_long_as_it_asks() -> None:
    """Retry-After is obeyed."""
    pauses: list[float] = []
    service = Service(httpx.Response(429, headers={"Retry-After": "30"}), httpx.Response(200, json={}))
    sender = foreign(service, sleep=pauses.append)
    ask(sender, "getSession", path={"id": ID})
    ask(sender, "getSession", path={"id": ID})
    assert pauses
    assert pauses[-1] > 29
    with pytest.raises(Burst, match="3600"):
        ask(foreign(Service(httpx.Response(429, headers={"Retry-After": "3600"}))), "getSession", path={"id": ID})


@pytest.mark.parametrize("status", [429, 500, 503])
def test_production__is_left_alone_after_a_burst(status: int) -> None:
    """Three answers of 429 or 5xx in a row are the last."""
    service = Service(httpx.Response(status))
    sender = foreign(service)
    ask(sender, "getSession", path={"id": ID})
    ask(sender, "getSession", path={"id": ID})
    with pytest.raises(Burst):
        ask(sender, "getSession", path={"id": ID})
    assert len(service.requests) == 3


def test_budget__is_kept() -> None:
    """Not one request more."""
    service = Service(httpx.Response(200, json={}))
    sender = foreign(service, budget=2)
    for _ in range(2):
        ask(sender, "getSession", path={"id": ID})
    with pytest.raises(BudgetSpent):
        ask(sender, "getSession", path={"id": ID})
    assert len(service.requests) == 2


def test_redirects__are_never_followed() -> None:
    """The credential stays with the host that was named."""
    service = Service(httpx.Response(302, headers={"Location": "https://elsewhere.example/"}))
    exchange = ask(foreign(service), "getSession", path={"id": ID})
    assert exchange.status == 302
    assert [request.url.host for request in service.requests] == ["api.kayle.id"]


def test_no_answer__is_told_apart_from_absence() -> None:
    """A refused connection ends the run; a dropped one ends a request, and three in a row end the run."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    def drop(request: httpx.Request) -> httpx.Response:
        raise httpx.RemoteProtocolError("dropped", request=request)

    with pytest.raises(Unreachable):
        ask(foreign(refuse), "getSession", path={"id": ID})
    sender = foreign(drop)
    for expected in (NoAnswer, NoAnswer, Unreachable):
        with pytest.raises(expected) as raised:
            ask(sender, "getSession", path={"id": ID})
        assert "kk_secret" not in str(raised.value)
        assert ID not in str(raised.value)


def test_paths__are_sent_as_they_are_meant() -> None:
    """A line break, braces and a slash in an id reach the server as part of the id."""
    service = Service(httpx.Response(404, json={}))
    sender = Transport("http://127.0.0.1/kayle", "kayle", transport=httpx.MockTransport(service))
    for text in (ID + "\n", "{" + ID + "}", "a/b", "a b", "ü", "%41", "..", "a?b#c"):
        exchange = ask(sender, "getSession", path={"id": text})
        assert service.requests[-1].url.raw_path.decode() == "/kayle" + exchange.path
        assert exchange.parameters == {"id": text}


def test_tokens__go_where_the_document_wants_them() -> None:
    """A bearer scheme, or the header of an API key."""
    assert as_headers(specs.load("kayle"), "t") == {"authorization": "Bearer t"}
    assert as_headers(specs.load("neurovision"), "t") == {"token": "t"}
    for copied in ("Bearer t", "bearer  t", " t\t", "  Bearer t", "Bearer Bearer t ", "BEARER\tbearer t"):
        assert as_headers(specs.load("kayle"), copied) == {"authorization": "Bearer t"}
        assert as_headers(specs.load("neurovision"), copied) == {"token": "t"}
    assert as_headers(specs.load("kayle"), "bearer_t") == {"authorization": "Bearer bearer_t"}
    for empty in ("Bearer", " Bearer ", "Bearer Bearer", " "):
        with pytest.raises(SpecimenError, match="the token is empty"):
            as_headers(specs.load("neurovision"), empty)
    with pytest.raises(SpecimenError, match="line break"):
        as_headers(specs.load("kayle"), "t\n")


@pytest.mark.parametrize("url", ["nonsense", "ftp://host/", "http://", "//host"])
def test_url__must_be_one(url: str) -> None:
    """A mistake in the URL is the user's, not the service's."""
    with pytest.raises(SpecimenError, match="expected http"):
        Transport(url, "kayle")


@pytest.mark.parametrize(("headers", "expected"), [({}, f"specimen/{product_version()}"), ({"User-Agent": "mine"}, "mine")])
def test_request__says_who_asks(headers: dict[str, str], expected: str) -> None:
    """Our name and version stand in User-Agent, unless the caller gives another."""
    service = Service(httpx.Response(200, json={}))
    sender = foreign(service, headers={"Authorization": "Bearer kk_secret", **headers})
    ask(sender, "getSession", path={"id": ID})
    assert [request.headers["user-agent"] for request in service.requests] == [expected]
