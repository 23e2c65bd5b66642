"""A client that creates sends the same head with another Idempotency-Key; each answer is what a first request would get."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specimen import specs
from specimen.mockserver.app import App
from specimen.mockserver.app.repeated_request import RepeatedRequest
from specimen.mockserver.preferences.faults.magic import magic_fault
from specimen.mockserver.preferences.preferences import magic_value
from specimen.mockserver.sessions.catalogue.scenario_requests import encoded_body
from specimen.mockserver.sessions.request_log.log import Exchange
from tests.mockserver.calling import ask_raw, create_entry, frozen_app, namespace

NAMES = [name for name in specs.names() if specs.load(name).is_builtin]
USUAL = [None, "fault", "scenario", "no scenario", b"{", b"5", b""]  # bodies: as it is, with a magic value, or other bytes
STEPS = st.tuples(
    st.sampled_from([None, "a", "b", " a\t", "", "k" * 300, "é"]),
    st.sampled_from([None, None, None, *USUAL]),
    st.sampled_from(["good", "good", "good", "none", "unknown"]),
    st.sampled_from([{}, {}, {}, {"prefer": "status=nothing"}, {"specimen-namespace": "job-17"}, {"content-encoding": "gzip"}]),
)
_UNTIMED = Exchange._fields.index("began")  # the members of a logged exchange before those of the machine's clock


def body_of(app: App, name: str, which: str | bytes | None) -> tuple[bytes, str | None]:
    """A body of the create operation, with its content type."""
    provider = app.mounted[name].provider
    values = {
        "fault": lambda: magic_fault(provider, "status:503"),
        "scenario": lambda: magic_value(provider, list(provider.lifecycle.scenarios.values())[-1]),
        "no scenario": lambda: (magic_value(provider, provider.lifecycle.default) or "") + "-that-is-none",
    }
    value = values[which]() if isinstance(which, str) else None
    raw, content_type = encoded_body(create_entry(app, name, value)["body"])
    return (which if isinstance(which, bytes) else raw), content_type


def answers(app: App, name: str, steps: list[Any], *, forgets: bool) -> list[Any]:
    """The answers to creates, then what the request log has of them; with `forgets` each head comes for the first time."""
    entry, found = create_entry(app, name), []
    for key, which, who, more in steps:
        if forgets:
            app._known.clear()
        body, content_type = body_of(app, name, which)
        headers = {**{header.lower(): value for header, value in entry["headers"].items()}, **more}
        if content_type is not None:
            headers.setdefault("content-type", content_type)
        secret = [header for header in headers if header in ("authorization", "x-api-key", "x-auth-token")]
        for header in secret if who != "good" else ():
            headers.pop(header)
            if who == "unknown":
                headers[header] = "Bearer nobody"
        if key is not None:
            headers["idempotency-key"] = key
        found.append(ask_raw(app, "POST", entry["path"], headers, body))
    return [*found, *(one[:_UNTIMED] for one in app.namespaces.request_log.since(0))]


@pytest.mark.parametrize("name", NAMES)
@given(steps=st.lists(STEPS, min_size=2, max_size=8))
def test_repeated__is_answered_as_the_first(name: str, steps: list[Any]) -> None:
    """Byte for byte, with keys that come again or not, bodies that are refused or ask for a fault, and unknown credentials."""
    first, again = frozen_app(name), frozen_app(name)
    assert answers(again, name, steps, forgets=False) == answers(first, name, steps, forgets=True)


@pytest.mark.parametrize("name", NAMES)
def test_repeated__head_is_remembered_without_its_key(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second create is answered from it, whatever its key; a head without a key is another one."""
    seen: list[str | None] = []
    real = RepeatedRequest.answer

    def noted(self: RepeatedRequest, *args: Any) -> Any:
        seen.append(args[-1])
        return real(self, *args)

    monkeypatch.setattr(RepeatedRequest, "answer", noted)
    app = frozen_app(name)
    namespace(app, "default")  # the first request of all asks the store for it
    steps = [(key, None, "good", {}) for key in ("a", "b", "a", None, None)]
    answered = answers(app, name, steps, forgets=False)[: len(steps)]
    assert seen == ["b", "a", None]
    assert {status for status, _, _ in answered} <= {200, 201}
    assert len({body for _, _, body in answered}) == (4 if answered[0] == answered[2] else 5)


def test_repeated__full_store_is_said_once() -> None:
    """A create for which there is no room is refused by the first form and by the remembered one, and makes nothing."""
    app = frozen_app("kyve", most_sessions=2)
    steps = [(key, None, "good", {}) for key in ("a", "b", "c", "d", "a")]
    answered = answers(app, "kyve", steps, forgets=False)[: len(steps)]
    assert [status for status, _, _ in answered] == [201, 201, 507, 507, 201]
    assert answered[0] == answered[4]
    assert answered[2][2] == answered[3][2]
