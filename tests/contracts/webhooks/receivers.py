"""A receiver for the attacks that does right, and the keys of its sender and its own."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx

from specimen import specs
from specimen.contracts.webhooks.forging import Forger, SenderKeys, strange_key
from specimen.contracts.webhooks.rules.rule_set import Sent
from specimen.contracts.webhooks.verification import VerifiedDelivery
from specimen.webhooks import (
    Replayed,
    WebhookError,
    verify,
)

SECRET = "whsec_receiver"
RECEIVERS_KEY = strange_key("receiver")
SENDERS_KEY = strange_key("sender")
SENDER = SenderKeys(SECRET, RECEIVERS_KEY, SENDERS_KEY)
Answer = Callable[[httpx.Request], int]


def receiver_keys(name: str) -> object:
    """What `verify` takes."""
    private = {"kyve": SECRET, "kayle": {"secret": SECRET, "private_key": RECEIVERS_KEY}}
    return private.get(name, {"keys": [{part: SENDERS_KEY[part] for part in ("kty", "n", "e", "kid")}]})


def forger(name: str) -> Forger:
    """Makes deliveries for these receivers."""
    provider = specs.load(name)
    return Forger(provider, provider.webhooks, SENDER, int(time.time()))


def verified(name: str, sent: Sent, keys: object = None) -> VerifiedDelivery:
    """A delivery as it was recorded, opened when it came."""
    return verify(name, sent.headers, sent.body, keys or receiver_keys(name), now=sent.at)


def right(name: str) -> Answer:
    """Verifies all there is to verify, and acts on an event once."""
    seen: set[str] = set()

    def answer(request: httpx.Request) -> int:
        if request.method != "POST":
            return 405
        try:
            verify(name, request.headers, request.content, receiver_keys(name), seen=seen)
        except Replayed:
            return 200
        except WebhookError:
            return 400
        return 200

    return answer
