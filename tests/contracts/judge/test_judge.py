"""The judge decides on any exchange, shows nothing secret, and is as strict as the document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specimen import specs
from specimen.contracts.http.exchange import Exchange, parsed
from specimen.contracts.judge.history import History
from specimen.contracts.judge.judge import judge, observe
from specimen.contracts.judge.rule import Violation
from specimen.contracts.judge.severity import NOTE
from specimen.specs import Provider
from specimen.specs.core.json_pointer import at
from tests.contracts.golden_exchanges import Stage, changed, without

NAMES = [name for name in specs.names() if specs.load(name).is_builtin]
STATUSES = st.sampled_from([200, 201, 204, 400, 401, 404, 409, 422, 500, 0, 999])
TYPES = st.sampled_from(["application/json", "text/event-stream", "text/html", "multipart/form-data; boundary=x", "", "\xff"])
HEADERS = st.dictionaries(
    st.sampled_from(["authorization", "token", "idempotency-key", "prefer", "x"]), st.text(max_size=40), max_size=3
)
INTENTS = [{}, {"valid": True}, {"credentials": "unknown"}, {"malformed_id": True}, {"unknown_id": True}, {"elsewhere": True}]
ODD_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["\ud800", 10**400, "2026-03-19T10:31:30Z", "0001-01-01T00:00:00+23:59", "completed", "pending"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module", params=NAMES)
def stage(request: pytest.FixtureRequest) -> Stage:
    """The mock of each provider in turn."""
    return Stage(specs.load(request.param))


@pytest.fixture(scope="module")
def valid(stage: Stage) -> list[Exchange]:
    """Some exchanges of every operation."""
    found: dict[tuple[str, int], Exchange] = {}
    for entry in stage.entries:
        key = (entry["operation"], entry["expect_status"])
        if key not in found:
            found[key] = stage.send(entry)
    return [*found.values(), stage.create()]


def test_judge__reads_half_of_a_surrogate_pair_wherever_a_text_stands(stage: Stage, valid: list[Exchange]) -> None:
    """JSON may hold it, as an id or a token too, and no rule fails at it: in the creation's answer, then in every other one."""
    history = History()

    def odd(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: odd(one) for name, one in value.items()}
        return [odd(one) for one in value] if isinstance(value, list) else value + "\ud83d" if isinstance(value, str) else value

    for one in (valid[-1], *valid, valid[-1]):
        assert isinstance(observe(replace(one, response_body=_encoded(odd(one.response_json))), history), list), stage


def _encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


def _placed(body: Any, data: st.DataObject) -> Any:
    """A valid body in which some values are anything."""
    if isinstance(body, Mapping) and data.draw(st.integers(0, 5)):
        return {name: _placed(value, data) for name, value in body.items()}
    if isinstance(body, list) and body and data.draw(st.integers(0, 5)):
        return [_placed(value, data) for value in body[:3]]
    return data.draw(ODD_JSON) if data.draw(st.integers(0, 4)) == 0 else body


@given(data=st.data())
def test_judge__never_raises_on_any_bytes(stage: Stage, valid: list[Exchange], data: st.DataObject) -> None:
    """A judge that crashes is worthless: any bytes, headers, path and status are judged, and judged again after."""
    history = History()
    for _ in range(2):
        base = data.draw(st.sampled_from(valid))
        exchange = replace(
            base,
            path=data.draw(st.just(base.path) | st.text(max_size=40)),
            query=data.draw(st.just(base.query) | st.text(max_size=40)),
            request_headers=data.draw(st.just(base.request_headers) | HEADERS),
            request_body=data.draw(st.just(base.request_body) | st.binary(max_size=60)),
            status=data.draw(st.just(base.status) | STATUSES),
            response_headers=data.draw(st.just(base.response_headers) | st.fixed_dictionaries({"content-type": TYPES})),
            response_body=data.draw(st.binary(max_size=60) | st.builds(_encoded, ODD_JSON)),
            intent=data.draw(st.sampled_from(INTENTS)),
        )
        assert all(isinstance(one, Violation) for one in observe(exchange, history))


