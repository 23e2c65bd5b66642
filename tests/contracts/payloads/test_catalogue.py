"""Every case of every provider: what it says of itself is what the document and the judge say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from specimen import specs
from specimen.contracts.http.exchange import Exchange, parsed
from specimen.contracts.judge.history import History
from specimen.contracts.judge.judge import judge
from specimen.contracts.judge.registry import rulebook
from specimen.contracts.judge.severity import NOTE
from specimen.contracts.judge.validation.openapi_core_check import disagreements
from specimen.contracts.judge.validation.request_validation import request_errors
from specimen.contracts.payloads.generate.expected_outcomes import MALFORMED_RULE, UNKNOWN_RULE, as_exchange, expected_outcome
from specimen.contracts.payloads.model.case import Case
from specimen.contracts.payloads.model.case_types import ACCEPT, EITHER, REJECT
from specimen.contracts.payloads.model.mutations import as_bytes
from specimen.contracts.payloads.model.valid_payloads import REQUEST, RESPONSE, responses
from specimen.fixtures import recipes
from specimen.specs.core import multipart
from specimen.specs.loading.forms import form_value
from specimen.specs.loading.parameters import typed
from tests.contracts.payloads.catalogues import catalogue, check_all, read

PROVIDERS = pytest.mark.parametrize("name", specs.names())
# RFC 8259, section 8.1: who writes JSON must not, who reads it may overlook it. That the rest is valid is tested on its own.
FORGIVEN = frozenset({"structure.byte_order_mark"})
# Of two members of one name a reader may keep either: our judge reads the last.
LEFT_TO_READERS = frozenset({"structure.key_twice_other_value"})
ID = re.compile(r"[a-z]+\.[A-Za-z]+\.(request|response):[A-Za-z0-9_./-]+:[a-z]+\.[A-Za-z0-9_.-]+")


def in_direction(name: str, direction: str, verdict: str | None = None) -> list[Case]:
    """A provider's requests or responses."""
    return [case for case in catalogue(name).cases if case.direction == direction and verdict in (None, case.verdict)]


def sent(case: Case) -> Exchange:
    """The case as an observer would see it."""
    return as_exchange(case.base, case.payload, case.content_type)


@PROVIDERS
def test_page__of_each_scenario_is_valid_and_of_made_people(name) -> None:
    """A list answers pages of sessions, one for each scenario; the judge takes each, and another seed has other sessions."""
    provider = specs.load(name)
    for operation in recipes.listings(provider):
        pages = [list(responses(provider, provider.document.operations[operation], seed=seed)) for seed in (0, 1)]
        count = len(provider.lifecycle.scenarios)
        assert [base.scenario for base in pages[0][:count]] == list(provider.lifecycle.scenarios)
        for base, other in zip(*(each[:count] for each in pages), strict=True):
            assert expected_outcome(base, base.payload).verdict == ACCEPT, base.scenario
            assert base.payload["data"][0]["id"] != other.payload["data"][0]["id"]


@PROVIDERS
def test_id__is_unique_and_says_what_the_case_is_about(name) -> None:
    """`<provider>.<operation>.<direction>:<field>:<kind>`, once each."""

    def broken(case: Case) -> Iterator[str]:
        if not ID.fullmatch(case.id):
            yield "is no id"
        if not case.id.startswith(f"{name}.{case.operation}.{case.direction}:") or not case.id.endswith(f":{case.kind}"):
            yield "is the id of another case"
        if case.id in seen:
            yield "comes twice"
        seen.add(case.id)

    seen: set[str] = set()
    check_all(catalogue(name).cases, broken)


@PROVIDERS
def test_case__has_all_that_a_reader_needs(name) -> None:
    """A reason, a source, the family among its tags, the rule of a reject, and statuses that the document lists."""

    def broken(case: Case) -> Iterator[str]:
        if case.rationale[-1] not in ".?" or not case.source or case.tags[0] != case.kind.partition(".")[0]:
            yield "lacks its reason, source or family"
        documented = {int(status) for status in case.base.operation.responses}
        if not case.expect_status or not set(case.expect_status) <= documented:
            yield f"expects {case.expect_status}, documented are {sorted(documented)}"
        if (case.verdict == ACCEPT and case.rule is not None) or (case.verdict == REJECT and case.rule is None):
            yield f"is {case.verdict} and names {case.rule}"
        if case.rule is not None and case.rule not in rules:
            yield f"names {case.rule}, which is no rule"
        # Where a vendor tells with a 200 that there is no such session, the document's error stands in it.
        if case.direction == REQUEST and case.verdict in (ACCEPT, REJECT) and case.rule != UNKNOWN_RULE:
            is_success = {200 <= status < 300 for status in case.expect_status}
            if is_success != {case.verdict == ACCEPT}:
                yield f"expects {case.expect_status}"

    rules = rulebook(specs.load(name))
    check_all(catalogue(name).cases, broken)


