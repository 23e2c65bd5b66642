"""Predicate: wallets between two lists, sessions of two types, sessions used again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from specimen.contracts.http.exchange import Exchange, parsed
from specimen.contracts.judge.checks import fields, pagination
from specimen.contracts.judge.checks.pictures import png_size
from specimen.contracts.judge.history import History, same_caller
from specimen.contracts.judge.rule import EXAMINED, Examined, Finding, rule
from specimen.contracts.redaction.values import Words
from specimen.specs.core.json_pointer import at

PAGE = "Get Session Status"
REGISTER = "Predicate docs, Register Session"
CHECKS = {"individual": "kyc", "business": "kyb"}
LISTS = ("/verifiedWallets", "/unverifiedWallets")
# So many pixels may whole modules of a QR code leave over: one that holds 150 letters has 57 of them.
_MOST_MODULES = 64
# By how much the clocks of two machines of one service may differ.
_CLOCKS_SECONDS = 300
_HEXADECIMAL = re.compile(r"0x[0-9a-f]+", re.IGNORECASE)


@rule(
    "PRE-006",
    "no wallet is in both lists",
    mark="I",
    source=f"{PAGE}, Response Fields",
    quote="Populated when `completed` … Populated when not `completed`",
)
def wallets_are_in_one_list(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """A wallet is verified or it is not."""
    if fields.is_read(exchange, "getStatus"):
        verified, unverified = (_wallets(exchange, pointer) for pointer in LISTS)
        if verified or unverified:
            yield EXAMINED
        for wallet in sorted(set(verified) & set(unverified)):
            yield Finding(f"/unverifiedWallets/{unverified[wallet]}", "a wallet that is not verified", {})


@rule(
    "PRE-007",
    "the same wallets move from one list to the other",
    mark="I",
    source=f"{PAGE}, Response Fields",
    quote="Wallets connected to this session",
    replaces=("GEN-067",),
)
def wallets_move(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """What a session's last open answer showed as not verified stays so until it is completed, and is verified then."""
    body = exchange.response_json
    if not fields.is_read(exchange, "getStatus"):
        return
    pointer = "/verifiedWallets" if at(body, "/status") == "completed" else "/unverifiedWallets"
    if not isinstance(at(body, pointer), list):
        return
    before = [one for one in history.reads(exchange) if at(one.response_json, "/status") != "completed"]
    known = _wallets(before[-1], "/unverifiedWallets") if before else {}
    shown = _wallets(exchange, pointer)
    if known:
        yield EXAMINED
    if set(known) - set(shown):
        yield Finding(pointer, "every wallet that the session had before", at(body, pointer))
    for wallet, index in shown.items():
        earlier = at(before[-1].response_json, f"/unverifiedWallets/{known[wallet]}/id") if wallet in known else None
        now = at(body, f"{pointer}/{index}/id")
        if isinstance(earlier, str) and isinstance(now, str) and now != earlier:
            yield Finding(f"{pointer}/{index}/id", "the id that the wallet had before", now)


