"""`python -m tests.cut_fonts FOLDER` remakes the fonts in specimen/vendor/ from Debian's packages, unpacked into FOLDER.

    apt-get download fonts-noto-core fonts-noto-cjk fonts-ocr-b
    for package in *.deb; do dpkg-deb -x "$package" FOLDER; done

The fonts keep what the tables of the locales, the labels and callers' names can need, and lose hinting. The table of hashes for
vendor.toml is printed.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from specimen.fixtures import locales
from specimen.fixtures.documents import issuing_countries
from specimen.fixtures.locales import LOCALES, load
from specimen.fixtures.pictures import drawing
from specimen.vendor import FOLDER

NOTO, OCR_B = FOLDER / "noto", FOLDER / "ocr-b"
# Every glyph of the Arabic font has a code point of the private use area too: without FriBiDi, glyphs are drawn one by one.
PRIVATE_USE = 0xE000
LATIN_GREEK_CYRILLIC = (
    range(0x20, 0x7F), range(0xA0, 0x250), range(0x300, 0x340), range(0x370, 0x400), range(0x400, 0x460), range(0x490, 0x492),
    range(0x1E00, 0x1F00), range(0x2010, 0x2045), (0x20AC, 0x20BD, 0x2116, 0x2122),
)  # fmt: skip
ARABIC = (range(0x600, 0x700), range(0x20, 0x40))
KANA = (range(0x3041, 0x3097), range(0x30A1, 0x30FF))
PUNCTUATION = (range(0x3000, 0x3016), range(0xFF01, 0xFF5F), (0x30FB,))


class Cut(NamedTuple):
    """One font that is cut: the file it comes from, its place in a collection, and the characters to keep."""

    file: str
    source: str
    number: int
    characters: frozenset[int]


def strings(value: Any) -> Iterator[str]:
    """All texts in a value of dataclasses, mappings and sequences."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield from strings(key)
            yield from strings(entry)
    elif isinstance(value, (list, tuple)):
        for entry in value:
            yield from strings(entry)
    elif is_dataclass(value):
        for one in fields(value):
            yield from strings(getattr(value, one.name))


def characters_of(locale: str) -> frozenset[str]:
    """Every character that a locale's tables and its templates can produce, in small letters and in capitals."""
    found = {character for table in load(locale) for text in strings(table) for character in text}
    found |= {character for text in _literals(locale) for character in text if character.isprintable()}
    return frozenset(found | {letter for character in found for letter in character.upper()})


def _literals(locale: str) -> Iterator[str]:
    """The texts that stand in a locale's code, such as what comes behind the number of a flat; no docstrings."""
    source = Path(import_module(f"{locales.__name__}.{locale.lower()}").__file__ or "").read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and not node.value.isascii():
            yield node.value


def words_of_the_documents() -> frozenset[str]:
    """Every character of the labels and headings of documents, and of the authorities that issue them."""
    folder = Path(drawing.__file__).parent
    tables = (yaml.safe_load((folder / name).read_text(encoding="utf-8")) for name in ("labels.yaml", "look.yaml", "letter.yaml"))
    authorities = Path(issuing_countries.__file__).read_text(encoding="utf-8")
    return frozenset("".join(text for table in tables for text in strings(table)) + authorities) - {"\n"}


def _codes(ranges: Iterable[Iterable[int]], texts: Iterable[str] = ()) -> frozenset[int]:
    return frozenset({code for one in ranges for code in one} | {ord(character) for text in texts for character in text})


def _common_hangul() -> Iterator[int]:
    """The syllables of KS X 1001, with which Koreans write."""
    for lead in range(0xB0, 0xC9):
        for trail in range(0xA1, 0xFF):
            yield ord(bytes([lead, trail]).decode("euc_kr"))


def cuts() -> tuple[Cut, ...]:
    """The fonts, each with what is kept of it."""
    words = words_of_the_documents()
    by_locale = {locale: characters_of(locale) for locale in LOCALES}
    plain = _codes(LATIN_GREEK_CYRILLIC, words | frozenset().union(*by_locale.values()))
    cjk = "opentype/noto/NotoSansCJK-Regular.ttc"

    def eastern(locale: str, *more: Iterable[int]) -> frozenset[int]:
        return frozenset(code for code in _codes((*PUNCTUATION, *more), by_locale[locale] | words) if code > 0x2E7F)

    return (
        Cut("NotoSans-Regular.ttf", "truetype/noto/NotoSans-Regular.ttf", -1, plain),
        Cut("NotoSans-Bold.ttf", "truetype/noto/NotoSans-Bold.ttf", -1, plain),
        Cut("NotoNaskhArabic-Regular.ttf", "truetype/noto/NotoNaskhArabic-Regular.ttf", -1, _codes(ARABIC)),
        Cut("NotoSansJP-Regular.otf", cjk, 0, eastern("ja_JP", *KANA)),
        Cut("NotoSansKR-Regular.otf", cjk, 1, eastern("ko_KR", _common_hangul())),
        Cut("NotoSansSC-Regular.otf", cjk, 2, eastern("zh_CN")),
    )


def cut(one: Cut, fonts: Path) -> bytes:
    """A font's file with the characters that are kept."""
    from io import BytesIO

    from fontTools import subset
    from fontTools.ttLib import TTFont

    options = subset.Options(
        hinting=False, desubroutinize=True, name_IDs=[0, 1, 2, 4, 6, 13, 14], notdef_outline=True, recalc_timestamp=False,
        layout_features=["*"] if "Arabic" in one.file else [],
    )  # fmt: skip
    font = TTFont(fonts / one.source, fontNumber=one.number, recalcTimestamp=False)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=one.characters)
    subsetter.subset(font)
    if "Arabic" in one.file:
        names = font.getGlyphOrder()
        for table in font["cmap"].tables:
            if table.isUnicode():
                table.cmap.update({PRIVATE_USE + number: name for number, name in enumerate(names)})
    out = BytesIO()
    font.save(out)
    return out.getvalue()


def main(root: Path) -> None:
    """Writes the fonts, and prints what vendor.toml says of them."""
    fonts = root / "usr/share/fonts"
    for folder in (NOTO, OCR_B):
        folder.mkdir(exist_ok=True)
    for one in cuts():
        (NOTO / one.file).write_bytes(cut(one, fonts))
    (OCR_B / "OCRB.otf").write_bytes((fonts / "opentype/ocr-b/OCRB.otf").read_bytes())
    for folder in (NOTO, OCR_B):
        print(f"[{folder.name}.sha256]")
        for path in sorted(folder.iterdir()):
            print(f'"{path.name}" = "{hashlib.sha256(path.read_bytes()).hexdigest()}" # {path.stat().st_size:,} bytes')


if __name__ == "__main__":
    main(Path(sys.argv[1]))
