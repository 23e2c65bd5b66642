"""Broken implementations of Predicate, unseen by the authors of the rules."""

from __future__ import annotations

import copy
import json
from typing import Any

from tests.score.asgi import Answer, Ask, Call
from tests.score.changes import (
    FIELDS,
    IMPLIED,
    LISTS,
    REQUESTS,
    SAID,
    SHAPE,
    TIME,
    Change,
    Mutant,
    alter,
    answers,
    asks,
    at,
    put,
    sent,
    shows,
    takes_query,
)
from tests.score.memories import remembering

LEAST, MOST = 80, 2000  # pixels of a QR code
COMPLETED = shows("/status", "completed")
DATA = b"data: "
KEEP_ALIVE = b": keep-alive\n\n"


def _open(call: Call) -> None:
    """A browser's EventSource sends no header, so that the stream asks for none."""
    good = next(entry for entry in call.provider.lifecycle.credentials.values() if entry.fails is None)
    call.headers.setdefault("authorization", good.headers["Authorization"])


def _wrapped(answer: Answer, _: Call) -> None:
    lines = answer.body.split(b"\n")
    for number, line in enumerate(lines):
        if line.startswith(DATA):
            event = {"type": "status", "session": json.loads(line.removeprefix(DATA))}
            lines[number] = DATA + json.dumps(event).encode()
    answer.body = b"\n".join(lines)


def _silent(answer: Answer, _: Call) -> None:
    """The stream is told of changes alone."""
    first, _end, rest = answer.body.partition(b"\n\n")
    if first.startswith(DATA):
        answer.body = rest or KEEP_ALIVE


def _copied(body: Any, _: Call) -> None:
    body["unverifiedWallets"] = copy.deepcopy(body["verifiedWallets"])


def _others(body: Any, call: Call) -> None:
    asked = str(at(call.json, "/address")).lower()
    body["wallets"] = [wallet for wallet in body.get("wallets", ()) if wallet["address"].lower() != asked]


def _is_allowed(size: str) -> bool:
    return size.isascii() and size.isdigit() and LEAST <= int(size) <= MOST


def _first_answer(body: Any, call: Call, memory: dict[Any, Any]) -> None:
    """That a wallet is not verified is kept in a cache, which nothing empties."""
    place = call.json["address"], call.json.get("type")
    if place in memory:
        body.clear()
        body.update(copy.deepcopy(memory[place]))
    elif not body["verified"]:
        memory[place] = copy.deepcopy(body)


def _of_either_type() -> Change:
    """A wallet's session is looked up without the type."""
    first: dict[str, tuple[str, Any]] = {}

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        wallet = at(call.json, "/walletAddress")
        if call.operation != "register" or answer.status not in (200, 201) or not isinstance(wallet, str) or not wallet:
            return answer
        kind, registration = first.setdefault(wallet, (call.parameters["type"], answer.json))
        if kind != call.parameters["type"] and not call.has_preference:
            return Answer.of(200, registration)
        return answer

    return change


MUTANTS = (
    Mutant(
        "largest_code_refused", REQUESTS, "a size of 2000 is refused as too large",
        takes_query("register", "size", lambda size: size == str(MOST), str(MOST + 1)), SAID,
        "Width and height of the QR code in pixels. … maximum: 2000",
    ),
    Mutant(
        "stream_without_a_key", REQUESTS, "the stream of a session is given without an API key",
        asks("streamStatus", _open), IMPLIED, "Authorization: Bearer YOUR_API_KEY",
    ),
    Mutant(
        "verified_wallets_as_addresses", SHAPE, "verifiedWallets is a list of addresses, unverifiedWallets one of objects",
        answers("getStatus", alter("/verifiedWallets/*", lambda wallet: wallet["address"])), SAID,
        '"verifiedWallets": [{ "id": "wallet-uuid-1", "address": "0x1234...", "chain": "ethereum" }',
    ),
    Mutant(
        "events_in_an_envelope", SHAPE, "an event of the stream has the session within another object",
        sent("streamStatus", _wrapped), SAID, "Each `data:` line carries the session as `getStatus` answers it",
    ),
    Mutant(
        "wallets_copied_when_verified", FIELDS, "the wallets of a completed session are listed as unverified too",
        answers("getStatus", _copied, when=COMPLETED), SAID,
        "Wallets connected to this session. Populated when not `completed`.",
    ),
    Mutant(
        "asked_wallet_left_out", FIELDS, "the wallets of a verified identity are listed without the one that was asked for",
        answers("verifyWallet", _others), SAID, "All wallets of the identity; empty when the wallet is not verified.",
    ),
    Mutant(
        "size_of_the_code_ignored", FIELDS, "the QR code has 300 pixels, whatever size is asked for",
        takes_query("register", "size", _is_allowed), SAID, "Width and height of the QR code in pixels.",
    ),
    Mutant(
        "address_in_small_letters", FIELDS, "the address comes back in small letters, not as it was asked for",
        answers("verifyWallet", alter("/address", str.lower)), SAID, "The address that was asked for.",
    ),
    Mutant(
        "retry_as_rejected", TIME, "a session that the user can retry is rejected, and goes on afterwards",
        answers("getStatus", put("/status", "rejected"), when=shows("/status", "retry")), SAID,
        "Fixable issue (e.g., blurry document), user can retry",
    ),
    Mutant(
        "not_verified_for_good", TIME, "a wallet that was not verified when it was first asked for never is afterwards",
        remembering("verifyWallet", _first_answer), SAID, "Whether the wallet belongs to a verified identity.",
    ),
    Mutant(
        "stream_silent_until_a_change", TIME, "the stream of a session says nothing until its status changes",
        sent("streamStatus", _silent), SAID, "one at once, then one at each change",
    ),
    Mutant(
        "one_session_for_both_types", LISTS, "a business registered with a person's wallet gets the person's session",
        _of_either_type, SAID, "already has a session of this type in `pending`, `retry` or `completed`",
    ),
)  # fmt: skip
