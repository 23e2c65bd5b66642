"""Predicate: each rule of contracts/judge/rules with what breaks it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from specimen.contracts.http.exchange import Exchange
from tests.contracts.golden_exchanges import Mutant, Stage, changed

WALLET = "0x1234567890abcdef1234567890abcdef12345678"
OTHER_WALLET = "0x2234567890abcdef1234567890abcdef12345678"
OTHER_ID = "550e8400-e29b-41d4-a716-446655440000"
WALLETS = [{"id": "w", "address": WALLET, "chain": "ethereum"}]

OF_ASKED = [{"address": WALLET, "chain": "ethereum"}]
GIF = "data:image/png;base64,R0lGODlhAQABAAAAACw="


def register(stage: Stage, wallet: str = WALLET) -> Exchange:
    """A person's wallet, registered."""
    return stage.ask("register", path={"type": "individual"}, body={"walletAddress": wallet})


def registered_again(stage: Stage) -> tuple[Exchange, Exchange]:
    """A wallet and, for the same wallet, a second session."""
    other = register(stage, OTHER_WALLET)
    return register(stage), changed(other, request_body=other.request_body.replace(OTHER_WALLET.encode(), WALLET.encode()))


def status(stage: Stage, made: Exchange) -> Exchange:
    """Where a registered session stands."""
    return stage.ask("getStatus", path={"type": "individual", "sessionId": made.response_json["sessionId"]})


def completed(stage: Stage, made: Exchange) -> Exchange:
    """The same, completed."""
    first = status(stage, made)
    body = {**stage.read("completed").response_json, "sessionId": first.response_json["sessionId"]}
    return changed(first, {"": body})


def moved(stage: Stage) -> list[Exchange]:
    """A wallet that vanishes on the way from one list to the other."""
    first, last = stage.read("completed", "pending"), stage.read("completed")
    return [first, changed(first, {"": {**last.response_json, **_id(first), "verifiedWallets": WALLETS}})]


def _id(exchange: Exchange) -> dict[str, str]:
    return {"sessionId": exchange.response_json["sessionId"]}


def verified(stage: Stage) -> Exchange:
    """What verifyWallet answers of a verified wallet."""
    entry = next(entry for entry in stage.entries if entry["example"] == "verified")
    for step in entry["setup"]:
        stage.send(step)
    return stage.send(entry)


def stream(stage: Stage) -> Exchange:
    """The stream of a completed session: one event."""
    return stage.ask("streamStatus", path={"type": "individual", **_id(stage.read("completed"))})


def reopened(stage: Stage) -> Exchange:
    """A stream that goes on after the end."""
    found = stream(stage)
    pending = {**stage.read("completed", "pending").response_json, **_id(stage.read("completed"))}
    return changed(found, response_body=found.response_body + b"data: " + json.dumps(pending).encode() + b"\n\n")


def verify_open(stage: Stage) -> list[Exchange]:
    """A wallet whose session is pending, answered as verified."""
    made = register(stage)
    answer = stage.ask("verifyWallet", body={"address": WALLET})
    values = {**verified(stage).response_json, "address": WALLET, "wallets": [{"address": WALLET, "chain": "ethereum"}]}
    return [made, status(stage, made), changed(answer, {"": values})]


def verify_preferred(stage: Stage) -> list[Exchange]:
    """The same wallet, of a session that a mock was asked to make."""
    made, read, answer = verify_open(stage)
    return [replace(made, request_headers={**made.request_headers, "prefer": "status=pending"}), read, answer]


def under_review(values: dict[str, object]) -> Callable[[Stage], list[Exchange]]:
    """A session that is read when it is pending, and then under review with other wallets."""

    def make(stage: Stage) -> list[Exchange]:
        first = changed(stage.read("completed", "pending"), {"/unverifiedWallets": WALLETS})
        return [first, changed(first, {"/status": "submitted", **values})]

    return make


def rejected_again(stage: Stage) -> list[Exchange]:
    """A wallet whose session was rejected, registered again: the rejected session, with 200."""
    made = register(stage)
    read = status(stage, made)
    again = changed(register(stage), {"/sessionId": made.response_json["sessionId"]}, status=200)
    return [made, changed(read, {"/status": "rejected"}), again]


def ended_before(stage: Stage) -> list[Exchange]:
    """A session that was completed five hours before it was made."""
    made = register(stage)
    return [made, changed(completed(stage, made), {"/completedAt": "2026-03-19T05:31:30Z"})]


def of_type(body: bytes, kind: str) -> bytes:
    """The question about a wallet, of one type of session only."""
    return json.dumps({**json.loads(body), "type": kind}).encode()


