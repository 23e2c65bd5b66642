"""Guessed credentials, ids and tokens are unknown to a service, and have the form of known ones."""

from __future__ import annotations

import base64
import json
import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specimen import specs
from specimen.contracts.client.transport import Transport
from specimen.contracts.http.credentials import of_lifecycle
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.unknown_values import WRONG_CREDENTIALS, of_same_form, one_character_changed
from specimen.contracts.verify.drivers.driver import PreferDriver
from specimen.contracts.verify.lifecycle_tests.steps import SMOKE_REQUESTS, Walk
from specimen.fixtures.primitives import ids
from tests.contracts.full_walks import full_walk
from tests.contracts.servers import place

NAMES = specs.names()
# Each provider's credentials and ids, as the mock issues them, and tokens of other forms.
KNOWN = {
    **{f"{name} credential {key}": text for name in NAMES for key, text in of_lifecycle(specs.load(name)).items()},
    **{f"{name} {key}": ids.make(form, "known", 1_800_000_000_000)
       for name in NAMES for key, form in specs.load(name).lifecycle.ids.items()},
    "an older cancel token": "ct_2f9c41d07be8",
    "a key of capitals": "Bearer SK-LIVE-0A9F",
}  # fmt: skip


def kinds(text: str) -> str:
    """The text with each character's kind in its place."""
    return re.sub("[A-Z]", "A", re.sub("[a-z]", "a", re.sub("[0-9]", "0", text)))


@pytest.mark.parametrize("case", KNOWN)
def test_unknown_values__have_the_form_of_the_known_one(case: str) -> None:
    """Same length, prefix, separators and kinds of characters; the one has one other character, the other one several."""
    known = KNOWN[case]
    for other in (of_same_form(known), one_character_changed(known)):
        assert other != known
        assert len(other) == len(known)
        assert [c for c in other if not c.isalnum()] == [c for c in known if not c.isalnum()]
        if re.fullmatch("[0-9a-f-]{36}", known):
            assert (UUID(other).version, UUID(other).variant) == (UUID(known).version, UUID(known).variant)
        else:
            assert kinds(other) == kinds(known)
    assert sum(a != b for a, b in zip(one_character_changed(known), known, strict=True)) == 1
    assert sum(a != b for a, b in zip(of_same_form(known), known, strict=True)) > 1
    prefix = re.match(r"(?:Bearer )?(?:[a-z]+_)*", known)
    assert prefix is not None
    assert of_same_form(known).startswith(prefix.group())


def test_unknown_values__of_a_jwt_change_its_signature() -> None:
    """Head and claims stay, and the signature is other bytes, not other bits that no reader looks at."""
    known = of_lifecycle(specs.load("neurovision"))["token"]
    for other in (of_same_form(known), one_character_changed(known)):
        assert other.rpartition(".")[0] == known.rpartition(".")[0]
        signature, before = (base64.urlsafe_b64decode(text.rpartition(".")[2] + "==") for text in (other, known))
        assert signature != before


def test_wrong_credentials__are_each_one_change_away() -> None:
    """Another scheme, none, other capitals and a character more; a number in hexadecimal digits has no other capitals.

    A JWT without its signature says so in its head.
    """
    wrong = {kind: other("Bearer Ab_c1") for kind, other in WRONG_CREDENTIALS.items()}
    assert wrong["longer"] == "Bearer Ab_c10"
    assert wrong["scheme"] == "Basic Ab_c1"
    assert wrong["capitals"] == "Bearer aB_C1"
    assert wrong["bare"] == "Ab_c1"
    plain = {kind: other("5bec1e40-c6b1-11f0-8de9-0242ac120002") for kind, other in WRONG_CREDENTIALS.items()}
    assert {kind for kind, value in plain.items() if value is None} == {"scheme", "capitals", "bare", "unsigned"}
    unsigned = str(WRONG_CREDENTIALS["unsigned"]("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmVk"))
    assert json.loads(base64.urlsafe_b64decode(unsigned.partition(".")[0] + "=="))["alg"] == "none"
    assert unsigned.endswith(".eyJzdWIiOiIxIn0.")


@given(st.text(max_size=60))
def test_unknown_values__are_never_the_known_one(known: str) -> None:
    """Of any text that a service may issue, one character changed is another one; they depend on nothing else."""
    assert one_character_changed(known) != known
    assert one_character_changed(known) == one_character_changed(known)
    assert of_same_form(known) != known


def walked(name: str, most: int | None) -> list[Exchange]:
    """The exchanges of a walk, without those that asked the mock for an answer."""
    seen: list[object] = []
    if most is None:
        seen += full_walk(name)
    else:
        with place(name) as there:
            sender = Transport(there.url, name, headers=there.auth, seen=seen.append)
            for step in Walk(sender, PreferDriver(sender), most=most).steps():
                step.run()
            sender.close()
    return [one for one in seen if isinstance(one, Exchange) and not one.has_preference]


@pytest.mark.parametrize("most", [SMOKE_REQUESTS, None], ids=["smoke", "ci"])
@pytest.mark.parametrize("name", NAMES)
def test_walk__reaches_every_documented_401_and_404(name: str, most: int | None) -> None:
    """By requests that a service refuses by itself; there is no documented 401 or 404 that cannot be reached."""
    seen = walked(name, most)
    reached = {(exchange.operation.id, str(exchange.status)) for exchange in seen if exchange.operation is not None}
    main = [one for one in specs.load(name).document.operations.values() if one.part is None]
    listed = {(one.id, status) for one in main for status in one.responses}
    documented = {pair for pair in listed if pair[1] in ("401", "404")}
    assert documented
    assert documented - reached == set()


@pytest.mark.parametrize("name", NAMES)
def test_walk__sends_both_kinds_of_unknown_values(name: str) -> None:
    """Each secured operation gets no credential, and every wrong form that the good one has."""
    seen = walked(name, None)
    with_one = {name.lower() for name in of_lifecycle(specs.load(name))}
    good = {key.lower(): value for key, value in of_lifecycle(specs.load(name)).items()}
    for operation in specs.load(name).document.operations.values():
        if operation.security:
            shown = [one.request_headers for one in seen if one.operation is operation and "credentials" in one.intent]
            values = {headers.get(key) for headers in shown for key in with_one}
            wrong = {other(value) for other in WRONG_CREDENTIALS.values() for value in good.values()}
            assert wrong - {None} <= values
            assert None in values


def test_walk__reaches_the_cancel_token_itself() -> None:
    """kayle: wrong tokens of the known form and a changed one are 401 at a session that is there; an unknown session is 404."""
    seen = [one for one in walked("kayle", None) if one.operation is not None and one.operation.id == "cancelByToken"]
    refused = [one for one in seen if one.status == 401]
    lengths = {len(one.request_json["cancel_token"]) for one in refused}
    assert lengths == {specs.load("kayle").lifecycle.ids["cancel_token"].length}
    assert len({one.request_json["cancel_token"] for one in refused}) > 1
    assert any(one.status == 404 for one in seen)
