"""How requests leave this machine: the environment's proxy, for other machines alone, and TLS."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from specimen.contracts.http.base_url import BaseUrl
from specimen.contracts.redaction.curl_command import without_userinfo
from specimen.specs import SpecimenError


@dataclass(frozen=True, slots=True)
class Tls:
    """Whom to trust: the certificates of the file `ca` besides the usual ones, or with `is_insecure` anybody.

    Raises:
        SpecimenError: the file holds no certificates.
    """

    ca: Path | None = None
    is_insecure: bool = False

    def __post_init__(self) -> None:
        if self.ca is not None and self.is_insecure:
            raise SpecimenError("--insecure checks no certificate, --ca says whom to trust: give one of them.")
        self._trust_file(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

    def context(self) -> ssl.SSLContext:
        """Returns the settings for a connection; `SSL_CERT_FILE` of the environment holds, as in other programs.

        It reads the certificates of the system, which takes a tenth of a second.
        """
        import certifi  # noqa: PLC0415 - reading its bundle takes time

        found = ssl.create_default_context()
        if not found.get_ca_certs():
            found.load_verify_locations(certifi.where())
        self._trust_file(found)
        if self.is_insecure:
            found.check_hostname = False
            found.verify_mode = ssl.CERT_NONE
        return found

    def _trust_file(self, context: ssl.SSLContext) -> None:
        if self.ca is None:
            return
        try:
            context.load_verify_locations(str(self.ca))
        except (OSError, ssl.SSLError) as error:
            why = "no certificates in PEM" if isinstance(error, ssl.SSLError) else error.strerror or error
            raise SpecimenError(f"--ca '{self.ca}': {why}.") from error


def environment_proxy(base_url: BaseUrl, *, is_local: bool) -> str | None:
    """Returns the URL of the proxy that the environment names for a base URL; never one for this machine.

    Raises:
        SpecimenError: it is no HTTP proxy.
    """
    if is_local or proxy_bypass(base_url.host):
        return None
    proxies = getproxies()
    found = proxies.get(base_url.scheme) or proxies.get("all")
    if not found:
        return None
    found = found if "://" in found else f"http://{found}"
    if urlsplit(found).scheme not in ("http", "https"):
        shown = f"the environment's proxy '{without_userinfo(found)}'"
        raise SpecimenError(f"{shown}: expected http:// or https://. Name the host in NO_PROXY to go without.")
    return found
