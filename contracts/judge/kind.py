"""Kinds of findings: what a reader mends first, worked out from what is known of the rule and of the exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from specimen.contracts.http.exchange import Exchange

FAILURE, SAFETY, CONSISTENCY, SCHEMA, LIST, REFUSAL = "failure", "safety", "consistency", "schema", "list", "refusal"
# The heaviest first: the server fails; protected data is shown; fields, requests and times contradict one another; a success
# has another form; a list is not what was asked for; a refusal, or what ought to be one, has another form.
KINDS = (FAILURE, SAFETY, CONSISTENCY, SCHEMA, LIST, REFUSAL)
# Intents of requests that must not be answered: for other credentials, and for ids that were never issued or belong elsewhere.
_FORBIDDEN = frozenset({"credentials", "unknown_id", "elsewhere"})


def kind_of(declared: str, exchange: Exchange, *, compares: bool) -> str:
    """The kind of what a rule finds in an exchange; `compares`: the rule has a function, and is not of a schema.

    A general rule may have `declared` its kind, others have an empty text there. What is said of a refusal is about its form,
    unless the rule declares otherwise. A rule with a function compares fields, requests or times; of the schema rules only the
    general ones speak of the form alone.
    """
    if declared and (declared != SCHEMA or exchange.is_success):
        return declared
    if not exchange.is_success:
        return REFUSAL
    if compares and _FORBIDDEN & exchange.intent.keys():
        return SAFETY
    return LIST if _is_list(exchange) else CONSISTENCY


def _is_list(exchange: Exchange) -> bool:
    """Whether a request reads many things: it is safe, and its path names none."""
    operation = exchange.operation
    return operation is not None and operation.is_safe and not any(one.location == "path" for one in operation.parameters)
