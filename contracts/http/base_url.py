"""Parses the base URL of an implementation."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from specimen.specs import SpecimenError
from specimen.specs.core.hosts import host_name, is_loopback

_PORTS = {"http": 80, "https": 443}


class TrafficError(SpecimenError):
    """A URL, an option or a file is unusable."""


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """The base URL of a provider; the path of an exchange begins below it.

    `path` has no slash at its end. Host and port identify a service; the scheme does not.
    """

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, text: str, what: str = "URL") -> BaseUrl:
        """Parses a URL such as `https://api.example.com/v1`.

        Raises:
            TrafficError: it is no such URL.
        """
        try:
            text.encode()
            parts = urlsplit(text)
            port = parts.port
        except UnicodeEncodeError as error:
            raise TrafficError(f"{what}: its text is not UTF-8.") from error
        except ValueError as error:  # of which no part may be shown: what is before an '@' is a password
            raise TrafficError(f"{what} '{text.rpartition('@')[2]}': that is no URL ({str(error).partition(':')[0]}).") from error
        if parts.scheme not in _PORTS or not parts.hostname:
            raise TrafficError(
                f"{what} '{_shown(parts)}': expected http:// or https:// and a host, such as https://api.example.com."
            )
        if parts.query or parts.fragment:
            raise TrafficError(f"{what} '{_shown(parts)}': a base URL has no query and no fragment.")
        if parts.username is not None or parts.password is not None:
            raise TrafficError(f"{what} '{_shown(parts)}': put user and password into a header, not into the URL.")
        host = host_name(parts.hostname)
        if host is None or port == 0:
            raise TrafficError(f"{what} '{_shown(parts)}': that is no host name, address or port.")
        return cls(parts.scheme, host, port or _PORTS[parts.scheme], parts.path.rstrip("/"))

    def below(self, url: str) -> tuple[str, str] | None:
        """Returns path (below this, percent-encoded as sent) and query of a URL; None for a URL that is not below it."""
        try:
            parts = urlsplit(url)
            port = parts.port or _PORTS.get(parts.scheme, 0)
        except ValueError:
            return None
        host = (parts.hostname or "").lower()
        if (host, port) != (self.host, self.port):
            return None
        path = parts.path or "/"
        if path != self.path and not path.startswith(self.path + "/"):
            return None
        return path[len(self.path) :] or "/", parts.query

    def is_at(self, place: str) -> bool:
        """Whether this is the host, given with or without its port, in any case."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return place.strip().lower().rstrip(".") in {self.host.rstrip("."), host, f"{host}:{self.port}"}

    @property
    def origin(self) -> str:
        """Scheme, host and port, the port where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == _PORTS[self.scheme] else f":{self.port}")

    def __str__(self) -> str:
        return self.origin + self.path

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine."""
        return is_loopback(self.host)


def _shown(parts: SplitResult) -> str:
    return f"{parts.scheme + '://' if parts.scheme else ''}{parts.netloc.rpartition('@')[2]}{parts.path}"
