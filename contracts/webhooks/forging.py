"""Makes deliveries for a receiver under test: genuine ones, and such as nobody but an attacker sends.

It is written apart from the sandbox's own signing, as verifying is.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from specimen.contracts.webhooks.jose import check_keys, flattened, imported, require_extra
from specimen.fixtures import webhooks as recipes
from specimen.fixtures.recipes import session_histories
from specimen.specs import Provider, SpecimenError
from specimen.specs.core.extras import needs
from specimen.specs.core.json_pointer import at
from specimen.specs.loading.webhooks import Webhooks

RSA_BITS = 2048


@dataclass(frozen=True, slots=True)
class SenderKeys:
    """What deliveries are made with.

    The signing secret, the receiver's key (its public part is enough), the sender's private key; keys are JWKs or PEM texts.
    """

    secret: str = ""
    encryption_key: Any = None
    token_key: Any = None

    def checked(self, webhooks: Webhooks) -> SenderKeys:
        """The keys as JWKs, if they suffice for a vendor.

        Raises:
            MissingExtra: the vendor encrypts or sends tokens, and the extra `webhooks` is not installed.
            SpecimenError: one is missing or unusable; the text says which.
        """
        require_extra(webhooks)
        if webhooks.signature is not None and not self.secret:
            raise SpecimenError("the signing secret is missing: give --secret, or --keys with `secret`.")
        found = replace(self, encryption_key=None, token_key=None)
        if webhooks.encryption is not None:
            if not self.encryption_key:
                how = "give --keys with `public_key` or `private_key`, a JWK or a PEM text."
                raise SpecimenError(f"the receiver's encryption key is missing: {how}")
            found = replace(found, encryption_key=_as_jwk(self.encryption_key, "public_key", is_private=False))
        if webhooks.token is not None:
            if not self.token_key:
                how = "give --keys with `token_key`, a JWK or a PEM text that the receiver trusts."
                raise SpecimenError(f"the sender's private key is missing: {how}")
            found = replace(found, token_key=_as_jwk(self.token_key, "token_key", is_private=True))
        return found


def _as_jwk(given: Any, name: str, *, is_private: bool) -> dict[str, Any]:
    """The first of the given keys as a JWK, with its own `kid` where it has one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's on short keys, which are refused below
        check_keys(given, name, is_private=is_private)
        first = flattened(given)[0]
        key = imported(first, name)
    bits = key.raw_value.key_size
    if bits < RSA_BITS:
        raise SpecimenError(f"`{name}` has {bits} bits; the algorithms need {RSA_BITS} (RFC 7518, sections 3.3 and 4.3).")
    named = {"kid": first["kid"]} if isinstance(first, Mapping) and first.get("kid") else {}
    return {**key.as_dict(private=is_private), **named}


@dataclass(frozen=True, slots=True)
class Forged:
    """A request to a receiver."""

    body: bytes
    headers: Mapping[str, str]
    method: str = "POST"


@lru_cache(maxsize=8)
def strange_key(key_id: str) -> dict[str, Any]:
    """A private RSA key (JWK) that no receiver knows."""
    with needs("webhooks", "this"):
        from joserfc.jwk import RSAKey  # noqa: PLC0415 - comes with the extra

    return {**RSAKey.generate_key(RSA_BITS, auto_kid=False).as_dict(private=True), "kid": key_id}


