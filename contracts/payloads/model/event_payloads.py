"""Valid, coherent events to mutate: what each type of event says of a session."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from specimen.contracts.payloads.model.valid_payloads import NOW, RESPONSE, Base
from specimen.fixtures import webhooks as recipes
from specimen.fixtures.recipes import session_histories
from specimen.specs import Operation, Provider
from specimen.specs.loading.webhooks import EventType

WEBHOOK = "webhook"


def event_types(provider: Provider) -> tuple[EventType, ...]:
    """The types of event that a provider sends; none where it sends nothing."""
    return () if provider.webhooks is None else tuple(provider.webhooks.events.values())


def events(provider: Provider, kind: EventType, *, seed: int = 0, now: int = NOW) -> Iterator[Base]:
    """Yields an event of a type from each scenario that sends one, as it is before it is encrypted or signed.

    A base has the direction of an answer, since an event shows a session as an answer does, and `event` says which it is.
    """
    webhooks = provider.webhooks
    if webhooks is None:
        return
    for index, scenario in enumerate(provider.lifecycle.scenarios):
        snapshot = session_histories.snapshots(
            provider, scenario, seed=1000 * seed + index, key=f"payloads/{seed}/event/{scenario}", at=now
        )[-1]
        for happening in recipes.happenings(webhooks, snapshot):
            if happening.type is not kind:
                continue
            body = recipes.cleartext(provider, snapshot, happening, f"whd_{happening.event_id[4:]}", happening.at)
            yield Base(
                provider, _operation(kind), RESPONSE, body, kind.schema, 200, scenario, snapshot.events[happening.index].state,
                seed=seed, sent_at=now, event=kind,
            )  # fmt: skip


@cache
def _operation(kind: EventType) -> Operation:
    """An event in place of an operation: its name is the type's."""
    return Operation(kind.name, "post", "", (), (), True, {}, (), "D", "", is_safe=False)
