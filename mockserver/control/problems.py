"""Errors of the control API (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from specimen.mockserver.errors import SpecimenError
from specimen.mockserver.http.messages import Reply, encode
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
