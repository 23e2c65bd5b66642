"""Proxies between an app and the vendor: passes every byte on unchanged, and judges each exchange."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from specimen.contracts.client.network import Tls
from specimen.contracts.http.sse import EVENT_STREAM
from specimen.contracts.judge.history import History
from specimen.contracts.judge.judge import judge
from specimen.contracts.reporting.model import FindingKey
from specimen.contracts.traffic.har_writer import Recorder
from specimen.contracts.traffic.monitor import BaseUrl, JudgedExchange, Monitor, as_json, headers_of, now_millis
from specimen.contracts.traffic.proxy.answers import (
    client_left,
    close,
    content_length,
    is_event_stream,
    is_stream,
    not_a_path,
    problem,
    start,
)
from specimen.contracts.traffic.proxy.call import BodyCopy, Call, uploaded
from specimen.contracts.traffic.proxy.location import rewritten
from specimen.contracts.traffic.proxy.upstream import Pairs, Target, UpstreamError, passed_on
from specimen.specs import SpecimenError

COUNT_HEADER = "specimen-violations"
MEBIBYTE = 1024 * 1024
_log = logging.getLogger(__name__)


class Proxy:
    """An ASGI application that sends to `target` only, follows no redirect and keeps no cookie.

    An answer is held back until it was judged, so that it can carry `Specimen-Violations: n`; a stream, or a body of more
    than `most_bytes`, passes as it comes and counts what its head shows. With `enforce`, a judged answer that breaks the
    contract is replaced by a 502; with `rewrites_location` the app gets a `Location` below the target as one below the proxy.
    `on_result` gets each judged exchange, or why the target gave no answer. An error of `recorder` is reported once and changes
    no answer; so is a mistake in a rule, which stands in `mistake` then.
    """

    def __init__(
        self,
        monitor: Monitor,
        target: BaseUrl,
        *,
        enforce: bool = False,
        recorder: Recorder | None = None,
        on_result: Callable[[JudgedExchange | str], None] = lambda _: None,
        rewrites_location: bool = False,
        timeout_seconds: float = 30.0,
        tls: Tls | None = None,
        most_bytes: int = 8 * MEBIBYTE,
    ) -> None:
        self._monitor = monitor
        self._target = Target(target, timeout_seconds, tls)
        self._rewrites_location = rewrites_location
        self._enforce = enforce
        self._recorder = recorder
        self._lost = 0
        self.mistake: SpecimenError | None = None
        self._on_result = on_result
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        raw: bytes = scope.get("raw_path") or scope["path"].encode("latin-1", "replace")
        if not raw.startswith(b"/"):
            await not_a_path(send, scope["method"])
            return
        request = Request(scope, receive)
        body = BodyCopy(self._most_bytes)
        headers = headers_of(scope["headers"])
        query = scope["query_string"].decode("latin-1")
        call = Call(scope["method"], raw.decode("latin-1"), query, headers, body, now_millis())
        try:
            response = await self._ask(call, raw, request)
        except ClientDisconnect:
            return
        except UpstreamError as error:
            await self._refuse(send, error)
            return
        try:
            await self._answer(call, response, receive, send)
        finally:
            await close(response)

    async def close(self) -> None:
        """Closes the connections to the target."""
        await self._target.close()

    async def _ask(self, call: Call, path: bytes, request: Request) -> httpx.Response:
        has_body = "transfer-encoding" in call.headers or call.headers.get("content-length", "0") != "0"
        return await self._target.ask(
            call.method,
            path + (b"?" + request.scope["query_string"] if call.query else b""),
            request.scope["headers"],
            uploaded(request, call.body) if has_body else None,
            is_stream=self._may_stream(call),
        )

    def _may_stream(self, call: Call) -> bool:
        if EVENT_STREAM in call.headers.get("accept", ""):
            return True
        probe = call.exchange(self._monitor, 0, [], b"").operation
        return probe is not None and probe.can_stream

    async def _answer(self, call: Call, response: httpx.Response, receive: Receive, send: Send) -> None:
        plain = headers_of(response.headers.raw)
        headers = passed_on(response.headers.raw, frozenset({COUNT_HEADER}))
        shown = headers
        if self._rewrites_location and "host" in call.headers:
            shown = rewritten(headers, self._target.base_url, call.headers["host"])
        kept = BodyCopy(self._most_bytes)
        stream = aiter(response.stream)  # type: ignore[arg-type]  # an asynchronous transport gives asynchronous streams
        if not is_stream(plain) and content_length(plain) <= self._most_bytes:
            held: list[bytes] = []
            try:
                async with asyncio.timeout(self._target.timeout_seconds):
                    async for chunk in stream:
                        held.append(chunk)
                        kept.add(chunk)
                        if not kept.is_whole:
                            break
            except (httpx.TransportError, TimeoutError) as error:
                await self._refuse(send, self._target.no_answer(error))
                return
            if kept.is_whole:
                verdict = self._judge(call, response.status_code, headers, kept)
                await self._give(send, response.status_code, shown, b"".join(held), verdict)
                return
            await start(send, response.status_code, shown)
            for chunk in held:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        else:
            await start(send, response.status_code, [*shown, *self._head_count(call, response.status_code, headers, plain)])
        try:
            kept.is_broken = await self._pump(stream, kept, receive, send) and not is_event_stream(plain)
        finally:  # what was seen of a stream is judged even when the proxy is stopped within it
            self._judge(call, response.status_code, headers, kept)

    async def _pump(self, stream: AsyncIterator[bytes], kept: BodyCopy, receive: Receive, send: Send) -> bool:
        """Forwards chunk by chunk until either side ends it; returns whether the target broke off."""

        async def pass_on() -> None:
            async for chunk in stream:
                kept.add(chunk)
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})

        tasks = [asyncio.ensure_future(pass_on()), asyncio.ensure_future(client_left(receive))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            broken, _ = await asyncio.gather(*tasks, return_exceptions=True)
        if isinstance(broken, httpx.TransportError):
            # The head is sent: the server closes the connection early, which shows the app that the body is incomplete.
            self._on_result(self._target.no_answer(broken).detail)
            return True
        return False

    def _judge(self, call: Call, status: int, headers: Pairs, kept: BodyCopy) -> JudgedExchange:
        exchange = call.exchange(self._monitor, status, headers, bytes(kept.content))
        if not (kept.is_whole and call.body.is_whole):
            verdict = self._monitor.skip(exchange, f"a body of more than {self._most_bytes} bytes")
        elif kept.is_broken:
            verdict = self._monitor.skip(exchange, "an answer that the target broke off")
        else:
            try:
                verdict = self._monitor.judge(exchange)
            except Exception as error:  # noqa: BLE001 - the app must get its answer even where a rule has a bug
                verdict = self._monitor.skip(exchange, self._mistake_of(error))
        self._record(verdict, call)
        self._on_result(verdict)
        return verdict

    def _mistake_of(self, error: Exception) -> str:
        """Why a rule could not judge; of a mistake in an outside provider's file the whole sentence is reported once."""
        if not isinstance(error, SpecimenError):
            _log.error("a rule failed", exc_info=error)
            return f"a rule failed: {type(error).__name__}"
        if self.mistake is None:
            self.mistake = error
            self._on_result(str(error))
        return "a rule failed"

    def _record(self, verdict: JudgedExchange, call: Call) -> None:
        if self._recorder is None:
            return
        try:
            self._recorder.add(verdict, str(self._target.base_url), call.started_at)
        except Exception as error:  # noqa: BLE001 - what cannot be recorded must not cost the app its answer
            _log.debug("an exchange could not be recorded", exc_info=error)
            if not self._lost:
                what = type(error).__name__
                self._on_result(f"An exchange could not be recorded ({what}). The app gets its answers all the same.")
            self._lost += 1

    def _head_count(self, call: Call, status: int, headers: Pairs, plain: dict[str, str]) -> Pairs:
        if not is_stream(plain):
            return []
        try:
            found = judge(call.exchange(self._monitor, status, headers, b""), History())  # a stream of which nothing has come yet
        except Exception as error:  # noqa: BLE001 - as above
            self._mistake_of(error)
            return []
        kinds = {FindingKey.of(violation) for violation in found if self._monitor.counts(violation)}
        return [(COUNT_HEADER.encode(), str(len(kinds)).encode())]

    async def _give(self, send: Send, status: int, headers: Pairs, body: bytes, verdict: JudgedExchange) -> None:
        broken = [violation for violation in verdict.found if self._monitor.counts(violation)]
        kinds = {FindingKey.of(violation) for violation in broken}
        count = [] if verdict.unjudged else [(COUNT_HEADER.encode(), str(len(kinds)).encode())]
        if broken and self._enforce:
            detail = f"The target's answer {status} breaks the contract of {self._monitor.provider.name}."
            listed = [as_json(violation) for violation in broken]
            await problem(send, 502, "Contract broken", detail, count, violations=listed, status_of_target=status)
            return
        await start(send, status, [*headers, *count])
        await send({"type": "http.response.body", "body": body, "more_body": False})

    async def _refuse(self, send: Send, error: UpstreamError) -> None:
        self._on_result(error.detail)
        await problem(send, error.status, "Target too slow" if error.status == 504 else "No answer from the target", error.detail)


def build_proxy(monitor: Monitor, target: BaseUrl, **options: Any) -> Starlette:
    """Builds the proxy as an application, which has it as `state.proxy`; `options` are those of `Proxy`."""
    proxy = Proxy(monitor, target, **options)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await proxy.close()

    app = Starlette(lifespan=lifespan)
    app.router.default = proxy  # whatever the path is, even none
    app.state.proxy = proxy
    return app
