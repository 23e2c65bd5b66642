"""The README and its companions as tests read them: headings, links, fenced blocks, command lines."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.serving import ROOT

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_LINK = re.compile(r"\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_COMMAND = re.compile(r"(?:^|[\s(])(?:\.venv/bin/)?(?:python -m )?specimen (?=\S)")
# What ends a command in a shell.
_ENDS = re.compile(r"^(?:[|&;<>]|\d?>).*$")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language and its text."""

    page: str
    language: str
    text: str


@dataclass(frozen=True)
class CommandLine:
    """A `specimen …` line as it stands in a page. `is_whole`: in a fenced block, where nothing may be left out."""

    page: str
    arguments: tuple[str, ...]
    is_whole: bool

    def __str__(self) -> str:
        return f"{self.page}: specimen {shlex.join(self.arguments)}"


@cache
def pages() -> dict[str, str]:
    """The text of every page, by its path in the repository."""
    named = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
    found = [*named, *sorted((ROOT / "docs").glob("*.md"))]
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in found}


def blocks(language: str | None = None) -> Iterator[Block]:
    """Fenced blocks of all pages, or those of one language."""
    for page, text in pages().items():
        for found in _FENCE.finditer(text):
            if language in (None, found[1]):
                yield Block(page, found[1], found[2])


def links(page: str) -> Iterator[str]:
    """The targets of a page's links."""
    for found in _LINK.finditer(_FENCE.sub("", pages()[page])):
        yield found[1] or found[2]


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    found: set[str] = set()
    seen: Counter[str] = Counter()
    for heading in _HEADING.findall(_FENCE.sub("", path.read_text(encoding="utf-8"))):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        name = re.sub(r"[^\w\- ]", "", text).strip().replace(" ", "-")
        found.add(f"{name}-{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return found


def command_lines() -> Iterator[CommandLine]:
    """Every `specimen …` of all pages, in fenced blocks and within sentences."""
    for block in blocks():
        if block.language in ("sh", "console", "yaml"):
            for line in _joined(block):
                yield from _commands(block.page, line, is_whole=True)
    for page, text in pages().items():
        for code in _INLINE.findall(_FENCE.sub("", text)):
            yield from _commands(page, code, is_whole=False)


def _joined(block: Block) -> list[str]:
    """A block's lines; a command that goes on in the next line (in the shell, or folded in YAML) is one."""
    text = re.sub(r"\\\n\s*", "", block.text)
    if block.language == "yaml":
        text = re.sub(r"\n +(?=--\w)", " ", text)
    lines = text.splitlines()
    return [line for line in lines if line.startswith("$ ")] if block.language == "console" else lines


def _commands(page: str, line: str, *, is_whole: bool) -> Iterator[CommandLine]:
    for found in _COMMAND.finditer(line):
        words = shlex.split(line[found.end() :], comments=True)
        end = next((index for index, word in enumerate(words) if _ENDS.match(word)), len(words))
        if words[0] != "…":
            yield CommandLine(page, tuple(words[:end]), is_whole)
