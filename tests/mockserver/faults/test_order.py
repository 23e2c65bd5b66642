"""Which of several faults is done, and what the request log says of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from specimen import specs
from specimen.mockserver.app import App
from tests.mockserver.calling import ask, ask_entry, frozen_app
from tests.mockserver.control.steering import control, created
from tests.serving import run

KAYLE = {"Authorization": "Bearer kk_live_specimen"}
BUSY = {"kind": "status", "status": 500, "id": "busy"}


def _set(app: App, *rules: Any) -> None:
    answer = control(app, "PUT", "/faults", {"faults": list(rules)})
    assert answer.status_code == 200, answer.text


def _read(app: App, session: str, **headers: str) -> Any:
    return ask(app, "GET", f"/kayle/v1/sessions/{session}", {**KAYLE, **headers})


def _faults(app: App) -> list[Any]:
    return [entry["fault"] for entry in control(app, "GET", "/requests?limit=1000").json()["requests"]]


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "script", "answers": ["created"]},
        {"kind": "drift", "drift": "KAY-004", "match": {"count": 5}},
        {"kind": "script", "answers": [503], "match": {"operation": "getSession"}},
    ],
    ids=["script on a list", "drift of another operation", "script for another operation"],
)
def test_rule__that_cannot_act_lets_the_next_one_act(rule: Any) -> None:
    """A list is no read of a session, and a drift is of some operations: the status behind them is given."""
    app = frozen_app("kayle")
    _set(app, {"id": "first", **rule}, {**BUSY, "match": {"operation": "listSessions"}})
    assert ask(app, "GET", "/kayle/v1/sessions", KAYLE).status_code == 500
    assert _faults(app) == ["busy"]


def test_script__that_is_used_up_lets_the_next_rule_act() -> None:
    """Its steps are noted under its id, those that move the session too."""
    app = frozen_app("kayle")
    session = created(app, "kayle")["id"]
    _set(app, {"id": "steps", "kind": "script", "answers": ["created", 429, "failed"]}, BUSY)
    assert [_read(app, session).status_code for _ in range(4)] == [200, 429, 200, 500]
    assert _faults(app) == ["steps", "steps", "steps", "busy"]


def test_script__step_that_no_session_can_take_lets_the_next_rule_act() -> None:
    """A session that has ended does not come back: nothing is noted under the script's id."""
    app = frozen_app("kayle")
    session = created(app, "kayle", state="failed")["id"]
    _set(app, {"id": "steps", "kind": "script", "answers": ["succeeded"]}, BUSY)
    assert _read(app, session).status_code == 500
    assert _faults(app) == ["busy"]


DRIFT = {"id": "first", "kind": "drift", "drift": "KAY-004"}  # of sessions that failed


def test_rule__that_changes_nothing_of_this_answer_lets_the_next_one_act() -> None:
    """A drift of failed sessions leaves an open one to the status behind it; it acts on the one that failed."""
    app = frozen_app("kayle")
    is_open, failed = created(app, "kayle")["id"], created(app, "kayle", state="failed")["id"]
    _set(app, DRIFT, BUSY)
    assert _read(app, is_open).status_code == 500
    assert _read(app, failed).json()["data"]["failure_code"] is None
    assert _read(app, "vs_of_nobody").status_code == 500
    assert _faults(app) == ["busy", "first", "busy"]


@pytest.mark.parametrize("behind", [[], [BUSY]], ids=["alone", "before another"])
def test_rule__counts_only_answers_that_it_can_change(behind: list[Any]) -> None:
    """`count` and `after` are of requests on which the rule can act, whatever was asked before."""
    app = frozen_app("kayle")
    is_open, failed = created(app, "kayle")["id"], created(app, "kayle", state="failed")["id"]
    _set(app, {**DRIFT, "match": {"count": 1, "after": 1}}, *behind)
    for session in (is_open, failed, is_open, failed, failed):
        _read(app, session)
    other = "busy" if behind else None
    assert _faults(app) == [other, other, other, "first", other]


def test_duplicated_row__waits_for_a_row() -> None:
    """An empty list uses up no count."""
    app = frozen_app("kayle")
    _set(app, {"id": "first", "kind": "duplicated_row", "match": {"count": 1}})
    assert ask(app, "GET", "/kayle/v1/sessions", KAYLE).json()["data"] == []
    created(app, "kayle")
    rows = [len(ask(app, "GET", "/kayle/v1/sessions", KAYLE).json()["data"]) for _ in range(2)]
    assert (rows, _faults(app)) == ([2, 1], [None, "first", None])


def test_rule__that_looks_at_an_answer_counts_no_read() -> None:
    """Under a pace of polls the answer that decides is the one that is sent, and each read counts once."""
    app = frozen_app("kayle")
    sessions = [created(app, "kayle", scenario="failed_unseen", pace="polls:3")["id"] for _ in range(2)]
    usual = [_read(app, sessions[0]).json()["data"]["status"] for _ in range(4)]
    assert usual == ["created", "created", "failed", "failed"]
    _set(app, {**DRIFT, "match": {"count": 1}}, {"id": "cut", "kind": "malformed_json", "match": {"count": 1}})
    answers = [_read(app, sessions[1]) for _ in range(4)]
    assert [one.json()["data"]["status"] for one in answers[1:]] == usual[1:]
    assert [one.json()["data"]["failure_code"] is None for one in answers[2:]] == [True, False]
    assert _faults(app)[4:] == ["cut", None, "first", None]


