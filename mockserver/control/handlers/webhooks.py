"""The namespace's webhooks: endpoints, deliveries, and the log of all attempts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from specimen.mockserver.control.call import API, Call, Handler
from specimen.mockserver.control.problems import ControlProblem
from specimen.mockserver.http.messages import Reply
from specimen.mockserver.sessions.store import Space
from specimen.mockserver.webhooks import deliveries, endpoints, keys
from specimen.mockserver.webhooks.endpoints import Endpoint
from specimen.mockserver.webhooks.registration import EndpointExists, Registration, check_choices
from specimen.specs import SpecimenError


def _space(call: Call) -> tuple[Space, int]:
    """Where the provider of the path has its webhooks, and the time there."""
    mounted = call.mounted(call.path["provider"])
    return call.namespace.space(mounted.provider.name), call.namespace.clock.now()


def _shown(provider: str, endpoint: Endpoint) -> dict[str, Any]:
    """An endpoint without its secrets, which are shown once."""
    document = endpoint.document
    shown = {name: document[name] for name in ("id", "url", "created_at", "enabled", "types", "faults")}
    return {"provider": provider, **shown, "key_ids": [kid for kid, _ in endpoint.active_keys]}


async def list_webhooks(call: Call) -> Reply:
    """The endpoints of all providers."""
    found = []
    for name in call.server.mounted:
        space, now = call.namespace.space(name), call.namespace.clock.now()
        found += [_shown(name, one) for one in await endpoints.endpoints(call.server.store, space, now)]
    return Reply(200, {"webhooks": found})


async def add_webhook(call: Call) -> Reply:
    """The endpoint, with what its receiver needs: shown this once."""
    body = call.body
    call.mounted(body["provider"])
    wanted = Registration(
        body["provider"], body["url"], call.namespace.name, body.get("secret"), body.get("public_key"),
        tuple(body.get("types", ())), tuple(body.get("faults", ())),
    )  # fmt: skip
    try:
        endpoint, receiver = await call.server.add_webhook(wanted)
    except EndpointExists as error:
        place = f"{API}/webhooks/{wanted.provider}/{error.endpoint.id}"
        how = f"PATCH {place} changes its types and faults, POST {place}/rotate its secret; to begin anew, DELETE {place} first."
        raise ControlProblem(409, f"{error} {how}") from error
    except SpecimenError as error:
        raise ControlProblem(400, str(error)) from error
    place = f"{API}/webhooks/{body['provider']}/{quote(endpoint.id, safe='')}"
    return Reply(201, {**_shown(body["provider"], endpoint), "keys": receiver}, {"Location": place})


async def change_webhook(call: Call) -> Reply:
    """The endpoint with another target, types, faults, or switched off or on."""
    space, now = _space(call)
    changes = {name: tuple(value) if isinstance(value, list) else value for name, value in call.body.items()}
    if "url" in call.body:
        endpoints.check_url(call.body["url"], call.server.settings.webhook_hosts)
    webhooks = call.mounted(call.path["provider"]).provider.webhooks
    if webhooks is not None:
        check_choices(webhooks, call.body.get("types", ()), call.body.get("faults", ()))
    found = await endpoints.change(call.server.store, space, call.path["endpoint"], now, **changes)
    return Reply(200, _shown(call.path["provider"], found or _missing(call)))


async def remove_webhook(call: Call) -> Reply:
    """Nothing; the endpoint is gone, with what was on its way."""
    space, now = _space(call)
    if not await deliveries.remove_endpoint(call.server.store, space, call.path["endpoint"], now):
        _missing(call)
    return Reply(204)


async def rotate_webhook_secret(call: Call) -> Reply:
    """The new secret, shown this once; the old one ends at once."""
    space, now = _space(call)
    secret = keys.secret_from(await keys.derivation_key(call.mounted(call.path["provider"]).shared_state, call.namespace))
    if await endpoints.change(call.server.store, space, call.path["endpoint"], now, secret=secret) is None:
        _missing(call)
    return Reply(200, {"secret": secret})


async def list_deliveries(call: Call) -> Reply:
    """A page of deliveries."""
    space, now = _space(call)
    limit = call.query.get("limit", 100)
    found = await deliveries.page(call.server.store, space, now, call.query.get("after", ""), limit + 1)
    shown, rest = found[:limit], found[limit:]
    return Reply(200, {"deliveries": shown, "next": shown[-1]["id"] if rest else None})


async def list_attempts(call: Call) -> Reply:
    """A page of the log."""
    space, _ = _space(call)
    found = await deliveries.attempts(call.server.store, space, call.query.get("after", 0), call.query.get("limit", 100))
    return Reply(200, {"attempts": found})


async def resend_delivery(call: Call) -> Reply:
    """The delivery, which is sent again."""
    space, now = _space(call)
    found = await deliveries.resend(call.server.store, space, call.path["delivery"], now)
    if found is None:
        raise ControlProblem(404, f"delivery '{call.path['delivery']}': {call.path['provider']} has none here.")
    call.server.webhooks.wake(space)
    return Reply(202, found)


async def cancel_delivery(call: Call) -> Reply:
    """The delivery, which is not tried again."""
    space, now = _space(call)
    name = call.path["delivery"]
    if await deliveries.get(call.server.store, space, name, now) is None:
        raise ControlProblem(404, f"delivery '{name}': {call.path['provider']} has none here.")
    found = await deliveries.cancel(call.server.store, space, name, now)
    if found is None:
        raise ControlProblem(409, f"delivery '{name}' does not wait any more.")
    call.server.webhooks.wake(space)
    return Reply(200, found)


async def replay_event(call: Call) -> Reply:
    """The deliveries of an event, which are sent again."""
    space, now = _space(call)
    name = call.path["event"]
    found = await deliveries.event(call.server.store, space, name, now)
    if found is None:
        raise ControlProblem(404, f"event '{name}': {call.path['provider']} has none here.")
    again = [await deliveries.resend(call.server.store, space, one, now) for one in found["deliveries"]]
    call.server.webhooks.wake(space)
    return Reply(202, {"deliveries": [one for one in again if one is not None]})


def _missing(call: Call) -> Endpoint:
    raise ControlProblem(404, f"webhook '{call.path['endpoint']}': {call.path['provider']} has none here.")


HANDLERS: Mapping[str, Handler] = {
    "listWebhooks": list_webhooks,
    "addWebhook": add_webhook,
    "changeWebhook": change_webhook,
    "removeWebhook": remove_webhook,
    "rotateWebhookSecret": rotate_webhook_secret,
    "listDeliveries": list_deliveries,
    "listAttempts": list_attempts,
    "resendDelivery": resend_delivery,
    "cancelDelivery": cancel_delivery,
    "replayEvent": replay_event,
}
