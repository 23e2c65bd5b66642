"""Every request of the catalogue, sent to the mock: the answer is one of those that the case says are right."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from specimen import specs
from specimen.contracts.judge.checks.shown_sessions import shows_session
from specimen.contracts.judge.history import History
from specimen.contracts.judge.judge import judge
from specimen.contracts.judge.severity import NOTE
from specimen.contracts.payloads import Case, Sender
from specimen.contracts.payloads.generate.expected_outcomes import UNKNOWN_RULE
from specimen.contracts.payloads.model.case_types import ACCEPT, REJECT
from specimen.contracts.payloads.model.valid_payloads import REQUEST
from specimen.fixtures.primitives import times
from specimen.mockserver.app import build_app
from specimen.mockserver.settings import Settings
from tests.contracts.payloads.catalogues import catalogue, check_all

NOW = times.parse("2026-03-19T10:31:30Z")
# So many sessions a mock gets before it is replaced by a new one: lists of thousands take their time.
_MOST_SESSIONS = 200


class InProcess(httpx.BaseTransport):
    """The mock without a network, for a client that waits for each answer."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._runner = asyncio.Runner()
        self.renew()

    def renew(self) -> None:
        """A mock without sessions."""
        settings = Settings(providers=(self._name,), now=NOW, freeze=True, sse_max_seconds=0.01)
        self._inner = httpx.ASGITransport(app=build_app(settings))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The whole answer."""
        return self._runner.run(self._answer(request))

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        return httpx.Response(response.status_code, headers=response.headers, content=await response.aread())

    def close(self) -> None:
        """Ends the loop."""
        self._runner.close()


@pytest.mark.parametrize("name", specs.names())
def test_mock__answers_each_request_as_the_case_says(name) -> None:
    """A status that is right, in a form that the judge takes: success for accept, the documented error for reject."""

    def broken(case: Case) -> Iterator[str]:
        if len(seen) % _MOST_SESSIONS == 0:
            mock.renew()
        seen.append(case)
        answer = sender.send(case)
        if answer.status not in case.expect_status:
            yield f"{answer.status}, expected {case.expect_status}: {answer.response_body[:200]!r}"
        if answer.status >= 500:
            yield f"{answer.status}: {answer.response_body[:200]!r}"
        if case.verdict == ACCEPT and not (answer.is_success and shows_session(answer)):
            yield f"{answer.status} is no success: {answer.response_body[:200]!r}"
        # Some vendors say with a 200 that there is no such session.
        if case.verdict == REJECT and answer.is_success and (case.rule != UNKNOWN_RULE or shows_session(answer)):
            yield f"{answer.status} is a success"
        for violation in judge(answer, History()):
            if violation.severity != NOTE:
                yield f"{answer.status}: the judge says {violation}"

    mock = InProcess(name)
    sender = Sender(specs.load(name), f"http://127.0.0.1{specs.load(name).mount}", transport=mock)
    seen: list[Case] = []
    try:
        check_all((case for case in catalogue(name).cases if case.direction == REQUEST), broken)
    finally:
        sender.close()
    operations = specs.load(name).document.operations.values()
    assert {case.operation for case in seen} == {one.id for one in operations if one.part is None}
