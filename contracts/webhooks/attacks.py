"""What a receiver of webhooks must accept, refuse or survive: one attack each."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from specimen.contracts.judge.kind import FAILURE, SAFETY
from specimen.contracts.judge.rule import Rule
from specimen.contracts.webhooks.forging import Forged, Forger, SenderKeys, public_forms, strange_key
from specimen.specs.loading.webhooks import Webhooks

HOUR = 3600
LARGE_BYTES = 2 * 1024 * 1024
Outcome = Literal["accept", "refuse", "survive"]
# Accept: 2xx. Refuse: 4xx. Survive: any answer below 500, in time.
EXPECTED: Mapping[Outcome, str] = {
    "accept": "an answer 2xx",
    "refuse": "an answer 4xx, and no effect",
    "survive": "an answer below 500",
}


@dataclass(frozen=True, slots=True)
class Sending:
    """A request of an attack. `is_chunked` sends it without a length, `is_slow` in pieces over two seconds."""

    forged: Forged
    is_chunked: bool = False
    is_slow: bool = False


@dataclass(frozen=True)
class Attack:
    """What is sent, and what must happen to the last request of it; those before it prepare it.

    `judges_each` says that each request is an attack of its own, and the first that a receiver fails at counts.
    """

    name: str
    sentence: str
    outcome: Outcome
    make: Callable[[Forger], Sequence[Sending]]
    needs: Literal["any", "signature", "encryption", "token"] = "any"
    judges_each: bool = False

    @property
    def rule(self) -> Rule:
        """The attack as reports name a rule."""
        reason = "a receiver that fails here loses or doubles events, or acts on what the vendor did not send"
        kind = SAFETY if self.outcome == "refuse" else FAILURE
        return Rule(f"HOOK-{self.name}", self.sentence, "D", "docs/webhooks.md, Attack your receiver", reason=reason, kind=kind)

    def applies(self, webhooks: Webhooks) -> bool:
        """Whether the vendor's deliveries can be attacked so."""
        return self.needs == "any" or getattr(webhooks, self.needs) is not None


def _one(forged: Forged, **how: bool) -> list[Sending]:
    return [Sending(forged, **how)]


def _genuine(forger: Forger, name: str, **event: int) -> Forged:
    return forger.sealed(forger.event(name, **event))


def _altered(forger: Forger) -> list[Sending]:
    """The session is another one; the signature is that of the original."""
    whole = _genuine(forger, "altered")
    if forger.webhooks.token is not None:
        head, claims, signature = whole.body.split(b".")
        changed = json.loads(base64.urlsafe_b64decode(claims + b"=="))
        changed["specimen"] = True
        other = base64.urlsafe_b64encode(json.dumps(changed).encode()).rstrip(b"=")
        return _one(replace(whole, body=b".".join((head, other, signature))))
    if forger.webhooks.encryption is not None:  # another genuine body, under this one's signature
        return _one(replace(whole, body=_genuine(forger, "other").body))
    body = whole.body.replace(b'"type":', b'"specimen":true,"type":', 1)
    return _one(replace(whole, body=body))


def _respaced(forger: Forger) -> list[Sending]:
    """The same JSON in other bytes: accepted by a receiver that verifies JSON which it has written again."""
    whole = _genuine(forger, "respaced")
    return _one(replace(whole, body=json.dumps(json.loads(whole.body), ensure_ascii=False, indent=1).encode()))


def _without_signature(forger: Forger) -> list[Sending]:
    whole = _genuine(forger, "unsigned")
    if forger.webhooks.signature is None:
        return _one(replace(whole, body=whole.body.rpartition(b".")[0] + b"."))
    left = {name: value for name, value in whole.headers.items() if name != forger.webhooks.signature.header}
    return _one(replace(whole, headers=left))


def _by_a_strange_key(forger: Forger) -> list[Sending]:
    """Signed with another secret or key, under the known key's id."""
    keys = forger.with_secret("whsec_of_somebody_else")
    if keys.token_key is not None:
        keys = replace(keys, token_key=_under_id_of(keys.token_key, "strange"))
    return _one(forger.sealed(forger.event("strange"), keys=keys))


def _under_id_of(known: Mapping[str, Any] | None, name: str) -> dict[str, Any]:
    """A strange key that has the known key's id, or none where that has none."""
    key = {part: value for part, value in strange_key(name).items() if part != "kid"}
    return {**key, **({"kid": known["kid"]} if known and known.get("kid") else {})}


