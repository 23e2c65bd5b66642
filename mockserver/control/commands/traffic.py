"""The commands of `specimen ctl` about what comes and goes: the request log, faults, webhooks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from specimen.mockserver.control.commands.ctl import (
    ClearOption,
    LimitOption,
    ProviderArgument,
    ProviderOption,
    call,
    show_answer,
)
from specimen.specs.cli.console import user_errors


def requests(
    context: typer.Context,
    provider: ProviderOption = None,
    operation: Annotated[str | None, typer.Option()] = None,
    session: Annotated[str | None, typer.Option()] = None,
    status: Annotated[int | None, typer.Option(min=100, max=599)] = None,
    limit: LimitOption = 100,
    after: Annotated[int | None, typer.Option(min=0)] = None,
    har: Annotated[Path | None, typer.Option(help="Write the log there as an HTTP Archive.")] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="With --har: answers as they were, as `specimen check` needs them.")
    ] = False,
    clear: Annotated[bool, typer.Option("--clear", help="Forget the namespace's requests.")] = False,
) -> None:
    """List the latest requests, export or clear them."""
    with user_errors():
        from specimen.mockserver.sessions.request_log.questions import line
        from specimen.specs.core.atomic_files import write_text

        if har is not None:
            found = call(context, "GET", "/requests/har", query={"bodies": "whole" if whole else "masked"})
            write_text(har, json.dumps(found, indent=1, ensure_ascii=False))
            show_answer(context, {"entries": len(found["log"]["entries"])}, f"{len(found['log']['entries'])} requests in {har}")
            return
        if clear:
            show_answer(context, call(context, "DELETE", "/requests"), "cleared")
            return
        asked = {
            "provider": provider,
            "operation": operation,
            "session": session,
            "status": status,
            "limit": limit,
            "after": after,
        }
        found = call(context, "GET", "/requests", query=asked)
        show_answer(context, found, "\n".join(line(entry) for entry in found["requests"]) or "no requests")


def faults(
    context: typer.Context,
    add: Annotated[str | None, typer.Option(metavar="JSON", help='Add a rule, such as \'{"kind": "reset"}\'.')] = None,
    preset: Annotated[str | None, typer.Option(help="Replace all by a preset, such as chaos.")] = None,
    remove: Annotated[str | None, typer.Option(metavar="ID", help="Remove one.")] = None,
    clear: ClearOption = False,
) -> None:
    """List, add or remove the namespace's faults."""
    with user_errors():
        from specimen.mockserver.errors import SettingError

        if clear:
            call(context, "DELETE", "/faults")
        if remove is not None:
            call(context, "DELETE", f"/faults/{remove}")
        if preset is not None:
            call(context, "PUT", "/faults", body={"preset": preset})
        if add is not None:
            try:
                rule = json.loads(add)
            except ValueError:
                raise SettingError(f'fault {add[:60]!r}: expected JSON, such as {{"kind": "reset"}}.') from None
            call(context, "POST", "/faults", body=rule)
        found = call(context, "GET", "/faults")
        show_answer(context, found, "\n".join(json.dumps(rule) for rule in found["faults"]) or "no faults")


def webhooks(
    context: typer.Context,
    provider: ProviderArgument,
    add: Annotated[str | None, typer.Option(metavar="URL", help="Send its webhooks there.")] = None,
    remove: Annotated[str | None, typer.Option(metavar="ENDPOINT", help="Send nothing more to an endpoint.")] = None,
    rotate: Annotated[str | None, typer.Option(metavar="ENDPOINT", help="Make a new secret.")] = None,
    resend: Annotated[str | None, typer.Option(metavar="DELIVERY", help="Send a delivery again.")] = None,
    cancel: Annotated[str | None, typer.Option(metavar="DELIVERY", help="Do not try a delivery again.")] = None,
    replay: Annotated[str | None, typer.Option(metavar="EVENT", help="Send the deliveries of an event again.")] = None,
    fault: Annotated[list[str] | None, typer.Option(help="With --add: duplicate, delay, reorder, wrong_signature, …")] = None,
) -> None:
    """List the deliveries of a provider; add or remove endpoints; resend, replay or cancel."""
    with user_errors():
        if add is not None:
            found = call(context, "POST", "/webhooks", body={"provider": provider, "url": add, "faults": fault or []})
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
        else:
            found = call(context, "GET", f"/webhook-deliveries/{provider}")
            lines = [
                f"{one['id']} {one['type']} {one['session']} {one['status']} ({one['attempts']} attempts)"
                for one in found["deliveries"]
            ]
            show_answer(context, found, "\n".join(lines) or "no deliveries")