@rule("PRE-008", "sessionId is the one in the path", source=f"{PAGE}, Path Parameters", replaces=("GEN-014",))
def id_is_echoed(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """An answer is about the requested session, also in a stream."""
    yield from fields.echoes({"/sessionId": "sessionId"}, "getStatus")(exchange, history)
    asked = exchange.parameters.get("sessionId", "")
    for index, event in _events(exchange):
        yield EXAMINED
        if not fields.same_id(asked, event.get("sessionId")):
            yield Finding(f"/{index}/sessionId", "what the path asked for", event.get("sessionId"))


@rule(
    "PRE-009",
    "a session of one type is not found under the other",
    mark="I",
    source=f"{PAGE}, Path Parameters",
    quote="Verification type: `individual` or `business`",
)
def types_are_apart(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """A person is no company."""
    if exchange.operation is None or exchange.operation.id != "getStatus":
        return
    asked, is_read = exchange.parameters.get("type"), fields.is_read(exchange, "getStatus")
    session = at(exchange.response_json, "/sessionId") if is_read else exchange.parameters.get("sessionId")
    if not isinstance(session, str):
        return
    made = history.created(session)
    for earlier in (*([made] if made is not None else []), *history.of(f"read getStatus {session}")):
        if earlier.parameters.get("type") != asked:
            yield EXAMINED
            if is_read:
                yield Finding("", "404: the session is known under the other type", exchange.status)
            return


@rule(
    "PRE-010",
    "completed and rejected are never left",
    mark="I",
    source=f"{PAGE}, Status Values",
    quote="Verification successful, user is verified … Verification permanently failed",
    replaces=("GEN-010",),
)
def terminal_stays(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """Neither from read to read nor from event to event."""
    yield from fields.terminal_stays()(exchange, history)
    terminal, before = exchange.provider.lifecycle.terminal, None
    for index, event in _events(exchange):
        if before in terminal:
            yield EXAMINED
        if before in terminal and event.get("status") != before:
            yield Finding(f"/{index}/status", f"'{before}', which is terminal", event.get("status"))
            return
        before = event.get("status") if isinstance(event.get("status"), str) else None


@rule(
    "PRE-012",
    "register answers the session that a wallet of this type has pending, to retry or completed",
    mark="P",
    source=f"{REGISTER}, Wallet Constraint",
)
def sessions_are_used_again(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """A wallet that is registered again gets its session; a 200 never answers another wallet's, a 201 never an old one."""
    if fields.is_read(exchange, "getStatus"):
        yield from _passed_over(exchange, history)
    yield from _reused_without_wallet(exchange)
    key, shown = _registered(exchange)
    if key is None:
        return
    made = history.created(shown)
    if made is not None or exchange.status == 200:
        yield EXAMINED
    if made is not None and exchange.status == 201:
        yield Finding("/sessionId", "a new session, or status 200", shown)
    elif made is not None and _registered(made)[0] not in (key, None):
        yield Finding("/sessionId", "a session of this wallet and type", shown)
    elif exchange.status == 200 and _last_status(shown, history) == "rejected":
        yield Finding("/sessionId", "a new session, for the one before was rejected", shown)
    elif exchange.status == 201:
        for earlier in history.calls("register"):
            kept = _registered(earlier)
            if kept[0] != key:
                continue
            yield EXAMINED
            if "completed" in [at(read.response_json, "/status") for read in history.of(f"read getStatus {kept[1]}")]:
                yield Finding("/sessionId", "the completed session of this wallet, with status 200", shown)
                return


@rule("PRE-015", "the address answered is the one asked for", mark="P", source="Predicate docs, Verify Wallet, Response Fields")
def address_is_echoed(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """Another case of hexadecimal digits, where it is only a checksum, is a note."""
    if exchange.operation is None or exchange.operation.id != "verifyWallet" or not exchange.is_success:
        return
    asked, shown = at(exchange.declared_json, "/address"), at(exchange.response_json, "/address")
    if not isinstance(asked, str) or not isinstance(shown, str):
        return
    yield EXAMINED
    if asked != shown:
        is_spelt_otherwise = _account(asked) == _account(shown)
        yield Finding("/address", "the address that was asked for", shown, is_assumed=is_spelt_otherwise)


@rule(
    "PRE-016",
    "each wallet of a session is listed once",
    mark="I",
    source=f"{PAGE}, Response Fields",
    quote="Wallets connected to this session",
)
def wallets_are_listed_once(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """By the wallet's own id."""
    return fields.every(*(pagination.once("getStatus", pointer=pointer) for pointer in LISTS))(exchange, history)


@rule(
    "PRE-017",
    "the wallets of a verified address hold it",
    mark="I",
    source="Predicate docs, Get Session Status, Response Fields, verifiedWallets; Verify Wallet, Response Fields",
    quote="Wallets connected to this session. Populated when `completed`.",
)
def verified_wallet_is_listed(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """Where the answer has the list."""
    shown = [_account(str(at(row, "/address"))) for row in pagination.rows(exchange, "verifyWallet", "/wallets")]
    asked, has_list = at(exchange.declared_json, "/address"), isinstance(at(exchange.response_json, "/wallets"), list)
    if has_list and isinstance(asked, str) and at(exchange.response_json, "/verified") is True:
        yield EXAMINED
        if _account(asked) in shown:
            return
        rests_on = tuple(f"/wallets/{index}/address" for index in range(len(shown)))
        yield Finding("/wallets", "the address that was asked for among them", {}, rests_on=rests_on)


@rule("PRE-019", "no wallet is verified before its session is completed", source=f"{PAGE}, Status Values, Warning")
def verified_means_completed(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """Of a wallet all of whose sessions that were seen are open or rejected; another caller may have verified it elsewhere."""
    if exchange.operation is None or exchange.operation.id != "verifyWallet" or exchange.has_preference:
        return
    asked, verified = at(exchange.declared_json, "/address"), at(exchange.response_json, "/verified")
    if not isinstance(verified, bool) or not isinstance(asked, str):
        return
    shown = [history.created(str(at(one.response_json, "/sessionId"))) for one in history.calls("getStatus") if one.is_success]
    made = [*history.calls("register"), *(one for one in shown if one is not None)]
    sessions = [_registered(one)[1] for one in made if (_registered(one)[0] or ("",))[0] == _account(asked)]
    reads = [history.of(f"read getStatus {session}")[-1:] for session in dict.fromkeys(sessions)]
    states = [at(one.response_json, "/status") for found in reads for one in found]
    if not states or len(states) != len(reads) or "completed" in states:
        return
    yield EXAMINED
    if verified:
        yield Finding("/verified", "false until the session is completed", True)


@rule(
    "PRE-020",
    "a wallet is verified by what was asked for: kyc of an individual, kyb of a business",
    mark="I",
    source="Predicate docs, Verify Wallet, Response Fields",
    quote="Individual (KYC) … Business (KYB)",
)
def checks_are_of_their_type(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """Where a type is asked for, or all sessions of the user that is answered are known to be of one."""
    shown = _verified(exchange)
    kind = shown.get("checkType")
    if kind not in CHECKS.values():
        return
    asked = at(exchange.declared_json, "/type")
    types = {asked} if asked is not None else _types_of(shown.get("userId"), history)
    if len(types) != 1 or not types <= CHECKS.keys():
        return
    yield EXAMINED
    if kind != CHECKS[str(next(iter(types)))]:
        yield Finding("/checkType", f"{CHECKS[str(next(iter(types)))]}, for it is of type {next(iter(types))}", kind)


@rule(
    "PRE-021",
    "a wallet's answer agrees with its session",
    mark="I",
    source="Predicate docs, Verify Wallet, Response Fields",
    quote="Current status: `pending`, `submitted`, `completed`, `rejected`, or `retry`",
)
def wallets_agree_with_sessions(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """Of a wallet with one session that has ended: its status and its user."""
    if exchange.operation is None or exchange.operation.id != "verifyWallet" or not exchange.is_success:
        return
    asked = at(exchange.declared_json, "/address")
    sessions = _sessions_of(_account(asked), history) if isinstance(asked, str) and not exchange.has_preference else {}
    read = next(iter(sessions.values()), None)
    if read is None or len(sessions) != 1 or at(read.response_json, "/status") not in exchange.provider.lifecycle.terminal:
        return
    if at(exchange.declared_json, "/type") not in (None, read.parameters.get("type")):
        return
    is_completed, verified = at(read.response_json, "/status") == "completed", at(exchange.response_json, "/verified")
    if is_completed and isinstance(verified, bool) and at(read.response_json, "/verifiedWallets"):
        yield EXAMINED
        if not verified:
            yield Finding("/verified", "true, for its session is completed", verified)
            return
    for name in ("status", "userId"):
        was, now = at(read.response_json, f"/{name}"), at(exchange.response_json, f"/{name}")
        if not isinstance(now, str) or not (isinstance(was, str) or (name == "userId" and was is None and not is_completed)):
            continue  # of a completed session without a user PRE-004 speaks
        yield EXAMINED
        if not fields.same_value(was, now):
            yield Finding(f"/{name}", "what the wallet's session shows", now)


@rule(
    "PRE-023",
    "a wallet that one of its sessions has verified is verified",
    mark="I",
    source=f"{PAGE}, Status Values; Response Fields, verifiedWallets",
    quote="Verification successful, user is verified … Wallets connected to this session. Populated when `completed`.",
)
def verified_wallets_stay_verified(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """In any spelling of its address, where no type is asked for or that of the session. Of a wallet with one PRE-021 speaks."""
    if exchange.operation is None or exchange.operation.id != "verifyWallet" or not exchange.is_success:
        return
    asked, verified = at(exchange.declared_json, "/address"), at(exchange.response_json, "/verified")
    if exchange.has_preference or not isinstance(asked, str) or not isinstance(verified, bool):
        return
    sessions = _sessions_of(_account(asked), history)
    for read in sessions.values() if len(sessions) > 1 else ():
        is_meant = at(exchange.declared_json, "/type") in (None, read.parameters.get("type")) and same_caller(read, exchange)
        if is_meant and _account(asked) in {wallet for wallet, _ in _wallets(read, "/verifiedWallets")}:
            yield EXAMINED
            if not verified:
                yield Finding("/verified", "true, for one of its sessions is completed", verified)
            return


@rule(
    "PRE-024",
    "the status of a wallet is that of its newest session",
    mark="P",
    source="Predicate docs, Verify Wallet, Response Fields, status",
)
def newest_sessions_count(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """Of the type that was asked for. What the newest one was read in may have moved on; an older one's is wrong in our walk."""
    sessions = _asked_sessions(exchange, history)
    shown, asked = at(exchange.response_json, "/status"), at(exchange.declared_json, "/address")
    known = [at(one.response_json, "/status") for one in _sessions_of(_account(asked), history).values()] if sessions else []
    if not sessions or len(known) < 2 or not isinstance(shown, str):
        return  # of a wallet with one session PRE-021 speaks
    newest = at(sessions[-1].response_json, "/status")
    yield EXAMINED
    lifecycle = exchange.provider.lifecycle
    is_behind = exchange.seen_by == "walk" and shown != newest and shown in known
    if shown in lifecycle.states and (shown not in fields.reachable(lifecycle, newest) or is_behind):
        yield Finding("/status", f"'{newest}', as the newest session of the wallet was read, or what follows", shown)


def _asked_sessions(exchange: Exchange, history: History) -> list[Exchange]:
    """The last reads of the sessions that a question about a wallet is about, oldest session first; none where one is unread."""
    is_question = exchange.operation is not None and exchange.operation.id == "verifyWallet" and exchange.is_success
    if not is_question or exchange.has_preference:
        return []
    asked, kind = at(exchange.declared_json, "/address"), at(exchange.declared_json, "/type")
    found = []
    for session, read in _sessions_of(_account(asked), history).items() if isinstance(asked, str) else ():
        made = history.created(str(session))
        if made is None:
            return []
        if kind in (None, made.parameters.get("type")):
            found.append((made.started, made.at, read))
    ordered = [read for _, _, read in sorted(found, key=lambda one: one[:2])]
    known = exchange.provider.lifecycle.states
    return ordered if all(at(read.response_json, "/status") in known for read in ordered) else []


@rule(
    "PRE-025",
    "an unregistered wallet has no session",
    mark="I",
    source="Predicate docs, Verify Wallet, Response Fields, status",
    quote="The session ID from the registration response",
)
def asking_makes_no_session(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """Of a wallet of our walk, which was unknown when it was asked for first: asking makes nothing."""
    if exchange.operation is None or exchange.operation.id != "verifyWallet" or not exchange.is_success:
        return
    asked = at(exchange.declared_json, "/address")
    if exchange.has_preference or exchange.seen_by != "walk" or not isinstance(asked, str):
        return
    if exchange.intent.get("nothing"):
        yield EXAMINED
        name = next((name for name in ("status", "userId") if at(exchange.response_json, f"/{name}") is not None), None)
        if name is not None:
            shown = at(exchange.response_json, f"/{name}")
            yield Finding(f"/{name}", f"no {name}, because the wallet was never registered", shown)
        return
    for earlier in history.calls("verifyWallet"):
        if earlier.is_success and at(earlier.declared_json, "/address") == asked and same_caller(earlier, exchange):
            if at(earlier.response_json, "/status") is not None or _sessions_of(_account(asked), history):
                return
            yield EXAMINED
            if at(exchange.response_json, "/status") is not None:
                yield Finding("/status", "null, because the wallet was never registered", at(exchange.response_json, "/status"))
            return


@rule(
    "PRE-026",
    "a verified wallet is shown as its session shows it",
    mark="I",
    source="Predicate docs, Verify Wallet, Response Fields, wallets and verifiedAt; Get Session Status, Response Fields",
    quote="Wallets connected to this session. Populated when `completed`. … ISO 8601 timestamp (only present when `completed`)",
)
def wallets_are_their_sessions(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """Of a wallet with one session, which is completed: its chain, all wallets beside it, the time give or take five minutes."""
    sessions = _asked_sessions(exchange, history) if at(exchange.response_json, "/verified") is True else []
    if len(sessions) != 1 or at(sessions[0].response_json, "/status") != "completed":
        return
    theirs, shown = _wallets(sessions[0], "/verifiedWallets"), _wallets(exchange, "/wallets")
    if theirs and isinstance(at(exchange.response_json, "/wallets"), list):
        yield EXAMINED
        missing = {account for account, _ in theirs} - {account for account, _ in shown}
        if missing:
            yield Finding("/wallets", "each wallet that its session verified", at(exchange.response_json, "/wallets"))
        more = {account for account, _ in shown} - {account for account, _ in theirs}
        if more and not missing:
            # Another session of the identity, which the run has not seen, may have them.
            expected = "the wallets that its session verified"
            yield Finding("/wallets", expected, at(exchange.response_json, "/wallets"), is_assumed=True)
        for account, chain in shown:
            chains = {of for one, of in theirs if one == account}
            if chains and chain not in chains:
                pointer = f"/wallets/{shown[account, chain]}/chain"
                yield Finding(pointer, "the chain that its session shows", chain)
                return
    times = [at(sessions[0].response_json, "/completedAt"), at(exchange.response_json, "/verifiedAt")]
    ended, verified = (fields.epoch_seconds(time) for time in times)
    if ended is not None and verified is not None:
        yield EXAMINED
        if abs(ended - verified) > _CLOCKS_SECONDS:
            yield Finding("/verifiedAt", "the time at which its session was completed", times[1])


@rule(
    "PRE-022",
    "the QR code is a square PNG of the size that was asked for",
    mark="I",
    source=f"{REGISTER}, Query Parameters, size; Response Fields, qrCode",
    quote='`size` 80–2000 default 300 … qrCode:"data:image/png;base64,',
)
def codes_have_their_size(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """The size of the query, else its default; less than one module to each side may be lost by rounding."""
    operation, code = exchange.operation, at(exchange.response_json, "/qrCode")
    if operation is None or operation.id != "register" or not exchange.is_success or not isinstance(code, str):
        return
    asked = exchange.queries.get("size")
    default = next((entry.schema.get("default") for entry in operation.parameters if entry.name == "size"), None)
    wanted = default if asked is None else int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else None
    if not isinstance(wanted, int):
        return
    yield EXAMINED
    size = png_size(code)
    if size is None:
        yield Finding("/qrCode", "a PNG image", Words("another content"))
    elif size[0] != size[1] or abs(size[0] - wanted) > _MOST_MODULES:
        yield Finding("/qrCode", f"{wanted} pixels wide and high", Words(f"{size[0]} by {size[1]} pixels"))


def _verified(exchange: Exchange) -> Mapping[str, Any]:
    """The answer that a wallet is verified; empty for any other exchange."""
    body = exchange.response_json
    is_asked = exchange.operation is not None and exchange.operation.id == "verifyWallet" and exchange.is_success
    return body if is_asked and isinstance(body, Mapping) and body.get("verified") is True else {}


def _types_of(user: Any, history: History) -> set[Any]:
    if not isinstance(user, str):
        return set()
    reads = (one for one in history.calls("getStatus") if one.is_success and at(one.response_json, "/userId") == user)
    return {one.parameters.get("type") for one in reads}


def _sessions_of(account: str, history: History) -> dict[Any, Exchange]:
    """The last read of each session that was registered with a wallet or showed it."""
    found = {}
    for one in history.calls("getStatus"):
        if one.is_success:
            wallets = {wallet for pointer in LISTS for wallet, _ in _wallets(one, pointer)}
            if account in wallets:
                found[at(one.response_json, "/sessionId")] = one
    for one in history.calls("register"):
        key, shown = _registered(one)
        if key is not None and key[0] == account:
            found.setdefault(shown, one)
    return found


def _reused_without_wallet(exchange: Exchange) -> Iterator[Finding | Examined]:
    """What is registered without a wallet is new: only a wallet has a session that may be answered again."""
    is_registered = exchange.operation is not None and exchange.operation.id == "register" and exchange.is_success
    sent = exchange.declared_json if exchange.request_body else {}
    if is_registered and isinstance(sent, Mapping) and not sent.get("walletAddress") and not exchange.has_preference:
        yield EXAMINED
        if exchange.status == 200:
            yield Finding("", "201, for no wallet was registered", exchange.status, mark="I")


def _passed_over(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """A session that is pending, as it was made, or to retry, as it was read, was so when its wallet was registered again."""
    shown, state = at(exchange.response_json, "/sessionId"), at(exchange.response_json, "/status")
    made = history.created(shown) if isinstance(shown, str) and state in ("pending", "retry", "submitted") else None
    key, reads = None if made is None else _registered(made)[0], history.reads(exchange)
    if made is None or key is None:
        return
    calls = history.calls("register")
    if reads and at(reads[-1].response_json, "/status") == state:
        later: Iterable[Exchange] = [call for call in calls if call.started >= reads[-1].at and call is not made]
    elif made in calls and state == "pending" and not any(at(read.response_json, "/status") != state for read in reads):
        later = calls[calls.index(made) + 1 :]
    else:
        return
    for call in later:
        if _registered(call)[0] != key:
            continue
        yield EXAMINED
        if state == "submitted" and call.status == 200 and _registered(call)[1] == shown:
            # The page names the three; that it excludes the fourth is implied.
            yield Finding("/status", "a session that register answers again: pending, to retry or completed", state, mark="I")
            return
        if call.status == 201 and state != "submitted":
            yield Finding("/status", "a session that register answers again: this wallet got a second one", state)
            return


def _last_status(session: str, history: History) -> Any:
    reads = history.of(f"read getStatus {session}")
    return at(reads[-1].response_json, "/status") if reads else None


def _registered(exchange: Exchange) -> tuple[tuple[str, str] | None, str]:
    """Wallet and type of a successful register, and the session that it answered; None for any other exchange."""
    if exchange.operation is None or exchange.operation.id != "register" or not exchange.is_success:
        return None, ""
    wallet, shown = at(exchange.declared_json, "/walletAddress"), at(exchange.response_json, "/sessionId")
    if not isinstance(wallet, str) or not wallet or not isinstance(shown, str):
        return None, ""
    return (_account(wallet), exchange.parameters.get("type", "")), shown


def _account(address: str) -> str:
    """What an address means: of a hexadecimal one the case is a checksum (EIP-55), of any other (base58) it counts."""
    return address.lower() if _HEXADECIMAL.fullmatch(address) else address


def _wallets(exchange: Exchange, pointer: str) -> dict[tuple[str, str], int]:
    """The wallets of a list by address and chain, with their place."""
    found = at(exchange.response_json, pointer)
    return {
        (_account(str(wallet.get("address"))), str(wallet.get("chain"))): index
        for index, wallet in enumerate(found if isinstance(found, list) else [])
        if isinstance(wallet, Mapping)
    }


def _events(exchange: Exchange) -> Iterator[tuple[int, Mapping[str, Any]]]:
    if exchange.operation is not None and exchange.operation.id == "streamStatus" and exchange.is_success:
        for index, text in enumerate(exchange.events):
            event = parsed(text)
            if isinstance(event, Mapping):
                yield index, event