def _by_a_rotated_key(forger: Forger) -> list[Sending]:
    """By a key that is no longer, or not yet, known."""
    keys = forger.with_secret(f"{forger.keys.secret}_old")
    if forger.webhooks.token is not None:
        keys = replace(keys, token_key=strange_key("rotated"))
    if forger.webhooks.encryption is not None:
        keys = replace(forger.keys, encryption_key=strange_key("rotated"))
    return _one(forger.sealed(forger.event("rotated"), keys=keys))


def _by_an_empty_secret(forger: Forger) -> list[Sending]:
    return _one(forger.sealed(forger.event("empty"), keys=forger.with_secret("")))


def _of_no_key(forger: Forger) -> list[Sending]:
    return [_unsigned_token(forger, "none", None)]


def _confused(forger: Forger) -> list[Sending]:
    """By an HMAC whose secret is the public key, in each form in which a receiver may have it."""
    return [_unsigned_token(forger, "HS256", form) for form in public_forms(forger.keys.token_key or {})]


def _unsigned_token(forger: Forger, algorithm: str, key: bytes | None) -> Sending:
    clear = forger.event(f"confused {algorithm}")
    known = forger.keys.token_key or {}
    head = {"typ": "JWT", **({"kid": known["kid"]} if known.get("kid") else {}), "alg": algorithm}
    body = forger.unsigned_token(json.dumps(clear).encode(), head, key)
    return Sending(Forged(body, forger.headers(clear, body, forger.now, forger.keys)))


def own_public_key(forger: Forger) -> dict[str, Any]:
    """The public part of the attacker's own key, under the id of the known one."""
    own = _under_id_of(forger.keys.token_key, "own")
    return {part: own[part] for part in ("kty", "n", "e", "kid") if part in own}


def _with_own_key(name: str) -> Callable[[Forger], list[Sending]]:
    def make(forger: Forger) -> list[Sending]:
        value = own_public_key(forger) if name == "jwk" else forger.key_set_url
        clear = forger.event(f"own {name}")
        keys = replace(forger.keys, token_key=_under_id_of(forger.keys.token_key, "own"))
        body = forger.token(json.dumps(clear).encode(), sent_at=forger.now, keys=keys, header={name: value})
        return _one(Forged(body, forger.headers(clear, body, forger.now, keys)))

    return make


def _other_encryption(forger: Forger) -> list[Sending]:
    """Right key, weaker algorithm: RSA-OAEP with SHA-1."""
    clear = forger.event("encryption")
    body = forger.encrypted(json.dumps(clear).encode(), forger.keys, {"alg": "RSA-OAEP"})
    return _one(Forged(body, forger.headers(clear, body, forger.now, forger.keys)))


def _not_encrypted(forger: Forger) -> list[Sending]:
    clear = forger.event("cleartext")
    body = json.dumps(clear).encode()
    return _one(Forged(body, forger.headers(clear, body, forger.now, forger.keys)))


def _twice(forger: Forger) -> list[Sending]:
    whole = Sending(_genuine(forger, "twice"))
    return [whole, whole]


def _repeated(forger: Forger) -> list[Sending]:
    """The same event, signed anew a little later, as the vendor's own retry is."""
    clear = forger.event("repeated")
    return [Sending(forger.sealed(clear, sent_at=forger.now - 5)), Sending(forger.sealed(clear))]


def _out_of_order(forger: Forger) -> list[Sending]:
    return [Sending(forger.sealed(clear)) for clear in reversed(forger.events_of_one_session("order"))]


def _unknown_type(forger: Forger) -> list[Sending]:
    return _one(forger.sealed(_with(forger.event("type"), forger.webhooks.type_at, "specimen.unknown.type")))


def _unknown_fields(forger: Forger) -> list[Sending]:
    return _one(forger.sealed({**forger.event("fields"), "specimen_added": {"later": [1, None]}}))


def _large(forger: Forger) -> list[Sending]:
    return _one(forger.sealed({**forger.event("large"), "specimen_padding": "x" * LARGE_BYTES}))


def _content(content: bytes) -> Callable[[Forger], list[Sending]]:
    return lambda forger: _one(forger.sealed(content))


def _compressed(forger: Forger) -> list[Sending]:
    whole = _genuine(forger, "compressed")
    return _one(replace(whole, body=gzip.compress(whole.body), headers={**whole.headers, "Content-Encoding": "gzip"}))