def test_rule__of_bodies_leaves_a_stream_to_the_next_one() -> None:
    """A stream is not changed, so a rule that changes bodies has nothing to do there."""
    app = frozen_app("predicate")
    entry = next(one for one in app.mounted["predicate"].table.entries() if one["operation"] == "streamStatus")
    _set(app, {"id": "first", "kind": "malformed_json"}, BUSY)
    assert ask_entry(app, entry).status_code == 500
    assert _faults(app) == ["busy"]


# -- what was sent is what is logged ---------------------------------------------------------------------------------------


def test_log__has_the_answer_as_it_was_sent(tmp_path: Path) -> None:
    """`check` over the exported log finds what a drift broke."""
    app = frozen_app("kayle")
    session = created(app, "kayle", state="failed")["id"]
    _set(app, {"id": "drifting", "kind": "drift", "drift": "KAY-004"})
    sent = _read(app, session).json()
    assert sent["data"]["failure_code"] is None
    (entry,) = control(app, "GET", "/requests").json()["requests"]
    assert (entry["response"]["body"], entry["fault"]) == (sent, "drifting")
    archive = control(app, "GET", "/requests/har?bodies=whole").json()
    assert json.loads(archive["log"]["entries"][0]["response"]["content"]["text"]) == sent
    (tmp_path / "drift.har").write_text(json.dumps(archive), encoding="utf-8")
    done = run("check", "drift.har", "kayle", folder=tmp_path)
    assert (done.returncode, "KAY-004" in done.stdout) == (1, True), done.stdout


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "malformed_json"},
        {"kind": "malformed_json", "how": "html"},
        {"kind": "empty"},
        {"kind": "content_type", "content_type": "text/html"},
        {"kind": "content_type", "charset": "utf-16"},
        {"kind": "slow_drip", "seconds": 0},
    ],
    ids=json.dumps,
)
def test_log__has_the_bytes_of_changed_answers(rule: Any) -> None:
    """Content type and text of the archive are those that the client got."""
    app = frozen_app("kayle")
    session = created(app, "kayle", state="failed")["id"]
    _set(app, rule)
    sent = _read(app, session)
    (entry,) = control(app, "GET", "/requests/har?bodies=whole").json()["log"]["entries"]
    content = entry["response"]["content"]
    assert (content["size"], content["mimeType"]) == (len(sent.content), sent.headers["content-type"])
    if "encoding" not in content:
        assert content.get("text", "") == sent.content.decode()
    assert entry["_fault"] is not None


def test_log__notes_no_fault_that_changed_nothing() -> None:
    """A drift of failed sessions leaves an open one as it is."""
    app = frozen_app("kayle")
    _set(app, {"kind": "drift", "drift": "KAY-004"})
    assert _read(app, created(app, "kayle")["id"]).status_code == 200
    assert _faults(app) == [None]


# -- statuses --------------------------------------------------------------------------------------------------------------

STATUSES = (400, 402, 404, 408, 409, 410, 413, 418, 422, 429, 499, 500, 502, 503, 504, 599)


def _leaves(node: Any) -> Iterator[Any]:
    if isinstance(node, (dict, list)):
        for inner in node.values() if isinstance(node, dict) else node:
            yield from _leaves(inner)
    else:
        yield node


def _said(text: Any) -> str:
    return str(text).lower().replace("_", " ").strip(".")


@pytest.mark.parametrize("name", specs.names())
def test_status__has_a_body_that_says_the_same(name: str) -> None:
    """Neither another status' number or phrase, nor the words of another situation; the form is one of the operation's errors."""
    app, provider = frozen_app(name), specs.load(name)
    entries = {entry["operation"]: entry for entry in app.mounted[name].table.entries() if entry["expect_status"] < 300}
    for operation_id, entry in entries.items():
        operation = provider.document.operations[operation_id]
        examples = [(code, operation.example(example)) for example, code in operation.examples() if code >= 400]
        pointers = [media.pointer for code, one in operation.responses.items() if code >= "400" for media in one.media]
        forms = [provider.strict_schemas.validator(pointer) for pointer in pointers if pointer]
        for status in STATUSES:
            answer = ask_entry(app, entry, Prefer=f"fault=status:{status}")
            assert answer.status_code == status
            body = answer.json()
            assert any(form.is_valid(body) for form in forms), (operation_id, body)
            leaves = list(_leaves(body))
            assert {leaf for leaf in leaves if type(leaf) is int and 400 <= leaf < 600} <= {status}, (operation_id, body)
            if any(code == status for code, _ in examples):
                continue
            others = {_said(other.phrase) for other in HTTPStatus if other >= 400 and other != status}
            others |= {
                _said(leaf)
                for code, example in examples
                if example is not None and code != status and isinstance(example[2], dict)
                for key in ("message", "hint", "code")
                for holder in (example[2], example[2].get("error"))
                if isinstance(holder, dict) and isinstance(leaf := holder.get(key), str)
            }
            assert not others & {_said(leaf) for leaf in leaves}, (operation_id, status, body)
