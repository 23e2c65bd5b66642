"""Refusals that the document ties to the account of the caller: they say nothing of the request."""

from __future__ import annotations

from specimen.contracts.http.exchange import Exchange
from specimen.specs.loading.error_bodies import AccountRefusal


def account_refusal(exchange: Exchange) -> AccountRefusal | None:
    """The refusal for reasons of the account that an answer is; None where it is another answer.

    Such as an unverified domain, a missing scope, a frozen organisation or a limit: `x-account-dependent` marks them in the
    document, a whole status or, on an example, one error of it.
    """
    response = exchange.operation.responses.get(str(exchange.status)) if exchange.operation is not None else None
    return None if response is None else response.account_refusal(exchange.response_json)


def is_account_dependent(exchange: Exchange) -> bool:
    """Whether an answer is one that any valid request may meet because of its sender's account."""
    return account_refusal(exchange) is not None
