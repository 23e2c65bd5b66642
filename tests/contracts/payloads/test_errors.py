"""Answers other than successes: each documented error once, and what its bodies are, by a reader of JSON of the tests."""

from __future__ import annotations

import json

import pytest

from specimen import specs
from specimen.contracts.payloads import Case, cases
from specimen.contracts.payloads.families import errors
from specimen.contracts.payloads.model.case_types import ACCEPT, EITHER, REJECT
from specimen.specs.core.json_pointer import at
from tests.contracts.payloads.catalogues import catalogue
from tests.contracts.payloads.json_text import is_json

NAMES = specs.names()
# The page, Errors, "Session not found (200)": an error with the status of a success.
NOT_FOUND = {"status": "error", "message": "session not found"}


def of_errors(name: str) -> list[Case]:
    """A provider's cases of this family."""
    return [case for case in catalogue(name).cases if case.kind.startswith("errors.")]


def test_kinds__each_is_somewhere() -> None:
    """No kind is dead."""
    assert {case.kind for name in NAMES for case in of_errors(name)} == {kind.id for kind in errors.KINDS}


@pytest.mark.parametrize("name", [name for name in NAMES if specs.load(name).is_builtin])
def test_errors__every_documented_one_is_there_under_its_status(name: str) -> None:
    """An error that operations share is shown once; its ids say the status."""
    document, shown = specs.load(name).document, {case.base.pointer for case in of_errors(name)}
    for operation in (one for one in document.operations.values() if one.part is None):
        for status, response in operation.responses.items():
            media = response.content("application/json")
            if status >= "400" and media is not None and media.examples:
                assert media.pointer in shown, (operation.id, status)
    for case in of_errors(name):
        assert case.expect_status == (case.base.status,)
        assert case.base.status >= 400 or case.base.payload == NOT_FOUND
        assert case.id.partition(":")[2].startswith(str(case.base.status))
        assert case.state is None


def test_errors__one_with_the_status_of_a_success() -> None:
    """It is broken like any other error, and refused; what breaks its message has the bytes of another error's case."""
    found = [case for case in of_errors("neurovision") if case.base.payload == NOT_FOUND]
    assert {case.kind for case in found if case.field == ""} == {"errors.cut_off", "errors.problem_details"}
    assert {case.field for case in found} == {"", "/status"}
    assert {(case.verdict, case.expect_status) for case in found} == {(REJECT, (200,))}


def test_bodies__are_what_their_kinds_say() -> None:
    """HTML, nothing, a text, half of the error, another envelope; of a member: gone, null, another type, one more."""
    for case in (case for name in NAMES for case in of_errors(name)):
        kind, payload, valid = case.kind.removeprefix("errors."), case.payload, case.base.payload
        if kind in ("html_page", "no_byte", "text_alone", "cut_off"):
            assert isinstance(payload, bytes)
            whole = json.dumps(valid, ensure_ascii=False).encode()
            assert {
                "html_page": payload.startswith(b"<!doctype html>"),
                "no_byte": payload == b"",
                "text_alone": is_json(payload) and isinstance(json.loads(payload), str),
                "cut_off": whole.startswith(payload) and 0 < len(payload) < len(whole),
            }[kind]
        elif kind == "problem_details":
            assert payload["status"] == case.base.status
        elif kind == "missing":
            name = case.field.rpartition("/")[2]
            assert name in at(valid, case.field.rpartition("/")[0])
            assert name not in at(payload, case.field.rpartition("/")[0])
        elif kind == "null":
            assert at(valid, case.field) is not None
            assert at(payload, case.field) is None
        elif kind == "unknown_member":
            assert {**at(valid, case.field), "specimen_unknown": "specimen"} == at(payload, case.field)
        else:
            assert type(at(valid, case.field)) is not type(at(payload, case.field))


def test_verdicts__html_is_refused_and_more_members_are_not() -> None:
    """Where JSON is documented HTML is none, whatever the status; a member more breaks nobody's contract."""
    for case in (case for name in NAMES for case in of_errors(name)):
        if case.kind in ("errors.html_page", "errors.cut_off"):
            assert (case.verdict, case.rule) == (REJECT, "GEN-004"), case.id
        if case.kind == "errors.unknown_member":
            assert case.verdict in (ACCEPT, EITHER), case.id


def test_errors__are_no_sessions() -> None:
    """Who asks for a state's answers gets none of them."""
    assert list(cases("kayle", status="failed", kinds=["errors"], direction="response")) == []
