"""Loads and checks the rules of a provider's Python module."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.history import History
from specimen.contracts.judge.rule import EXAMINED, Check, Examined, Finding, Rule, declared
from specimen.contracts.judge.severity import MARKS
from specimen.specs import Provider, SpecError, SpecimenError
from specimen.specs.core.errors import did_you_mean
from specimen.specs.core.plugin_loading import line_in


def rules_of(provider: Provider, general: Collection[str]) -> dict[str, Rule]:
    """By id, the rules of `contracts/judge/rules/<name>.py`, or of rules.py in an outside provider's folder.

    Raises:
        SpecError: the module cannot be imported, or an id stands twice in it or is one of the general rules, or a rule has a
            value that cannot be. A rule of the document may go on here, with what JSON Schema cannot say.
    """
    module = provider.find_module("specimen.contracts.judge.rules", "rules")
    found: dict[str, Rule] = {}
    names: dict[str, str] = {}
    for name, entry in () if module is None else declared(module).items():
        if entry is found.get(entry.id):  # the same function under two names
            continue
        where = str(getattr(module, "__file__", provider.folder))
        wrong = next(_faults(entry, general), None)
        if entry.id in found:
            wrong = f"rule '{entry.id}' stands twice: {names[entry.id]} and {name}."
        if wrong is not None:
            raise SpecError(where, wrong)
        found[entry.id], names[entry.id] = entry, name
    if provider.is_builtin:
        return found
    return {name: _guarded(entry, provider.folder / "rules.py") for name, entry in found.items()}


def _faults(entry: Rule, general: Collection[str]) -> Iterator[str]:
    rule = f"rule {entry.id!r}"
    for name in ("id", "sentence", "source", "reason", "quote"):
        if not isinstance(getattr(entry, name), str):
            yield f"{rule}: its {name} is {type(getattr(entry, name)).__name__}; expected text."
    if entry.id in general:
        yield f"{rule} is a general rule; give it an id of your own and name it in `replaces`."
    if entry.mark not in MARKS:
        yield f"{rule}: mark {entry.mark!r}; expected one of {', '.join(MARKS)}."
    if entry.mark == "I" and not entry.quote:
        yield f"{rule} is implied, so it needs `quote`: the words of the vendor's page that it follows from."
    if not isinstance(entry.replaces, tuple):
        yield f"{rule}: `replaces` is {type(entry.replaces).__name__}; expected a tuple of rule ids."
    else:
        for name in entry.replaces:
            if name not in general:
                yield f"{rule}: replaces {name!r}; there is no such general rule. {did_you_mean(name, general)}"


def _guarded(entry: Rule, path: Path) -> Rule:
    """Wraps a rule of an outside provider: an exception names the rule and is no violation."""
    check = entry.check
    return entry if check is None else replace(entry, check=_checked(entry.id, check, path))


def _checked(rule_id: str, check: Check, path: Path) -> Check:
    def guarded(exchange: Exchange, history: History) -> list[Finding | Examined]:
        try:
            found = list(check(exchange, history))
        except SpecimenError:
            raise
        except Exception as error:  # its text may hold a value of the exchange: the type and the line say enough
            what = f"rule '{rule_id}' fails with {type(error).__name__}{line_in(error, path)}."
            raise SpecError(str(path), what) from error
        for finding in found:
            if finding is not EXAMINED and not isinstance(finding, Finding):
                raise SpecError(str(path), f"rule '{rule_id}' gives {type(finding).__name__}; expected Finding or EXAMINED.")
        return found

    return guarded
