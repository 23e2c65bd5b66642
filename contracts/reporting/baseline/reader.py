"""Reads a file of known failures, and moves the findings that it knows out of what counts."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

from specimen.contracts.judge.registry import listed
from specimen.contracts.reporting.known_failures import UNDOCUMENTED, Baseline, KnownFailure, any_place
from specimen.contracts.reporting.model import Known, Report
from specimen.specs import Provider, SpecError, SpecimenError
from specimen.specs.core.errors import did_you_mean
from specimen.specs.core.yaml_files import read_yaml

SCHEMA_FILE = Path(__file__).with_name("baseline.schema.yaml")
_MOST_SHOWN = 80


class BaselineError(SpecimenError):
    """A file of known failures that cannot be read or written."""


def today() -> date:
    """The day by which entries expire, in UTC."""
    return datetime.now(UTC).date()


def provider_of(path: Path | str) -> str:
    """Returns the name of the provider that a file is for.

    Raises:
        BaselineError: as `load` does.
    """
    path = Path(path)
    data = _read(path)
    _check_form(data, _Lines(path))
    return str(data["provider"])


def load(path: Path | str, provider: Provider, *, day: date | None = None) -> Baseline:
    """Reads the known failures of a provider; `day` is the day by which entries expire, by default today in UTC.

    Raises:
        BaselineError: the file is missing or invalid, for another provider, names a rule or an operation that the provider
            does not have, or has an entry twice. The text names file and line, what was expected, what stands there, and
            what to do.
    """
    path = Path(path)
    data = _read(path)
    lines = _Lines(path)
    _check_form(data, lines)
    if data["provider"] != provider.name:
        raise BaselineError(
            f"{lines.at('provider')}: expected 'provider: {provider.name}', got '{data['provider']}'. "
            "Name a file of that provider's known failures; each provider has its own."
        )
    entries: dict[tuple[str, str, str, int | None], KnownFailure] = {}
    for index, raw in enumerate(data["known"]):
        entry = KnownFailure(
            rule=raw["rule"],
            operation=raw["operation"],
            pointer=any_place(raw["pointer"]),
            reason=" ".join(raw["reason"].split()),
            expires=date.fromisoformat(raw["expires"]),
            status=raw.get("status"),
            file=str(path),
            line=lines.of("known", index),
        )
        _check_names(entry, provider, lines, index)
        if entry.key in entries:
            raise BaselineError(
                f"{entry.place}: expected each known failure once, got {entry.subject} again, which stands on line "
                f"{entries[entry.key].line} already. Remove one of them."
            )
        entries[entry.key] = entry
    return Baseline(provider.name, day or today(), tuple(entries.values()))


def of_provider(baseline: Path | str | Baseline | None, provider: Provider) -> Baseline | None:
    """Returns known failures of a provider, given as the path of their file or as read; None where none are given.

    Raises:
        BaselineError: as `load` does; or what was read is another provider's.
    """
    if isinstance(baseline, (str, Path)):
        return load(baseline, provider)
    if baseline is not None and baseline.provider != provider.name:
        raise BaselineError(
            f"baseline: expected known failures of {provider.name}, got those of {baseline.provider}. "
            "Read that provider's own file; each provider has its own."
        )
    return baseline


def apply(report: Report, baseline: Baseline | None) -> Report:
    """Returns the report with the known findings apart: they do not count. Entries that matched nothing are `stale`.

    Without a baseline it stays as it is. A run that ended early has no stale entries: what it did not see may still be there.
    """
    if baseline is None:
        return report
    matched = [(found, baseline.find(found.violation)) for found in report.found]
    known = tuple(Known(found, entry) for found, entry in matched if entry is not None and baseline.is_live(entry))
    expired = tuple(Known(found, entry) for found, entry in matched if entry is not None and not baseline.is_live(entry))
    is_whole = not (report.interrupted or report.incomplete or report.unreachable is not None)
    seen = report.reach
    violations = [found.violation for found in report.found]
    stale = baseline.unmatched(violations, seen.rules.seen, seen.operations.seen) if is_whole else ()
    left = {id(entry.found) for entry in known}
    return replace(
        report,
        found=tuple(found for found in report.found if id(found) not in left),
        known=known,
        expired=expired,
        stale=stale,
        has_baseline=True,
    )


class _Lines:
    """The lines of a YAML file's values."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)

    def of(self, *place: str | int) -> int:
        """The line of a value, or of the nearest one around it; of a mapping's value that of its key."""
        node: Any = self._root
        line = 1 if node is None else node.start_mark.line + 1
        for part in place:
            if isinstance(node, yaml.MappingNode):
                pair = next((pair for pair in node.value if pair[0].value == part), None)
                if pair is None:
                    break
                line, node = pair[0].start_mark.line + 1, pair[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                line = node.start_mark.line + 1
            else:
                break
        return line

    def at(self, *place: str | int) -> str:
        """File and line."""
        return f"{self._path}:{self.of(*place)}"


@cache
def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = read_yaml(SCHEMA_FILE)
    return schema


@cache
def _validator() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(_schema(), validate_formats=True)


def _check_form(data: Any, lines: _Lines) -> None:
    error = next(_validator().iter_errors(data), None)
    if error is None:
        return
    place = list(error.instance_path)
    node: Any = _schema()
    for part in list(error.schema_path)[:-1]:
        node = node[part]
    last: Any = place[-1] if place else ""
    what = f"entry {last + 1}: " if isinstance(last, int) else f"'{last}': " if last else ""
    kind: Any = error.kind
    if kind.name == "required":
        name = kind.property
        wanted = node["properties"][name]["description"]
        raise BaselineError(f"{lines.at(*place)}: {what}expected '{name}', got none. Add `{name}:` with {wanted}.")
    if kind.name == "additionalProperties":
        stray = next(iter(kind.unexpected))
        possible = list(node["properties"])
        raise BaselineError(
            f"{lines.at(*place, stray)}: {what}expected only {', '.join(possible)}, got '{stray}'. "
            f"{did_you_mean(stray, possible)}"
        )
    raise BaselineError(
        f"{lines.at(*place)}: {what}expected {node['description']}; got {_shown(error.instance)}. Correct it, or have the file "
        "written with --write-baseline."
    )


def _check_names(entry: KnownFailure, provider: Provider, lines: _Lines, index: int) -> None:
    rules = {rule.id for rule in listed(provider)}
    if entry.rule not in rules:
        close = did_you_mean(entry.rule, rules) if _is_near(entry.rule, rules) else "`specimen rules` lists them."
        where = lines.at("known", index, "rule")
        raise BaselineError(f"{where}: expected a rule of {provider.name}, got '{entry.rule}'. {close}")
    operations = provider.document.operations
    if entry.operation not in operations and not UNDOCUMENTED.fullmatch(entry.operation):
        raise BaselineError(
            f"{lines.at('known', index, 'operation')}: expected an operation of {provider.name}, got '{entry.operation}'. "
            f"{did_you_mean(entry.operation, operations)}"
        )


def _is_near(name: str, names: set[str]) -> bool:
    return did_you_mean(name, names).startswith("Did")


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def _read(path: Path) -> Any:
    try:
        return read_yaml(path)
    except SpecError as error:
        raise BaselineError(_unreadable(path, error)) from error


def _unreadable(path: Path, error: SpecError) -> str:
    cause = error.__cause__
    if isinstance(cause, FileNotFoundError):
        return f"{path}: there is no such file. Write it with --write-baseline {path}."
    if isinstance(cause, OSError):
        return f"{path}: cannot be read: {cause.strerror or cause}."
    if isinstance(cause, yaml.MarkedYAMLError) and cause.problem_mark is not None:
        return f"{path}:{cause.problem_mark.line + 1}: expected YAML, got an error: {cause.problem}. Correct that line."
    return f"{path}: expected YAML in UTF-8, got: {cause}."
