"""The keys that deliveries are made with: a JWK or a PEM text, and a sentence for all else."""

from __future__ import annotations

import base64
import json

import pytest
from joserfc.jwk import ECKey, RSAKey
from typer.testing import CliRunner

from specimen import specs
from specimen.cli import app
from specimen.contracts.webhooks.forging import Forger, SenderKeys
from specimen.contracts.webhooks.verification import verify
from tests.contracts.webhooks.receivers import RECEIVERS_KEY, SECRET, SENDERS_KEY, forger, receiver_keys

NOBODY = "http://127.0.0.1:9/"
PUBLIC = ("kty", "n", "e", "kid")


def _pem(jwk, *, private):
    return RSAKey.import_key(jwk).as_pem(private=private).decode()


# A modulus of 1,024 bits, by which nothing is ever opened.
SHORT = {"kty": "RSA", "n": base64.urlsafe_b64encode(b"\xff" * 128).rstrip(b"=").decode(), "e": "AQAB"}
USABLE = {
    "PEM private_key": ("kayle", {"private_key": _pem(RECEIVERS_KEY, private=True)}),
    "PEM public_key": ("kayle", {"public_key": _pem(RECEIVERS_KEY, private=False)}),
    "JWK public_key": ("kayle", {"public_key": {part: RECEIVERS_KEY[part] for part in PUBLIC}}),
    "JWK without an id": ("kayle", {"public_key": {part: RECEIVERS_KEY[part] for part in PUBLIC[:3]}}),
    "several private_keys": ("kayle", {"private_key": [RECEIVERS_KEY, SENDERS_KEY]}),
    "PEM token_key": ("idnow", {"token_key": _pem(SENDERS_KEY, private=True)}),
    "JWK token_key": ("idnow", {"token_key": SENDERS_KEY}),
}
UNUSABLE = {
    "public_key without n": ("kayle", {"public_key": {"kty": "RSA", "e": "AQAB"}}, "`public_key` is no RSA key"),
    "public_key of words": ("kayle", {"public_key": "my key"}, "`public_key` is no RSA key"),
    "public_key of another kind": ("kayle", {"public_key": ECKey.generate_key("P-256").as_pem(private=False).decode()}, "no RSA"),
    "a short public_key": ("kayle", {"public_key": SHORT}, "`public_key` has 1024 bits"),
    "token_key of words": ("idnow", {"token_key": "my key"}, "`token_key` is no RSA key"),
    "a number as token_key": ("idnow", {"token_key": 7}, "`token_key` is no RSA key"),
    "public token_key": ("idnow", {"token_key": {part: SENDERS_KEY[part] for part in PUBLIC}}, "`token_key` has no private part"),
    "PEM public token_key": ("idnow", {"token_key": _pem(SENDERS_KEY, private=False)}, "`token_key` has no private part"),
}


def _attack(tmp_path, name, keys):
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"secret": SECRET, **keys}), encoding="utf-8")
    return CliRunner().invoke(app, ["webhooks", "attack", name, "--url", NOBODY, "--keys", str(file)])


@pytest.mark.parametrize("case", USABLE)
def test_attack__takes_keys_as_verify_does(case, tmp_path):
    """A PEM text, a JWK, the first of several: it goes on to the receiver, whom nobody runs."""
    done = _attack(tmp_path, *USABLE[case])
    assert done.exit_code == 3, done.output


@pytest.mark.parametrize("case", UNUSABLE)
def test_attack__says_which_key_is_unusable(case, tmp_path):
    """One sentence and exit code 2."""
    name, keys, words = UNUSABLE[case]
    done = _attack(tmp_path, name, keys)
    assert done.exit_code == 2, done.output
    assert words in done.output


@pytest.mark.parametrize("name", ["kayle", "idnow"])
def test_checked__makes_genuine_deliveries_of_pem_texts(name):
    """What is made with a PEM text is accepted by who has the key, and names no key id."""
    keys = SenderKeys(SECRET, _pem(RECEIVERS_KEY, private=False), _pem(SENDERS_KEY, private=True))
    provider = specs.load(name)
    made = Forger(provider, provider.webhooks, keys.checked(provider.webhooks), forger(name).now)
    whole = made.sealed(made.event("pem"))
    assert verify(name, whole.headers, whole.body, receiver_keys(name), now=made.now).provider == name
