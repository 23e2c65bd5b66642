"""What a receiver accepts and refuses, on deliveries that other libraries have made."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specimen.specs import SpecimenError
from specimen.specs.core.extras import MissingExtra
from specimen.webhooks import (
    InvalidBody,
    MalformedSignature,
    MissingHeader,
    OutsideTolerance,
    Replayed,
    Undecryptable,
    UnknownKey,
    WebhookError,
    WrongAlgorithm,
    WrongSignature,
    verify,
)
from tests.contracts.webhooks.receivers import forger, receiver_keys
from tests.contracts.webhooks.vectors import DELIVERIES, KAYLE_KEYS, SECRET, SENT_AT, VECTORS

TYPES = {"kyve": "verification.completed", "kayle": "verification.session.expired", "idnow": "session.completed"}


def _b64(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _kyve(body: bytes, secret: str = SECRET, at: int = SENT_AT) -> dict[str, str]:
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {"kyc-signature": f"t={at},v1={digest}"}


def _kayle(body: bytes) -> dict[str, str]:
    return {"x-kayle-signature": _kyve(body)["kyc-signature"]}


@pytest.mark.parametrize("name", DELIVERIES)
def test_verify__accepts_independent_vectors(name):
    """What another library signed or encrypted is accepted, and says its type and its event."""
    headers, body, key = DELIVERIES[name]()
    found = verify(name, headers, body, key, now=SENT_AT + 5)
    assert (found.type, found.event_id, found.sent_at) == (TYPES[name], "evt_vector", SENT_AT)


@pytest.mark.parametrize("name", DELIVERIES)
@pytest.mark.parametrize(("seconds", "is_accepted"), [(-301, False), (-300, True), (299, True), (301, False)])
def test_verify__tolerates_300_seconds(name, seconds, is_accepted):
    """A genuine delivery is refused when the clocks differ by more than the vendor allows, in either direction."""
    headers, body, key = DELIVERIES[name]()
    if is_accepted:
        verify(name, headers, body, key, now=SENT_AT + seconds)
    else:
        with pytest.raises(OutsideTolerance, match="future" if seconds < 0 else "ago") as caught:
            verify(name, headers, body, key, now=SENT_AT + seconds)
        assert caught.value.seconds * seconds > 0


@pytest.mark.parametrize("name", DELIVERIES)
def test_verify__refuses_a_replay(name):
    """With the ids that came before, an event is accepted once."""
    headers, body, key = DELIVERIES[name]()
    seen: set[str] = set()
    verify(name, headers, body, key, now=SENT_AT, seen=seen)
    assert seen == {"evt_vector"}
    with pytest.raises(Replayed, match="evt_vector"):
        verify(name, headers, body, key, now=SENT_AT, seen=seen)


@pytest.mark.parametrize("name", DELIVERIES)
@given(data=st.data())
def test_verify__no_changed_byte_passes(name, data):
    """Whichever byte of a body is changed, and to whatever, the delivery is refused, by an error of ours."""
    headers, body, key = DELIVERIES[name]()
    at = data.draw(st.integers(0, len(body) - 1))
    new = data.draw(st.integers(0, 255).filter(lambda value: value != body[at]))
    changed = body[:at] + bytes([new]) + body[at + 1 :]
    if name == "idnow" and _same_token(body, changed):
        return
    with pytest.raises(WebhookError):
        verify(name, headers, changed, key, now=SENT_AT)


def _same_token(one: bytes, other: bytes) -> bool:
    """Whether two tokens differ in bits of the last letter that base64url leaves unused only."""
    if one[:-1] != other[:-1]:
        return False
    try:
        last = [base64.urlsafe_b64decode(token.rpartition(b".")[2] + b"==") for token in (one, other)]
    except binascii.Error:  # the other one ends in no letter of base64url
        return False
    return last[0] == last[1]


@given(st.text(max_size=200))
def test_verify__any_header_is_refused_by_an_error_of_ours(value):
    """No header crashes a receiver."""
    with pytest.raises((MalformedSignature, MissingHeader, WrongSignature)):
        verify("kyve", {"KYC-Signature": value}, b"{}", SECRET, now=SENT_AT)


@pytest.mark.parametrize(
    ("headers", "error", "words"),
    [
        ({}, MissingHeader, "KYC-Signature is missing"),
        ({"KYC-Signature": f"v1={'0' * 64}"}, MalformedSignature, "no `t`"),
        ({"KYC-Signature": f"t={SENT_AT}"}, MalformedSignature, "no `v1`"),
        ({"KYC-Signature": f"t=now,v1={'0' * 64}"}, MalformedSignature, "numeric"),
        ({"KYC-Signature": f"t={SENT_AT},t=1,v1={'0' * 64}"}, MalformedSignature, "single"),
        ({"KYC-Signature": f"t={SENT_AT},v1={'0' * 64}"}, WrongSignature, "another secret"),
    ],
)
def test_verify__says_what_is_wrong_with_a_signature(headers, error, words):
    """Each fault has its own error and sentence, in which the secret does not stand."""
    with pytest.raises(error, match=words) as caught:
        verify("kyve", headers, b"{}", SECRET, now=SENT_AT)
    assert SECRET not in str(caught.value)


def test_verify__takes_several_secrets_while_one_is_rotated():
    """Old and new secret are accepted, an empty one never."""
    headers, body, _ = DELIVERIES["kyve"]()
    verify("kyve", headers, body, ["whsec_new", SECRET], now=SENT_AT)
    with pytest.raises(SpecimenError, match="secret is missing"):
        verify("kyve", headers, body, "", now=SENT_AT)


@pytest.mark.parametrize("body", [b"", b"[]", b"not json", b'{"type": 3}', b"\xff", b"[" * 100_000])
def test_verify__refuses_signed_bodies_that_are_no_event(body):
    """A genuine signature over something else is still no event."""
    with pytest.raises(InvalidBody):
        verify("kyve", _kyve(body), body, SECRET, now=SENT_AT)


def test_verify__refuses_another_jwe_algorithm():
    """The header's algorithms are the vendor's, without compression."""
    _, _, *rest = VECTORS["jwe"].split(".")
    for header, words in (
        ({"alg": "RSA1_5", "enc": "A256GCM"}, "RSA1_5"),
        ({"alg": "dir", "enc": "A256GCM"}, "dir"),
        ({"alg": "RSA-OAEP-256", "enc": "A128CBC-HS256"}, "A128CBC-HS256"),
        ({"alg": "RSA-OAEP-256", "enc": "A256GCM", "zip": "DEF"}, "compression"),
    ):
        body = ".".join([_b64(header), "AAAA", *rest]).encode()
        with pytest.raises(WrongAlgorithm, match=words):
            verify("kayle", _kayle(body), body, KAYLE_KEYS, now=SENT_AT)


def test_verify__names_the_key_that_is_missing():
    """A JWE for a key that was rotated away is refused with its id."""
    headers, body, _ = DELIVERIES["kayle"]()
    other = {**VECTORS["private_key"], "kid": "newer"}
    with pytest.raises(UnknownKey, match=r"'vector-key'.*newer.*rotated"):
        verify("kayle", headers, body, {"secret": SECRET, "private_key": other}, now=SENT_AT)
    with pytest.raises(SpecimenError, match="encrypted"):
        verify("kayle", headers, body, SECRET, now=SENT_AT)


def test_verify__refuses_a_jwe_for_another_key():
    """The right key id with another key opens nothing."""
    from joserfc.jwk import RSAKey

    headers, body, _ = DELIVERIES["kayle"]()
    other = {**RSAKey.generate_key(2048).as_dict(private=True), "kid": "vector-key"}
    with pytest.raises(Undecryptable, match="vector-key"):
        verify("kayle", headers, body, {"secret": SECRET, "private_key": other}, now=SENT_AT)


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "RS512", None])
def test_verify__refuses_another_token_algorithm(algorithm):
    """Neither `none` nor an HMAC by the public key passes (RFC 8725, section 2.1)."""
    _, claims, _ = VECTORS["jwt"].split(".")
    head = _b64({"typ": "JWT", "alg": algorithm, "kid": "idnow-vector"})
    key = json.dumps(VECTORS["jwks"]["keys"][0]).encode()
    mac = hmac.new(key, f"{head}.{claims}".encode(), hashlib.sha256).digest()
    for signature in ("", base64.urlsafe_b64encode(mac).rstrip(b"=").decode()):
        with pytest.raises(WrongAlgorithm, match="RS256"):
            verify("idnow", {}, f"{head}.{claims}.{signature}".encode(), VECTORS["jwks"], now=SENT_AT)


@pytest.mark.parametrize("name", ["jku", "jwk", "x5u", "x5c"])
def test_verify__ignores_keys_that_a_token_names(name):
    """A token that brings its own key, or the address of one, is refused."""
    from joserfc import jws
    from joserfc.jwk import RSAKey

    own = RSAKey.generate_key(2048)
    value = {"jwk": own.as_dict(private=False), "x5c": ["MIIB"]}.get(name, "https://attacker.example/jwks.json")
    header = {"alg": "RS256", "kid": "idnow-vector", name: value}
    registry = jws.JWSRegistry(algorithms=["RS256"])
    token = jws.serialize_compact(header, b'{"iat": 1773916290}', own, registry=registry)
    with pytest.raises(UnknownKey, match=f"`{name}`"):
        verify("idnow", {}, token.encode(), VECTORS["jwks"], now=SENT_AT)


def test_verify__refuses_a_token_of_an_unknown_key():
    """A key id that the key set does not have is named; the set's other keys are not tried."""
    headers, body, _ = DELIVERIES["idnow"]()
    key = {**VECTORS["jwks"]["keys"][0], "kid": "another"}
    with pytest.raises(UnknownKey, match="another"):
        verify("idnow", headers, body, {"keys": [key]}, now=SENT_AT)


