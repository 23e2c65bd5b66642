"""The commands of `specimen ctl` about what comes and goes: the request log and faults."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from specimen.mockserver.control.commands.ctl import (
    ClearOption,
    LimitOption,
    ProviderOption,
    call,
    call_into,
    show_answer,
)
from specimen.specs.cli.console import user_errors

NO = 1  # the answer to a question
OperationOption = Annotated[str | None, typer.Option(help="Only those of this operation.")]
AboutOption = Annotated[str | None, typer.Option(help="Only those about this session.")]
MethodOption = Annotated[str | None, typer.Option(help="Only those of this method, such as GET.")]
PathOption = Annotated[str | None, typer.Option(help="Only those of this path.")]
FaultOption = Annotated[str | None, typer.Option(help="Only those that met this fault, by its id.")]
StatusOption = Annotated[int | None, typer.Option(min=100, max=599, help="Only those answered with this status.")]


def requests(
    context: typer.Context,
    provider: ProviderOption = None,
    operation: OperationOption = None,
    session: AboutOption = None,
    method: MethodOption = None,
    path: PathOption = None,
    status: StatusOption = None,
    fault: FaultOption = None,
    has_problem: Annotated[
        bool | None, typer.Option("--problem/--no-problem", help="Only those whose form the mock refused, or took.")
    ] = None,
    limit: LimitOption = 100,
    after: Annotated[int | None, typer.Option(min=0, help="Only those behind the one of this number.")] = None,
    har: Annotated[Path | None, typer.Option(help="Write the log there as an HTTP Archive.")] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="With --har: answers as they were, as `specimen check` needs them.")
    ] = False,
    clear: Annotated[bool, typer.Option("--clear", help="Forget the namespace's requests.")] = False,
) -> None:
    """List the latest requests, export or clear them.

    Examples:

        specimen ctl requests --operation getSession --status 503

        specimen ctl requests --har log.har --whole
    """
    with user_errors(as_json=context.obj.as_json):
        from specimen.mockserver.sessions.request_log.questions import line

        if har is not None:
            found = call_into(context, "/requests/har", har, "--har", bodies="whole" if whole else "masked")
            show_answer(context, {"entries": len(found["log"]["entries"])}, f"{len(found['log']['entries'])} requests in {har}")
            return
        if clear:
            show_answer(context, call(context, "DELETE", "/requests"), "cleared")
            return
        asked = {
            "provider": provider,
            "operation": operation,
            "session": session,
            "method": method,
            "path": path,
            "status": status,
            "fault": fault,
            "has_problem": has_problem,
            "limit": limit,
            "after": after,
        }
        found = call(context, "GET", "/requests", query=asked)
        show_answer(context, found, "\n".join(line(entry) for entry in found["requests"]) or "no requests")


def ask(
    context: typer.Context,
    question: Annotated[str, typer.Argument(help="called, not_called or polled.")],
    provider: ProviderOption = None,
    operation: OperationOption = None,
    session: AboutOption = None,
    method: MethodOption = None,
    path: PathOption = None,
    status: StatusOption = None,
    fault: FaultOption = None,
    times: Annotated[int | None, typer.Option(min=0, help="called: exactly so often.")] = None,
    at_least: Annotated[int | None, typer.Option(min=0, help="called, polled: so often at least (default: once).")] = None,
    at_most: Annotated[int | None, typer.Option(min=0, help="called: so often at most.")] = None,
    header: Annotated[str | None, typer.Option(metavar="NAME", help="called, polled: each with this header.")] = None,
    max_per_second: Annotated[float | None, typer.Option(help="polled: never more often.")] = None,
    never_after_end: Annotated[bool, typer.Option("--never-after-end", help="polled: nothing after a session's end.")] = False,
) -> None:
    """Ask whether requests came as they should: exit code 1 where they did not, with the nearest ones.

    Examples:

        specimen ctl ask called --operation getSession --times 2

        specimen ctl ask polled --max-per-second 1 --never-after-end
    """
    with user_errors(as_json=context.obj.as_json):
        of: dict[str, Any] = {"provider": provider, "operation": operation, "session": session, "method": method, "path": path}
        of |= {"status": status, "fault": fault}
        asked: dict[str, Any] = {"times": times, "at_least": at_least, "at_most": at_most, "header": header}
        asked |= {"max_per_second": max_per_second}
        if question == "polled":
            asked["never_after_end"] = never_after_end
        body = {"question": question, "of": _given(of), **_given(asked)}
        found = call(context, "POST", "/requests/questions", body=body)
        show_answer(context, found, found["message"])
    if not found["passed"]:
        raise typer.Exit(NO)


def _given(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def faults(
    context: typer.Context,
    add: Annotated[str | None, typer.Option(metavar="JSON", help='Add a rule, such as \'{"kind": "reset"}\'.')] = None,
    preset: Annotated[str | None, typer.Option(help="Replace all by a preset, such as chaos.")] = None,
    remove: Annotated[str | None, typer.Option(metavar="ID", help="Remove one.")] = None,
    clear: ClearOption = False,
) -> None:
    """List, add or remove the namespace's faults.

    Examples:

        specimen ctl faults --add '{"kind": "status", "status": 503}'

        specimen ctl faults --preset chaos
    """
    with user_errors(as_json=context.obj.as_json):
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
