"""Errors of the control API (RFC 9457)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from specimen.mockserver.errors import SpecimenError, did_you_mean
from specimen.mockserver.http.messages import Problem, Reply, SchemaError, encode
from specimen.mockserver.http.responses import PROBLEM_TYPE


class ControlProblem(SpecimenError):
    """A request that is refused with a status; `possible` says what could be asked instead, by kind."""

    def __init__(
        self,
        status: int,
        detail: str,
        possible: Mapping[str, Sequence[Any]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.possible = possible
        self.headers = headers or {}

    def reply(self) -> Reply:
        """The answer."""
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.possible:
            body["possible"] = {name: list(values) for name, values in self.possible.items()}
        return Reply(self.status, encode(body), dict(self.headers), PROBLEM_TYPE)


def not_there(kind: str, given: str, possible: Iterable[str]) -> ControlProblem:
    """The answer to a filter by what no served provider has, which nothing could ever fit; `kind` is its name."""
    names = sorted(possible)
    return ControlProblem(400, f"{kind} '{given}' is not there. {did_you_mean(given, names)}", {f"{kind}s": names})


_STATUSES = {"content_too_large": 413, "unsupported_media_type": 415, "request_timeout": 408}
_MOST_SAID = 3


def rejected(problem: Problem, forms: Mapping[str, str]) -> ControlProblem:
    """The answer to a request that does not fit the document; `forms` describe texts by the pattern that they fit."""
    described = {error.pointer for error in problem.errors if error.name == "pattern" and error.expected in forms}
    # Who does not know the form is not helped by the length.
    errors = [error for error in problem.errors if error.name == "pattern" or error.pointer not in described]
    said = "; ".join(f"{error.pointer or 'body'}: {_sentence(error, forms)}" for error in errors[:_MOST_SAID])
    return ControlProblem(_STATUSES.get(problem.kind, 400), said or problem.detail)


def _sentence(error: SchemaError, forms: Mapping[str, str]) -> str:
    given = f"'{str(error.actual)[:100]}'"
    if error.name == "pattern" and error.expected in forms:
        return f"{given}: expected {forms[error.expected]}"
    if error.name == "enum" and isinstance(error.expected, list):
        return f"{given} is not possible here. {did_you_mean(str(error.actual), [str(one) for one in error.expected])}"
    if error.name == "additionalProperties" and error.expected:
        return f"there is no member '{str(error.expected[0])[:100]}'."
    if error.name == "falseSchema":
        return "no member is known here; expected {}."
    return error.message[:200]