NO_TIMES = ["NaN", "Infinity", "-Infinity", "1e400", "1e300", f"1{'0' * 400}", f"-1{'0' * 400}", "true", '"now"']


@pytest.mark.parametrize("value", NO_TIMES, ids=lambda text: text[:9])
@pytest.mark.parametrize("name", ["iat", "exp"])
def test_verify__refuses_a_genuine_token_whose_times_are_none(name, value):
    """Signed by the vendor's key: what Python reads as a number and no clock shows is refused by an error of ours."""
    made = forger("idnow")
    times = {"iat": str(made.now), "exp": str(made.now + 300)} | {name: value}
    content = ("{" + ",".join(f'"{key}":{text}' for key, text in times.items()) + "}").encode()
    body = made.token(content, sent_at=made.now, keys=made.keys, is_timed=False)
    with pytest.raises(InvalidBody, match=f"`{name}`"):
        verify("idnow", {}, body, receiver_keys("idnow"), now=made.now)


@pytest.mark.parametrize("name", ["kyve", "kayle", "idnow"])
def test_verify__takes_large_deliveries(name):
    """A body of 300 kB, more than the library opens by itself."""
    made = forger(name)
    sent = made.sealed({**made.event("large"), "padding": "x" * 300_000})
    assert verify(name, sent.headers, sent.body, receiver_keys(name), now=made.now).body["padding"]


def test_verify__names_the_providers_that_send():
    """A provider without webhooks is an error that names the others."""
    with pytest.raises(SpecimenError, match="idnow, kayle, kyve"):
        verify("predicate", {}, b"", "secret")


def test_verify__without_the_extra_says_how_to_install_it(monkeypatch):
    """JWE and JWT need joserfc; an HMAC does not."""
    import sys

    for name in [name for name in sys.modules if name.partition(".")[0] == "joserfc"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "joserfc", None)
    headers, body, key = DELIVERIES["kyve"]()
    verify("kyve", headers, body, key, now=SENT_AT)
    for name in ("kayle", "idnow"):
        headers, body, key = DELIVERIES[name]()
        with pytest.raises(MissingExtra, match=r"pip install 'specimen-kyc\[webhooks\]'"):
            verify(name, headers, body, key, now=SENT_AT)
