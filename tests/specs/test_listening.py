"""The mock and the proxy listen alike, and say alike why they cannot."""

from __future__ import annotations

import re
import socket

import pytest

from specimen.specs.core.listening import AddressError, listen, numeric_address, url_of


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
        ("0", "0", "http://127.0.0.1:"),
        ("0x0", "0x0", "http://127.0.0.1:"),
        ("000.0", "000.0", "http://127.0.0.1:"),
        ("127.1", "127.1", "http://127.0.0.1:"),
        ("::0", "::0", "http://[::1]:"),
        ("[0:0:0:0:0:0:0:0]", "[0:0:0:0:0:0:0:0]", "http://[::1]:"),
        ("::ffff:0.0.0.0", "::ffff:0.0.0.0", "http://127.0.0.1:"),
        ("0.0.0.0", "a.name.for.all", "http://127.0.0.1:"),
        ("127.0.0.1", "localhost", "http://localhost:"),
    ],
)
def test_url_of__is_reached_from_this_machine(host: str, asked: str | None, url: str) -> None:
    """An address that stands for all is shown as this machine's own; a name stays as it was asked for."""
    if ":" in host and not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    with listen(host, 0) as found:
        assert url_of(found, asked) == f"{url}{found.getsockname()[1]}"


@pytest.mark.parametrize("host", ["*", "", "[]", "a b", "*.example", "http://x", "1:2", "0..0", "256.1.1.1", "::1::", "a/b"])
def test_listen__takes_names_and_addresses_alone(host: str) -> None:
    """A resolver takes some others for all addresses of the machine."""
    with pytest.raises(AddressError, match="expected an address, such as"):
        listen(host, 0)


@pytest.mark.parametrize(
    ("host", "address"), [("localhost", None), ("h\u00f6st.example.", None), ("0x7f.1", "127.0.0.1"), ("[::1]", "::1")]
)
def test_numeric_address__is_none_for_a_name(host: str, address: str | None) -> None:
    """What ends in a number is an address, however it is spelled."""
    found = numeric_address(host)
    assert (found and str(found)) == address
