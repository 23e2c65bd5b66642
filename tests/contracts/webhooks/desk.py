"""Deliveries of one vendor, opened and made anew: what changed senders are made with."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from specimen.contracts.webhooks.forging import Forged, Forger
from specimen.contracts.webhooks.rules.rule_set import Sent
from specimen.contracts.webhooks.verification import verify
from specimen.specs.core.json_pointer import at


@dataclass(frozen=True)
class Letter:
    """A delivery, with its cleartext opened."""

    sent: Sent
    clear: dict[str, Any]


@dataclass(frozen=True)
class Desk:
    """Opens and makes the deliveries of one vendor: with the keys of its receiver, and of its sender."""

    forger: Forger
    receiver_keys: Any

    def opened(self, sent: Sent) -> Letter:
        """A genuine delivery."""
        found = verify(self.forger.provider, sent.headers, sent.body, self.receiver_keys, now=sent.at)
        return Letter(sent, copy.deepcopy(dict(found.body)))

    def sealed(
        self, letter: Letter, clear: Any = None, *, later: float = 0.0, sent_at: float | None = None, **how: Any
    ) -> Letter:
        """The delivery of another cleartext, or the same one `later`, signed when it is sent or at another time."""
        moment = letter.sent.at + later
        clear = letter.clear if clear is None else clear
        forged = self.forger.sealed(clear, sent_at=int(moment if sent_at is None else sent_at), **how)
        return self.posted(letter, forged, moment, clear)

    @staticmethod
    def posted(letter: Letter, forged: Forged, moment: float | None = None, clear: Any = None) -> Letter:
        """A delivery as it was made."""
        moment = letter.sent.at if moment is None else moment
        return Letter(Sent(moment, forged.headers, forged.body, letter.sent.answered), letter.clear if clear is None else clear)

    def put(self, clear: dict[str, Any], pointer: str | None, value: Any) -> dict[str, Any]:
        """Another value at a pointer; where there is none, the same."""
        found = copy.deepcopy(clear)
        if pointer is not None and at(found, pointer) is not None:
            *parents, last = pointer.split("/")[1:]
            holder = found
            for part in parents:
                holder = holder[part]
            holder[last] = value
        return found

    def kind(self, letter: Letter) -> str:
        """The type of the event."""
        return str(at(letter.clear, self.forger.webhooks.type_at))

    def session(self, letter: Letter) -> str:
        """The session that the event tells of."""
        return str(at(letter.clear, self.forger.webhooks.session_at))

    def by_session(self, letters: list[Letter]) -> Iterator[list[Letter]]:
        """The deliveries of each session."""
        for _, found in groupby(sorted(letters, key=self.session), self.session):
            yield list(found)

    def renamed(self, letter: Letter, kind: str, **more: Any) -> Letter:
        """An event of another type, with an id of its own."""
        webhooks = self.forger.webhooks
        clear = self.put(letter.clear, webhooks.type_at, kind)
        clear = self.put(clear, webhooks.identity[1], f"evt_{kind.rpartition('.')[2]}_{self.session(letter)[-12:]}")
        return self.sealed(letter, {**clear, **more})