@given(data=st.data())
def test_judge__never_raises_on_nearly_valid_answers(stage: Stage, valid: list[Exchange], data: st.DataObject) -> None:
    """Nor where a value of another type stands in a valid answer or request, before and after valid ones."""
    history = History()
    base = data.draw(st.sampled_from(valid))
    observe(base, history)
    for _ in range(2):
        answer = _encoded(_placed(base.response_json, data))
        request = _encoded(_placed(base.request_json, data)) if base.request_json is not None else base.request_body
        intent = data.draw(st.sampled_from(INTENTS))
        judged = observe(replace(base, response_body=answer, request_body=request, intent=intent), history)
        assert judged == sorted(set(judged))
    observe(base, history)


@given(index=st.integers(0, 999), letters=st.text("abcdefghijklmnopqrstuvwxyz", min_size=6, max_size=9))
def test_judge__tells_no_value_that_came(stage: Stage, valid: list[Exchange], index: int, letters: str) -> None:
    """A token or a name in an answer, a request or a field's name is in no violation."""
    base, secret = valid[index % len(valid)], f"{letters.capitalize()}Quxley"
    history = History()
    observe(base, history)
    seen = 0
    for body in (_filled(base.response_json, secret), {**_object(base.response_json), secret: secret}, secret, [secret]):
        exchange = replace(
            base,
            response_body=_encoded(body),
            request_headers={**base.request_headers, "authorization": f"Bearer {secret}", "token": secret},
            request_body=_encoded({secret: secret, "redirect_url": secret, "sessionId": secret}),
            query=f"status={secret}&limit={secret}",
        )
        for violation in observe(exchange, history):
            seen += 1
            assert secret not in repr(_unstated(violation)), violation
    assert seen or base.response_type != "application/json"


def _unstated(violation: Violation) -> Violation:
    """Without what stands where only the contract's own words belong: an unknown status is reported."""
    return (
        replace(violation, got="")
        if violation.pointer.rpartition("/")[2].lower().endswith(("status", "code", "type"))
        else violation
    )


def _filled(value: Any, secret: str) -> Any:
    """A body whose texts are all the secret, but for those where the contract's own words stand."""
    if isinstance(value, Mapping):
        return {name: _filled(inner, secret) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, secret) for inner in value]
    return secret if isinstance(value, str) else value


