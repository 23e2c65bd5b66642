"""Weak receivers for the attacks, each with one flaw in how it reads a JWT or a JWE (RFC 8725)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable

import httpx
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwe, jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from tests.contracts.webhooks.receivers import RECEIVERS_KEY, SENDERS_KEY, Answer, right

SPKI, PKCS1 = PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1


def believes_the_header(name: str) -> Answer:
    """Takes the algorithm of a token from its header (RFC 8725, section 2.1)."""
    ok = right(name)

    def answer(request: httpx.Request) -> int:
        head, *_ = request.content.split(b".")
        none = base64.urlsafe_b64encode(b'{"typ": "JWT", "kid": "sender", "alg": "none"}').rstrip(b"=")
        return 200 if head == none else ok(request)

    return answer


def _b64(text: bytes) -> bytes:
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


def _header(request: httpx.Request) -> dict:
    try:
        found = json.loads(_b64(request.content.partition(b".")[0]))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def takes_hmac_by(key: Callable[[], bytes]) -> Callable[[str], Answer]:
    """A receiver that verifies by the algorithm that a token names, with the text of its public key."""

    def make(name: str) -> Answer:
        ok = right(name)

        def answer(request: httpx.Request) -> int:
            if _header(request).get("alg") != "HS256":
                return ok(request)
            signed, _, signature = request.content.rpartition(b".")
            return 200 if hmac.compare_digest(hmac.new(key(), signed, hashlib.sha256).digest(), _b64(signature)) else 400

        return answer

    return make


def public_pem(form: PublicFormat) -> bytes:
    """The sender's public key as a PEM text."""
    return RSAKey.import_key({part: SENDERS_KEY[part] for part in ("kty", "n", "e")}).raw_value.public_bytes(Encoding.PEM, form)


def public_jwk() -> bytes:
    """The sender's public key as the text of a JWK."""
    return json.dumps({part: SENDERS_KEY[part] for part in ("kty", "n", "e", "kid")}).encode()


def follows(header: str) -> Callable[[str], Answer]:
    """A receiver that verifies with the key that a token brings (`jwk`), or with those at the address that it names (`jku`)."""

    def make(name: str) -> Answer:
        ok = right(name)

        def answer(request: httpx.Request) -> int:
            found = _header(request).get(header)
            if found is None:
                return ok(request)
            keys = found if header == "jwk" else httpx.get(found, trust_env=False, timeout=5).json()["keys"][0]
            try:
                registry = jws.JWSRegistry(algorithms=["RS256"], strict_check_header=False)
                registry.max_header_length = 4096
                jws.deserialize_compact(request.content, RSAKey.import_key(keys), registry=registry)
            except JoseError:
                return 400
            return 200

        return answer

    return make


def takes_sha_1(name: str) -> Answer:
    """Opens what was encrypted by RSA-OAEP with SHA-1 too."""
    ok = right(name)

    def answer(request: httpx.Request) -> int:
        if _header(request).get("alg") != "RSA-OAEP":
            return ok(request)
        jwe.decrypt_compact(request.content, RSAKey.import_key(RECEIVERS_KEY), algorithms=["RSA-OAEP", "A256GCM"])
        return 200

    return answer
