"""The secrets and keys of an endpoint that webhooks are sent to."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from specimen.mockserver.errors import SettingError
from specimen.mockserver.sessions.namespaces import Namespace
from specimen.mockserver.sessions.shared_state import SharedState
from specimen.specs.core.extras import needs

SECRET_PREFIX = "whsec_"  # noqa: S105 - how a secret begins
RSA_BITS = 2048
# The counter of what a space's endpoints are given: ids and secrets.
NUMBER = "webhook"
_SECRET_BYTES, _ID_BYTES = 24, 12


@dataclass(frozen=True, slots=True)
class EndpointKeys:
    """What a delivery is signed with and encrypted for.

    `secret` signs by HMAC. `encryption_keys` are public keys of the receiver by their key id (JWK; the last one is used), and
    `token_key` is the sender's own private key (JWK with `kid`).
    """

    secret: str = ""
    encryption_keys: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    token_key: Mapping[str, Any] | None = None


async def derivation_key(shared_state: SharedState, namespace: Namespace) -> str:
    """What the next id and secret of a namespace derive from, as a session's do: the seed, the namespace, a number."""
    space = namespace.space(shared_state.name)
    number = await shared_state.store.increment(space, NUMBER)
    return f"{shared_state.seed_of(namespace)}/{space.namespace}/{space.provider}/{NUMBER}/{number}"


def secret_from(key: str) -> str:
    """The signing secret that derives from a key. Who knows the seed can work it out, as everything that the mock makes."""
    return SECRET_PREFIX + base64.urlsafe_b64encode(_derived(key, "secret", _SECRET_BYTES)).decode()


def id_from(key: str) -> str:
    """What follows the prefix in the id of something that a vendor's operation makes."""
    return _derived(key, "id", _ID_BYTES).hex()


def _derived(key: str, use: str, size: int) -> bytes:
    """Bytes that say nothing of those for another use: an id is shown, a secret is not."""
    return hmac.digest(key.encode(), use.encode(), "sha256")[:size]


def new_rsa_key(key_id: str) -> dict[str, Any]:
    """A private RSA key as a JWK (RFC 7517), with its key id.

    Raises:
        MissingExtra: the extra `webhooks` is not installed.
    """
    with needs("webhooks", "a key for webhooks"):
        from joserfc.jwk import RSAKey  # noqa: PLC0415 - comes with the extra

        key = RSAKey.generate_key(RSA_BITS, private=True, auto_kid=False)
    return {**key.as_dict(private=True), "kid": key_id}


def public_part(private: Mapping[str, Any]) -> dict[str, Any]:
    """The public part of a private JWK, with its key id, for a JWKS."""
    return {name: value for name, value in private.items() if name in ("kty", "n", "e", "crv", "x", "y", "kid", "alg", "use")}


@lru_cache(maxsize=256)
def rsa_key(modulus: str, exponent: str) -> Any:
    """The public RSA key of a JWK's `n` and `e`, which is costly to build.

    Raises:
        SettingError: they are no key of 2048 bits or more.
        MissingExtra: the extra `webhooks` is not installed.
    """
    with needs("webhooks", "encrypting webhooks"):
        from joserfc.errors import JoseError  # noqa: PLC0415 - comes with the extra
        from joserfc.jwk import RSAKey  # noqa: PLC0415

    try:
        key = RSAKey.import_key({"kty": "RSA", "n": modulus, "e": exponent})
        bits = key.public_key.key_size
    except (JoseError, ValueError) as error:
        raise SettingError("jwk: is no public RSA key: expected base64url in `n` and `e`.") from error
    if bits < RSA_BITS:
        raise SettingError(f"jwk: an RSA key of {bits} bits; expected {RSA_BITS} or more.")
    return key