def _object(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


def test_exchange__json_is_what_rfc_8259_says() -> None:
    """Python reads NaN; a client in another language does not."""
    assert parsed('{"a": NaN}') is None
    assert parsed("[" * 100_000) is None
    assert parsed("1" * 5_000) is None
    assert parsed('{"a": [1]}') == {"a": [1]}
    assert at({"a": [1]}, "/a/0") == 1
    assert at({"a": [1]}, "/a/٠") is None


def test_exchange__shows_no_token_when_printed(stage: Stage) -> None:
    """A failing assertion prints it."""
    shown = repr(stage.read())
    secrets = [value for one in stage.provider.lifecycle.credentials.values() for value in one.headers.values()]
    assert len(shown) < 200
    assert not any(secret in shown for secret in secrets)


def test_exchange__forms_show_their_texts(stage: Stage) -> None:
    """Files are no texts."""
    body = (
        b'--b\r\nContent-Disposition: form-data; name="token"\r\n\r\nabc\r\n'
        b'--b\r\nContent-Disposition: form-data; name="images"; filename="a.png"\r\n\r\n\x89PNG\r\n--b--\r\n'
    )
    sent = replace(stage.read(), request_body=body, request_headers={"content-type": "multipart/form-data; boundary=b"})
    assert sent.request_fields == {"token": "abc"}
    assert replace(sent, request_headers={"content-type": "application/json"}).request_fields == {}


def _marks(exchange: Exchange) -> dict[str, str]:
    return {one.rule: one.severity for one in judge(exchange, History())}


def _kinds(provider: Provider, mark: str) -> list[tuple[str, str]]:
    """(operation, status) of success answers with a mark, where all success answers of the operation have it."""
    return [
        (operation.id, name)
        for operation in provider.document.operations.values()
        for name, response in operation.responses.items()
        if name < "300" and response.mark == mark
    ]


def test_judge__assumed_status_makes_a_note(stage: Stage) -> None:
    """Where only we say which success an operation answers, another one is a note; where the vendor says it, an error."""
    for mark, severity in (("A", "note"), ("D", "error")):
        for operation, status in _kinds(stage.provider, mark):
            if stage.provider.document.operations[operation].mark == "A":
                continue
            entry = next(
                (one for one in stage.entries if one["operation"] == operation and str(one["expect_status"]) == status), None
            )
            exchange = stage.send(entry) if entry is not None else stage.create()
            assert exchange.operation is not None
            if exchange.operation.id == operation:
                assert _marks(replace(exchange, status=299)).get("GEN-001") == severity, operation


def test_judge__assumed_limits_of_requests_make_notes(stage: Stage) -> None:
    """A parameter that only we forbid is taken by a real implementation."""
    for operation in stage.provider.document.operations.values():
        for parameter in operation.parameters:
            owner = stage.provider.document.at(parameter.pointer.rpartition("/")[0])
            if owner.get("x-provenance") != "assumed" or parameter.location != "query" or "maximum" not in parameter.schema:
                continue
            exchange = next(stage.send(one) for one in stage.entries if one["operation"] == operation.id)
            taken = stage.ask(operation.id, query={})
            assert exchange.operation is taken.operation
            assert _marks(replace(taken, query=f"{parameter.name}=100000")).get("GEN-015") == NOTE


def test_judge__assumed_fields_make_notes(stage: Stage) -> None:
    """A field that is marked assumed, also beside a `$ref`, is no error when it is otherwise."""
    provider = stage.provider
    for read in provider.lifecycle.reads:
        exchange = stage.read(operation=read.operation)
        operation = provider.document.operations[read.operation]
        media = operation.responses["200"].media[0]
        schema, _ = provider.document.resolve(provider.document.at(media.pointer or ""))
        for name, node in schema.get("properties", {}).items():
            if isinstance(node, Mapping) and node.get("x-provenance") == "assumed" and name in exchange.response_json:
                found = judge(changed(exchange, {f"/{name}": [{"a": 1}]}), History())
                assert {one.severity for one in found if one.rule == "GEN-005"} <= {NOTE}, name


def test_judge__field_that_another_decides_may_be_anything(stage: Stage) -> None:
    """`x-ignored-beside`: taken or refused, both are valid."""
    for operation in stage.provider.document.operations.values():
        for media in operation.bodies:
            schema = stage.provider.document.resolve(stage.provider.document.at(media.pointer or ""))[0]
            for name, node in schema.get("properties", {}).items():
                other = node.get("x-ignored-beside")
                if other is None:
                    continue
                shown = stage.read(operation=operation.id)
                value = at(shown.response_json, f"/{other}") or "order-17"
                taken = changed(shown, {f"/{other}": value}, request_body=_encoded({other: value, name: "no-id"}))
                assert not judge(taken, History())
                alone = replace(shown, request_body=_encoded({name: "no-id"}))
                assert "GEN-015" in _marks(alone)


def test_judge__token_in_the_body_is_a_credential(stage: Stage) -> None:
    """`x-also-in-body`: where a document says so, a body shows the credential."""
    schemes = stage.provider.document.raw["components"]["securitySchemes"].values()
    for name in (scheme["x-also-in-body"] for scheme in schemes if "x-also-in-body" in scheme):
        shown = without(stage.read(), "token")
        assert "GEN-008" in _marks(shown)
        body = {**shown.request_json, name: "00000000-0000-1000-8000-000000000000"}
        assert not judge(replace(shown, request_body=_encoded(body)), History())


def test_judge__preferred_answers_are_judged_by_their_form(stage: Stage) -> None:
    """An answer that Prefer asked for is true of no session."""
    shown = stage.read()
    preferred = replace(
        shown, request_headers={**shown.request_headers, "prefer": "example=whatever"}, intent={"credentials": "unknown"}
    )
    assert not judge(preferred, History())
    assert "GEN-001" in _marks(replace(preferred, status=418))


def test_history__does_not_grow_without_end(stage: Stage) -> None:
    """Subjects used last stay."""
    module = import_module("specimen.contracts.judge.history.subjects")  # its package has a function of that name

    history = History()
    history.add(stage.read())
    kept = module._MOST_SUBJECTS
    try:
        module._MOST_SUBJECTS = 4
        for number in range(50):
            history.add(replace(stage.create(), request_headers={"idempotency-key": str(number), "authorization": "x"}))
        assert len(history._by_subject) <= 5
    finally:
        module._MOST_SUBJECTS = kept
    assert history.calls(stage.provider.lifecycle.create.operation)


def test_judge__events_of_a_stream_keep_the_schema_that_the_document_gives_them() -> None:
    """Each event is judged like an answer: a rule by its title, the schema by GEN-005, and what is no JSON."""
    stage = Stage(specs.load("predicate"))
    sessions = {entry["status"]: entry for entry in stage.entries if entry["operation"] == "getStatus" and entry["scenario"]}
    shown = stage.send(sessions["completed"]).response_json
    stream = replace(
        stage.ask("streamStatus", path={"type": "individual", "sessionId": shown["sessionId"]}),
        status=200,
        response_headers={"content-type": "text/event-stream"},
    )

    def reported(*events: str) -> set[str]:
        body = "".join(f"data: {event}\n\n" for event in events).encode()
        return {one.rule for one in judge(replace(stream, response_body=body), History())}

    good = json.dumps(shown)
    assert reported(good) == set()
    assert reported(good, json.dumps({**shown, "status": "approved"})) >= {"GEN-005"}
    assert reported(json.dumps({key: value for key, value in shown.items() if key != "completedAt"})) == {"PRE-002"}
    assert reported("{") == {"GEN-005"}


def test_judge__a_url_that_means_the_same_is_the_same() -> None:
    """A redirect_url that was only normalised (RFC 3986, section 6.2) breaks nothing, in the creation and in a read of it."""
    stage = Stage(specs.load("kayle"))
    asked = "HTTPS://Shop.Example:443/a/../%7eb%2fc?x=%3a"

    def reported(shown: Any) -> dict[str, str]:
        made = stage.ask("createSession", body={"redirect_url": "https://shop.example/"})
        sent = replace(made, request_body=_encoded({"redirect_url": asked}))
        return {
            one.rule: one.severity
            for one in judge(changed(sent, {"/data/redirect_url": shown}), History())
            if one.rule.startswith("KAY-026")
        }

    assert reported(asked) == {}
    assert reported("https://shop.example/~b%2Fc?x=%3A") == {}
    for other in ("http://shop.example/~b%2Fc?x=%3A", "https://shop.example/~b/c?x=%3A", "https://shop.example/", None):
        assert reported(other) == {"KAY-026": "error"}, other
    assert reported(7) == {}, "the schema says it"

    made = stage.ask("createSession", body={"redirect_url": "https://shop.example"})
    for shown, expected in (("https://shop.example/", set()), ("https://shop.example/?", {"error"})):
        history = History()
        history.add(made)
        found = judge(changed(_read_of(stage, made), {"/data/redirect_url": shown}), history)
        assert {one.severity for one in found if one.rule == "KAY-026"} == expected


def _read_of(stage: Stage, made: Exchange) -> Exchange:
    return stage.ask("getSession", path={"id": made.response_json["data"]["id"]})
