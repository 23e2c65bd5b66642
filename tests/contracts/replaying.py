"""Runs the commands of a finding in bash, against a server that gives recorded answers to the requests it knows."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote

from specimen.contracts.http.credentials import secret_headers, secret_of
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.no_response import CLOSED
from specimen.contracts.judge.checks.fields import state_of
from specimen.contracts.judge.history import History
from specimen.contracts.judge.judge import observe
from specimen.contracts.judge.rule import Violation
from specimen.contracts.reporting.collector import Collector
from specimen.contracts.reporting.model import FindingKey, Sample
from specimen.contracts.reporting.samples import AGAIN, COURSE, IN_STATE, LISTED, STATE
from specimen.specs import Provider

_READ = ("content-type", "idempotency-key", "prefer")


class Replies:
    """What a server answers: each recorded exchange once, to the request that it was recorded with."""

    def __init__(self) -> None:
        self.url = ""
        self.recorded: list[Exchange] = []
        self.left: list[Exchange] = []
        self.seen: list[Exchange] = []

    def record(self, exchanges: Sequence[Exchange]) -> None:
        """Replaces the recording."""
        self.recorded = list(exchanges)
        self.rewind()

    def rewind(self) -> None:
        """Begins anew."""
        self.left, self.seen = list(self.recorded), []

    def take(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Exchange | None:
        """The exchange as it is now; None for a request that nobody recorded."""
        for index, one in enumerate(self.left):
            if _key(one) == _asked(one, method, target, headers, body):
                del self.left[: index + 1]
                path, _, query = target.partition("?")
                path = path.removeprefix(one.provider.mount)
                now = replace(one, path=path, query=query, request_headers=headers, request_body=body)
                self.seen.append(now)
                return now
        return None


def _key(one: Exchange) -> tuple[Any, ...]:
    target = one.provider.mount + one.path + ("?" + one.query if one.query else "")
    return _asked(one, one.method, target, one.request_headers, one.request_body)


def _asked(like: Exchange, method: str, target: str, headers: Mapping[str, str], body: bytes) -> tuple[Any, ...]:
    """What makes two requests the same; of an unknown credential, or a second one, only that it is one."""
    names = [*_READ, *secret_headers(like.provider)]
    shown = {name: headers.get(name, "") for name in names}
    shown["idempotency-key"] = shown["idempotency-key"].partition(like.request_headers.get("idempotency-key") or "-")[1]
    if like.intent.get("credentials") in ("unknown", "other"):
        shown.update({name: str(bool(shown[name])) for name in secret_headers(like.provider)})
    return method, unquote(target, "latin-1"), tuple(shown.items()), body


class _Handler(BaseHTTPRequestHandler):
    """Answers as recorded."""

    protocol_version = "HTTP/1.1"
    replies: Replies

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        one = self.replies.take(self.command, self.path, headers, body)
        self.close_connection = True
        if one is not None and one.failure:
            return
        self.send_response_only(599 if one is None else one.status)
        for name, value in one.response_headers.items() if one is not None else ():
            if name not in ("content-length", "transfer-encoding", "connection", "content-encoding"):
                self.send_header(name, value)
        self.send_header("connection", "close")
        self.end_headers()
        if one is not None and self.command != "HEAD":
            self.wfile.write(one.response_body)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def replying() -> Iterator[Replies]:
    """A server for recordings, while the context lasts."""
    replies = Replies()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"replies": replies}))
    thread = Thread(target=server.serve_forever)
    thread.start()
    replies.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield replies
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def environment(provider: Provider) -> dict[str, str]:
    """The variables that a user of our mock sets: the credentials of the run."""
    good = [dict(one.headers) for one in provider.lifecycle.credentials.values() if one.fails is None]
    tokens = [secret_of(provider, {name.lower(): value for name, value in headers.items()}) or "" for headers in good]
    second = next((token for token in tokens if token != tokens[0]), "")
    return {"PATH": os.environ["PATH"], "SPECIMEN_TOKEN": tokens[0], "SPECIMEN_OTHER_TOKEN": second}


def run(sample: Sample, provider: Provider) -> tuple[int, Mapping[str, str], bytes] | None:
    """Runs the commands of a sample in one shell; status, headers and body of the last answer, None where there is none."""
    last = sample.curl.replace("curl -sS", "curl -sS -i --max-time 20", 1)
    before = [line if line.startswith("SPECIMEN_") else f"{{ {line}\n}} >/dev/null" for line in sample.after]
    script = "\n".join([*before, last])
    done = subprocess.run(["bash", "-c", script], env=environment(provider), capture_output=True, timeout=60, check=False)
    if not done.stdout.startswith(b"HTTP/"):
        assert not done.stdout, done
        return None
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    while head.startswith(b"HTTP/1.1 1"):  # 100 Continue
        head, _, body = body.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(status.split()[1]), headers, body


def collected(provider: Provider, url: str, exchanges: Sequence[Exchange]) -> Collector:
    """The findings of exchanges that our walk saw."""
    values = environment(provider)
    collector = Collector(
        provider, url + provider.mount, token=values["SPECIMEN_TOKEN"], other_token=values["SPECIMEN_OTHER_TOKEN"]
    )
    for one in exchanges:
        collector.judge(one)
    return collector


def is_explained(found: Violation, sample: Sample, meant: Exchange, now: Exchange | None) -> bool:
    """Whether a reason that a sample gives, why its commands may show nothing, is true of this finding.

    `meant` is the exchange as the run saw it, `now` what the last command was answered (None: nothing). There are five reasons:
    """
    needs = set(sample.needs)
    rests_on_earlier = not same(found, observe(meant, History()))
    has_moved = now is None or state_of(now) != state_of(meant)
    reasons = {
        # another request came before it, and the judge sees nothing without: a rule that needs one answer is no such rule
        # or an empty key is used up, which cannot be made a new one
        AGAIN: rests_on_earlier or meant.request_headers.get("idempotency-key") == "",
        # the commands make a session, which went another way since it moves by itself
        COURSE: bool(sample.after) and (rests_on_earlier or has_moved),
        # the rows that the run saw, in this list or in one before it, are not there any more, or not as they were
        LISTED: bool(sample.after) and (rests_on_earlier or now is None or not _rows(meant) <= _rows(now)),
        # the request uses up the state of its session
        STATE: meant.operation is not None and not meant.operation.is_safe and bool(meant.parameters),
    }
    in_state = any(need.startswith(IN_STATE) for need in needs) and has_moved  # the session has left the state that was read
    return in_state or any(is_true for need, is_true in reasons.items() if need in needs)


def _rows(exchange: Exchange) -> set[str]:
    """The objects in the lists of an answer, as texts."""
    values: Iterable[Any] = exchange.response_json.values() if isinstance(exchange.response_json, dict) else ()
    return {json.dumps(row, sort_keys=True) for value in values if isinstance(value, list) for row in value}


def again(sample: Sample, replies: Replies, provider: Provider) -> list[Violation]:
    """What the judge says of the answer to the last command, after those before it."""
    replies.rewind()
    answer = run(sample, provider)
    if not replies.seen:
        return []
    *before, last = replies.seen
    history = History()
    for one in before:
        observe(one, history)
    if answer is None:
        return observe(replace(last, failure=CLOSED), history)
    status, headers, body = answer
    return observe(replace(last, status=status, response_headers=headers, response_body=body), history)


def same(found: Violation, violations: Sequence[Violation]) -> bool:
    """Whether a violation is among others: rule, operation, pointer, status."""
    wanted = FindingKey.of(found)
    return any(FindingKey.of(one)[:5] == wanted[:5] for one in violations)
