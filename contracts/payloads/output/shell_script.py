"""Requests as a shell script that sends them, with a session for each that needs one, and says which were answered wrongly."""

from __future__ import annotations

import base64
import gzip
import re
import shlex
from collections.abc import Iterable, Iterator
from itertools import chain
from urllib.parse import quote

from specimen.contracts.client.http_connection import STREAM_SECONDS
from specimen.contracts.http.credentials import secret_headers
from specimen.contracts.payloads.generate.expected_outcomes import as_template
from specimen.contracts.payloads.generate.setup import creation
from specimen.contracts.payloads.model.case import Case
from specimen.contracts.payloads.model.valid_payloads import REQUEST
from specimen.contracts.payloads.output.shell_functions import FUNCTIONS
from specimen.contracts.requests.request_encoder import encode
from specimen.contracts.requests.request_templates import RequestTemplate, minimal_request, unknown
from specimen.specs import Provider

_PLACEHOLDER = re.compile(r"\{(\w+(?::\w+)?)\}")
# How `specimen.contracts.payloads.model.valid_payloads.spelled` spells an id, in the shell.
_SPELLINGS = {"capitals": "tr a-z A-Z", "bare": "tr -d -"}
# A longer body goes through a pipe, compressed: a command line has its limits.
_MOST_WORD = 16_000
_EMPTY = "''"


def as_curl(cases: Iterable[Case]) -> Iterator[str]:
    """A shell script (POSIX, with curl, awk, base64 and gunzip) that sends each request among the cases of a provider.

    Before a request that is about a session it makes one, with the ids that the creation and the reads show. It prints a line
    for each case and ends with 0, with 1 where an answer had another status than is right, and with 2 where it was used wrongly.
    Variables: `SPECIMEN_URL` (the base URL), `SPECIMEN_TOKEN`, and `SPECIMEN_ALLOW_WRITES`, which must name a host that is not
    this machine.
    """
    found = (case for case in cases if case.direction == REQUEST)
    first = next(found, None)
    if first is None:
        return
    provider = first.base.provider
    yield _beginning(provider)
    for case in chain([first], found):
        yield f"\n# {case.verdict}: {' '.join(case.rationale.split())}\n{_checked(case, provider)}\n"
    yield "\nfinish\n"


def _beginning(provider: Provider) -> str:
    scheme = next(iter(provider.document.raw["components"]["securitySchemes"].values()))
    if scheme["type"] == "http":
        credential = "Authorization: Bearer $SPECIMEN_TOKEN"
    else:
        credential = f"{next(iter(secret_headers(provider)))}: $SPECIMEN_TOKEN"
    pieces = {
        "title": " ".join(provider.lifecycle.title.split()),
        "credential": credential,
        "fill": " ".join(
            [f"names='{' '.join(_placeholders(provider))}'"]
            + [f'{_variable(name)}="${_variable(name)}"' for name in _placeholders(provider)]
        ),
        "new_session": "\n".join(f"  {line}" for line in _new_session(provider)),
    }
    return re.sub("@([a-z_]+)@", lambda found: pieces[found[1]], FUNCTIONS)


def _new_session(provider: Provider) -> Iterator[str]:
    """Commands that make a session: its creation, and the reads that show ids which the creation does not."""
    lifecycle = provider.lifecycle
    others = [name for name in lifecycle.ids if name != "session"]
    yield from (f"{_variable(name)}=" for name in lifecycle.ids)
    yield f"fetch {_arguments(creation(provider, {}), provider)}"
    for name in lifecycle.ids:
        yield f"{_variable(name)}=$(shown {name} {shlex.quote(lifecycle.create.session if name == 'session' else '')})"
    yield f'[ -n "${_variable("session")}" ] || {{ no_session; return 1; }}'
    for read in lifecycle.reads:
        wanted = minimal_request(provider, read.operation, _placeholders(provider))
        if wanted is not None and others:
            known = "".join(f' && [ -n "${_variable(name)}" ]' for name in _names(wanted, provider))
            yield f"if is_missing{known}; then"
            yield f"  fetch {_arguments(wanted, provider)}"
            yield from (f"  [ -n \"${_variable(name)}\" ] || {_variable(name)}=$(shown {name} '')" for name in others)
            yield "fi"
    for name in others:
        # Well-formed, so that a request is refused for nothing else.
        yield f'[ -n "${_variable(name)}" ] || {_variable(name)}={shlex.quote(unknown(provider, name))}'
    for name in lifecycle.ids:
        for spelling, command in _SPELLINGS.items():
            yield f'{_variable(f"{name}:{spelling}")}=$(printf %s "${_variable(name)}" | {command})'


