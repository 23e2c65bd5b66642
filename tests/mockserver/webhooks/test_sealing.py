"""Deliveries as they are signed and encrypted: against fixed values, and opened by other means."""

from __future__ import annotations

import base64
import json

import pytest

from specimen import specs
from specimen.mockserver.errors import SettingError
from specimen.mockserver.webhooks.keys import EndpointKeys, id_from, new_rsa_key, public_part, rsa_key, secret_from
from specimen.mockserver.webhooks.sealing import NoEncryptionKey, seal, signature
from specimen.specs.core.json_pointer import at
from specimen.webhooks import verify

AT = 1_773_916_290_000


def test_signature__is_the_fixed_one():
    """RFC 2104 with SHA-256 over `t.body`; the value was made by OpenSSL."""
    found = signature("whsec_vector", b'{"id":"evt_1"}', 1773916290)
    assert found == "t=1773916290,v1=ad31cfbdfed9abba588ab6032680b33942ef40304d650591501da2e90edfd0f5"


@pytest.mark.parametrize("name", ["kyve", "kayle", "idnow"])
def test_seal__is_accepted_by_the_receiver(name):
    """What the mock seals, the receiver's own code opens; the two share nothing but the vendor's facts."""
    webhooks = specs.load(name).webhooks
    clear = {
        "kyve": {"id": "evt_1", "type": "verification.failed", "data": {"object": {"session_id": "ses_1"}}},
        "kayle": {"type": "verification.session.failed", "metadata": {"event_id": "evt_1"}, "data": {}},
        "idnow": {"iat": AT // 1000, "exp": AT // 1000 + 9, "data": {"eventId": "evt_1", "eventName": "session.error"}},
    }[name]
    own = new_rsa_key("key-1")
    keys = EndpointKeys("whsec_1", (("key-1", public_part(own)),), own)
    body, headers = seal(webhooks, keys, clear, sent_at=AT, event_id="evt_1", delivery_id="whd_1")
    assert headers["Content-Type"] == webhooks.content_type
    given = {
        "kyve": "whsec_1",
        "kayle": {"secret": "whsec_1", "private_key": own},
        "idnow": {"keys": [public_part(own)]},
    }[name]
    found = verify(name, headers, body, given, now=AT // 1000)
    assert found.body == clear
    assert (found.event_id, found.type) == ("evt_1", at(clear, webhooks.type_at))


def test_seal__a_jwe_is_opened_by_cryptography_itself():
    """RFC 7516, appendix B, step by step: RSA-OAEP-256 gives the content key, AES-GCM the cleartext."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from joserfc.jwk import RSAKey

    own = new_rsa_key("key-1")
    clear = {"type": "verification.session.expired", "metadata": {"event_id": "evt_1"}, "data": {}}
    keys = EndpointKeys("whsec_1", (("key-1", public_part(own)),))
    body, _ = seal(specs.load("kayle").webhooks, keys, clear, sent_at=AT, event_id="evt_1", delivery_id="whd_1")
    head, *parts = body.split(b".")
    wrapped, iv, text, tag = (base64.urlsafe_b64decode(part + b"==") for part in parts)
    assert json.loads(base64.urlsafe_b64decode(head + b"==")) == {"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": "key-1"}
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    content_key = RSAKey.import_key(own).private_key.decrypt(wrapped, oaep)
    assert json.loads(AESGCM(content_key).decrypt(iv, text + tag, head)) == clear


def test_seal__without_an_encryption_key_sends_nothing():
    """Kayle ID: an endpoint without an active key gets no payload."""
    with pytest.raises(NoEncryptionKey):
        seal(specs.load("kayle").webhooks, EndpointKeys("whsec_1"), {}, sent_at=AT, event_id="e", delivery_id="d")


def test_keys__ids_and_secrets_derive_from_their_key():
    """The same key gives the same, another one others; an id says nothing of the secret."""
    assert (id_from("1/default/kayle/webhook/1"), secret_from("1/default/kayle/webhook/1")) == (
        id_from("1/default/kayle/webhook/1"), secret_from("1/default/kayle/webhook/1"),
    )  # fmt: skip
    names = [f"{seed}/default/kayle/webhook/{number}" for seed in range(5) for number in range(10)]
    assert len({secret_from(name) for name in names}) == len({id_from(name) for name in names}) == 50
    raw = base64.urlsafe_b64decode(secret_from(names[0]).removeprefix("whsec_"))
    assert bytes.fromhex(id_from(names[0])) not in raw


def test_keys__weak_ones_are_refused():
    """An RSA key has 2048 bits or more."""
    with pytest.raises(SettingError, match=r"no public RSA key|bits"):
        rsa_key("AQAB", "AQAB")
