"""Opens encrypted deliveries (JWE) and verifies signed ones (JWT), by the vendor's own algorithms and no other."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any

from specimen.contracts.webhooks.errors import (
    InvalidBody,
    MalformedSignature,
    OutsideTolerance,
    Undecryptable,
    UnknownKey,
    WrongAlgorithm,
    WrongSignature,
)
from specimen.contracts.webhooks.timestamped_hmac import check_time
from specimen.specs import SpecimenError
from specimen.specs.core.extras import needs
from specimen.specs.core.terminal_text import shown
from specimen.specs.loading.webhooks import Encryption, Token, Webhooks

# The library refuses more than 64 and 128 kB; a vendor may send more, and no page says how much.
MOST_BYTES = 16 * 1024 * 1024
# As many digits as a signature's `t` may have.
_END_OF_TIME = 10**12
# A header may name a JWKS or a key of its own; a receiver that follows it verifies the attacker's signature.
_FOREIGN_KEYS = ("jku", "jwk", "x5u", "x5c")


def require_extra(webhooks: Webhooks) -> None:
    """Refuses to go on where the vendor encrypts or sends tokens, and nothing is installed that does.

    Raises:
        MissingExtra: the extra `webhooks` is not installed.
    """
    if webhooks.token is not None or webhooks.encryption is not None:
        with needs("webhooks", "what this vendor sends, encrypted or as tokens,"):
            import joserfc.jwk  # noqa: F401, PLC0415 - comes with the extra


def check_keys(keys: Any, name: str, *, is_private: bool) -> None:
    """Refuses what is no RSA key, or only the public part where the private one is needed; `name` is what the keys are called.

    Raises:
        SpecimenError: there is no key, or one that cannot be used.
    """
    found = flattened(keys)
    if not found:
        raise SpecimenError(f"`{name}` holds no key.")
    for key in found:
        known = imported(key, name)
        if is_private and not known.is_private:
            raise SpecimenError(f"`{name}` has no private part: it is the public key.")


def opened(encryption: Encryption, body: bytes, private_keys: Sequence[Any]) -> bytes:
    """The cleartext of a compact JWE, by the private key that its `kid` names (a key without `kid` opens any).

    `private_keys` are JWKs (RFC 7517) or PEM texts.

    Raises:
        MalformedSignature: the body is no compact JWE.
        WrongAlgorithm: it names other algorithms than the vendor's.
        UnknownKey: its `kid` is none of the given keys.
        Undecryptable: the key does not open it, or it was changed on its way.
        MissingExtra: the extra `webhooks` is not installed.
    """
    with needs("webhooks", "opening encrypted webhooks"):
        from joserfc import jwe  # noqa: PLC0415 - comes with the extra
        from joserfc.errors import JoseError  # noqa: PLC0415

    header = protected_header(body, parts=5, what="JWE")
    wanted = {"alg": encryption.algorithm, "enc": encryption.content_encryption}
    for name, value in wanted.items():
        if header.get(name) != value:
            raise WrongAlgorithm(f"the body's `{name}` is {_named(header.get(name))}; the vendor's is {value}.")
    if "zip" in header or "crit" in header:
        raise WrongAlgorithm("the body's header asks for compression or for an extension; the vendor uses neither.")
    registry = jwe.JWERegistry(algorithms=list(wanted.values()))
    registry.max_ciphertext_length = MOST_BYTES
    error: Exception | None = None
    for key in _candidates(header, private_keys):
        try:
            return jwe.decrypt_compact(body, key, registry=registry).plaintext or b""
        except (JoseError, ValueError) as why:
            error = why
    what = f"by the key {_named(header.get('kid'))}" if header.get("kid") else "by any of the keys"
    raise Undecryptable(f"the body cannot be opened {what}: it is for another key, or was changed on its way.") from error


def claims_of(token: Token, body: bytes, keys: Any, now: float) -> tuple[dict[str, Any], int]:
    """The claims of a compact JWT and when it was issued (seconds since the epoch), if one of `keys` has signed it.

    `keys` is a JWKS (`{"keys": […]}`), a JWK, a PEM text, or several of them. Keys that the token itself names are ignored.

    Raises:
        MalformedSignature: the body is no compact JWT.
        WrongAlgorithm: it names another algorithm than the vendor's.
        UnknownKey: its `kid` is none of the given keys.
        WrongSignature: the key did not sign it.
        OutsideTolerance: it was issued too long ago, or in the future, or is over.
        InvalidBody: it has no time.
        MissingExtra: the extra `webhooks` is not installed.
    """
    with needs("webhooks", "verifying signed webhooks"):
        from joserfc import jws  # noqa: PLC0415 - comes with the extra
        from joserfc.errors import JoseError  # noqa: PLC0415

    header = protected_header(body, parts=3, what="JWT")
    if header.get("alg") != token.algorithm:
        raise WrongAlgorithm(f"the token's `alg` is {_named(header.get('alg'))}; the vendor's is {token.algorithm}.")
    for name in _FOREIGN_KEYS:
        if name in header:
            raise UnknownKey(f"the token names a key of its own (`{name}`); only the vendor's key set at {token.jwks} counts.")
    registry = jws.JWSRegistry(algorithms=[token.algorithm])
    registry.max_payload_length = MOST_BYTES
    error: Exception | None = None
    for key in _candidates(header, flattened(keys)):
        try:
            payload = jws.deserialize_compact(body, key, registry=registry).payload
            break
        except (JoseError, ValueError) as why:
            error = why
    else:
        raise WrongSignature(
            f"the key {_named(header.get('kid'))} did not sign this token, or it was changed on its way."
        ) from error
    claims = json_object(payload)
    issued_at, ends_at = claims.get("iat"), claims.get("exp")
    for name, value in (("iat", issued_at), ("exp", ends_at)):
        if value is not None and not _is_time(value):
            raise InvalidBody(f"the claim `{name}` is no number of seconds since 1970.")
    if issued_at is None:
        raise InvalidBody("the claim `iat` is missing: nothing says when the token was issued.")
    check_time(int(issued_at), now, token.tolerance_seconds, f"iat={int(issued_at)}")
    if ends_at is not None and now >= ends_at:
        raise OutsideTolerance(f"the token ended {now - ends_at:.0f} s ago (exp={int(ends_at)}).", now - ends_at)
    return claims, int(issued_at)


def protected_header(body: bytes, *, parts: int, what: str) -> dict[str, Any]:
    """The header of a compact JWE or JWT.

    Raises:
        MalformedSignature: the body is none.
    """
    found = body.split(b".")
    if len(found) != parts or not found[0]:
        got = "JSON" if body[:1] in (b"{", b"[") else f"{len(found)} part{'s' * (len(found) > 1)}"
        raise MalformedSignature(f"the body is no compact {what}: expected {parts} parts divided by dots, got {got}.")
    try:
        header = json.loads(base64.urlsafe_b64decode(found[0] + b"=" * (-len(found[0]) % 4)))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise MalformedSignature(f"the body is no compact {what}: its header cannot be read.") from error
    if not isinstance(header, dict):
        raise MalformedSignature(f"the body is no compact {what}: its header is no JSON object.")
    return header


def json_object(content: bytes) -> dict[str, Any]:
    """The JSON object that a cleartext is.

    Raises:
        InvalidBody: it is something else.
    """
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InvalidBody("the cleartext is no JSON.") from error
    if not isinstance(found, dict):
        raise InvalidBody(f"the cleartext is a JSON {type(found).__name__}; expected an object.")
    return found


def _candidates(header: Mapping[str, Any], keys: Sequence[Any]) -> list[Any]:
    """The keys that a `kid` names, else all."""
    known = [(_kid(key), key) for key in keys]
    wanted = header.get("kid")
    fitting = [key for kid, key in known if wanted is None or kid is None or kid == wanted]
    if not fitting:
        names = ", ".join(sorted(str(kid) for kid, _ in known)) or "none"
        raise UnknownKey(f"the key id {_named(wanted)} is none of the given keys ({shown(names)}): was a key rotated?")
    return [imported(key) for key in fitting]


def flattened(keys: Any) -> list[Any]:
    """The single keys of a JWKS, a key, or several of them."""
    if isinstance(keys, Mapping):
        if "keys" not in keys:
            return [keys]
        if not isinstance(keys["keys"], (list, tuple)):
            raise SpecimenError("the key set is no JWKS: its `keys` are no list.")
        return list(keys["keys"])
    return [one for key in keys for one in flattened(key)] if isinstance(keys, (list, tuple)) else [keys]


def _kid(key: Any) -> str | None:
    return key.get("kid") if isinstance(key, Mapping) else None


def imported(key: Any, name: str = "") -> Any:
    """The library's form of an RSA key; `name` is what the key is called.

    Raises:
        SpecimenError: it is none.
    """
    from joserfc.errors import JoseError  # noqa: PLC0415 - comes with the extra
    from joserfc.jwk import RSAKey  # noqa: PLC0415

    try:
        # Its own limits (`alg`, `use`) are the vendor's to keep; the algorithm is the one that is named above.
        plain = (
            {name: value for name, value in key.items() if name not in ("alg", "use", "key_ops")}
            if isinstance(key, Mapping)
            else key
        )
        return RSAKey.import_key(plain)
    except (JoseError, ValueError, TypeError, AttributeError) as error:
        what = f"`{name}`" if name else "the key"
        raise SpecimenError(f"{what} is no RSA key: expected a JWK, a JWKS or a PEM text.") from error


def _is_time(value: Any) -> bool:
    """Whether a claim is a number of seconds that a clock shows; Python reads NaN, Infinity and 10^400 as numbers too."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _END_OF_TIME


def _named(value: Any) -> str:
    return "missing" if value is None else f"'{shown(str(value))[:80]}'"
