"""A client that tells whether an implementation answers otherwise than another one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from specimen.specs import Provider

# Sends a request below the provider's base URL; gives the JSON value of the answer.
Do = Callable[..., Awaitable[Any]]
# Statuses and JSON values (bytes where there is none), so that another spelling of the same value is no change.
Answers = list[tuple[int, Any]]


class ChangedError(Exception):
    """An answer is not that of the unbroken mock."""


class Recorder:
    """Sends requests, keeps their answers and, where those of the unbroken mock are given, ends at the first other one."""

    def __init__(self, client: httpx.AsyncClient, provider: Provider, expected: Answers | None) -> None:
        self.client = client
        self.provider = provider
        self.expected = expected
        self.answers: Answers = []
        self.credential = dict(next(entry.headers for entry in provider.lifecycle.credentials.values() if entry.fails is None))

    async def send(self, request: httpx.Request) -> Any:
        """The JSON value of an answer, None where it has none."""
        answer = await self.client.send(request)
        try:
            value = answer.json()
        except ValueError:
            value = None
        self.answers.append((answer.status_code, answer.content if value is None else value))
        number = len(self.answers) - 1
        if self.expected is not None and self.answers[number] != self.expected[number]:
            raise ChangedError
        return value

    async def do(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        anonymous: bool = False,
        files: Any = None,
        raw: bytes | None = None,
        **headers: str,
    ) -> Any:
        """Sends a request with the provider's first credential; `_` in a header's name stands for `-`."""
        shown = {} if anonymous else dict(self.credential)
        shown |= {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"http://127.0.0.1:8080{self.provider.mount}{path}"
        return await self.send(self.client.build_request(method, url, headers=shown, json=body, files=files, content=raw))