def asked_of(stage: Stage) -> Exchange:
    """What verifyWallet answers of a wallet by its address alone."""
    values = {**verified(stage).response_json, "address": WALLET, "wallets": OF_ASKED}
    return changed(stage.ask("verifyWallet", body={"address": WALLET}), {"": values})


def another_user(stage: Stage) -> list[Exchange]:
    """A wallet whose session was completed, verified for another user."""
    made = register(stage)
    read = changed(completed(stage, made), {"/verifiedWallets": WALLETS})
    answer = {**verified(stage).response_json, "address": WALLET, "wallets": OF_ASKED, "userId": OTHER_ID}
    return [made, read, changed(stage.ask("verifyWallet", body={"address": WALLET}), {"": answer})]


def not_yet_verified(stage: Stage) -> list[Exchange]:
    """A wallet whose session was completed, and that is not verified."""
    made = register(stage)
    shown = [{"id": "w-1", "address": WALLET, "chain": "ethereum"}]
    read = changed(completed(stage, made), {"/verifiedWallets": shown})
    unknown = {"": {"address": WALLET, "verified": False, "status": None, "checkType": None, "verifiedAt": None, "wallets": []}}
    return [made, read, changed(asked_of(stage), unknown)]


def other_size(stage: Stage) -> list[Exchange]:
    """The code of the default size where 80 pixels were asked for."""
    small = stage.ask("register", path={"type": "individual"}, query={"size": 80}, body={"walletAddress": WALLET})
    return [changed(small, {"/qrCode": register(stage, OTHER_WALLET).response_json["qrCode"]})]


def beside_a_business(stage: Stage, kind: str | None = None) -> list[Exchange]:
    """A wallet of a completed session that is registered for a business too, and is not verified."""
    made, read, unknown = not_yet_verified(stage)
    business = stage.ask("register", path={"type": "business"}, body={"walletAddress": WALLET})
    asked = unknown if kind is None else changed(unknown, request_body=of_type(unknown.request_body, kind))
    return [made, read, business, asked]


def retried_anew(stage: Stage) -> list[Exchange]:
    """A wallet whose session is to retry, and that gets a second one."""
    first, second = registered_again(stage)
    read = changed(status(stage, first), {"/status": "retry"})
    return [first, read, second, read]


def of_two_sessions(stage: Stage) -> list[Exchange]:
    """A wallet of a completed session and of a business that was rejected later; asked for persons, it is rejected."""
    *before, _ = beside_a_business(stage)
    path = {"type": "business", "sessionId": before[-1].response_json["sessionId"]}
    business = changed(stage.ask("getStatus", path=path), {"/status": "rejected", "/userId": "user-2"})
    asked = replace(asked_of(stage), request_body=of_type(asked_of(stage).request_body, "individual"))
    return [*before, business, changed(asked, {"/status": "rejected"})]


def asked_twice(stage: Stage) -> list[Exchange]:
    """An unregistered wallet, and that is pending once it was asked for."""
    first = replace(stage.ask("verifyWallet", body={"address": OTHER_WALLET}), seen_by="walk")
    return [first, changed(first, {"/status": "pending"})]


def user_of_nothing(stage: Stage) -> list[Exchange]:
    """An unregistered wallet, with a user."""
    asked = stage.ask("verifyWallet", body={"address": OTHER_WALLET}, intent={"nothing": True})
    return [changed(replace(asked, seen_by="walk"), {"/userId": "user-1"})]


def without_wallet(stage: Stage) -> Exchange:
    """A session of no wallet."""
    return stage.ask("register", path={"type": "individual"}, body={})


def submitted_again(stage: Stage) -> list[Exchange]:
    """A session that is under review before and after it is registered, and is answered as one that may go on."""
    made = register(stage)
    read = changed(status(stage, made), {"/status": "submitted"})
    again = changed(register(stage), {"/sessionId": made.response_json["sessionId"]}, status=200)
    return [made, read, again, changed(status(stage, made), {"/status": "submitted"})]


def as_its_session(stage: Stage, values: dict[str, object]) -> list[Exchange]:
    """A wallet of one completed session, with other values than the session's."""
    made = register(stage)
    read = changed(completed(stage, made), {"/verifiedWallets": WALLETS})
    answer = {"status": "completed", "userId": read.response_json["userId"], "verifiedAt": read.response_json["completedAt"]}
    asked = changed(asked_of(stage), {f"/{name}": value for name, value in answer.items()})
    return [made, read, changed(asked, values)]


