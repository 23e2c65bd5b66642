"""Encrypts and signs a delivery as its vendor does."""

from __future__ import annotations

import hmac
import json
from functools import lru_cache
from typing import Any

from specimen.mockserver.webhooks.keys import EndpointKeys, rsa_key
from specimen.specs.core.extras import needs
from specimen.specs.core.json_pointer import at
from specimen.specs.loading.webhooks import Encryption, Token, Webhooks


class NoEncryptionKey(Exception):
    """The endpoint has no active key to encrypt for."""


def seal(
    webhooks: Webhooks, keys: EndpointKeys, cleartext: Any, *, sent_at: int, event_id: str, delivery_id: str
) -> tuple[bytes, dict[str, str]]:
    """The body and the headers of a delivery that is sent at `sent_at` (milliseconds since the epoch).

    `cleartext` is the JSON value that the recipe has built.

    Raises:
        NoEncryptionKey: the vendor encrypts, and the endpoint has no key.
        MissingExtra: the vendor encrypts or sends tokens, and the extra `webhooks` is not installed.
    """
    if webhooks.token is not None:
        body = signed_token(webhooks.token, keys, cleartext)
    else:
        body = json.dumps(cleartext, ensure_ascii=False, separators=(",", ":")).encode()
    if webhooks.encryption is not None:
        body = encrypted(webhooks.encryption, keys, body)
    names = {"event_id": event_id, "delivery_id": delivery_id, "type": at(cleartext, webhooks.type_at)}
    headers = {"Content-Type": webhooks.content_type}
    headers.update((name, value.format_map(names)) for name, value in webhooks.headers.items())
    if webhooks.signature is not None:
        headers[webhooks.signature.header] = signature(keys.secret, body, sent_at // 1000)
    return body, headers


def signature(secret: str, body: bytes, seconds: int) -> str:
    """`t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`, by the whole secret as it is shown.

    Source: kyve.dev Webhooks, Verifying the signature; Kayle ID documentation, Webhooks.
    """
    digest = hmac.new(secret.encode(), b"%d.%b" % (seconds, body), "sha256").hexdigest()
    return f"t={seconds},v1={digest}"


def encrypted(encryption: Encryption, keys: EndpointKeys, body: bytes) -> bytes:
    """A compact JWE (RFC 7516, section 7.1) for the newest of the endpoint's keys."""
    if not keys.encryption_keys:
        raise NoEncryptionKey
    key_id, jwk = keys.encryption_keys[-1]
    key = rsa_key(jwk["n"], jwk["e"])
    with needs("webhooks", "encrypting webhooks"):
        from joserfc import jwe  # noqa: PLC0415 - comes with the extra

    algorithms = [encryption.algorithm, encryption.content_encryption]
    header = {"alg": encryption.algorithm, "enc": encryption.content_encryption, "kid": key_id}
    return jwe.encrypt_compact(header, body, key, algorithms=algorithms).encode()


def signed_token(token: Token, keys: EndpointKeys, claims: Any) -> bytes:
    """A compact JWT (RFC 7519) by the sender's own key."""
    with needs("webhooks", "signing webhooks"):
        from joserfc import jwt  # noqa: PLC0415 - comes with the extra

    if keys.token_key is None:
        raise NoEncryptionKey
    header = {"typ": "JWT", "alg": token.algorithm, "kid": keys.token_key["kid"]}
    private = _private(tuple(sorted((name, value) for name, value in keys.token_key.items() if isinstance(value, str))))
    return jwt.encode(header, claims, private, algorithms=[token.algorithm]).encode()


@lru_cache(maxsize=64)
def _private(parts: tuple[tuple[str, str], ...]) -> Any:
    from joserfc.jwk import RSAKey  # noqa: PLC0415 - comes with the extra

    return RSAKey.import_key(dict(parts))
