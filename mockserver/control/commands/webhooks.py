"""The command of `specimen ctl` about webhooks: endpoints, deliveries, attempts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

import typer

from specimen.fixtures.primitives.times import iso_millis
from specimen.mockserver.control.commands.ctl import ProviderArgument, call, show_answer
from specimen.specs.cli.console import user_errors

_AT_ONCE = 100


def webhooks(
    context: typer.Context,
    provider: ProviderArgument,
    add: Annotated[str | None, typer.Option(metavar="URL", help="Send its webhooks there.")] = None,
    remove: Annotated[str | None, typer.Option(metavar="ENDPOINT", help="Send nothing more to an endpoint.")] = None,
    rotate: Annotated[str | None, typer.Option(metavar="ENDPOINT", help="Make a new secret.")] = None,
    resend: Annotated[str | None, typer.Option(metavar="DELIVERY", help="Send a delivery again.")] = None,
    cancel: Annotated[str | None, typer.Option(metavar="DELIVERY", help="Do not try a delivery again.")] = None,
    replay: Annotated[str | None, typer.Option(metavar="EVENT", help="Send the deliveries of an event again.")] = None,
    kind: Annotated[list[str] | None, typer.Option("--type", help="With --add: only this type of event.")] = None,
    fault: Annotated[list[str] | None, typer.Option(help="With --add: duplicate, delay, reorder, wrong_signature, …")] = None,
    attempts: Annotated[bool, typer.Option("--attempts", help="List every attempt with its answer and the next try.")] = False,
) -> None:
    """List the endpoints and deliveries of a provider; add or remove endpoints; resend, replay or cancel.

    Examples:

        specimen ctl webhooks kyve --add http://127.0.0.1:9000/hook

        specimen ctl webhooks kyve --attempts
    """
    with user_errors(as_json=context.obj.as_json):
        if add is not None:
            body = {"provider": provider, "url": add, "types": kind or [], "faults": fault or []}
            found = call(context, "POST", "/webhooks", body=body)
            show_answer(context, found, f"{found['id']} {json.dumps(found['keys'])}")
        elif remove is not None:
            show_answer(context, call(context, "DELETE", f"/webhooks/{provider}/{remove}"), "removed")
        elif rotate is not None:
            found = call(context, "POST", f"/webhooks/{provider}/{rotate}/rotate", body={})
            show_answer(context, found, found["secret"])
        elif resend is not None:
            found = call(context, "POST", f"/webhook-deliveries/{provider}/{resend}/resend", body={})
            show_answer(context, found, "sent again")
        elif cancel is not None:
            found = call(context, "POST", f"/webhook-deliveries/{provider}/{cancel}/cancel", body={})
            show_answer(context, found, "canceled")
        elif replay is not None:
            found = call(context, "POST", f"/webhook-events/{provider}/{replay}/replay", body={})
            show_answer(context, found, f"{len(found['deliveries'])} sent again")
        elif attempts:
            rows = _all(context, f"/webhook-attempts/{provider}", "attempts", "number")
            show_answer(context, {"attempts": rows}, "\n".join(map(_attempt, rows)) or "no attempts")
        else:
            rows = _all(context, f"/webhook-deliveries/{provider}", "deliveries", "id")
            known = [one for one in call(context, "GET", "/webhooks")["webhooks"] if one["provider"] == provider]
            lines = [*(map(_endpoint, known) if known else ["no endpoints"])]
            lines += map(_delivery, rows) if rows else ["no deliveries"]
            show_answer(context, {"endpoints": known, "deliveries": rows}, "\n".join(lines))


def _all(context: typer.Context, path: str, member: str, key: str) -> list[Any]:
    """The rows of all pages, each of which begins after the last row's `key` of the one before."""
    rows: list[Any] = []
    after = ""
    while found := call(context, "GET", f"{path}?limit={_AT_ONCE}{after}")[member]:
        rows += found
        if len(found) < _AT_ONCE:
            break
        after = f"&after={quote(str(found[-1][key]), safe='')}"
    return rows


def _endpoint(one: Mapping[str, Any]) -> str:
    types = ", ".join(one["types"]) or "all types"
    return f"{one['id']} {one['url']} {types}{'' if one['enabled'] else ' (disabled)'}"


def _delivery(one: Mapping[str, Any]) -> str:
    count = f"{one['attempts']} attempt{'' if one['attempts'] == 1 else 's'}"
    return f"{one['id']} {one['event']} {one['type']} {one['session']} {one['status']} ({count})"


def _attempt(one: Mapping[str, Any]) -> str:
    answer = one["failure"] or f"answered {one['status']}"
    then = "" if one["next_at"] is None else f", next at {iso_millis(one['next_at'])}"
    return (
        f"{one['number']} {iso_millis(one['at'])} {one['delivery']} {one['type']} attempt {one['attempt']}: "
        f"{answer} in {one['milliseconds']} ms{then}"
    )
