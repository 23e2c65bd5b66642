"""The `Prefer` header as RFC 7240 has it."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from specimen.mockserver.preferences.prefer_header import parse

TOKEN = st.text("abcdefghijklmnopqrstuvwxyzABCDEFXYZ0123456789!#$%&'*+-.^_`|~", min_size=1, max_size=20)
VALUE = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=30)


@pytest.mark.parametrize(
    ("header", "preferences"),
    [
        ("", {}),
        ("status=failed", {"status": "failed"}),
        ("status=failed, seed=7", {"status": "failed", "seed": "7"}),
        ("status=failed,seed=7", {"status": "failed", "seed": "7"}),
        ("  status = failed ,  seed=7  ", {"status": "failed", "seed": "7"}),
        ('status="failed"', {"status": "failed"}),
        ('a="x, y=2; z", b=1', {"a": "x, y=2; z", "b": "1"}),
        (r'a="say \"hi\" \\ there"', {"a": r'say "hi" \ there'}),
        ('a=""', {"a": ""}),
        ("a=", {"a": ""}),
        ("respond-async", {"respond-async": ""}),
        ("respond-async, wait=10", {"respond-async": "", "wait": "10"}),
        ("STATUS=Failed", {"status": "Failed"}),
        ("a=1, a=2", {"a": "1"}),
        ("a=1; foo=bar; baz, b=2", {"a": "1", "b": "2"}),
        ('a=1; foo="x", b=2', {"a": "1", "b": "2"}),
        ("a=1;b=2", {"a": "1"}),
        (",, a=1 ,,", {"a": "1"}),
        ("a b c, d=1", {"d": "1"}),
        ("=, d=1", {"d": "1"}),
        ('a="never closed, d=1', {"d": "1"}),
        ("pace=polls:3", {"pace": "polls:3"}),
        ("wallet=0xAB/cd@e", {"wallet": "0xAB/cd@e"}),
        ('return=minimal; foo="some parameter"', {"return": "minimal"}),
    ],
)
def test_parse__table(header: str, preferences: dict[str, str]) -> None:
    """Tokens, quoted strings, parameters, empty values, repeated names and broken pieces read as the RFC says."""
    assert parse(header) == preferences


@given(st.text(max_size=200))
@example('"')
@example('a="\\')
@example("a=1; \x00")
def test_parse__never_raises(header: str) -> None:
    """Any text is a header whose lower-case names have values of text."""
    for name, value in parse(header).items():
        assert name == name.lower()
        assert isinstance(value, str)


@given(st.text(st.sampled_from('ab=",; \\\t'), max_size=60))
def test_parse__never_raises_on_malformed_headers(header: str) -> None:
    """Nor does a text made of the header's own marks."""
    parse(header)


@given(st.dictionaries(TOKEN.map(str.lower), VALUE, max_size=6))
def test_parse__gives_back_what_was_quoted(preferences: dict[str, str]) -> None:
    """Any values, quoted and escaped, come back as they were."""
    quoted = {name: value.replace("\\", "\\\\").replace('"', '\\"') for name, value in preferences.items()}
    assert parse(", ".join(f'{name}="{value}"' for name, value in quoted.items())) == preferences


@given(st.lists(st.tuples(TOKEN.map(str.lower), TOKEN), max_size=6, unique_by=lambda pair: pair[0]))
def test_parse__plain_tokens(pairs: list[tuple[str, str]]) -> None:
    """Values that are tokens need no quotes."""
    assert parse(",".join(f"{name}={value}" for name, value in pairs)) == dict(pairs)


@pytest.mark.parametrize(
    "header",
    [
        "a" * 60_000,
        "a=" * 30_000,
        '"' * 60_000,
        'a="\\' * 20_000,
        "a=1;" * 20_000,
        "a=1;   " * 10_000 + '"',
        " " * 60_000 + '"',
        "a ,b" * 15_000,
        'a="' + ',a=\\"' * 12_000,
    ],
)
def test_parse__long_headers_cost_little(header: str) -> None:
    """No header of 60,000 characters takes a second: the pattern never searches one piece over and over."""
    started = time.perf_counter()
    parse(header)
    assert time.perf_counter() - started < 1
