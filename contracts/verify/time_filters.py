"""Lists that ask for the very time of a session: whether the ends of the time asked for are included."""

from __future__ import annotations

from typing import Any

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.requests.request_templates import strings
from specimen.specs import Operation

_FROM, _TO = "_from", "_to"


def own_time(operation: Operation, made: Exchange) -> dict[str, Any] | None:
    """The query for sessions from and to the time at which one was made.

    Where the list has parameters `created_from` and `created_to`, the answer of the creation a field `created_at`; else None.
    """
    names = {entry.name for entry in operation.parameters if entry.location == "query"}
    shown = dict(strings(made.response_json))
    for stem in sorted(name.removesuffix(_FROM) for name in names if name.endswith(_FROM)):
        time = shown.get(f"{stem}_at")
        if time is not None and stem + _TO in names:
            return {stem + _FROM: time, stem + _TO: time}
    return None
