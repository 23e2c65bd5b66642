"""What the vendor's own operations, called in a recording, say of the deliveries in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from specimen.contracts.http.credentials import secret_headers
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.url_equivalence import same_url
from specimen.contracts.webhooks.rules.observed_sessions import ObservedSessions
from specimen.contracts.webhooks.rules.rule_set import Sent
from specimen.specs import Provider
from specimen.specs.core.json_pointer import at
from specimen.specs.loading.webhooks import Webhooks


@dataclass
class RecordedEndpoint:
    """An endpoint that answers have shown: where webhooks go, whose it is, and the types that it wanted all the time."""

    target: str
    credentials: Mapping[str, str]
    types: frozenset[str]

    def is_target_of(self, sent: Sent) -> bool:
        """Whether a delivery went to it."""
        return same_url(self.target, sent.target)


def recorded_endpoints(provider: Provider, webhooks: Webhooks, calls: Sequence[Exchange]) -> list[RecordedEndpoint]:
    """The endpoints that answers have shown, one for each target; one that was switched off for a time wants nothing."""
    found: list[RecordedEndpoint] = []
    shown = webhooks.endpoints
    if shown is None:
        return found
    for call in calls:
        if call.operation is None or not call.is_success or call.operation.id not in shown.shown_by:
            continue
        endpoint = at(call.response_json, shown.shown_by[call.operation.id])
        target, types = at(endpoint, shown.target), at(endpoint, shown.types)
        if not isinstance(target, str) or not isinstance(types, list):
            continue
        wanted = frozenset(map(str, types)) if at(endpoint, shown.enabled) is True else frozenset[str]()
        known = next((one for one in found if same_url(one.target, target)), None)
        if known is None:
            found.append(RecordedEndpoint(target, _credentials(provider, call), wanted))
        else:
            known.types &= wanted
    return found


def observed_sessions(
    provider: Provider,
    webhooks: Webhooks,
    calls: Sequence[Exchange],
    endpoints: Sequence[RecordedEndpoint],
    sent: Sequence[Sent],
) -> ObservedSessions:
    """The sessions that deliveries must tell of: made by the account of a recorded endpoint, after a first delivery came to it.

    What happened before may have had no receiver, or no key to encrypt for.
    """
    observed = ObservedSessions(provider, webhooks)
    since = {}
    for endpoint in endpoints:
        came = [one.at for one in sent if endpoint.is_target_of(one)]
        if came and endpoint.credentials:
            since[tuple(sorted(endpoint.credentials.items()))] = min(came)
    for call in calls:
        if call.operation is not None and call.operation.id == provider.lifecycle.create.operation:
            first = since.get(tuple(sorted(_credentials(provider, call).items())))
            if first is None or call.started / 1000 < first:
                continue
        observed.see(call)
    return observed


def _credentials(provider: Provider, call: Exchange) -> dict[str, str]:
    return {name: value for name in secret_headers(provider) if (value := call.request_headers.get(name))}