MUTANTS = (
    Mutant("PRE-024", "the status of a session of the other type", of_two_sessions),
    Mutant("PRE-025", "asking makes a session", asked_twice),
    Mutant("PRE-025", "a user of an unregistered wallet", user_of_nothing),
    Mutant("PRE-012", "without a wallet, and not new", lambda stage: [changed(without_wallet(stage), status=200)]),
    Mutant("PRE-012", "a session under review is answered again", submitted_again),
    Mutant("PRE-026", "on another chain", lambda stage: as_its_session(stage, {"/wallets/0/chain": "polygon"})),
    Mutant("PRE-026", "verified at midnight", lambda stage: as_its_session(stage, {"/verifiedAt": "2026-03-19T00:00:00Z"})),
    Mutant("PRE-023", "verified by one of two sessions, and not", beside_a_business),
    Mutant("PRE-012", "a second session beside one to retry", retried_anew),
    Mutant("PRE-007", "no wallets under review", under_review({"/unverifiedWallets": []})),
    Mutant("PRE-007", "a wallet has another id", under_review({"/unverifiedWallets": [{**WALLETS[0], "id": "x"}]})),
    Mutant("PRE-012", "a rejected session again", rejected_again),
    Mutant("PRE-019", "a wallet under way is verified", verify_open),
    Mutant("PRE-019", "a wallet of a session that was wished for", verify_preferred),
    Mutant("GEN-029", "over before it was made", ended_before),
    Mutant(
        "PRE-006",
        "a wallet verified and not",
        lambda stage: [changed(found := stage.read("completed"), {"/unverifiedWallets": found.response_json["verifiedWallets"]})],
        also=("PRE-005",),
    ),
    Mutant("PRE-007", "a wallet is lost", moved),
    Mutant("PRE-008", "another session", lambda stage: [changed(stage.read(), {"/sessionId": OTHER_ID})]),
    Mutant(
        "PRE-008",
        "another session in the stream",
        lambda stage: [
            changed(
                found := stream(stage),
                response_body=found.response_body.replace(found.parameters["sessionId"].encode(), OTHER_ID.encode()),
            )
        ],
    ),
    Mutant(
        "PRE-009",
        "a person is a company",
        lambda stage: [found := stage.read(), changed(found, path=found.path.replace("individual", "business"))],
    ),
    Mutant(
        "PRE-009",
        "registered as a person, read as a company",
        lambda stage: [
            made := register(stage),
            changed(found := status(stage, made), path=found.path.replace("individual", "business")),
        ],
    ),
    Mutant(
        "PRE-010",
        "rejected becomes pending",
        lambda stage: [found := stage.read("rejected"), changed(found, {"/status": "pending"})],
    ),
    Mutant("PRE-010", "a stream goes on after the end", lambda stage: [reopened(stage)]),
    Mutant(
        "PRE-012",
        "a pending session is passed over",
        lambda stage: [*(found := registered_again(stage)), status(stage, found[0])],
    ),
    Mutant(
        "PRE-012",
        "a completed session is passed over",
        lambda stage: [(found := registered_again(stage))[0], completed(stage, found[0]), found[1]],
    ),
    Mutant("PRE-012", "an old session as a new one", lambda stage: [register(stage), changed(register(stage), status=201)]),
    Mutant(
        "PRE-012",
        "another wallet's session",
        lambda stage: [
            made := register(stage),
            changed(register(stage, OTHER_WALLET), {"/sessionId": made.response_json["sessionId"]}, status=200),
        ],
    ),
    Mutant(
        "PRE-015",
        "another address",
        lambda stage: [changed(stage.ask("verifyWallet", body={"address": WALLET}), {"/address": OTHER_WALLET})],
    ),
    Mutant(
        "PRE-016",
        "a wallet twice",
        lambda stage: [
            changed(found := stage.read(state="pending"), {"/unverifiedWallets": found.response_json["unverifiedWallets"] * 2})
        ],
    ),
    Mutant("PRE-017", "other wallets", lambda stage: [changed(verified(stage), {"/wallets/0/address": OTHER_WALLET})]),
    Mutant(
        "GEN-047",
        "verified later each time",
        lambda stage: [found := asked_of(stage), changed(found, {"/verifiedAt": "2026-03-19T10:31:45Z"})],
    ),
    Mutant(
        "PRE-020",
        "a person is verified as a business",
        lambda stage: [
            changed(found := verified(stage), {"/checkType": "kyb"}, request_body=of_type(found.request_body, "individual"))
        ],
    ),
    Mutant("PRE-021", "another user than the session's", another_user),
    Mutant("PRE-017", "no wallets", lambda stage: [changed(verified(stage), {"/wallets": []})]),
    Mutant("PRE-021", "a completed session's wallet is not verified", not_yet_verified),
    Mutant("PRE-022", "a code of another size", other_size),
    Mutant(
        "PRE-022",
        "no picture",
        lambda stage: [changed(register(stage), {"/qrCode": GIF})],
    ),
    Mutant("GEN-055", "data in no event", lambda stage: [changed(stream(stage), response_body=b"data: {}\ndata: {}\n")]),
)
