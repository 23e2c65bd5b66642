"""Two URLs are the same where RFC 3986, section 6.2, or the WHATWG URL Standard says so, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specimen.contracts.http.url_equivalence import same_url


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        ("https://shop.example", "https://shop.example/", True),
        ("HTTPS://Shop.EXAMPLE/", "https://shop.example/", True),
        ("https://shop.example:443/a", "https://shop.example/a", True),
        ("https://shop.example:/a", "https://shop.example/a", True),
        ("http://shop.example:80/", "http://shop.example/", True),
        ("https://shop.example/%7euser", "https://shop.example/~user", True),
        ("https://shop.example/a%2fb", "https://shop.example/a%2Fb", True),
        ("https://sh%6Fp.example/", "https://shop.example/", True),
        ("https://shop.example/a/./b/../c", "https://shop.example/a/c", True),
        ("https://shop.example/a/..", "https://shop.example/", True),
        ("https://shop.example/a/.", "https://shop.example/a/", True),
        ("https://shop.example/../a", "https://shop.example/a", True),
        ("https://shop.example?x=%c3%a9#%2d", "https://shop.example/?x=%C3%A9#-", True),
        (" https:\\\\shop.example\\a\n", "https://shop.example/a", True),
        ("https:/shop.example/a", "https://shop.example/a", True),
        ("https://@shop.example/", "https://shop.example/", True),
        ("https://shop.example:00443/a", "https://shop.example/a", True),
        ("hTtpS:////\\/@shop.example:008#\u00e5", "https://shop.example:8/#%C3%A5", True),
        ("https://shop.example:80/a", "https://shop.example:8/a", False),
        ("https://shop.ex\tample/", "https://shop.example/", True),
        ("https://shop.example/a b?c d#e f", "https://shop.example/a%20b?c%20d#e%20f", True),
        ("https://shop.example/\u00e9?\u00e9", "https://shop.example/%C3%A9?%C3%A9", True),
        ("https://shop.example/?it's", "https://shop.example/?it%27s", True),
        ("https://shop.example/it's", "https://shop.example/it%27s", False),
        ("https://shop.example/a?b\\c", "https://shop.example/a?b/c", False),
        ("mailto:a b", "mailto:a%20b", False),
        ("https://shop.example/A", "https://shop.example/a", False),
        ("https://shop.example/?X", "https://shop.example/?x", False),
        ("https://shop.example/a/", "https://shop.example/a", False),
        ("https://shop.example//a", "https://shop.example/a", False),
        ("https://shop.example/a%2Fb", "https://shop.example/a/b", False),
        ("https://shop.example/?", "https://shop.example/", False),
        ("https://shop.example/#", "https://shop.example/", False),
        ("https://shop.example/?a=1&b=2", "https://shop.example/?b=2&a=1", False),
        ("https://shop.example/?a+b", "https://shop.example/?a%20b", False),
        ("https://shop.example:8443/", "https://shop.example/", False),
        ("https://shop.example:80/", "https://shop.example/", False),
        ("https://User@shop.example/", "https://user@shop.example/", False),
        ("https://bücher.example/", "https://xn--bcher-kva.example/", False),
        ("http://shop.example/", "https://shop.example/", False),
        ("https://shop.example/", None, False),
        (7, 7, False),
    ],
)
def test_same_url__by_normalisation_alone(first, second, is_same) -> None:
    """Case of scheme and host, own port, escapes, empty path and dots; in both directions."""
    assert same_url(first, second) is is_same
    assert same_url(second, first) is is_same


@given(first=st.text("hHtTpPsS:/?#@.%4aA1é \n", max_size=30), second=st.text("hHtTpPsS:/?#@.%4aA1é \n", max_size=30))
def test_same_url__takes_any_text(first: str, second: str) -> None:
    """Nothing raises, a text is its own, and the order does not matter."""
    assert same_url(first, first)
    assert same_url(first, second) == same_url(second, first)
