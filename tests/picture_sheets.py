"""`python -m tests.picture_sheets contact|measure|placeholder`.

The sheet in docs/pictures.md, what pictures cost, and the placeholder that is served where nothing can draw.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from io import BytesIO

from PIL import Image, ImageDraw

from specimen import specs
from specimen.fixtures.locales import LOCALES
from specimen.fixtures.pictures import gallery
from specimen.fixtures.pictures.drawing import text
from specimen.fixtures.primitives import times
from specimen.fixtures.recipes.recipe import SessionSnapshot
from specimen.fixtures.recipes.session_histories import snapshots
from specimen.specs import Provider
from tests.serving import ROOT

AT = times.parse("2026-01-01T00:00:00Z")
CONTACT = ROOT / "docs" / "pictures.jpg"
PLACEHOLDER = ROOT / "mockserver" / "routing" / "pages" / "specimen.png"
# What the sheet shows: provider, scenario, name, locale, document.
SHOWN = (
    ("neurovision", "success", "document_0", "de_DE", "id_card"), ("neurovision", "success", "document_1", "de_DE", "id_card"),
    ("neurovision", "success", "document_0", "ar_AA", "passport"), ("neurovision", "success", "document_0", "zh_CN", "passport"),
    ("neurovision", "success", "document_0", "ru_RU", "passport"), ("neurovision", "success", "document_0", "el_GR", "id_card"),
    ("neurovision", "success", "document_0", "ko_KR", "passport"), ("neurovision", "success", "document_0", "ja_JP", "passport"),
    ("neurovision", "document_is_display_failed", "full_document_0", "fr_FR", "passport"),
    ("neurovision", "document_is_damaged_failed", "full_document_0", "it_IT", "id_card"),
    ("neurovision", "document_is_xerocopy_failed", "document_0", "pl_PL", "passport"),
    ("neurovision", "document_is_edited_failed", "document_0", "uk_UA", "passport"),
    ("kyve", "failed_document_unreadable", "document_front", "es_ES", "passport"),
    ("neurovision", "document_is_photo_application_failed", "document_0", "pt_BR", "id_card"),
    ("kyve", "template_by_slug", "proof_of_address", "ar_AA", "passport"), ("kyve", "completed", "selfie", "tr_TR", "passport"),
    ("neurovision", "success", "full_selfie_0", "en_GB", "passport"),
    ("kyve", "failed_face_match", "selfie", "tr_TR", "passport"),
    ("kyve", "failed_liveness", "selfie", "en_US", "passport"),
    ("neurovision", "selfie_is_display_selfie_failed", "selfie_0", "en_US", "passport"),
)  # fmt: skip
_TILE, _COLUMNS, _GAP = (400, 300), 4, 8


def session(
    provider: Provider, scenario: str, locale: str | None = None, document: str | None = None, seed: int = 0
) -> SessionSnapshot:
    """A session at the end of its scenario."""
    facts = {} if document is None else {"document": document}
    return snapshots(provider, scenario, seed=seed, key=f"sheet {seed}", at=AT, locale=locale, facts=facts)[-1]


def opened(content: bytes) -> Image.Image:
    """A picture from its bytes."""
    return Image.open(BytesIO(content))


def contact() -> None:
    """Writes the sheet."""
    rows = -(-len(SHOWN) // _COLUMNS)
    sheet = Image.new("RGB", (_COLUMNS * (_TILE[0] + _GAP) + _GAP, rows * (_TILE[1] + _GAP) + _GAP), "#e8eaee")
    for number, (name, scenario, picture_name, locale, document) in enumerate(SHOWN):
        provider = specs.load(name)
        found = gallery.picture(provider, session(provider, scenario, locale, document), picture_name)
        if found is None:
            raise SystemExit(f"{name} {scenario}: no picture {picture_name}")
        tile = opened(found.content)
        tile.thumbnail(_TILE, Image.Resampling.LANCZOS)
        x, y = _GAP + number % _COLUMNS * (_TILE[0] + _GAP), _GAP + number // _COLUMNS * (_TILE[1] + _GAP)
        sheet.paste(tile, (x + (_TILE[0] - tile.width) // 2, y + (_TILE[1] - tile.height) // 2))
    sheet.save(CONTACT, quality=80)
    print(f"{CONTACT.relative_to(ROOT)}: {CONTACT.stat().st_size:,} bytes")


def drawn() -> Iterator[tuple[str, float]]:
    """Every picture of every scenario, each for another person, with the CPU seconds it took."""
    seed = 0
    for name in specs.names():
        provider = specs.load(name)
        for scenario in provider.lifecycle.scenarios:
            seed += 1
            one = session(provider, scenario, LOCALES[seed % len(LOCALES)], seed=seed)
            for picture_name in gallery.names(provider, one):
                begun = time.process_time()
                gallery.picture(provider, one, picture_name)
                yield f"{name} {scenario} {picture_name}", time.process_time() - begun


def measure() -> None:
    """Prints what pictures cost, encoding included: the median, and the dearest ones."""
    list(zip(drawn(), range(1), strict=False))  # what is loaded once
    costs = sorted((seconds * 1000, what) for what, seconds in drawn() if seconds > 0.0005)
    milliseconds = [cost for cost, _ in costs]
    median, ninth = milliseconds[len(costs) // 2], milliseconds[len(costs) * 9 // 10]
    mean = sum(milliseconds) / len(costs)
    print(f"{len(costs)} pictures, CPU ms: mean {mean:.0f}, median {median:.0f}, nine of ten below {ninth:.0f}")
    for seconds, what in costs[-8:]:
        print(f"  {seconds:.0f} {what}")


def placeholder() -> None:
    """Writes the picture that stands where nothing can draw."""
    image = Image.new("L", (620, 390), 236)
    ImageDraw.Draw(image).rounded_rectangle((8, 8, 611, 381), radius=26, outline=140, width=3)
    for words, size, y in (
        ("SPECIMEN", 92, 178), ("Nothing here draws pictures. This installs what does:", 20, 258),
        ("pip install 'specimen-kyc[pictures]'", 29, 306),
    ):  # fmt: skip
        text.draw(image, ((620 - text.width(words, size, bold=True)) / 2, y), words, size, 60, bold=True)
    image.quantize(16).save(PLACEHOLDER, optimize=True)
    print(f"{PLACEHOLDER.relative_to(ROOT)}: {PLACEHOLDER.stat().st_size:,} bytes")


if __name__ == "__main__":
    {"contact": contact, "measure": measure, "placeholder": placeholder}[sys.argv[1]]()
