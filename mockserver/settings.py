"""The settings of the mock server."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from specimen.mockserver.errors import SettingError
from specimen.specs.core.hosts import host_name, is_loopback
from specimen.specs.core.terminal_text import shown

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Pace:
    """How sessions move: `kind` is `speed` (`speed` times the vendor's own), `instant`, `manual` or `polls`.

    `polls` is the number of reads after which a session makes its next transition.
    """

    kind: str
    speed: float = 1.0
    polls: int = 0

    @property
    def text(self) -> str:
        """The pace as `parse` reads it."""
        if self.kind == "speed":
            return "realtime" if self.speed == 1 else f"{self.speed:g}x"
        return f"polls:{self.polls}" if self.kind == "polls" else self.kind

    @classmethod
    def parse(cls, text: str) -> Pace:
        """`instant`, `manual`, `realtime`, `10x` (any factor) or `polls:3` (any count).

        Raises:
            SettingError: it is none of these.
        """
        if text in ("instant", "manual"):
            return cls(text)
        if text == "realtime":
            return cls("speed")
        if (match := re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)x", text)) and float(match[1]) > 0:
            return cls("speed", speed=float(match[1]))
        if (match := re.fullmatch(r"polls:([1-9][0-9]{0,5})", text)) is not None:
            return cls("polls", polls=int(match[1]))
        raise SettingError(f"pace '{text}': expected instant, manual, realtime, a factor such as 10x, or polls:N.")


@dataclass(frozen=True, slots=True)
class Settings:
    """The mock's settings. `now` is in milliseconds since the epoch; sizes in bytes; times in seconds.

    `root_path` is the prefix of a reverse proxy before all paths; with `trust_proxy` what it says of a request in `Forwarded` and
    `X-Forwarded-…` is believed.
    `control`: whether the control API is served; where others reach it, its callers need `control_token`. `allowed_hosts`
    are further names in the `Host` header of its requests. `faults` are rules in the form of a faults file, for every namespace.
    `store` is `memory` or a URL. `most_…` and `request_log_entries` are its bounds; values are idempotency results, clients, used
    tokens and the like.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    providers: tuple[str, ...] = ()
    seed: int = 0
    now: int | None = None
    freeze: bool = False
    pace: Pace = field(default_factory=lambda: Pace("speed", speed=10.0))
    locale: str | None = None
    log_level: str = "warning"
    root_path: str = ""
    trust_proxy: bool = False
    control: bool = True
    control_token: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    faults: tuple[Any, ...] = ()
    sse_max_seconds: float = 300.0
    keep_alive_seconds: float = 15.0
    body_seconds: float = 10.0
    json_bytes: int = 2 * MEBIBYTE
    multipart_bytes: int = 20 * MEBIBYTE
    json_depth: int = 200
    webhooks: tuple[tuple[str, str], ...] = ()  # provider and target
    webhook_secret: str | None = None
    webhook_hosts: tuple[str, ...] = ()
    request_log_entries: int = 5_000
    store: str = "memory"
    most_sessions: int = 5_000_000
    most_namespaces: int = 10_000
    most_values: int = 1_000_000
    most_value_bytes: int = 512 * MEBIBYTE
    most_tasks: int = 1_000_000
    cached_answers: int = 4096

    def __post_init__(self) -> None:
        """Brings the names of hosts into their one spelling.

        Raises:
            SettingError: one is none.
        """
        for field_name, option in (("webhook_hosts", "--webhook-host"), ("allowed_hosts", "--allowed-host")):
            object.__setattr__(self, field_name, tuple(_host(text, option) for text in getattr(self, field_name)))

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return is_loopback(self.host)

    @property
    def is_private(self) -> bool:
        """Whether only this machine reaches the server, and no proxy stands before it for others."""
        return self.is_loopback and not (self.root_path or self.trust_proxy)


def _host(text: str, option: str) -> str:
    found = host_name(text)
    if found is None:
        raise SettingError(f"{option} '{shown(text)}': that is no name or address of a host, such as kyc.example.")
    return found
