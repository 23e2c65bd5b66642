"""Weak receivers for the attacks, each with one flaw."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import httpx

from specimen import specs
from specimen.specs.core.json_pointer import at
from specimen.webhooks import (
    InvalidBody,
    MalformedSignature,
    MissingHeader,
    OutsideTolerance,
    WebhookError,
    WrongSignature,
    verify,
)
from tests.contracts.webhooks.receivers import Answer, receiver_keys, right
from tests.contracts.webhooks.weak_token_receivers import (
    PKCS1,
    SPKI,
    believes_the_header,
    follows,
    public_jwk,
    public_pem,
    takes_hmac_by,
    takes_sha_1,
)


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


def wants_order(name: str) -> Answer:
    """Refuses the creation of a session of which it has heard."""
    ok, known = right(name), set()

    def answer(request: httpx.Request) -> int:
        found = ok(request)
        if found == 200:
            content = _content(name, request)
            session = at(content, specs.load(name).webhooks.session_at)
            if content["type"] == "verification.created" and session in known:
                return 409
            known.add(session)
        return found

    return answer


def refusing(is_odd: Callable[[httpx.Request], bool], status: int) -> Callable[[str], Answer]:
    """A receiver that answers otherwise to a request of some form."""

    def make(name: str) -> Answer:
        ok = right(name)
        return lambda request: status if is_odd(request) else ok(request)

    return make


def _is_chunked(request: httpx.Request) -> bool:
    return "transfer-encoding" in request.headers


def _is_in_pieces(request: httpx.Request) -> bool:
    return request.extensions["parts"] > 1 and not _is_chunked(request)


def breaks_at_copies(name: str) -> Answer:
    """The same request twice breaks a unique index of its database."""
    ok, known = right(name), set()

    def answer(request: httpx.Request) -> int:
        signature = request.headers.get("KYC-Signature")
        if signature is not None and signature in known:
            return 500
        known.add(signature)
        return ok(request)

    return answer


def ends_at_head(name: str) -> Answer:
    """Is of no use after a request with another method."""
    ok, methods = right(name), set()

    def answer(request: httpx.Request) -> int:
        methods.add(request.method)
        return 503 if request.method == "POST" and "HEAD" in methods else ok(request)

    return answer


CONFUSED = {"algorithm-confusion"}
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
    "HMAC by a PEM text": ("idnow", takes_hmac_by(lambda: public_pem(SPKI)), CONFUSED),
    "HMAC by a PEM text without its line end": ("idnow", takes_hmac_by(lambda: public_pem(SPKI).strip()), CONFUSED),
    "HMAC by a PEM text of PKCS #1": ("idnow", takes_hmac_by(lambda: public_pem(PKCS1)), CONFUSED),
    "HMAC by PKCS #1 without its line end": ("idnow", takes_hmac_by(lambda: public_pem(PKCS1).strip()), CONFUSED),
    "HMAC by a JWK": ("idnow", takes_hmac_by(public_jwk), CONFUSED),
    "jku": ("idnow", follows("jku"), {"foreign-key-set"}),
    "jwk": ("idnow", follows("jwk"), {"own-key"}),
    "SHA-1": ("kayle", takes_sha_1, {"weak-encryption"}),
    "order": ("kyve", wants_order, {"out-of-order"}),
    "length": ("kyve", refusing(_is_chunked, 411), {"chunked"}),
    "pieces": ("kyve", refusing(_is_in_pieces, 500), {"slow"}),
    "encodings": ("kyve", refusing(lambda request: "content-encoding" in request.headers, 500), {"compressed"}),
    "copies": ("kyve", breaks_at_copies, {"duplicate"}),
    "GET": ("kyve", refusing(lambda request: request.method == "GET", 500), {"get"}),
    "HEAD": ("kyve", refusing(lambda request: request.method == "HEAD", 500), {"head"}),
    "after HEAD": ("kyve", ends_at_head, {"genuine-again"}),
    "no JWE needed": ("kayle", _ignoring(MalformedSignature), {"not-encrypted"}),
}  # fmt: skip
