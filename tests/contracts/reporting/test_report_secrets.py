"""No format shows a token or personal data, wherever in an exchange it stands."""

from __future__ import annotations

import functools
import io
import itertools
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.history import History
from specimen.contracts.judge.judge import observe
from specimen.contracts.judge.rule import Violation
from specimen.contracts.judge.validation.request_validation import request_errors
from specimen.contracts.reporting.collector import Collector
from specimen.contracts.reporting.formats.registry import FORMATS, render
from specimen.contracts.reporting.formats.terminal_report import print_report
from specimen.specs import load, names
from tests.contracts.example_reports import BASE_URL, STARTED_AT, exchange, kayle, session_body
from tests.contracts.golden_exchanges import Stage

# As tokens, ids and names are: with white space, quotes and other scripts; long enough that none is there by chance.
SECRETS = st.text(
    st.sampled_from("abcXYZ0189-_. '\"$`\\/&<>%éßЖ日") | st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]),
    min_size=6,
    max_size=40,
).map(lambda text: f"Zq7{text}9Kx")
OWN = st.sampled_from(["walk", "fuzz", "machine"])
OBSERVED = st.sampled_from(["proxy", "har", "client", "watch"])
JSON = st.recursive(
    st.none() | st.booleans() | st.sampled_from(["{secret}"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["status", "id", "{secret}", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def planted(template: object, secret: str) -> object:
    """The JSON value with the secret in its places."""
    if isinstance(template, dict):
        return {planted(name, secret): planted(inner, secret) for name, inner in template.items()}
    if isinstance(template, list):
        return [planted(inner, secret) for inner in template]
    return secret if template == "{secret}" else template


def shown(collector: Collector) -> dict[str, str]:
    """All formats of the report, by name."""
    report = collector.report(
        profile="smoke", seed=1, fail_on="warning", started_at=STARTED_AT, seconds=1, requests=1, unreachable=None,
        require=[next(iter(collector.provider.lifecycle.states))],
    )  # fmt: skip
    out = io.StringIO()
    print_report(report, Console(file=out, width=200))
    return {"terminal": out.getvalue(), **{name: render(report, name) for name in FORMATS}}


def assert_absent(secret: str, texts: dict[str, str]) -> None:
    """The secret is in none of the texts, as it is or as JSON, URLs or HTML spell it."""
    escaped = secret.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    spellings = {secret, json.dumps(secret)[1:-1], json.dumps(json.dumps(secret)[1:-1])[1:-1], quote(secret, safe=""), escaped}
    spellings |= {escaped.replace('"', "&quot;"), escaped.replace('"', "&quot;").replace("'", "&#x27;")}
    # What the shell's quoting would leave of it: its longest part without a quote.
    spellings |= {max(secret.split("'"), key=len)} if len(max(secret.split("'"), key=len)) >= 8 else set()
    for name, text in texts.items():
        for spelling in spellings:
            assert spelling not in text, (name, spelling)


def breach(seen: Exchange, secret: str) -> Violation:
    """A violation whose every text quotes the secret, as a careless rule would."""
    return Violation(
        "KAY-004", "error", "getSession", "/data/x", f"not '{secret}'", f"an object with {secret}", "s", "p", "D", seen.status
    )


@given(secret=SECRETS, template=JSON, seen_by=OWN | OBSERVED, status=st.sampled_from([200, 401, 404, 418, 500]))
def test_report__answers_are_never_reported(secret, template, seen_by, status) -> None:
    """A secret anywhere in an answer, a name of a field and a header included, is in no format."""
    body = json.dumps(
        {**session_body(), "more": planted(template, secret), secret: 1, "text": secret}, ensure_ascii=False
    ).encode()
    headers = {"content-type": "application/json", "set-cookie": secret, "x-name": secret}
    odd = [
        exchange(response_body=body, response_headers=headers, status=status, seen_by=seen_by),
        exchange(response_body=secret.encode(), response_headers={"content-type": "text/html"}, status=status, seen_by=seen_by),
        exchange(response_body=body, response_headers={"content-type": secret}, status=status, seen_by=seen_by),
        exchange(session_body(failure_code=secret, given_names=secret, created_at=secret), seen_by=seen_by),
    ]
    collector, history = Collector(kayle(), BASE_URL), History()
    for one in odd:
        collector.add(one, [*observe(one, history), breach(one, secret)])
    # Answers feed generation: what an answer showed comes back in a later request of our own.
    fed = json.dumps({"redirect_url": secret}).encode()
    again = exchange(method="POST", path="/v1/sessions", request_body=fed, query=f"q={quote(secret, safe='')}", seen_by="fuzz")
    if seen_by in ("walk", "fuzz", "machine"):
        collector.add(again, [breach(again, secret)])
    assert_absent(secret, shown(collector))


@given(
    secret=SECRETS,
    seen_by=OBSERVED,
    name=st.sampled_from(["x-note", "idempotency-key", "authorization", "token", "accept", "cookie"]),
)
def test_report__observed_requests_are_never_reported(secret, seen_by, name) -> None:
    """Of traffic that others make nothing is reported: no path, query, header or body."""
    quoted = quote(secret, safe="")
    odd = [
        exchange(path=f"/v1/sessions/{quoted}", query=f"limit={quoted}&{quoted}=1", seen_by=seen_by, status=418),
        exchange(path=f"/elsewhere/{quoted}", method="PUT", seen_by=seen_by, status=500),
        exchange(method="POST", path="/v1/sessions", request_body=json.dumps({"a": secret, secret: 1}).encode(), seen_by=seen_by),
        exchange(method="POST", path="/v1/sessions", request_body=secret.encode(), seen_by=seen_by),
        exchange(request_headers={name: secret, "content-type": f"text/{quoted}"}, seen_by=seen_by, status=418),
        exchange(method=secret, seen_by=seen_by, status=418),
    ]
    collector, history = Collector(kayle(), BASE_URL), History()
    for one in odd:
        collector.add(one, [*observe(one, history), breach(one, secret)])
    assert_absent(secret, shown(collector))


@given(secret=SECRETS, seen_by=OWN | OBSERVED, where=st.sampled_from(["token", "session"]))
def test_report__what_the_user_gave_is_a_variable(secret, seen_by, where) -> None:
    """The token and the sessions of the command line are never shown, wherever in a request of ours they stand."""
    given_values = {"token": secret} if where == "token" else {"sessions": [secret]}
    collector, history = Collector(kayle(), BASE_URL, **given_values), History()
    quoted = quote(secret, safe="")
    odd = [
        exchange(path=f"/v1/sessions/{quoted}", query=f"a={quoted}", seen_by=seen_by, status=418),
        exchange(path=f"/v1/sessions/%7B{quoted.lower()}%7D", seen_by=seen_by, status=418),
        exchange(request_headers={"authorization": f"Bearer {secret}", "idempotency-key": secret}, seen_by=seen_by, status=418),
        exchange(
            method="POST",
            path="/v1/sessions",
            request_body=json.dumps({"token": secret, "a": [secret]}).encode(),
            seen_by=seen_by,
        ),
        exchange(method="POST", path="/v1/sessions", request_body=f"\x00{secret}".encode(), seen_by=seen_by),
        exchange(session_body(id=secret), status=418, seen_by=seen_by),
    ]
    for one in odd:
        collector.add(one, [*observe(one, history), breach(one, secret)])
    report = collector.report(
        profile="ci",
        seed=1,
        fail_on="note",
        started_at=1,
        seconds=1,
        requests=1,
        require=[f"a stop at {secret}"],
        unreachable=f"no {secret}",
    )
    texts = shown(collector)
    assert_absent(secret, {**texts, "verdict": f"{report.verdict} {report.missing} {report.incomplete} {report.unreachable}"})


@given(secret=SECRETS, seen_by=OWN, scheme=st.sampled_from(["Bearer ", "Basic ", ""]))
def test_report__credentials_that_rotate_are_variables(secret, seen_by, scheme) -> None:
    """A credential that nobody named beforehand is known by its header, and then wherever else it stands."""
    headers = {"authorization": scheme + secret, "cookie": f"s={secret}"}
    body, query = json.dumps({"copy": secret}).encode(), f"t={quote(secret, safe='')}"
    made = exchange(method="POST", path="/v1/sessions", query=query, request_headers=headers, request_body=body)
    one = replace(made, status=418, seen_by=seen_by)
    collector = Collector(kayle(), BASE_URL)
    collector.add(one, observe(one, History()))
    assert_absent(secret, shown(collector))


@pytest.mark.parametrize("name", ["token", "cancel_token", "password", "client_secret", "apiKey"])
def test_report__fields_named_like_secrets_are_variables(name) -> None:
    """A token that an answer showed is a variable in the body of a request of ours too."""
    reported = exchange(session_body(**{name: "ct_9f8e7d6c"}))
    one = replace(
        exchange(status=418), method="POST", path="/v1/sessions", request_body=json.dumps({name: "ct_9f8e7d6c"}).encode()
    )
    collector = Collector(kayle(), BASE_URL)
    collector.add(reported)
    collector.add(one, observe(one, History()))
    texts = shown(collector)
    assert_absent("ct_9f8e7d6c", texts)
    assert '"$SPECIMEN_' in json.loads(texts["json"])["violations"][0]["example"]["curl"]


@pytest.mark.parametrize(
    ("sent", "intent", "in_command"),
    [
        ("short", {"invalid": True}, '"cancel_token": "short"'),
        ("ct_9f8e7d6x", {}, '"${SPECIMEN_CANCEL_TOKEN:0:10}x${SPECIMEN_CANCEL_TOKEN:11}"'),
        ("ct_9f8e7d6", {}, '"${SPECIMEN_CANCEL_TOKEN%?}"'),
        ("aa_0000000000", {"invalid": True}, '"cancel_token": "aa_0000000000"'),
    ],
)
def test_report__a_wrong_token_of_ours_stays_as_wrong(sent: str, intent: dict, in_command: str) -> None:
    """The value of a variable would be right; a wrong token that is made of a right one shows nothing of it."""
    reported = exchange(session_body(cancel_token="ct_9f8e7d6c"))
    body = json.dumps({"cancel_token": sent}).encode()
    one = exchange(method="POST", path="/v1/sessions", request_body=body, status=418, intent=intent)
    collector = Collector(kayle(), BASE_URL)
    collector.add(reported)
    collector.add(one, observe(one, History()))
    texts = shown(collector)
    assert_absent("ct_9f8e7d", texts)
    assert in_command in json.loads(texts["json"])["violations"][0]["example"]["curl"]


@pytest.mark.parametrize("seen_by", ["walk", "fuzz"])
@pytest.mark.parametrize("field", ["reason", "note"])
def test_report__a_text_of_ours_stays_what_it_was(seen_by: str, field: str) -> None:
    """A list that keeps what an earlier run sent makes it nobody's: the command is still refused for the same reason."""
    reason = "x" * 201
    reported = exchange(session_body(**{field: reason}), seen_by=seen_by)
    body = json.dumps({"share_fields": {"family_name": {"required": True, "reason": reason}}}).encode()
    headers = {"authorization": "Bearer x", "content-type": "application/json"}
    one = exchange(method="POST", path="/v1/sessions", request_body=body, status=418, seen_by=seen_by, request_headers=headers)
    one = replace(one, intent={"invalid": True} if seen_by == "walk" else {})
    collector = Collector(kayle(), BASE_URL)
    collector.add(reported)
    collector.add(one, observe(one, History()))
    (command,) = [
        entry["example"]["curl"] for entry in json.loads(shown(collector)["json"])["violations"] if entry["rule"] == "GEN-001"
    ]
    (sent,) = re.findall(r"--data-raw '(.*)'", command)
    assert len(json.loads(sent)["share_fields"]["family_name"]["reason"]) == 201
    assert request_errors(replace(one, request_body=sent.encode())) == request_errors(one) != []
    assert seen_by == "fuzz" or sent.encode() == body


# What a vendor tells of a person, or what stands for one: words and several words, numbers, dates, links, ids.
FOREIGN = st.one_of(
    st.text("abcdefghijklmnopqrstuvwxyz", min_size=6, max_size=24).map(lambda text: f"Qz{text}"),
    st.text("abcdefg hij\u00e9\u00df\u0416\u65e5", min_size=6, max_size=24).map(lambda text: f"Qz {text} Kx"),
    st.text("0123456789", min_size=9, max_size=15).map(lambda text: f"77{text}"),
    st.dates().map(lambda day: f"{day.isoformat()}Qz"),
    st.uuids().map(str),
    st.text("abcdef", min_size=6, max_size=20).map(lambda text: f"https://qz.example/{text}?token={text}"),
    st.text("abcdef", min_size=6, max_size=20).map(lambda text: f"application/vnd.{text}+json"),
)
# Where the contract's own words stand: a word in such a place is reported.
STATED = re.compile(r"(status|outcome|verdict|type|code|error)$", re.IGNORECASE)


@functools.cache
def answers(name: str) -> tuple[Exchange, ...]:
    """Answers of one provider's mock to reads, lists, refusals and creations."""
    stage = Stage(load(name))
    return tuple(stage.send(entry) for entry in stage.entries[:: max(1, len(stage.entries) // 12)])


def filled(node: Any, foreign: str, draw: Callable[[], int], name: str = "") -> Any:
    """A JSON value in which the foreign text stands in place of about half of the texts, and as a name."""
    if isinstance(node, dict):
        found = {key: filled(inner, foreign, draw, key) for key, inner in node.items()}
        return {**found, foreign: foreign} if draw() == 0 else found
    if isinstance(node, list):
        return [filled(inner, foreign, draw, name) for inner in node]
    is_stated = STATED.search(name) and foreign.isalpha()
    return foreign if draw() < 3 and not is_stated and not isinstance(node, bool) else node


_STEP = 3


@pytest.mark.parametrize("name", [name for name in names() if load(name).is_builtin])
@given(
    foreign=FOREIGN,
    draws=st.lists(st.integers(0, 5), min_size=20, max_size=20),
    seen_by=OWN | OBSERVED,
    first=st.integers(0, _STEP - 1),
)
def test_report__no_foreign_text_of_an_answer_is_reported(name, foreign, draws, seen_by, first) -> None:
    """Whatever text of a documented or another field is not the document's: it is in no format, of no provider.

    Each example judges every third of a provider's answers.
    """
    turn = itertools.cycle(draws)
    collector = Collector(load(name), "http://127.0.0.1:8080")
    for one in answers(name)[first::_STEP]:
        if one.response_json is not None:
            body = json.dumps(filled(one.response_json, foreign, lambda: next(turn)), ensure_ascii=False).encode()
            collector.judge(replace(one, response_body=body, seen_by=seen_by))
    assert_absent(foreign, shown(collector))
