"""Refusals that the document ties to the account of the caller: they say nothing of the request."""

from __future__ import annotations

from specimen.contracts.http.exchange import Exchange
from specimen.specs.loading.openapi import error_code


def is_account_dependent(exchange: Exchange) -> bool:
    """Whether an answer is one that any valid request may meet because of its sender's account.

    Such as an unverified domain, a missing scope, a frozen organisation or a limit: `x-account-dependent` marks them in the
    document, a whole status or, on an example, one error code of it.
    """
    response = exchange.operation.responses.get(str(exchange.status)) if exchange.operation is not None else None
    if response is None:
        return False
    return response.is_account_dependent or error_code(exchange.response_json) in response.account_codes
