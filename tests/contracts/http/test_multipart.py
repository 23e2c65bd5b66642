"""A multipart form is held to its schema like a JSON body, and broken like one."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from specimen import specs
from specimen.contracts.anonymize.anonymizer import Anonymizer
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.multipart import form
from specimen.contracts.judge.validation.request_validation import RequestError, request_errors
from specimen.contracts.requests.mutations import mutations
from specimen.contracts.requests.request_templates import BOUNDARY, minimal_request, multipart
from specimen.mockserver.http.request_body import RequestRejected, parse_multipart

TYPE = "multipart/form-data; boundary=specimen-7d3a9f"
IMAGE = {"name": "images", "filename": "a.png", "base64": "iVBORw0KGgo="}


def uploaded(*parts: dict[str, str], content_type: str = TYPE) -> Exchange:
    """A form sent to neurovision, and taken."""
    return Exchange(
        provider=specs.load("neurovision"), method="POST", path="/kyc/process", query="",
        request_headers={"content-type": content_type, "token": "x"}, request_body=multipart(parts), status=200,
        response_headers={}, response_body=b"", at=0,
    )  # fmt: skip


def test_parts__are_read_in_their_order() -> None:
    """Names repeat; a file is not read as text."""
    body = multipart((IMAGE, {"name": "mode", "value": "sync"}, IMAGE))
    found = form(TYPE, body)
    assert found is not None
    assert [(part.name, part.filename) for part in found.parts] == [("images", "a.png"), ("mode", None), ("images", "a.png")]
    assert found.error == ""
    assert form("multipart/form-data", body) is None
    assert form(TYPE, b"\xff\x00 no form") is None


# As the document writes a UUID of version 1.
VERSION_1 = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-1[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$"


@pytest.mark.parametrize(
    ("parts", "faults"),
    [
        ((IMAGE,), []),
        ((IMAGE, IMAGE, {"name": "ocr", "value": "False"}, {"name": "more", "value": "1"}), []),
        ((IMAGE, {"name": "mode", "value": "later"}), [("/mode breaks 'enum' (one of 'sync', 'async')", True)]),
        (
            (IMAGE, {"name": "clientKey", "value": "k" * 37}),
            [("/clientKey breaks 'maxLength' (a string of at most 36 characters)", False)],
        ),
        (
            (IMAGE, {"name": "sessionId", "value": "x"}),
            [(f"/sessionId breaks 'pattern' (a string that matches {VERSION_1})", False)],
        ),
        (({"name": "mode", "value": "sync"},), [("the body breaks 'required' (the field 'images')", False)]),
    ],
)
def test_request_errors__of_a_form(parts, faults) -> None:
    """Each field as text of its type; what only we forbid is assumed."""
    assert [tuple(fault) for fault in request_errors(uploaded(*parts))] == faults


def test_request_errors__of_what_cannot_be_read() -> None:
    """A recording may hold the size of a form only, and a client another boundary: nothing is known of its parts."""
    assert request_errors(uploaded(content_type="multipart/form-data; boundary=other")) == []


def test_request_errors__of_a_form_without_an_end() -> None:
    """Its parts are not taken for a whole form, by the judge and by the mock alike, and it is recorded as broken as it was."""
    whole = uploaded(IMAGE, {"name": "clientKey", "value": "k" * 37})
    sent = replace(whole, request_body=whole.request_body.removesuffix(f"--{BOUNDARY}--\r\n".encode()))
    fault = RequestError("the body is not multipart/form-data: the boundary that closes it is missing", True)
    assert request_errors(sent) == [fault]
    recorded = Anonymizer(sent.provider, b"secret").exchange(sent)
    assert request_errors(recorded) == [fault]
    assert b"kkk" not in recorded.request_body
    with pytest.raises(RequestRejected) as refused:
        parse_multipart(sent.request_body, TYPE)
    assert refused.value.problem.detail == fault.sentence


def test_mutations__break_each_part_of_a_form() -> None:
    """One thing each, and all of them are invalid."""
    provider = specs.load("neurovision")
    base = minimal_request(provider, "processImages")
    assert base is not None
    found = [entry for entry in mutations(provider, base) if entry.place.startswith("part ")]
    counted = Counter(entry.place for entry in found)
    assert set(counted) == {f"part {name}" for name in ("images", "sessionId", "schemaId", "clientKey", "mode", "ocr", "token")}
    assert not request_errors(uploaded(*base.parts))
    for entry in found:
        assert len(request_errors(uploaded(*entry.request.parts))) == 1, entry
