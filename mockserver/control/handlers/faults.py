"""The namespace's faults: listed, added, replaced, removed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from specimen.mockserver.control.call import API, Call, Handler
from specimen.mockserver.control.handlers.catalogue import drifts
from specimen.mockserver.control.problems import ControlProblem
from specimen.mockserver.errors import did_you_mean
from specimen.mockserver.http.messages import Reply
from specimen.mockserver.preferences.faults import rules
from specimen.mockserver.preferences.faults.magic import magic_fault
from specimen.mockserver.preferences.faults.names import UnknownName, check_names
from specimen.mockserver.preferences.faults.rules import MOST_RULES, FaultRule, InvalidFault

_EXAMPLE = "status:503"


async def list_fault_kinds(call: Call) -> Reply:
    """Kinds, drifts and an example of a magic value by provider, presets, and the schema of a faults file."""
    return Reply(
        200,
        {
            "kinds": [
                {
                    "kind": kind.name,
                    "summary": kind.summary,
                    "request": kind.request,
                    "parameters": kind.parameters,
                    "prefer": prefer(kind),
                }
                for kind in rules.kinds().values()
            ],
            "drifts": {name: drifts(call.mounted(name).provider) for name in call.server.mounted},
            "magic": {name: magic_fault(call.mounted(name).provider, _EXAMPLE) for name in call.server.mounted},
            "presets": dict(rules.presets()),
            "schema": dict(rules.schema()),
        },
    )


def prefer(kind: rules.Kind) -> str:
    """How a `Prefer` header asks for a kind."""
    return f"fault={kind.name}" + (f":{kind.value.upper()}" if kind.value else "")


async def list_faults(call: Call) -> Reply:
    """The faults of the namespace."""
    return Reply(200, {"faults": [rule.as_json() for rule in call.namespace.faults]})


async def add_fault(call: Call) -> Reply:
    """The added fault; one without an id gets one."""
    rule = _checked(call, call.body)
    added: list[FaultRule] = []

    def newer(entries: Sequence[Any]) -> list[Any]:
        taken = {entry["rule"]["id"] for entry in entries}
        if rule.id in taken:
            raise ControlProblem(409, f"fault '{rule.id}' is there already; PUT replaces it.")
        if len(entries) >= MOST_RULES:
            raise ControlProblem(400, f"a namespace has at most {MOST_RULES} faults.")
        number = next(number for number in range(1, MOST_RULES + 2) if f"{rule.kind}-{number}" not in taken)
        name = rule.id or f"{rule.kind}-{number}"
        added[:] = [FaultRule(name, rule.kind, rule.what, rule.match)]
        return [*entries, _kept(call, added[0])]

    await _change(call, newer)
    place = f"{API}/faults/{quote(added[0].id, safe='')}"
    return Reply(201, added[0].as_json(), {"Location": place})


async def set_faults(call: Call) -> Reply:
    """The faults that replaced all others."""
    body = call.body
    if "preset" in body:
        if body["preset"] not in rules.presets():
            detail = f"preset '{body['preset']}': there is none. {did_you_mean(body['preset'], rules.presets())}"
            raise ControlProblem(400, detail, {"preset": list(rules.presets())})
        wanted = rules.presets()[body["preset"]]
    else:
        wanted = body["faults"]
    try:
        found = rules.parsed_all(wanted)
    except InvalidFault as error:
        raise ControlProblem(400, str(error)) from error
    for rule in found:
        _check_names(call, rule)
    await _change(call, lambda _: [_kept(call, rule) for rule in found])
    return await list_faults(call)


async def clear_faults(call: Call) -> Reply:
    """Nothing; the faults are gone."""
    await _change(call, lambda _: [])
    return Reply(204)


async def get_fault(call: Call) -> Reply:
    """One fault."""
    return Reply(200, _found(call).as_json())


async def put_fault(call: Call) -> Reply:
    """The fault under the id of the path."""
    name = call.path["fault"]
    rule = _checked(call, {**call.body, "id": name})
    await _change(call, lambda entries: [*(entry for entry in entries if entry["rule"]["id"] != name), _kept(call, rule)])
    return Reply(200, rule.as_json())


async def delete_fault(call: Call) -> Reply:
    """Nothing; the fault is gone."""
    name = _found(call).id
    await _change(call, lambda entries: [entry for entry in entries if entry["rule"]["id"] != name])
    return Reply(204)


def _found(call: Call) -> FaultRule:
    name = call.path["fault"]
    found = next((rule for rule in call.namespace.faults if rule.id == name), None)
    if found is None:
        names = [rule.id for rule in call.namespace.faults]
        raise ControlProblem(404, f"fault '{name}': the namespace has none. {did_you_mean(name, names)}", {"faults": names})
    return found


def _checked(call: Call, value: Any) -> FaultRule:
    try:
        rule = rules.parsed(value)
    except InvalidFault as error:
        raise ControlProblem(400, str(error)) from error
    _check_names(call, rule)
    return rule


def _check_names(call: Call, rule: FaultRule) -> None:
    """Checks that a rule's provider, operation, drift and states are there, and that the namespace is no other one.

    Raises:
        ControlProblem: one is not.
    """
    if not rule.is_of(call.namespace.name):
        named = rule.match["namespace"]
        what = f"its match names the namespace '{named}'. Send it there: Specimen-Namespace: {named}."
        raise ControlProblem(400, f"fault '{rule.id or rule.kind}': {what}", {"namespace": [call.namespace.name]})
    try:
        check_names(rule, {name: call.mounted(name).provider for name in call.server.mounted})
    except UnknownName as error:
        raise ControlProblem(400, str(error), dict(error.possible)) from error


def _kept(call: Call, rule: FaultRule) -> dict[str, Any]:
    return {"rule": rule.as_json(), "since": call.namespace.clock.now()}


async def _change(call: Call, change: Callable[[Sequence[Any]], list[Any]]) -> None:
    call.namespace = await call.server.namespaces.change_faults(call.namespace.name, change)


HANDLERS: Mapping[str, Handler] = {
    "listFaultKinds": list_fault_kinds,
    "listFaults": list_faults,
    "addFault": add_fault,
    "setFaults": set_faults,
    "clearFaults": clear_faults,
    "getFault": get_fault,
    "putFault": put_fault,
    "deleteFault": delete_fault,
}
