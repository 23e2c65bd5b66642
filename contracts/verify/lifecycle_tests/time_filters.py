"""Lists that ask for the time around a session: whether the session that was made then is found."""

from __future__ import annotations

from typing import Any

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.checks.precision import shifted
from specimen.contracts.requests.request_templates import strings
from specimen.specs import Operation

_FROM, _TO = "_from", "_to"


def own_time(operation: Operation, made: Exchange) -> tuple[dict[str, Any], ...]:
    """The queries for sessions of the time at which one was made: around it, until it, and from it on.

    Around it is from one unit before to one unit after it. The unit is that of the last place shown: a service may keep the
    time finer, and lists the session then in one of the other two alone. Where the list has parameters `created_from` and
    `created_to`, the answer of the creation a field `created_at`; else none.
    """
    names = {entry.name for entry in operation.parameters if entry.location == "query"}
    shown = dict(strings(made.response_json))
    for stem in sorted(name.removesuffix(_FROM) for name in names if name.endswith(_FROM)):
        time = shown.get(f"{stem}_at")
        if time is not None and stem + _TO in names:
            around = {stem + _FROM: shifted(time, -1), stem + _TO: shifted(time, 1)}
            return around, {**around, stem + _TO: time}, {**around, stem + _FROM: time}
    return ()