@PROVIDERS
def test_response__accept_is_valid_and_the_judge_is_silent(name) -> None:
    """The document's schema, under jsonschema-rs, holds; no rule, not even an assumed one, speaks."""

    def broken(case: Case) -> Iterator[str]:
        if case.base.pointer is not None:  # a stream has none of its own
            validator = case.base.provider.schemas.validator(case.base.pointer)
            yield from (f"{error.instance_path} {error.kind.name}" for error in validator.iter_errors(read(case.payload)))
        yield from (f"the judge says {violation.rule}" for violation in judge(sent(case), History()))

    assert check_all(in_direction(name, RESPONSE, ACCEPT), broken) > 0


@PROVIDERS
def test_response__reject_breaks_the_named_rule_alone(name) -> None:
    """The judge finds that rule, as an error, and no other."""

    def broken(case: Case) -> Iterator[str]:
        found = {(violation.rule, violation.severity != NOTE) for violation in judge(sent(case), History())}
        if found != {(case.rule, True)}:
            yield f"names {case.rule}, the judge finds {sorted(found)}"

    assert check_all(in_direction(name, RESPONSE, REJECT), broken) > 0


@PROVIDERS
def test_response__either_breaks_nothing_that_is_documented(name) -> None:
    """Only assumed rules speak, and of these the named one alone; or only what stands before the body is wrong."""

    def broken(case: Case) -> Iterator[str]:
        found = {(violation.rule, violation.severity) for violation in judge(sent(case), History())}
        is_error = any(severity != NOTE for _, severity in found) and case.kind not in FORGIVEN | LEFT_TO_READERS
        if is_error or {rule for rule, _ in found} != {case.rule} - {None}:
            yield f"names {case.rule}, the judge finds {sorted(found)}"

    check_all(in_direction(name, RESPONSE, EITHER), broken)


@PROVIDERS
def test_byte_order_mark__the_rest_is_valid(name) -> None:
    """What a reader may forgive is the mark and nothing else: behind it stands the valid payload."""
    found = [case for case in catalogue(name).cases if case.kind in FORGIVEN]
    assert {case.verdict for case in found} == {EITHER}
    for case in found:
        is_response = case.direction == RESPONSE
        body, valid = (case.payload, case.base.payload) if is_response else (case.payload["body"], case.base.payload["body"])
        assert json.loads(body.decode("utf-8-sig")) == valid
        assert body[:3] == b"\xef\xbb\xbf"


@PROVIDERS
def test_request__accept_is_valid(name) -> None:
    """Each parameter and the body hold under jsonschema-rs, nothing required is missing, the contract is silent."""

    def broken(case: Case) -> Iterator[str]:
        yield from faults(case)
        yield from (f"the contract says {fault.sentence}" for fault in request_errors(sent(case)))

    assert check_all(in_direction(name, REQUEST, ACCEPT), broken) > 0


@PROVIDERS
def test_request__reject_breaks_the_document_or_asks_for_what_is_not_there(name) -> None:
    """A documented fault (GEN-015), or none at all and an id that nobody issued (GEN-018)."""

    def broken(case: Case) -> Iterator[str]:
        found = request_errors(sent(case))
        if case.rule == MALFORMED_RULE:
            if all(fault.is_assumed for fault in found):
                yield f"breaks nothing that is documented: {found}"
            if not list(faults(case)):
                yield "is valid by jsonschema-rs"
        elif case.rule != UNKNOWN_RULE or found or list(faults(case)):
            yield f"names {case.rule}: {found}"

    assert check_all(in_direction(name, REQUEST, REJECT), broken) > 0


@PROVIDERS
def test_request__either_breaks_nothing_that_is_documented(name) -> None:
    """Faults, if any, are assumptions of ours or stand before the body; success is among the statuses that may come."""

    def broken(case: Case) -> Iterator[str]:
        found = request_errors(sent(case))
        is_documented = not all(fault.is_assumed for fault in found) and case.kind not in FORGIVEN | LEFT_TO_READERS
        if is_documented or bool(found) != (case.rule is not None):
            yield f"names {case.rule}: {found}"
        if not any(200 <= status < 300 for status in case.expect_status):
            yield f"expects {case.expect_status}"

    check_all(in_direction(name, REQUEST, EITHER), broken)