class Forger:
    """Makes the deliveries of one provider with some keys, at a time in seconds since the epoch."""

    def __init__(self, provider: Provider, webhooks: Webhooks, keys: SenderKeys, now: int) -> None:
        self.provider = provider
        self.webhooks = webhooks
        self.keys = keys
        self.now = now
        self.key_set_url = "https://attacker.example/jwks.json"

    def event(self, name: str, *, seconds_ago: int = 0) -> dict[str, Any]:
        """The cleartext of an event of a new session; `name` makes it another one. It happened some seconds ago."""
        lifecycle = self.provider.lifecycle
        happened = (self.now - seconds_ago) * 1000
        key = f"webhook/{self.now}/{name}"
        m = session_histories.snapshots(self.provider, lifecycle.default.name, seed=self.now, key=key, at=happened)[-1]
        happening = recipes.happenings(self.webhooks, m)[-1]
        found: dict[str, Any] = recipes.cleartext(self.provider, m, happening, f"whd_{happening.event_id[4:]}", self.now * 1000)
        return found

    def events_of_one_session(self, name: str) -> list[dict[str, Any]]:
        """All events of one new session, oldest first; the last two where it may end twice: approved, then rejected."""
        scenarios = self.provider.lifecycle.scenarios.values()
        longest = max(scenarios, key=lambda one: len(one.path))
        key = f"webhook/{self.now}/{name}"
        m = session_histories.snapshots(self.provider, longest.name, seed=self.now, key=key, at=self.now * 1000)[-1]
        return [
            recipes.cleartext(self.provider, m, one, f"whd_{one.event_id[4:]}", self.now * 1000)
            for one in recipes.happenings(self.webhooks, m)
        ]

    def sealed(
        self,
        clear: Any,
        *,
        sent_at: int | None = None,
        keys: SenderKeys | None = None,
        shown_as: Any = None,
        is_timed: bool = True,
    ) -> Forged:
        """A delivery of a cleartext (JSON, or bytes as they are), sent at a time (now by default) by some keys.

        Its headers name the event `shown_as`, where that is given. A token that is not timed keeps the times that it has.
        """
        keys, sent_at = keys or self.keys, self.now if sent_at is None else sent_at
        content = clear if isinstance(clear, bytes) else json.dumps(clear, ensure_ascii=False, separators=(",", ":")).encode()
        webhooks = self.webhooks
        if webhooks.token is not None:
            content = self.token(content, sent_at=sent_at, keys=keys, is_timed=is_timed)
        elif webhooks.encryption is not None:
            content = self.encrypted(content, keys)
        return Forged(content, self.headers(clear if shown_as is None else shown_as, content, sent_at, keys))

    def headers(self, clear: Any, body: bytes, sent_at: int, keys: SenderKeys) -> dict[str, str]:
        """The vendor's headers of a body."""
        webhooks = self.webhooks
        event_id = at(clear, webhooks.identity[1] or "") if isinstance(clear, dict) else "evt_unknown"
        names = {"event_id": event_id, "delivery_id": f"whd_{str(event_id)[4:]}"}
        names["type"] = at(clear, webhooks.type_at) if isinstance(clear, dict) else "unknown"
        found = {"Content-Type": webhooks.content_type}
        found.update((name, value.format_map(names)) for name, value in webhooks.headers.items())
        if webhooks.signature is not None:
            found[webhooks.signature.header] = self.signature(body, sent_at, keys.secret)
        return found

    @staticmethod
    def signature(body: bytes, sent_at: int, secret: str) -> str:
        """The value of the signature's header."""
        mac = hmac.new(secret.encode(), f"{sent_at}.".encode() + body, hashlib.sha256)
        return f"t={sent_at},v1={mac.hexdigest()}"

    def encrypted(self, content: bytes, keys: SenderKeys, header: Mapping[str, Any] | None = None) -> bytes:
        """A compact JWE for the receiver's key."""
        with needs("webhooks", "making encrypted webhooks"):
            from joserfc import jwe  # noqa: PLC0415 - comes with the extra
            from joserfc.jwk import RSAKey  # noqa: PLC0415

        encryption, jwk = self.webhooks.encryption, keys.encryption_key
        if encryption is None or jwk is None:
            raise SpecimenError("there is no encryption key.")
        protected = {"alg": encryption.algorithm, "enc": encryption.content_encryption, **_named(jwk), **(header or {})}
        key = RSAKey.import_key({"kty": "RSA", "n": jwk["n"], "e": jwk["e"]})
        algorithms = [encryption.algorithm, encryption.content_encryption, "RSA-OAEP", "A128GCM"]
        return jwe.encrypt_compact(protected, content, key, algorithms=algorithms).encode()

    def token(
        self,
        content: bytes,
        *,
        sent_at: int,
        keys: SenderKeys,
        header: Mapping[str, Any] | None = None,
        is_timed: bool = True,
    ) -> bytes:
        """A compact JWT; where the content is JSON and is to be timed, its `iat` and `exp` follow from the time of sending."""
        with needs("webhooks", "making signed webhooks"):
            from joserfc import jws  # noqa: PLC0415 - comes with the extra
            from joserfc.jwk import RSAKey  # noqa: PLC0415

        token, jwk = self.webhooks.token, keys.token_key
        if token is None or jwk is None:
            raise SpecimenError("there is no key for tokens.")
        protected = {"typ": "JWT", "alg": token.algorithm, **_named(jwk), **(header or {})}
        registry = jws.JWSRegistry(algorithms=[token.algorithm], strict_check_header=False)
        body = timed(content, sent_at) if is_timed else content
        plain = {name: value for name, value in jwk.items() if name not in ("alg", "use", "key_ops")}
        return jws.serialize_compact(protected, body, RSAKey.import_key(plain), registry=registry).encode()

    def unsigned_token(self, content: bytes, header: Mapping[str, Any], key: bytes | None) -> bytes:
        """A JWT by no key, or by an HMAC with some bytes, whatever its header says."""
        head = b".".join(_b64(part) for part in (json.dumps(header).encode(), timed(content, self.now)))
        mac = b"" if key is None else hmac.new(key, head, hashlib.sha256).digest()
        return head + b"." + _b64(mac)

    def with_secret(self, secret: str) -> SenderKeys:
        """The same keys with another secret."""
        return replace(self.keys, secret=secret)


def public_forms(jwk: Mapping[str, Any]) -> list[bytes]:
    """The public key as a receiver may have it in a file: PEM (SPKI, PKCS #1) with and without its last line end, and JWK."""
    with needs("webhooks", "this"):
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415 - comes with the extra

    key = imported({name: jwk[name] for name in ("kty", "n", "e")}).raw_value
    texts = [key.public_bytes(Encoding.PEM, form) for form in (PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1)]
    public = {name: jwk[name] for name in ("kty", "n", "e", "kid") if name in jwk}
    documents = [json.dumps(public), json.dumps(public, separators=(",", ":"))]
    return [*texts, *(text.rstrip(b"\n") for text in texts), *(document.encode() for document in documents)]


def timed(content: bytes, sent_at: int) -> bytes:
    """Claims with their times, or content that is no JSON object as it is."""
    try:
        claims = json.loads(content)
    except ValueError:
        return content
    if not isinstance(claims, dict):
        return content
    return json.dumps({**claims, "iat": sent_at, "exp": sent_at + 300}).encode()


def _named(jwk: Mapping[str, Any]) -> dict[str, Any]:
    """The header's `kid`, where the key has one; a PEM text has none."""
    return {"kid": jwk["kid"]} if jwk.get("kid") else {}


def _b64(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")
