"""Reads lifecycle.yaml; an invalid file raises an error with the place and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jsonschema_rs

from specimen.specs.core.errors import SpecError, did_you_mean
from specimen.specs.core.yaml_files import read_yaml
from specimen.specs.loading.lifecycle import (
    Choice,
    Create,
    Credential,
    ErrorCase,
    FrameMessages,
    Hosted,
    HostedOutcome,
    HostedStep,
    IdForm,
    Lifecycle,
    LifecycleRequest,
    Lifetime,
    Magic,
    ProbeValue,
    Read,
    Scenario,
    Setup,
    State,
    Transition,
    ValuePlace,
)

SCHEMA_FILE = Path(__file__).parent / "file_schemas" / "lifecycle.schema.yaml"


@cache
def _schema() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(read_yaml(SCHEMA_FILE))


def read_lifecycle(path: Path) -> Lifecycle:
    """The lifecycle that a file states.

    Raises:
        SpecError: an unknown key, a value of the wrong form, a transition to a missing state, a scenario through an
            illegal edge, an alias that two scenarios share.
    """
    data = read_yaml(path)
    _check_form(path, data)
    lifecycle = _build(data)
    _check_meaning(path, lifecycle)
    return lifecycle


def frozen(value: Any) -> Any:
    """The same JSON value, read-only at every depth."""
    if isinstance(value, dict):
        return MappingProxyType({key: frozen(item) for key, item in value.items()})
    if isinstance(value, list):
        return tuple(frozen(item) for item in value)
    return value


def _check_form(path: Path, data: Any) -> None:
    error = next(_schema().iter_errors(data), None)
    if error is None:
        return
    place = "/".join(str(part) for part in error.instance_path) or "top level"
    known = _known_keys(error)
    hint = ""
    if known and isinstance(error.instance, dict):
        stray = next((key for key in error.instance if key not in known), None)
        if stray is not None:
            hint = f" Unknown key '{stray}'. {did_you_mean(stray, known)}"
    raise SpecError(f"{path}: {place}", f"{error.message}.{hint}")


def _known_keys(error: Any) -> list[str]:
    node: Any = read_yaml(SCHEMA_FILE)
    for part in list(error.schema_path)[:-1]:
        node = node[part] if isinstance(node, dict) and part in node else {}
        while isinstance(node, dict) and "$ref" in node:
            target: Any = read_yaml(SCHEMA_FILE)
            for step in node["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            node = target
    return list(node.get("properties", {})) if isinstance(node, dict) else []


def _request(data: Mapping[str, Any]) -> LifecycleRequest:
    return LifecycleRequest(
        path=frozen(data.get("path", {})),
        query=frozen(data.get("query", {})),
        headers=frozen(data.get("headers", {})),
        body=data.get("body"),
        has_body="body" in data,
        raw=data.get("raw"),
        content_type=data.get("content_type"),
        multipart=frozen(data.get("multipart", [])),
    )


def _build(data: Mapping[str, Any]) -> Lifecycle:
    lifetime = data.get("lifetime")
    magic = data.get("magic")
    return Lifecycle(
        title=data["title"],
        homepage=data.get("homepage", ""),
        ids=MappingProxyType({name: IdForm(**form) for name, form in data["ids"].items()}),
        lifetime=lifetime
        and Lifetime(lifetime["seconds"], lifetime["to"], tuple(lifetime["from"]), lifetime["mark"], lifetime["source"]),
        create=Create(
            data["create"]["operation"],
            _request(data["create"]["request"]),
            data["create"]["session"],
            frozen(data["create"].get("only_given", {})),
        ),
        reads=tuple(
            Read(read["operation"], _request(read["request"]), read["status"], frozen(read.get("facts", {})), read.get("id"))
            for read in data["reads"]
        ),
        states=MappingProxyType(
            {name: State(name=name, **{"terminal": False, **state}) for name, state in data["states"].items()}
        ),
        initial=data["initial"],
        transitions=tuple(
            Transition(
                edge["from"], edge["to"], edge["cause"], edge["seconds"], edge["mark"], edge["source"], edge.get("operation")
            )
            for edge in data["transitions"]
        ),
        credentials=MappingProxyType(
            {
                name: Credential(
                    name,
                    frozen(entry["headers"]),
                    frozen(entry.get("facts", {})),
                    entry.get("fails"),
                    entry.get("description", ""),
                )
                for name, entry in data["credentials"].items()
            }
        ),
        magic=magic and Magic(**magic),
        choices=MappingProxyType(
            {
                name: Choice(name, tuple(choice["values"]), choice["source"], tuple(choice.get("states", ())))
                for name, choice in data.get("choices", {}).items()
            }
        ),
        scenarios=MappingProxyType(
            {
                name: Scenario(
                    name=name,
                    alias=entry["alias"],
                    summary=entry["summary"],
                    path=tuple(entry["path"]),
                    facts=frozen(entry.get("facts", {})),
                    mark=entry["mark"],
                    source=entry["source"],
                )
                for name, entry in data["scenarios"].items()
            }
        ),
        errors=MappingProxyType({name: _error(name, entry) for name, entry in data["errors"].items()}),
        values=MappingProxyType({name: _value(name, entry) for name, entry in data.get("values", {}).items()}),
        hosted_page=_hosted(data["hosted"]) if "hosted" in data else None,
    )


def _hosted(data: Mapping[str, Any]) -> Hosted:
    messages = data.get("messages")
    return Hosted(
        steps=tuple(HostedStep(step["name"], step.get("to")) for step in data["steps"]),
        outcomes=tuple(HostedOutcome(entry["to"], entry["label"], entry.get("choice")) for entry in data["outcomes"]),
        abandon=data.get("abandon"),
        waits=tuple(data.get("waits", ())),
        is_framed=data.get("framed", False),
        messages=messages and FrameMessages(**{"cancel": None, **frozen(messages)}),
        mark=data["mark"],
        source=data["source"],
    )


def _value(name: str, entry: Mapping[str, Any]) -> ProbeValue:
    places = tuple(ValuePlace(place["operation"], place["in"], place["name"]) for place in entry.get("at", ()))
    part, is_in_creation, names = entry.get("part", ""), entry.get("in_creation", False), entry.get("names", "")
    return ProbeValue(name, entry["meaning"], places, part, is_in_creation, names)


def _error(name: str, entry: Mapping[str, Any]) -> ErrorCase:
    return ErrorCase(
        name=name,
        example=name.partition(".")[0],
        operation=entry["operation"],
        status=entry["status"],
        request=_request(entry["request"]),
        setup=tuple(
            Setup(step["operation"], _request(step["request"]), step.get("credential")) for step in entry.get("setup", [])
        ),
        credential=entry.get("credential"),
        mark=entry["mark"],
        source=entry["source"],
    )


def _check_meaning(path: Path, lifecycle: Lifecycle) -> None:
    _known(path, "initial", lifecycle.initial, lifecycle.states)
    _check_transitions(path, lifecycle)
    _check_scenarios(path, lifecycle)
    for choice in lifecycle.choices.values():
        for state in choice.states:
            _known(path, f"choices/{choice.name}", state, lifecycle.states)
    if lifecycle.hosted_page is not None:
        _check_hosted(path, lifecycle, lifecycle.hosted_page)
    for error in lifecycle.errors.values():
        for credential in (error.credential, *(step.credential for step in error.setup)):
            if credential not in (None, "none"):
                _known(path, f"errors/{error.name}", str(credential), lifecycle.credentials, "credential")


def _check_hosted(path: Path, lifecycle: Lifecycle, hosted: Hosted) -> None:
    messages = hosted.messages
    named = [*(step.to for step in hosted.steps), *(entry.to for entry in hosted.outcomes), hosted.abandon, *hosted.waits]
    for state in (*named, *(() if messages is None else messages.ended)):
        if state is not None:
            _known(path, "hosted", state, lifecycle.states)
    for entry in hosted.outcomes:
        if entry.choice is not None:
            _known(path, "hosted/outcomes", entry.choice, lifecycle.choices, "choice")


def _known(path: Path, where: str, name: str, possible: Iterable[str], kind: str = "state") -> None:
    names = list(possible)
    if name not in names:
        raise SpecError(f"{path}: {where}", f"'{name}': no such {kind}. {did_you_mean(name, names)}")


def _check_transitions(path: Path, lifecycle: Lifecycle) -> None:
    states = lifecycle.states
    for edge in lifecycle.transitions:
        _known(path, f"transition from '{edge.origin}'", edge.origin, states)
        _known(path, f"transition to '{edge.to}'", edge.to, states)
        if states[edge.origin].terminal and edge.operation is None:
            where = f"{path}: transition '{edge.origin}' to '{edge.to}'"
            raise SpecError(where, f"'{edge.origin}' is terminal, so nothing leaves it. Name the `operation` that does.")
    if lifecycle.lifetime:
        _known(path, "lifetime", lifecycle.lifetime.to, states)
        for state in lifecycle.lifetime.froms:
            _known(path, "lifetime", state, states)
            if not lifecycle.is_edge(state, lifecycle.lifetime.to):
                raise SpecError(f"{path}: lifetime", f"'{state}' to '{lifecycle.lifetime.to}' is no transition.")


def _check_scenarios(path: Path, lifecycle: Lifecycle) -> None:
    aliases: dict[str, str] = {}
    for scenario in lifecycle.scenarios.values():
        where = f"scenarios/{scenario.name}"
        _known(path, where, scenario.path[0], [lifecycle.initial], "first state")
        for before, after in pairwise(scenario.path):
            _known(path, where, after, lifecycle.states)
            if not lifecycle.is_edge(before, after):
                possible = [edge.to for edge in lifecycle.transitions if edge.origin == before]
                raise SpecError(f"{path}: {where}", f"'{before}' to '{after}' is no transition. {did_you_mean(after, possible)}")
        other = aliases.setdefault(scenario.alias, scenario.name)
        if other != scenario.name:
            raise SpecError(f"{path}: {where}", f"alias '{scenario.alias}' is taken by scenario '{other}'.")
