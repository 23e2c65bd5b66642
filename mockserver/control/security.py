"""Who may use the control API: callers on this machine, or who holds the token; no page of another site."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Mapping

from specimen.mockserver.control.problems import ControlProblem
from specimen.mockserver.settings import Settings

_LOOPBACK = re.compile(r"localhost|127(?:\.[0-9]{1,3}){3}|\[::1\]|(?:[a-z0-9-]+\.)+localhost", re.IGNORECASE)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def new_token() -> str:
    """A token that nobody guesses."""
    return secrets.token_urlsafe(24)


class Security:
    """Checks requests to the control API; `token` is None where none is needed."""

    def __init__(self, settings: Settings, token: str | None) -> None:
        self.token = token
        names = {settings.host.lower(), *settings.allowed_hosts}
        self._hosts = names | {f"[{name}]" for name in names if ":" in name}

    def check_host(self, headers: Mapping[str, str]) -> None:
        """Returns where the `Host` header names this server.

        Raises:
            ControlProblem: 403, it names another host.
        """
        host = headers.get("host", "")
        name = re.sub(r":[0-9]*$", "", host).lower()
        if name and _LOOPBACK.fullmatch(name) is None and name not in self._hosts:
            detail = "the Host header names none of this server's names. Allow it with --allowed-host."
            raise ControlProblem(403, detail)

    def is_token(self, given: str) -> bool:
        """Whether a text is the token; compared in constant time."""
        return self.token is not None and hmac.compare_digest(given.encode(), self.token.encode())

    def check_caller(self, headers: Mapping[str, str]) -> None:
        """Returns where a caller may know what there is.

        A browser sends the name of a page's own site as `Host`, so that a name which leads to this machine only by the site's
        DNS (rebinding) is refused.

        Raises:
            ControlProblem: 403 for a strange host, 401 without the token.
        """
        self.check_host(headers)
        if self.token is not None:
            scheme, _, given = headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not self.is_token(given.strip()):
                detail = "the control API needs the bearer token that the server printed at its start (--control-token)."
                raise ControlProblem(401, detail, headers={"WWW-Authenticate": "Bearer"})

    @staticmethod
    def check_change(method: str, headers: Mapping[str, str]) -> None:
        """Returns where a request changes nothing or is JSON.

        A browser sends JSON to another site only after a preflight, which is never granted.

        Raises:
            ControlProblem: 415 for a change that is not JSON.
        """
        content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        if method not in (*_SAFE, "DELETE") and content_type != "application/json":
            raise ControlProblem(415, "expected a body of type application/json.")
