"""The clock of the service, as its answers show it: the time of an answer, and whether the clock is seen to run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.checks.fields import epoch_seconds
from specimen.contracts.judge.history import History, same_caller
from specimen.specs.core.json_pointer import at

_CREATED = re.compile(r"created_?at", re.IGNORECASE)
# Between Date, which has no parts of a second, and a time in the body.
_APART_SECONDS = 1.5
# A clock that is set while it stands moves by another time than passes.
_AS_IT_PASSES_SECONDS = 2


def date_of(exchange: Exchange) -> float | None:
    """Seconds since the epoch of an answer's header Date (RFC 9110, section 6.6.1); None where it has none that is one."""
    text = exchange.response_headers.get("date", "")
    try:
        return parsedate_to_datetime(text).timestamp() if text else None
    except (ValueError, TypeError, OverflowError):
        return None


def is_running(exchange: Exchange, history: History) -> bool:
    """Whether the service's clock was seen to move as time passes: by two Dates, or by the times of two creations.

    A creation counts where its time is that of its own answer, which one that was asked for in a later state may not be.
    """
    known = [one for one in history.creations if same_caller(one, exchange)]
    for first, second in ((known[0], known[-1]), (known[0], exchange)) if known else ():
        for time in (date_of, _made_at):
            one, other = time(first), time(second)
            if one is not None and other is not None and one != other:
                return abs((other - one) - (second.at - first.at) / 1000) < _AS_IT_PASSES_SECONDS
    return False


def _made_at(exchange: Exchange) -> float | None:
    """When the answer to a creation says that its session was made, if that is when it was sent."""
    operation, create = exchange.operation, exchange.provider.lifecycle.create
    answered = date_of(exchange)
    if operation is None or operation.id != create.operation or answered is None:
        return None
    shown = at(exchange.response_json, create.session.rpartition("/")[0])
    for name, value in shown.items() if isinstance(shown, Mapping) else ():
        made = epoch_seconds(value) if _CREATED.fullmatch(name) else None
        if made is not None and -_APART_SECONDS < made - answered < _APART_SECONDS:
            return made
    return None
