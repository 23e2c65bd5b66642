"""Cases as JSON, lines of JSON, shell commands and a pytest module."""

from __future__ import annotations

import base64
import gzip
import json
import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import quote

from contracts.credentials import secret_headers
from contracts.drafts import BOUNDARY, multipart
from contracts.payloads.bases import REQUEST
from contracts.payloads.case import Case
from contracts.payloads.choosing import Choice
from contracts.payloads.verdicts import as_draft
from specs import Provider

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
# A longer body goes through a pipe, compressed: a command line has its limits.
_MOST_WORD = 16_000
# What JSON leaves as it is in a text, and some readers of lines end a line at.
_LINE_ENDS = str.maketrans({end: f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"})


def as_json(cases: Iterable[Case]) -> Iterator[str]:
    """One JSON document, `{"version": 1, "cases": […]}`, in pieces."""
    yield '{"version": 1, "cases": ['
    for index, case in enumerate(cases):
        yield ("," if index else "") + "\n" + _dumped(case.as_json())
    yield "\n]}\n"


def as_ndjson(cases: Iterable[Case]) -> Iterator[str]:
    """A line of JSON for each case."""
    for case in cases:
        yield _dumped(case.as_json()) + "\n"


def _dumped(value: Any) -> str:
    """JSON in UTF-8, one line to every reader; a lone surrogate, which UTF-8 cannot hold, makes it ASCII."""
    text = json.dumps(value, ensure_ascii=False).translate(_LINE_ENDS)
    return json.dumps(value) if any("\ud800" <= letter <= "\udfff" for letter in text) else text


def as_curl(cases: Iterable[Case]) -> Iterator[str]:
    """A shell script: each request as a command that prints the status it got and those that are right.

    Variables: `SPECIMEN_URL` (the base URL), `SPECIMEN_TOKEN`, and an id such as `SPECIMEN_SESSION` where cases need one.
    """
    yield "#!/bin/sh\n# SPECIMEN_URL: the base URL. SPECIMEN_TOKEN: a credential that it takes.\n"
    yield ': "${SPECIMEN_URL:?the base URL of an implementation}" "${SPECIMEN_TOKEN:?a credential that it takes}"\n'
    for case in cases:
        if case.direction == REQUEST:
            right = " or ".join(str(status) for status in case.expect_status)
            yield f"\n# {case.verdict}: {case.rationale}\n"
            yield f"printf '%s' {shlex.quote(f'{case.id} expected {right}, got ')}\n{_curl(case)}\n"


def _curl(case: Case) -> str:
    provider = case.base.provider
    # Placeholders stay: the shell fills them.
    draft = as_draft(case.base, case.payload, case.content_type, {name: f"{{{name}}}" for name in provider.lifecycle.ids})
    words = ["curl -sS -g --path-as-is -o /dev/null -w '%{http_code}\\n'", f"-X {draft.operation.method.upper()}"]
    path = re.sub(r"\{(\w+)\}", lambda found: quote(draft.path.get(found[1], ""), safe="{}"), draft.operation.path)
    query = "&".join(f"{quote(name, safe='')}={quote(str(value), safe='')}" for name, value in draft.query.items())
    words.append('"$SPECIMEN_URL"' + _word(path + (f"?{query}" if query else ""), provider))
    scheme = next(iter(provider.document.raw["components"]["securitySchemes"].values()))
    header = next(iter(secret_headers(provider))) if scheme["type"] != "http" else "Authorization"
    words.append(f'-H "{header}: {"Bearer " if scheme["type"] == "http" else ""}$SPECIMEN_TOKEN"')
    words += [f"-H {_word(f'{name}: {value}' if value else f'{name};', provider)}" for name, value in draft.headers.items()]
    body, content_type = draft.raw, draft.content_type
    if draft.parts:
        body, content_type = multipart(draft.parts), f"multipart/form-data; boundary={BOUNDARY}"
    if body is None:
        return " \\\n  ".join(words)
    words.append(f"-H {shlex.quote(f'Content-Type: {content_type}')}")
    return _with_body(words, body, provider)


def _with_body(words: list[str], body: bytes, provider: Provider) -> str:
    text = body.decode("utf-8", "replace")
    if text.encode() == body and text.isprintable() and len(text) < _MOST_WORD:
        return " \\\n  ".join([*words, f"--data-binary {_word(text, provider)}" if body else "--data-binary ''"])
    packed = base64.b64encode(gzip.compress(body, mtime=0)).decode()
    fill = "".join(
        f' | sed "s/{{{name}}}/${_variable(name)}/g"' for name in provider.lifecycle.ids if f"{{{name}}}".encode() in body
    )
    return f"printf %s {packed} | base64 -d | gunzip{fill} | " + " \\\n  ".join([*words, "--data-binary @-"])


def _word(text: str, provider: Provider) -> str:
    """A word of the shell in which ids are variables."""
    pieces = re.split(_PLACEHOLDER, text)
    words = []
    for index, piece in enumerate(pieces):
        if index % 2 and piece in provider.lifecycle.ids:
            words.append(f'"${_variable(piece)}"')
        elif piece:
            words.append(shlex.quote(f"{{{piece}}}" if index % 2 else piece))
    return "".join(words)


def _variable(name: str) -> str:
    return f"SPECIMEN_{name.upper()}"


_TEST = '''"""Edge cases of {title}, each with what must happen. Made by `specimen payloads`.

Requests go to the base URL in SPECIMEN_URL, with the credential in SPECIMEN_TOKEN; a host that is not this machine must be named
in SPECIMEN_ALLOW_WRITES. Responses go to your parser, named in SPECIMEN_PARSER as `package.module:function`: it is called with an
operation's id and the bytes of a body, and raises for what it refuses. What the contract leaves open is only called.
"""

from __future__ import annotations

import importlib
import os

import pytest

import specs
from contracts.payloads import Case, Sender, cases
from contracts.payloads.changes import as_bytes

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


@pytest.mark.parametrize("case", [case for case in CASES if case.direction == "response"], ids=lambda case: case.id)
def test_response(case: Case, parse) -> None:
    """A parser takes what keeps the contract, and refuses what breaks it."""
    body = as_bytes(case.payload)
    if case.verdict == "reject":
        with pytest.raises(Exception):
            parse(case.operation, body)
    elif case.verdict == "accept":
        parse(case.operation, body)
'''


def as_pytest(provider: Provider, choice: Choice) -> str:
    """A test module that makes the same cases when it is collected; their ids are those of its tests."""
    plain = Choice()
    wanted = {name: getattr(choice, name) for name in choice.__dataclass_fields__}
    given = [f"{name}={value!r}" for name, value in wanted.items() if value != getattr(plain, name)]
    arguments = ", ".join([repr(provider.name), *given])
    return _TEST.format(title=provider.lifecycle.title, name=provider.name, arguments=arguments)


WRITERS: dict[str, Callable[[Iterable[Case]], Iterator[str]]] = {"json": as_json, "ndjson": as_ndjson, "curl": as_curl}
SUFFIXES = {"json": ".json", "ndjson": ".ndjson", "curl": ".sh", "pytest": ".py"}
