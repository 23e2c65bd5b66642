"""Implied rules quote words that stand on a vendor's page."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from specimen import specs
from specimen.contracts.judge.registry import rulebook

SHARED = Path(__file__).resolve().parents[4] / "shared"
# The vendors' pages, the public document of one, and the facts that were noted of pages which are not kept.
PAGES = ("vendor-docs/*.txt", "real-specs/kayle-vendor.json", "design/providers.md")
# What layout, emphasis and quotation marks of a page add or leave out between its words.
_LAYOUT = re.compile(r"[\s`*_|'\"\\]+")


def plain(text: str) -> str:
    """A text without layout, in small letters."""
    return _LAYOUT.sub("", text).casefold()


@cache
def pages() -> str:
    """All pages, without layout."""
    return plain("\n".join(path.read_text("utf-8") for pattern in PAGES for path in sorted(SHARED.glob(pattern))))


@pytest.mark.skipif(
    not (SHARED / "vendor-docs").is_dir(), reason="the vendors' pages (../shared/vendor-docs) are not beside this checkout"
)
@pytest.mark.parametrize("name", specs.names())
def test_implied__quotes_stand_on_a_page(name: str) -> None:
    """Each part of a quote; `…` stands for what is between them."""
    implied = [rule for rule in rulebook(specs.load(name)).values() if rule.mark == "I"]
    assert implied
    parts = {(rule.id, part) for rule in implied for part in rule.quote.split("…")}
    assert {(rule, part) for rule, part in parts if len(plain(part)) < 4 or plain(part) not in pages()} == set()
