"""Receivers for the attacks: one that does right, and its weak variants, each with one flaw."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable

import httpx

from specimen import specs
from specimen.contracts.webhooks.forging import Forger, SenderKeys, strange_key
from specimen.specs.core.json_pointer import at
from specimen.webhooks import (
    InvalidBody,
    MalformedSignature,
    MissingHeader,
    OutsideTolerance,
    Replayed,
    WebhookError,
    WrongSignature,
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


def _ignoring(*errors: type[WebhookError]) -> Callable[[str], Answer]:
    def make(name: str) -> Answer:
        def answer(request: httpx.Request) -> int:
            if request.method != "POST":
                return 405
            try:
                verify(name, request.headers, request.content, receiver_keys(name))
            except errors:
                return 200
            except WebhookError:
                return 400
            return 200

        return answer

    return make


def _strict_about(refused: Callable[[httpx.Request, dict], bool], status: int = 422) -> Callable[[str], Answer]:
    """A receiver that refuses what is genuine and unexpected."""

    def make(name: str) -> Answer:
        ok = right(name)

        def answer(request: httpx.Request) -> int:
            found = ok(request)
            if found == 200 and refused(request, _content(name, request)):
                return status
            return found

        return answer

    return make


def _content(name: str, request: httpx.Request) -> dict:
    return dict(verify(name, request.headers, request.content, receiver_keys(name)).body)


def accepts_all(_: str) -> Answer:
    """Believes whatever comes."""
    return lambda _: 200


def crashes_on_odd_bodies(name: str) -> Answer:
    """Reads the JSON without a guard."""
    ok = right(name)

    def answer(request: httpx.Request) -> int:
        try:
            verify(name, request.headers, request.content, receiver_keys(name))
        except InvalidBody:
            return 500
        except WebhookError:
            pass
        return ok(request)

    return answer


def trusts_rewritten_json(name: str) -> Answer:
    """Verifies JSON that it read and wrote again."""
    ok = right(name)

    def answer(request: httpx.Request) -> int:
        try:
            content = json.dumps(json.loads(request.content), ensure_ascii=False, separators=(",", ":")).encode()
        except ValueError:
            content = request.content
        return ok(httpx.Request(request.method, request.url, headers=request.headers, content=content))

    return answer


def believes_the_header(name: str) -> Answer:
    """Takes the algorithm of a token from its header (RFC 8725, section 2.1)."""
    ok = right(name)

    def answer(request: httpx.Request) -> int:
        head, *_ = request.content.split(b".")
        none = base64.urlsafe_b64encode(b'{"typ": "JWT", "kid": "sender", "alg": "none"}').rstrip(b"=")
        return 200 if head == none else ok(request)

    return answer


def refuses_repetitions(name: str) -> Answer:
    """Answers an event that comes again with an error, so that the vendor tries for ever."""
    seen: set[str] = set()

    def answer(request: httpx.Request) -> int:
        try:
            verify(name, request.headers, request.content, receiver_keys(name), seen=seen)
        except WebhookError:
            return 409
        return 200

    return answer


def _known_types(name: str) -> Callable[[httpx.Request, dict], bool]:
    webhooks = specs.load(name).webhooks
    return lambda _, content: at(content, webhooks.type_at) not in webhooks.events


def refuses_unknown_types(name: str) -> Answer:
    """Knows only the types of today."""
    return _strict_about(_known_types(name))(name)


# Each with the attacks that it must fail at, by provider where they differ.
WEAK: dict[str, tuple[str, Callable[[str], Answer], set[str]]] = {
    "accepts all": (
        "kyve", accepts_all,
        {"stale-timestamp", "future-timestamp", "unsigned", "wrong-secret", "empty-secret", "rotated-key", "altered-body",
         "respaced-body", "not-json", "not-an-object"},
    ),
    "no time": ("kyve", _ignoring(OutsideTolerance), {"stale-timestamp", "future-timestamp"}),
    "no signature needed": ("kyve", _ignoring(MissingHeader), {"unsigned"}),
    "any signature": (
        "kyve", _ignoring(WrongSignature),
        {"wrong-secret", "empty-secret", "rotated-key", "altered-body", "respaced-body"},
    ),
    "rewritten JSON": ("kyve", trusts_rewritten_json, {"respaced-body"}),
    "crash": ("kyve", crashes_on_odd_bodies, {"not-json", "not-an-object"}),
    "repetitions": ("kyve", refuses_repetitions, {"repeated-event"}),
    "types": ("kayle", refuses_unknown_types, {"unknown-type"}),
    "fields": ("idnow", _strict_about(lambda _, content: "specimen_added" in content), {"unknown-fields"}),
    "late": (
        "kyve",
        _strict_about(lambda _, content: content["created"] < time.time() - 3600),
        {"late"},
    ),
    "small bodies only, badly": ("kyve", _strict_about(lambda request, _: len(request.content) > 1_000_000, 500), {"large"}),
    "alg none": ("idnow", believes_the_header, {"algorithm-none"}),
    "time of a token": ("idnow", _ignoring(OutsideTolerance), {"stale-timestamp", "future-timestamp"}),
    "no JWE needed": ("kayle", _ignoring(MalformedSignature), {"not-encrypted"}),
}  # fmt: skip