def _method(method: str) -> Callable[[Forger], list[Sending]]:
    return lambda _: _one(Forged(b"", {}, method))


def _with(value: Any, pointer: str, new: Any) -> Any:
    first, _, rest = pointer[1:].partition("/")
    return {**value, first: _with(value[first], f"/{rest}", new) if rest else new}


def _sent(seconds: int) -> Callable[[Forger], list[Sending]]:
    return lambda forger: _one(forger.sealed(forger.event(f"sent {seconds}"), sent_at=forger.now + seconds))


GENUINE = Attack("genuine", "a genuine delivery is accepted", "accept", lambda forger: _one(_genuine(forger, "genuine")))
ATTACKS: tuple[Attack, ...] = (
    GENUINE,
    Attack("stale-timestamp", "a delivery that was sent an hour ago is refused", "refuse", _sent(-HOUR)),
    Attack("future-timestamp", "a delivery from an hour ahead is refused", "refuse", _sent(HOUR)),
    Attack("unsigned", "a delivery without a signature is refused", "refuse", _without_signature),
    Attack("wrong-secret", "a delivery that another secret or key has signed is refused", "refuse", _by_a_strange_key),
    Attack("empty-secret", "a delivery signed with an empty secret is refused", "refuse", _by_an_empty_secret, "signature"),
    Attack("rotated-key", "a delivery by or for a key that is not known is refused", "refuse", _by_a_rotated_key),
    Attack("altered-body", "a body that was changed on its way is refused", "refuse", _altered),
    Attack("algorithm-none", "a token that says `alg: none` is refused", "refuse", _of_no_key, "token"),
    Attack(
        "algorithm-confusion", "a token signed by HMAC with the public key is refused", "refuse",
        _confused, "token", judges_each=True,
    ),
    Attack("foreign-key-set", "a token that names a key set of another host is refused", "refuse", _with_own_key("jku"), "token"),
    Attack("own-key", "a token that brings its own key is refused", "refuse", _with_own_key("jwk"), "token"),
    Attack("weak-encryption", "a body encrypted by another algorithm is refused", "refuse", _other_encryption, "encryption"),
    Attack("not-encrypted", "a body that is not encrypted is refused", "refuse", _not_encrypted, "encryption"),
    Attack("duplicate", "the same request twice is answered", "survive", _twice),
    Attack("repeated-event", "an event that comes again is acknowledged", "accept", _repeated),
    Attack(
        "late", "an event of yesterday, sent now, is accepted", "accept",
        lambda f: _one(_genuine(f, "late", seconds_ago=24 * HOUR)),
    ),
    Attack("out-of-order", "events of a session in the wrong order are accepted", "accept", _out_of_order),
    Attack("unknown-type", "an event of an unknown type is accepted", "accept", _unknown_type),
    Attack("unknown-fields", "an event with added fields is accepted", "accept", _unknown_fields),
    Attack("large", "a body of 2 MiB is answered", "survive", _large),
    Attack("not-json", "a genuine delivery of something that is no JSON is refused", "refuse", _content(b"not json")),
    Attack("not-an-object", "a genuine delivery of a JSON array is refused", "refuse", _content(b"[1]")),
    Attack("compressed", "a compressed body is answered", "survive", _compressed),
    Attack("chunked", "a body without a length is accepted", "accept", lambda f: _one(_genuine(f, "chunked"), is_chunked=True)),
    Attack("slow", "a body that takes two seconds is answered", "survive", lambda f: _one(_genuine(f, "slow"), is_slow=True)),
    Attack("get", "GET is answered, and is no delivery", "survive", _method("GET")),
    Attack("head", "HEAD is answered, and is no delivery", "survive", _method("HEAD")),
    Attack("genuine-again", "a genuine delivery is accepted after all that", "accept", lambda f: _one(_genuine(f, "again"))),
)  # fmt: skip
RESPACED = Attack("respaced-body", "the same JSON in other bytes, under the old signature, is refused", "refuse", _respaced)


def attacks_on(webhooks: Webhooks) -> Iterator[Attack]:
    """The attacks that a vendor's deliveries admit, the genuine delivery first and last."""
    for attack in ATTACKS:
        if attack.applies(webhooks):
            yield attack
        if attack.name == "altered-body" and webhooks.encryption is None and webhooks.token is None:
            yield RESPACED


__all__ = ["ATTACKS", "EXPECTED", "GENUINE", "Attack", "SenderKeys", "Sending", "attacks_on"]
