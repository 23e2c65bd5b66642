"""Verifies a delivery: that the vendor sent it, just now, unchanged, and what it says."""

from __future__ import annotations

import time
from collections.abc import Mapping, MutableSet, Sequence
from dataclasses import dataclass
from typing import Any

from specimen import specs
from specimen.contracts.webhooks import jose
from specimen.contracts.webhooks.errors import InvalidBody, MissingHeader, Replayed
from specimen.contracts.webhooks.timestamped_hmac import check_signature
from specimen.specs import Provider, SpecimenError
from specimen.specs.core.json_pointer import at
from specimen.specs.loading.webhooks import Webhooks


@dataclass(frozen=True, slots=True)
class VerifiedDelivery:
    """A delivery that the vendor has sent. `event_id` is the same in each repetition; `sent_at` is in seconds since the epoch."""

    provider: str
    type: str
    event_id: str
    session_id: str | None
    sent_at: int
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Keys:
    """A receiver's keys, of which each vendor needs its own.

    `secrets` verify an HMAC (several while one is rotated), `private_keys` open a JWE, `public_keys` verify a token.
    """

    secrets: tuple[str, ...] = ()
    private_keys: tuple[Any, ...] = ()
    public_keys: Any = ()

    @classmethod
    def of(cls, webhooks: Webhooks, given: Any) -> Keys:
        """The keys in what a caller gives: a secret, several, `{"secret": …, "private_key": …}`, or the vendor's public keys.

        Raises:
            SpecimenError: what the vendor's deliveries need is missing.
        """
        if isinstance(given, cls):
            return given
        if webhooks.token is not None:
            if not given:
                raise SpecimenError("the vendor's public keys are missing: give its JWKS.")
            return cls(public_keys=given)
        parts = given if isinstance(given, Mapping) else {"secret": given}
        secrets = _several(parts.get("secret"))
        private_keys = _several(parts.get("private_key"))
        if webhooks.encryption is not None and not private_keys:
            raise SpecimenError('these deliveries are encrypted: give {"secret": "whsec_…", "private_key": <PEM or JWK>}.')
        if not secrets or not all(isinstance(secret, str) and secret for secret in secrets):
            raise SpecimenError("the signing secret is missing: an empty one would let anybody sign.")
        return cls(secrets, private_keys)

    def check(self) -> None:
        """Refuses keys that would open or verify nothing.

        Raises:
            SpecimenError: one is no RSA key, or lacks its private part.
        """
        if self.private_keys:
            jose.check_keys(self.private_keys, "private_key", is_private=True)
        if self.public_keys:
            jose.check_keys(self.public_keys, "jwks", is_private=False)


def webhooks_of(provider: str | Provider) -> tuple[Provider, Webhooks]:
    """A provider with what it sends.

    Raises:
        SpecError: there is no such provider.
        SpecimenError: it sends no webhooks.
    """
    found = specs.load(provider) if isinstance(provider, str) else provider
    if found.webhooks is None:
        senders = ", ".join(name for name in specs.names() if specs.load(name).webhooks is not None)
        raise SpecimenError(f"{found.name} sends no webhooks, as far as its pages say. These do: {senders}.")
    return found, found.webhooks


def verify(
    provider: str | Provider,
    headers: Mapping[str, str],
    body: bytes,
    secret_or_key: Any,
    *,
    now: float | None = None,
    seen: MutableSet[str] | None = None,
) -> VerifiedDelivery:
    """Returns what a delivery says, if the vendor has sent it.

    Args:
        provider: the provider's name, such as `kyve`.
        headers: the request's headers, in any case.
        body: the request's body, as it came.
        secret_or_key: for an HMAC the signing secret (`whsec_…`), or a list of them while one is rotated; where the body is
            encrypted too, `{"secret": …, "private_key": …}` with a PEM or a JWK, or several; for a signed token the vendor's
            public keys: a JWKS, a JWK or a PEM.
        now: the time in seconds since the epoch; the clock's by default.
        seen: ids of events that came before; this one is added. Deliveries are repeated: an event must be acted on once.

    Raises:
        WebhookError: its subclasses say what is wrong: the header is missing or malformed, the signature is by another key or
            of another body, the time is out of tolerance, the key id or the algorithm is none of the vendor's, the body cannot
            be opened, or the event came before.
        SpecimenError: the provider sends no webhooks, or a key is missing or unreadable.
        MissingExtra: the vendor encrypts or sends tokens, and the extra `webhooks` is not installed.
    """
    found, webhooks = webhooks_of(provider)
    keys, moment = Keys.of(webhooks, secret_or_key), time.time() if now is None else now
    lower = {name.lower(): value for name, value in headers.items()}
    sent_at = int(moment)
    if webhooks.signature is not None:
        header = webhooks.signature.header
        value = lower.get(header.lower())
        if not value:
            raise MissingHeader(f"the header {header} is missing: the delivery is not signed, or a proxy dropped it.")
        sent_at = check_signature(value, header, body, keys.secrets, moment, webhooks.signature.tolerance_seconds)
    if webhooks.token is not None:
        content, sent_at = jose.claims_of(webhooks.token, body, keys.public_keys, moment)
    elif webhooks.encryption is not None:
        content = jose.json_object(jose.opened(webhooks.encryption, body, keys.private_keys))
    else:
        content = jose.json_object(body)
    kind, event_id = at(content, webhooks.type_at), _event_id(webhooks, lower, content)
    if not isinstance(kind, str):
        raise InvalidBody(f"the cleartext has no type at {webhooks.type_at}.")
    if seen is not None:
        if event_id in seen:
            raise Replayed(f"the event {event_id} came before: answer 2xx, and do nothing.")
        seen.add(event_id)
    session = at(content, webhooks.session_at)
    return VerifiedDelivery(found.name, kind, event_id, session if isinstance(session, str) else None, sent_at, content)


def _event_id(webhooks: Webhooks, headers: Mapping[str, str], content: Mapping[str, Any]) -> str:
    """What is signed names the event; a header alone does where the vendor has no such field."""
    header, pointer = webhooks.identity
    found = at(content, pointer) if pointer is not None else headers.get((header or "").lower())
    if not isinstance(found, str) or not found:
        raise InvalidBody(f"nothing names the event: {pointer or header} is missing.")
    return found


def _several(value: Any) -> tuple[Any, ...]:
    if value is None:
        return ()
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, (str, bytes)) else (value,)