def faults(case: Case) -> Iterator[str]:
    """What jsonschema-rs has against a request, read from its bytes and parameters without the contract's own reader."""
    exchange, operation, schemas = sent(case), case.base.operation, case.base.provider.schemas
    sections = {"path": exchange.parameters, "query": exchange.queries, "header": exchange.request_headers}
    for parameter in operation.parameters:
        values = sections[parameter.location]
        text = values.get(parameter.name.lower() if parameter.location == "header" else parameter.name)
        if text is None:
            if parameter.required:
                yield f"{parameter.name} is missing"
        elif not holds(schemas.validator(parameter.pointer), typed(text, parameter.schema)):
            yield f"{parameter.name} breaks its schema"
    if not operation.bodies:
        return
    content_type = exchange.request_headers.get("content-type", "")
    media = operation.body(content_type or "application/json")
    if media is None:
        yield f"{content_type} is no content type of this operation"
    elif not exchange.request_body:
        if operation.body_required:
            yield "the body is missing"
    elif media.content_type == "multipart/form-data":
        document = case.base.provider.document
        schema = document.resolve(document.at(media.pointer))[0]
        value = form_value(multipart.read(exchange.request_body, content_type), schema, document)
        if not holds(schemas.validator(media.pointer), value):
            yield "the form breaks its schema"
    else:
        try:
            body = json.loads(exchange.request_body.decode("utf-8"), parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            yield f"the body is no JSON: {error}"
        else:
            if not holds(schemas.validator(media.pointer), body):
                yield "the body breaks its schema"


def holds(validator: Any, value: Any) -> bool:
    """Whether a validator takes a value; one that no JSON library keeps it does not."""
    try:
        return bool(validator.is_valid(value))
    except (ValueError, OverflowError):
        return False


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number")


@PROVIDERS
def test_payload__differs_from_a_valid_one_at_its_field_alone(name) -> None:
    """Whatever the change is, all the rest is as it was; what is no JSON is so at the body as a whole."""

    def broken(case: Case) -> Iterator[str]:
        if as_bytes_of(case.payload) == as_bytes_of(case.base.payload):
            yield "changes nothing"
        try:
            before, after = as_value(case, case.base.payload), as_value(case, case.payload)
        except ValueError:
            return
        places = set(differences(before, after))
        allowed = allowed_places(case)
        strays = {place for place in places if not any(place == each or place.startswith(f"{each}/") for each in allowed)}
        if strays:
            yield f"also changes {sorted(strays)[:3]}"

    check_all(catalogue(name).cases, broken)


def as_bytes_of(payload: Any) -> bytes:
    """What tells two payloads apart."""
    if isinstance(payload, Mapping) and isinstance(payload.get("body"), bytes):
        return json.dumps({**payload, "body": "bytes"}).encode() + payload["body"]
    return as_bytes(payload)


def as_value(case: Case, payload: Any) -> Any:
    """A payload as JSON; a request with all of its sections."""
    if case.direction == RESPONSE:
        return read(payload)
    sections = {"path": {}, "query": {}, "headers": {}, **payload}
    return {name: read(value) for name, value in sections.items()}


def allowed_places(case: Case) -> set[str]:
    """The field; its new name; the places of a combination, which is a change of the whole."""
    if isinstance(case.value, Mapping) and set(case.value) == {"$renamed"}:
        return {case.field, f"{case.field.rpartition('/')[0]}/{case.value['$renamed']}"}
    if isinstance(case.value, Mapping) and case.value and all(key[:1] == "/" for key in case.value):
        return set(case.value)
    return {case.field}


def differences(before: Any, after: Any, pointer: str = "") -> Iterator[str]:
    """The places at which two JSON values differ."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in {**before, **after}:
            below = f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"
            if key in before and key in after:
                yield from differences(before[key], after[key], below)
            else:
                yield below
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, pair in enumerate(zip(before, after, strict=True)):
            yield from differences(*pair, f"{pointer}/{index}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after) + 1:
        gone = (index for index in range(len(before)) if before[:index] + before[index + 1 :] == after)
        index = next(gone, None)
        yield pointer if index is None else f"{pointer}/{index}"
    elif repr(before) != repr(after):
        yield pointer


@PROVIDERS
def test_payload__is_that_of_one_case_alone(name) -> None:
    """No two cases of an operation and a direction are the same bytes; what another kind makes already says whose they are."""
    seen: dict[tuple[str, int, str, str | None, bytes], str] = {}
    for case in catalogue(name).cases:
        key = (case.operation, case.base.status, case.direction, case.content_type, as_bytes_of(case.payload))
        assert seen.setdefault(key, case.id) == case.id
    assert {twin.same_as for twin in catalogue(name).twins} <= set(seen.values())


@PROVIDERS
@pytest.mark.parametrize("step", [12, pytest.param(1, marks=pytest.mark.long("openapi-core takes a minute for all"))])
def test_second_validator__agrees(name, step: int) -> None:
    """openapi-core takes and refuses the same answers, but for the reviewed differences in `second_opinion`."""

    def broken(case: Case) -> Iterator[str]:
        yield from (f"{violation.pointer}: {violation.expected}" for violation in disagreements(sent(case)))

    chosen = {}
    for case in in_direction(name, RESPONSE):
        if parsed_of(case) is not None:
            # Where the same schemas speak of a field, the same change is found by the same keywords.
            nodes = next((place.nodes for place in case.base.places() if place.pointer == case.field), ())
            chosen.setdefault((case.kind, case.verdict, tuple(id(node) for node in nodes) or (case.operation, case.field)), case)
    assert check_all([*chosen.values()][::step], broken) > 0


def parsed_of(case: Case) -> Any:
    """The JSON value of an answer; None where it has none."""
    try:
        return parsed(as_bytes(case.payload).decode("utf-8"))
    except UnicodeDecodeError:
        return None
