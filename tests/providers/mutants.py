"""Valid answers with one thing broken: what shows that each rule of a document fires, and fires alone."""

from __future__ import annotations

import copy
import importlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from specimen.mockserver.testing.preview import phases
from specimen.specs import Provider
from specimen.specs.core.plugin_loading import load_file
from specimen.specs.loading.schemas import Schemas, rules
from tests import golden

Change = tuple[str, str, Any] | tuple[str, str]


class Mutant(NamedTuple):
    """An answer of an operation with one thing broken.

    `base` names the valid answer: an example of the operation's response, or `scenario@state`. Each change is
    `("set", pointer, value)`, where `-` as the last part appends to a list, or `("remove", pointer)`.
    """

    operation: str
    status: int
    base: str
    changes: tuple[Change, ...]


def mutants_of(provider: Provider) -> Mapping[str, list[Mutant]]:
    """The mutants of a provider by rule id: `MUTANTS` of mutants_<name>.py beside this file, or of mutants.py in its folder."""
    if provider.is_builtin:
        found = importlib.import_module(f"{__package__}.mutants_{provider.name}")
    else:
        found = load_file(provider.folder / "mutants.py", f"{provider.name}_mutants")
    return found.MUTANTS


def changed(value: Any, *changes: Change) -> Any:
    """A copy of a JSON value with changes made to it, in their order."""
    root = {"": copy.deepcopy(value)}
    for kind, pointer, *rest in changes:
        *way, last = ["", *(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])]
        node: Any = root
        for part in way:
            node = node[int(part)] if isinstance(node, list) else node[part]
        if kind == "remove":
            del node[int(last) if isinstance(node, list) else last]
        elif kind != "set":
            raise ValueError(f"a change '{kind}': expected 'set' or 'remove'.")
        elif isinstance(node, list) and last == "-":
            node.append(rest[0])
        else:
            node[int(last) if isinstance(node, list) else last] = rest[0]
    return root[""]


def valid(provider: Provider, mutant: Mutant) -> Any:
    """The answer that a mutant begins with."""
    scenario, _, state = mutant.base.partition("@")
    if not state:
        response = provider.document.operations[mutant.operation].responses[str(mutant.status)]
        return next(media.examples[mutant.base] for media in response.media if mutant.base in media.examples)
    for phase in phases(provider, scenario, seed=golden.SEED, now=golden.NOW):
        if phase["state"] == state:
            return json.loads(json.dumps(phase["answers"][mutant.operation], default=dict))
    raise LookupError(f"scenario '{scenario}' has no state '{state}'")


def fired(schemas: Schemas, operation: str, status: int | str, body: Any) -> set[str]:
    """The ids of the rules that an answer breaks, and the messages of what breaks the plain schema, but for assumed formats."""
    pointer = schemas.document.operations[operation].responses[str(status)].media[0].pointer
    assert pointer is not None
    found = [(schemas.rule_title(error), error.message) for error in schemas.validator(pointer).iter_errors(body)]
    return {(title or message)[:7] for title, message in found if title or not message.endswith('is not a "date-time"')}


def each_rule_fires(provider: Provider) -> Iterator[str]:
    """Each rule has a mutant; nothing is wrong with the answer that it begins with, and exactly that rule with the mutant."""
    mutants = mutants_of(provider)
    stated = {rule["title"][:7] for rule in rules(provider.document.raw)}
    for rule in sorted(stated ^ mutants.keys()):
        yield f"{rule}: no mutant breaks it" if rule in stated else f"{rule}: has a mutant and stands nowhere in the document"
    for rule, cases in mutants.items():
        if not cases:
            yield f"{rule}: no mutant breaks it"
        for number, case in enumerate(cases):
            base = valid(provider, case)
            broken = changed(base, *case.changes)
            for kind, schemas in (("open", provider.schemas), ("strict", provider.strict_schemas)):
                for what, body, expected in (("valid", base, set()), ("mutant", broken, {rule})):
                    found = fired(schemas, case.operation, case.status, body)
                    if found != expected:
                        yield f"{rule}, mutant {number}, {kind}: {sorted(found)} fire on the {what} answer"


def rules_are_silent(provider: Provider) -> Iterator[str]:
    """No rule fires on any answer in the golden files."""
    paths = sorted((golden.FOLDER / provider.name).glob("*.json"))
    if provider.is_builtin and not paths:
        yield f"{golden.FOLDER / provider.name} holds no golden files"
    for path in paths:
        for step in json.loads(path.read_text(encoding="utf-8"))["steps"]:
            for operation, body in step["answers"].items():
                status = next(code for code in provider.document.operations[operation].responses if code.startswith("2"))
                for schemas in (provider.schemas, provider.strict_schemas):
                    for name in sorted(fired(schemas, operation, status, body)):
                        yield f"{path.name}, {step['state']}, {operation}: {name} fires"
