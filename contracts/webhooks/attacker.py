"""Sends the attacks to a receiver and reports which it accepted, refused or did not survive."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from specimen.contracts.judge.rule import Violation
from specimen.contracts.judge.severity import DEFAULT_FAIL_ON
from specimen.contracts.reporting.model import Coverage, Covered, Found, Report, Sample
from specimen.contracts.webhooks.attacks import EXPECTED, GENUINE, Attack, Sending, attacks_on, own_public_key
from specimen.contracts.webhooks.forging import Forger
from specimen.specs.core.version import user_agent

_PIECES, _PAUSE_SECONDS = 8, 0.25
_LOOK_SECONDS = 0.05
_NO_ANSWER = "no answer"


@dataclass(frozen=True, slots=True)
class Result:
    """What a receiver answered to an attack; `status` is 0 where it did not, and `failure` says why."""

    attack: Attack
    status: int
    failure: str = ""

    @property
    def passed(self) -> bool:
        """Whether that is what it must do."""
        if self.attack.outcome == "accept":
            return 200 <= self.status < 300
        if self.attack.outcome == "refuse":
            return 400 <= self.status < 500
        return 200 <= self.status < 500

    @property
    def said(self) -> str:
        """The answer in words."""
        return f"status {self.status}" if self.status else f"{_NO_ANSWER}: {self.failure}"


class KeySetServer:
    """Serves a key set on a port of this machine until it is closed, to a receiver that follows a token's `jku`."""

    def __init__(self, keys: Mapping[str, Any]) -> None:
        content = json.dumps(keys).encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/jwks.json"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_LOOK_SECONDS,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends it."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Attacker:
    """Attacks one receiver; each request waits for an answer so many seconds at most."""

    def __init__(self, forger: Forger, url: str, timeout_seconds: float, transport: httpx.BaseTransport | None = None) -> None:
        self._forger = forger
        self._url = url
        self._client = httpx.Client(
            timeout=timeout_seconds,
            follow_redirects=False,
            trust_env=False,
            transport=transport,
            headers={"user-agent": user_agent()},
        )
        self._key_set: KeySetServer | None = None
        self.requests = 0
        self.unreachable: str | None = None

    def close(self) -> None:
        """Closes the connections, and ends the attacker's key set."""
        self._client.close()
        if self._key_set is not None:
            self._key_set.close()

    def results(self, now: Callable[[], float] = time.time) -> Iterator[Result]:
        """Sends one attack after the other; ends early where the receiver cannot be reached or refuses what is genuine."""
        if self._forger.webhooks.token is not None:
            self._key_set = KeySetServer({"keys": [own_public_key(self._forger)]})
            self._forger.key_set_url = self._key_set.url
        for attack in attacks_on(self._forger.webhooks):
            self._forger.now = int(now())
            result = Result(attack, 0)
            for sending in attack.make(self._forger):
                result = Result(attack, *self._send(sending))
                if attack.judges_each and not result.passed:
                    break
            yield result
            if attack is GENUINE and not result.passed:
                if not result.status:
                    self.unreachable = f"{result.failure}. Is the receiver running, and the URL right?"
                return

    def _send(self, sending: Sending) -> tuple[int, str]:
        self.requests += 1
        forged = sending.forged
        content: bytes | Iterator[bytes] | None = forged.body or None
        if sending.is_chunked or sending.is_slow:
            content = _pieces(forged.body, _PAUSE_SECONDS if sending.is_slow else 0)
        headers = dict(forged.headers)
        if sending.is_slow:
            headers["Content-Length"] = str(len(forged.body))
        try:
            return self._client.request(forged.method, self._url, content=content, headers=headers).status_code, ""
        except httpx.TimeoutException:
            return 0, "no answer in time"
        except httpx.TransportError as error:
            return 0, type(error).__name__


def _pieces(body: bytes, pause_seconds: float) -> Iterator[bytes]:
    size = max(1, -(-len(body) // _PIECES))
    for start in range(0, len(body), size):
        time.sleep(pause_seconds)
        yield body[start : start + size]


def report(attacker: Attacker, results: list[Result], url: str, started_at: int, seconds: float, provider: str) -> Report:
    """The report of an attack, in the form of all others: an attack is a rule."""
    rules = tuple(result.attack.rule for result in results)
    failed = [result for result in results if not result.passed]
    is_refused = results[0].attack is GENUINE and not results[0].passed
    found = () if is_refused else tuple(_found(result, url, started_at) for result in failed)
    incomplete: tuple[str, ...] = ()
    if is_refused and attacker.unreachable is None:
        what = f"The receiver answers {results[0].said} to a genuine delivery: are its secret and keys those that were given?"
        incomplete = (what,)
    ids = tuple(rule.id for rule in rules)
    return Report(
        provider=provider, base_url=url, profile=None, seed=None, fail_on=DEFAULT_FAIL_ON, started_at=started_at,
        seconds=seconds, requests=attacker.requests, found=found, reach=Coverage(rules=Covered(ids, ids)),
        unreachable=attacker.unreachable, rules=rules, incomplete=incomplete, command="webhooks attack",
    )  # fmt: skip


def _found(result: Result, url: str, at: int) -> Found:
    rule = result.attack.rule
    violation = Violation(
        rule=rule.id, severity=rule.severity, operation="delivery", pointer="", expected=EXPECTED[result.attack.outcome],
        got=result.said, sentence=rule.sentence, source=rule.source, mark=rule.mark, status=result.status, kind=rule.kind,
    )  # fmt: skip
    return Found(violation, 1, Sample("POST", url, result.status, "", result.said, at))
