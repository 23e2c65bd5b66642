"""The settings of the mock server."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from specimen.mockserver.errors import SettingError

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Pace:
    """How sessions move: `kind` is `speed` (`speed` times the vendor's own), `instant`, `manual` or `polls`.

    `polls` is the number of reads after which a session makes its next transition.
    """

    kind: str
    speed: float = 1.0
    polls: int = 0

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
    """The mock's settings. `now` is in milliseconds since the epoch; sizes in bytes; times in seconds."""

    host: str = "127.0.0.1"
    port: int = 8080
    providers: tuple[str, ...] = ()
    seed: int = 0
    now: int | None = None
    freeze: bool = False
    pace: Pace = field(default_factory=lambda: Pace("speed", speed=10.0))
    locale: str | None = None
    log_level: str = "warning"
    sse_max_seconds: float = 300.0
    keep_alive_seconds: float = 15.0
    body_seconds: float = 10.0
    json_bytes: int = 2 * MEBIBYTE
    multipart_bytes: int = 20 * MEBIBYTE
    json_depth: int = 200
    request_log_entries: int = 1000
    cached_answers: int = 4096

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return self.host in ("localhost", "::1") or self.host.startswith("127.")
