"""Kayle ID: order in time, counters, what never changes."""

from __future__ import annotations

from collections.abc import Iterable

from contracts import checks
from contracts.exchange import Exchange
from contracts.history import History
from contracts.rule import Finding, rule

PAGE = "Get a session by ID, OpenAPI"


@rule("KAY-010", "created_at is not later than updated_at", mark="A", source=PAGE, reason="what the fields' names say")
def created_before_updated(exchange: Exchange, history: History) -> Iterable[Finding]:
    """A session is made before it changes."""
    return checks.in_order(("/data/created_at", "/data/updated_at"))(exchange, history)


@rule(
    "KAY-011", "completed_at lies between created_at and updated_at", mark="A", source=PAGE, reason="what the fields' names say"
)
def completed_in_between(exchange: Exchange, history: History) -> Iterable[Finding]:
    """A session ends after it was made, and its end is a change."""
    if checks.at_null(exchange, "/data/completed_at"):
        return ()
    return checks.every(
        checks.in_order(("/data/created_at", "/data/completed_at")), checks.in_order(("/data/completed_at", "/data/updated_at"))
    )(exchange, history)


@rule("KAY-012", "expires_at is not earlier than created_at", mark="A", source=PAGE, reason="the page's example has them equal")
def expires_after_creation(exchange: Exchange, history: History) -> Iterable[Finding]:
    """A session does not expire before it exists."""
    return checks.in_order(("/data/created_at", "/data/expires_at"))(exchange, history)


@rule("KAY-013", "the counters of failed tries never go down", mark="A", source=PAGE, reason="consumed tries are not given back")
def counters_never_go_down(exchange: Exchange, history: History) -> Iterable[Finding]:
    """A failed try stays failed."""
    return checks.never_less(("/data/nfc_tries_used", "/data/liveness_tries_used"))(exchange, history)


@rule(
    "KAY-014",
    "share_fields, contract_version and created_at never change",
    mark="A",
    source=PAGE,
    reason="a contract is made once",
    replaces=("GEN-013",),
)
def contract_never_changes(exchange: Exchange, history: History) -> Iterable[Finding]:
    """What a session was made with stays."""
    return checks.unchanged(("/data/share_fields", "/data/contract_version", "/data/created_at"))(exchange, history)


@rule("KAY-015", "the id in the answer is the id in the path", source=f"{PAGE}, parameter id", replaces=("GEN-014",))
def id_is_echoed(exchange: Exchange, history: History) -> Iterable[Finding]:
    """Nobody gets somebody else's session."""
    return checks.echoes({"/data/id": "id"})(exchange, history)


@rule("KAY-016", "a terminal status never changes", source=f"{PAGE}, completed_at", replaces=("GEN-010",))
def terminal_stays(exchange: Exchange, history: History) -> Iterable[Finding]:
    """succeeded, failed, expired and cancelled are ends."""
    return checks.terminal_stays()(exchange, history)
