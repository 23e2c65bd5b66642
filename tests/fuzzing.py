"""Schemathesis against the mock: the same settings in process and from its command line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import schemathesis
from hypothesis import settings
from schemathesis.engine import Status, events, from_schema

from specimen.contracts.verify.schemathesis_document import generated_from
from specimen.contracts.verify.schemathesis_suite import NO_LINKS_FROM_TEXTS
from specimen.mockserver.app import App
from specimen.specs import Provider

SEED = 1
EXAMPLES = 25
# A link takes a value from one answer to every field of its name, and the ids of what is gone by then: that such a request is
# refused is right. The other phases send valid values, and hold the mock to taking them.
STATEFUL = {"checks": {"positive_data_acceptance": {"enabled": False}}}


def examples() -> int:
    """So many in the Hypothesis profile of this run: all of `EXAMPLES`, or a quarter in `make test`."""
    return EXAMPLES * settings.default.max_examples // 100  # which the profile of tests/conftest.py has


def configuration(provider: Provider, count: int = EXAMPLES) -> dict[str, Any]:
    """All checks and phases, a fixed seed, one worker, nothing remembered, and a credential that works."""
    return {
        "seed": SEED,
        "workers": 1,
        "generation": {"max-examples": count, "database": "none"},
        "auth": {"openapi": credentials(provider)},
        "output": {"sanitization": {"enabled": False}},
        "phases": {"stateful": {**NO_LINKS_FROM_TEXTS["phases"]["stateful"], **STATEFUL}},
    }


def credentials(provider: Provider) -> dict[str, dict[str, str]]:
    """A working credential by the document's security schemes, as Schemathesis wants it."""
    accepted = next(entry for entry in provider.lifecycle.credentials.values() if entry.fails is None)
    shown = {name.lower(): value for name, value in accepted.headers.items()}
    found = {}
    for name, scheme in provider.document.raw["components"]["securitySchemes"].items():
        if scheme["type"] == "http":
            found[name] = {"bearer": shown["authorization"].partition(" ")[2]}
        else:
            found[name] = {"api_key": shown[scheme["name"].lower()]}
    return found


def findings(app: App, provider: Provider) -> Iterator[str]:
    """What Schemathesis holds against the mock, in process; last lines that say which operations it left out, if any."""
    config = schemathesis.Config.from_dict(configuration(provider, examples()))
    schema = schemathesis.openapi.from_dict(generated_from(provider, provider.mount), config=config)
    schema.app = app
    checks: Counter[str] = Counter()
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            for case_id, outcomes in event.recorder.checks.items():
                for outcome in outcomes:
                    checks[event.recorder.label] += 1
                    if outcome.status is Status.FAILURE and outcome.failure_info is not None:
                        failure = outcome.failure_info
                        yield f"{event.recorder.label} {outcome.name} {case_id}: {failure.failure}\n{failure.code_sample}"
        elif isinstance(event, (events.NonFatalError, events.FatalError)):
            yield f"{type(event).__name__}: {getattr(event, 'info', None) or getattr(event, 'exception', '')}"
    for operation in provider.document.operations.values():
        label = f"{operation.method.upper()} {operation.path}"
        if not checks[label]:
            yield f"no check was run on {label}"