def _checked(case: Case, provider: Provider) -> str:
    """The commands of a case."""
    # Placeholders stay: the shell fills them.
    sent = as_template(case.base, case.payload, case.content_type, _placeholders(provider))
    right = " ".join(str(status) for status in case.expect_status)
    command = f"check {_arguments(sent, provider, case.id, right)}"
    needed = _names(sent, provider)
    if case.made_with:
        command = f"fetch {_arguments(creation(provider, case.made_with), provider)}\n{command}"
    return f"new_session {' '.join([shlex.quote(case.id), *needed])} &&\n  {command}" if needed else command


def _arguments(sent: RequestTemplate, provider: Provider, *before: str) -> str:
    """How a request is asked, the words `before`, and curl's arguments: the rest of a command of `check` or `fetch`."""
    operation = sent.operation
    words = [*(shlex.quote(word) for word in before), f"-X {operation.method.upper()}"]
    if operation.can_stream:
        words.append(f"-m {STREAM_SECONDS:g}")
    encoded = encode(provider, sent)
    path = encoded.path + (f"?{encoded.query}" if encoded.query else "")
    words.append('"$url"' + _word(_with_placeholders(path, provider), provider))
    for name, value in encoded.request_headers.items():
        shown = "-".join(part.capitalize() for part in name.split("-"))
        words.append(f"-H {_word(f'{shown}: {value}' if value else f'{shown};', provider)}")
    body = encoded.request_body
    if not body and "content-type" not in encoded.request_headers:
        return _joined("ask", words)
    text = body.decode("utf-8", "replace")
    if text.encode() == body and text.isprintable() and len(text) < _MOST_WORD:
        return _joined("ask", [*words, f"--data-raw {_word(text, provider) or _EMPTY}"])
    is_filled = any(placeholder.encode() in body for placeholder in _placeholders(provider).values())
    # The end of a line is what awk ends by, and leaves out.
    packed = base64.b64encode(gzip.compress(body + b"\n" * is_filled, mtime=0)).decode()
    return f"{_joined('ask_filled' if is_filled else 'ask_packed', words)} <<'END'\n{packed}\nEND"


def _joined(how: str, words: list[str]) -> str:
    return " ".join([how, *words])


def _placeholders(provider: Provider) -> dict[str, str]:
    """By the name of an id, and of each of its spellings, what stands for it."""
    suffixes = ("", *(f":{spelling}" for spelling in _SPELLINGS))
    return {f"{name}{suffix}": f"{{{name}{suffix}}}" for name in provider.lifecycle.ids for suffix in suffixes}


def _names(sent: RequestTemplate, provider: Provider) -> list[str]:
    """The ids of a session that a request asks for."""
    found = _PLACEHOLDER.findall(repr((sent.path, sent.query, sent.headers, sent.body, sent.raw, sent.parts)))
    named = {name.partition(":")[0] for name in found}
    return [name for name in provider.lifecycle.ids if name in named]


def _with_placeholders(text: str, provider: Provider) -> str:
    """A percent-encoded text with its placeholders as they are."""
    for placeholder in _placeholders(provider).values():
        text = text.replace(quote(placeholder, safe=""), placeholder)
    return text


def _word(text: str, provider: Provider) -> str:
    """A word of the shell in which ids are variables."""
    pieces = _PLACEHOLDER.split(text)
    words = []
    for index, piece in enumerate(pieces):
        if index % 2 and piece in _placeholders(provider):
            words.append(f'"${_variable(piece)}"')
        elif index % 2 or piece:
            words.append(shlex.quote(f"{{{piece}}}" if index % 2 else piece))
    return "".join(words)


def _variable(name: str) -> str:
    return f"id_{name.replace(':', '_')}"
