"""Broken and conforming senders of webhooks, beside an implementation that answers requests as it should."""

from __future__ import annotations

from tests.contracts.webhooks.senders import BROKEN, CONFORMING, Sender
from tests.score.asgi import Answer, Ask, Call
from tests.score.changes import DELIVERIES, Change, Mutant, Variant


def _unchanged() -> Change:
    async def change(call: Call, ask: Ask) -> Answer:
        return await ask(call)

    return change


def _rule(sender: Sender) -> str:
    return f"{sender.what} ({sender.rule})"


MUTANTS: dict[str, tuple[Mutant, ...]] = {
    name: tuple(
        Mutant(sender.name, DELIVERIES, _rule(sender), _unchanged, sends=sender) for sender in BROKEN if name in sender.providers
    )
    for name in ("kyve", "kayle", "idnow")
}
VARIANTS = tuple(
    Variant(sender.name, _rule(sender), _unchanged, providers=sender.providers, sends=sender) for sender in CONFORMING
)
