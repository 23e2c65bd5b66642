"""What a driver says that it brought about, beside what the reads of the sessions show."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.checks import fields
from specimen.specs import Provider

_MOST_TOLD = 3
_LONGEST_BODY = 4096
_NO_SUCH_SESSION = (404, 410)


@dataclass(frozen=True)
class Driven:
    """A session that a driver brought along: through the states of `path` in `reads` reads, or into the only one of it.

    `of` names it in a report. The first read shows the state after so many, since it moves the session itself: `passed`.
    """

    session: str
    of: str
    path: tuple[str, ...]
    reads: int = 1
    passed: int = 0


@dataclass
class _Followed:
    """A driven session with the states that its reads showed, and the last answer that showed none."""

    driven: Driven
    states: list[str] = field(default_factory=list)
    refused: int | None = None

    @property
    def is_read(self) -> bool:
        return len(self.states) >= self.driven.reads

    @property
    def has_moved(self) -> bool:
        """Whether enough of the path was seen: two of its states, or the only one."""
        path = set(self.driven.path)
        return len(path & set(self.states)) >= min(2, len(path))

    def __str__(self) -> str:
        wanted, seen = self.driven.path[-1], list(dict.fromkeys(self.states))
        begin = f"{self.driven.of} was driven to '{wanted}' and "
        if not seen:
            return f"{begin}its read answered {self.refused}"
        if seen == [wanted]:
            return f"{begin}was there from its first read on"
        return begin + (f"stayed '{seen[0]}'" if len(seen) == 1 else f"was seen in {_quoted(seen)}")


class Movement:
    """Follows the sessions of a driver through the exchanges of a run."""

    def __init__(self, provider: Provider) -> None:
        self._reads = {read.operation for read in provider.lifecycle.reads if read.status is not None}
        self._open: dict[str, _Followed] = {}
        self._all: list[_Followed] = []

    def expect(self, driven: Driven) -> None:
        """Follows a session from now on; a session that was given before begins anew."""
        self._open[driven.session] = followed = _Followed(driven)
        self._all.append(followed)

    def see(self, exchange: Exchange) -> None:
        """Notes the state that a read shows; from a call that may change a session on, nothing is expected of it."""
        operation = exchange.operation
        if not self._open or operation is None or exchange.failure or exchange.has_preference:
            return
        for session in self._named(exchange):
            if operation.id not in self._reads:
                if not operation.is_safe:
                    del self._open[session]
                continue
            shown = fields.state_of(exchange) if exchange.is_success else None
            if shown is not None:
                self._open[session].states.append(shown)
            elif exchange.status in _NO_SUCH_SESSION and exchange.intent.get("valid"):
                self._open[session].refused = exchange.status

    def missing(self, seen_edges: Collection[tuple[str, str]]) -> tuple[str, ...]:
        """One sentence for each kind of what was not seen: sessions that did not move, and transitions of those that did."""
        still = [one for one in self._all if not one.has_moved and (one.is_read or (one.refused and not one.states))]
        moved = [one for one in self._all if one.has_moved and one.is_read]
        unseen: dict[tuple[str, str], str] = {}
        for one in moved:
            for edge in pairwise(one.driven.path[one.driven.passed :]):
                if edge[0] != edge[1] and edge not in seen_edges:
                    unseen.setdefault(edge, one.driven.of)
        edges = [f"{of} goes from '{before}' to '{after}'" for (before, after), of in unseen.items()]
        return tuple(
            f"{what}: {_first(entries)}."
            for what, entries in (
                ("Not seen where it was driven", list(dict.fromkeys(map(str, still)))),
                ("No read shows what the driver says", edges),
            )
            if entries
        )

    def _named(self, exchange: Exchange) -> Iterator[str]:
        """The followed sessions that a request names in its path or in a short body."""
        asked = set(exchange.parameters.values())
        body = exchange.request_body if len(exchange.request_body) <= _LONGEST_BODY else b""
        for session in list(self._open):
            if session in asked or (body and session.encode("utf-8", "surrogatepass") in body):
                yield session


def _quoted(names: Collection[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _first(entries: list[str]) -> str:
    more = len(entries) - _MOST_TOLD
    return "; ".join(entries[:_MOST_TOLD]) + (f"; and {more} more" if more > 0 else "")
