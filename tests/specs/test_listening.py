"""The mock and the proxy listen alike, and say alike why they cannot."""

from __future__ import annotations

import re

import pytest

from specimen.specs.core.listening import AddressError, listen, url_of


def test_listen__says_what_is_wrong() -> None:
    """A port that is taken, one that there is none of, and a host that is not this machine's."""
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        for host, number, what in (
            ("127.0.0.1", port, f"port {port} on 127.0.0.1 is taken. Choose another with --port, or --port 0 for a free one."),
            ("127.0.0.1", 65_536, "port 65536: expected 0 to 65535."),
            ("127.0.0.1", -1, "port -1: expected 0 to 65535."),
            ("no.such.host.invalid", 0, "host 'no.such.host.invalid': no address is known for it."),
        ):
            with pytest.raises(AddressError, match="^" + re.escape(what)):
                listen(host, number)


@pytest.mark.parametrize(
    ("host", "asked", "url"),
    [
        ("127.0.0.1", None, "http://127.0.0.1:"),
        ("0.0.0.0", None, "http://127.0.0.1:"),
        ("::1", None, "http://[::1]:"),
        ("::", "::", "http://[::1]:"),
        ("127.0.0.1", "localhost", "http://localhost:"),
    ],
)
def test_url_of__is_reached_from_this_machine(host: str, asked: str | None, url: str) -> None:
    """An address that stands for all is shown as this machine's own; a name stays as it was asked for."""
    with listen(host, 0) as found:
        assert url_of(found, asked) == f"{url}{found.getsockname()[1]}"
