"""Kinds of findings: what a reader mends first, worked out from what is known of the rule and of the exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from specimen.contracts.http.exchange import Exchange
    from specimen.contracts.judge.rule import Rule

FAILURE, SAFETY, CONSISTENCY, SCHEMA, LIST, REFUSAL = "failure", "safety", "consistency", "schema", "list", "refusal"
# The heaviest first: the server fails; what nobody may see is shown; fields, requests and times contradict one another; a success
# has another form; a list is not what was asked for; a refusal, or what ought to be one, has another form.
KINDS = (FAILURE, SAFETY, CONSISTENCY, SCHEMA, LIST, REFUSAL)
# Intents of requests that must not be answered: for other credentials, and for ids that were never issued or belong elsewhere.
_FORBIDDEN = frozenset({"credentials", "unknown_id", "elsewhere"})


def kind_of(rule: Rule, exchange: Exchange) -> str:
    """The kind of what a rule finds in an exchange.

    A general rule may declare its kind. What is said of a refusal is about its form, unless the rule declares otherwise. A rule
    with a function compares fields, requests or times; of the schema rules only the general ones speak of the form alone.
    """
    if rule.kind and (rule.kind != SCHEMA or exchange.is_success):
        return rule.kind
    if not exchange.is_success:
        return REFUSAL
    if rule.check is not None and _FORBIDDEN & exchange.intent.keys():
        return SAFETY
    return LIST if _is_list(exchange) else CONSISTENCY


def _is_list(exchange: Exchange) -> bool:
    """Whether a request reads many things: it is safe, and its path names none."""
    operation = exchange.operation
    return operation is not None and operation.is_safe and not any(one.location == "path" for one in operation.parameters)
