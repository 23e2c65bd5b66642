"""What each provider has: states, edges, scenarios, facts, drifts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specimen.mockserver.control.call import Call, Handler
from specimen.mockserver.http.messages import Reply
from specimen.mockserver.preferences.faults.drifts import drifts_of
from specimen.mockserver.sessions.steering.facts import possible_facts
from specimen.specs import Provider


async def get_catalogue(call: Call) -> Reply:
    """The providers that are served, or the asked one."""
    asked = call.query.get("provider")
    names = list(call.server.mounted) if asked is None else [call.mounted(asked).provider.name]
    return Reply(200, {"providers": [summary(call.mounted(name).provider) for name in names]})


def summary(provider: Provider) -> dict[str, Any]:
    """A provider as the catalogue shows it."""
    lifecycle = provider.lifecycle
    return {
        "name": provider.name,
        "title": lifecycle.title,
        "mount": provider.mount,
        "operations": list(provider.document.operations),
        "states": {
            name: {"terminal": state.terminal, "description": state.description} for name, state in lifecycle.states.items()
        },
        "transitions": [
            {"from": edge.origin, "to": edge.to, "cause": edge.cause, "operation": edge.operation}
            for edge in lifecycle.transitions
        ],
        "scenarios": {
            name: {"alias": scenario.alias, "summary": scenario.summary, "path": list(scenario.path)}
            for name, scenario in lifecycle.scenarios.items()
        },
        "facts": possible_facts(provider),
        "drifts": drifts(provider),
    }


def drifts(provider: Provider) -> dict[str, Any]:
    """The drifts of a provider: the rule that each breaks, and how."""
    return {
        name: {"rule": drift.rule, "summary": drift.summary, "operations": list(drift.operations)}
        for name, drift in drifts_of(provider).items()
    }


HANDLERS: Mapping[str, Handler] = {"getCatalogue": get_catalogue}
