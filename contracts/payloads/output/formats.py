"""Cases as JSON, lines of JSON, a shell script and a pytest module."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from specimen.contracts.payloads.generate.selection import Choice
from specimen.contracts.payloads.model.case import Case
from specimen.contracts.payloads.output.shell_script import as_curl
from specimen.specs import Provider

# What JSON leaves as it is in a text, and some readers of lines end a line at.
_LINE_ENDS = str.maketrans({end: f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"})

# A title stands in a docstring of the module.
_QUOTES = str.maketrans("", "", '"\\')


def as_json(cases: Iterable[Case]) -> Iterator[str]:
    """One JSON document, `{"version": 1, "cases": […]}`, in pieces."""
    yield '{"version": 1, "cases": ['
    for index, case in enumerate(cases):
        yield ("," if index else "") + "\n" + _dumped(case.as_json())
    yield "\n]}\n"


def as_ndjson(cases: Iterable[Case]) -> Iterator[str]:
    """A line of JSON for each case."""
    yield from lines(case.as_json() for case in cases)


def lines(values: Iterable[Any]) -> Iterator[str]:
    """A line of JSON for each value."""
    for value in values:
        yield _dumped(value) + "\n"


def _dumped(value: Any) -> str:
    """JSON in UTF-8, one line to every reader; a lone surrogate, which UTF-8 cannot hold, makes it ASCII."""
    text = json.dumps(value, ensure_ascii=False).translate(_LINE_ENDS)
    return json.dumps(value) if any("\ud800" <= letter <= "\udfff" for letter in text) else text


_TEST = '''"""Edge cases of {title}, each with what must happen. Made by `specimen payloads`.

Requests go to the base URL in SPECIMEN_URL, with the credential in SPECIMEN_TOKEN; a host that is not this machine must be named
in SPECIMEN_ALLOW_WRITES. Responses and events go to your parser, named in SPECIMEN_PARSER as `package.module:function`: it is
called with an operation's id, or an event's type, and the bytes of a body, and raises for what it refuses. With what the contract
leaves open it is called too, and may raise or not. Without SPECIMEN_URL all requests are skipped, without SPECIMEN_PARSER the
rest: with neither, the run is green and has shown nothing.
"""

from __future__ import annotations

import contextlib
import importlib
import os

import pytest

from specimen import specs
from specimen.contracts.payloads import Case, Sender, cases
from specimen.contracts.payloads.model.mutations import as_bytes

CASES = list(cases({arguments}))


@pytest.fixture(scope="module")
def sender():
    if "SPECIMEN_URL" not in os.environ:
        pytest.skip("SPECIMEN_URL names no implementation to send requests to")
    allowed = os.environ.get("SPECIMEN_ALLOW_WRITES", "").split()
    found = Sender(specs.load("{name}"), os.environ["SPECIMEN_URL"], auth=os.environ.get("SPECIMEN_TOKEN"), allow_writes=allowed)
    yield found
    found.close()


@pytest.fixture(scope="module")
def parse():
    if "SPECIMEN_PARSER" not in os.environ:
        pytest.skip("SPECIMEN_PARSER names no parser to hand responses to")
    module, _, function = os.environ["SPECIMEN_PARSER"].partition(":")
    return getattr(importlib.import_module(module), function)


@pytest.mark.parametrize("case", [case for case in CASES if case.direction == "request"], ids=lambda case: case.id)
def test_request(case: Case, sender: Sender) -> None:
    """A request is answered with one of the statuses that are right for it."""
    assert sender.send(case).status in case.expect_status, case.rationale


@pytest.mark.parametrize("case", [case for case in CASES if case.direction != "request"], ids=lambda case: case.id)
def test_response(case: Case, parse) -> None:
    """A parser takes what keeps the contract, refuses what breaks it, and comes back from the rest."""
    body = as_bytes(case.payload)
    if case.verdict == "reject":
        with pytest.raises(Exception):
            parse(case.operation, body)
    elif case.verdict == "accept":
        parse(case.operation, body)
    else:
        with contextlib.suppress(Exception):
            parse(case.operation, body)
'''


def as_pytest(provider: Provider, choice: Choice) -> str:
    """A test module that makes the same cases when it is collected; their ids are those of its tests."""
    plain = Choice()
    wanted = {name: getattr(choice, name) for name in choice.__dataclass_fields__}
    given = [f"{name}={value!r}" for name, value in wanted.items() if value != getattr(plain, name)]
    arguments = ", ".join([repr(provider.name), *given])
    title = " ".join(provider.lifecycle.title.translate(_QUOTES).split())
    return _TEST.format(title=title, name=provider.name, arguments=arguments)


WRITERS: dict[str, Callable[[Iterable[Case]], Iterator[str]]] = {"json": as_json, "ndjson": as_ndjson, "curl": as_curl}
SUFFIXES = {"json": ".json", "ndjson": ".ndjson", "curl": ".sh", "pytest": ".py"}
