"""Errors of any status in the vendor's form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from specimen.mockserver.http.messages import Reply
from specimen.mockserver.provider_api import Request
from specimen.specs import Provider
from specimen.specs.loading.openapi import COMPONENT_RESPONSES

_SENTENCES = frozenset({"message", "hint", "detail"})
_NOT_A_LETTER = re.compile(r"[^a-z]+")


def vendors_error(provider: Provider, request: Request, status: int) -> Reply:
    """An answer of that status in the vendor's form.

    The operation's documented one, else the vendor's general one; else the form of the nearest documented error with the status
    and its standard phrase, as the words of that error are of another situation.
    """
    operation = request.operation
    own = dict(reversed([(code, name) for name, code in operation.examples()]))
    if status in own:
        return request.example(own[status])
    for kind, (_, code) in COMPONENT_RESPONSES.items():
        general = provider.document.component(kind) if code == status else None
        if general is not None:
            return _reply(status, general[1], general[2])
    found = [(code, example) for code, name in own.items() if code >= 400 and (example := operation.example(name)) is not None]
    if not found:
        return Reply(status, {"error": "fault"})
    code, (_, content_type, body) = min(
        found, key=lambda one: (one[0] // 100 != status // 100, _has_list(one[1][2]), abs(one[0] - status))
    )
    return _reply(status, content_type, _of_status(body, code, status))


def with_message(body: Any, message: str) -> Any:
    """An error's body with another message and hint."""
    if not isinstance(body, Mapping):
        return body
    return {
        name: message if name in ("message", "hint") and isinstance(value, str) else with_message(value, message)
        for name, value in body.items()
    }


def _of_status(body: Any, before: int, status: int) -> Any:
    """An error's body that says no more than a status."""
    if not isinstance(body, Mapping):
        return status if body == before and not isinstance(body, bool) else body
    phrase = _phrase(status)
    found: dict[str, Any] = {}
    for name, value in body.items():
        if not isinstance(value, str):
            found[name] = _of_status(value, before, status)
        elif name in _SENTENCES:
            found[name] = _as_sentence(phrase, value)
        elif name == "code":
            code = _NOT_A_LETTER.sub("_", phrase.lower().replace("'", ""))
            found[name] = code.upper() if value.isupper() else code
        else:
            found[name] = phrase if name == "error" else value
    return found


def _as_sentence(phrase: str, like: str) -> str:
    """A phrase with the capitals and the full stop of another text."""
    text = phrase.lower() if like[:1].islower() else phrase.capitalize()
    return text + ("." if like.endswith(".") else "")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Server Error" if status >= 500 else "Client Error"


def _has_list(body: Any) -> bool:
    if isinstance(body, Mapping):
        return any(_has_list(value) for value in body.values())
    return isinstance(body, list)


def _reply(status: int, content_type: str, body: Any) -> Reply:
    is_text = isinstance(body, str) and "json" not in content_type
    return Reply(status, body.encode() if is_text else body, content_type=content_type)
