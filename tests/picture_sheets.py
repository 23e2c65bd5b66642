"""`python -m tests.picture_sheets contact|measure [MOST]|placeholder`.

The sheet in docs/pictures.md, what pictures cost, and the placeholder that is served where nothing can draw.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from io import BytesIO
from math import inf
from typing import NamedTuple

from PIL import Image, ImageDraw

from specimen import specs
from specimen.fixtures import recipes
from specimen.fixtures.locales import LOCALES
from specimen.fixtures.pictures import facts, gallery
from specimen.fixtures.pictures.byte_cache import ByteCache
from specimen.fixtures.pictures.drawing import ink, page, portrait, scenes, text
from specimen.fixtures.pictures.effects import camera, grain, sheets
from specimen.fixtures.primitives import times
from specimen.fixtures.recipes.picture import Shown
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


class Cost(NamedTuple):
    """What one picture costs in milliseconds of CPU, encoding included.

    `cold` is of a server that has just started, `warm` of one that has drawn other persons' pictures.
    """

    kind: str
    picture: str
    cold: float
    warm: float


# What is drawn anew after a start; files that a process reads once (look.yaml, a provider's facts) are not among it.
_DRAWING = (camera, grain, ink, page, portrait, scenes, sheets, text)
# What of it belongs to one person, so that the next person's is drawn anew.
_OF_A_PERSON = (gallery._selfie, page.page, portrait.portrait)


# A try in which other work takes caches and processor time from this one's costs more; whatever is dearer is tried again.
_MUCH = 45.0  # milliseconds
_ROUNDS = 12


def _forget_all() -> None:
    """Forgets all that was drawn before, fonts too."""
    for module in _DRAWING:
        for made in vars(module).values():
            if hasattr(made, "cache_clear") and made.__module__ == module.__name__:
                made.cache_clear()
    _forget_persons()


def _forget_persons() -> None:
    for made in _OF_A_PERSON:
        made.cache_clear()


class _Measured(NamedTuple):
    """A picture to be measured, and its kind."""

    provider: Provider
    session: SessionSnapshot
    name: str
    kind: str

    def cpu_seconds(self, forget: Callable[[], None]) -> float:
        """The CPU time of drawing it after `forget`."""
        forget()
        begun = time.process_time()
        gallery.picture(self.provider, self.session, self.name)
        return time.process_time() - begun

    def __str__(self) -> str:
        return f"{self.provider.name} {self.session.scenario} {self.name} {self.session.identity.country}"


def _kind(shown: Shown, effects: tuple[str, ...]) -> str:
    where = " on a table" if shown.is_whole and shown.what == "document" else ""
    held = " with document" if shown.with_document else ""
    return f"{shown.what}{where}{held}: {', '.join(effects) or 'good'}"


def kinds(most: int) -> Iterator[_Measured]:
    """Pictures of every scenario, no more than `most` of a kind, of which none is drawn; each session is of another person."""
    count: Counter[str] = Counter()
    seed = 0
    for name in specs.names():
        provider = specs.load(name)
        for scenario in provider.lifecycle.scenarios:
            seed += 1
            one = session(provider, scenario, LOCALES[seed % len(LOCALES)], seed=seed)
            for picture_name in gallery.names(provider, one):
                shown = recipes.picture(provider, one, picture_name)
                if shown is None:
                    continue
                kind = _kind(shown, facts.facts(provider).effects(shown))
                count[kind] += 1
                if count[kind] <= most:
                    yield _Measured(provider, one, picture_name, kind)


def costs(most: int) -> Iterator[Cost]:
    """What `kinds` cost, by the least of some rounds: a picture is in the next round while its least is much."""
    gallery._drawn = ByteCache(0)  # nothing is kept
    found = [(one, [inf, inf]) for one in kinds(most)]
    for _ in range(_ROUNDS):
        for one, least in found:
            for which, forget in enumerate((_forget_all, _forget_persons)):
                if least[which] > _MUCH:
                    least[which] = min(least[which], one.cpu_seconds(forget) * 1000)
    for one, (cold, warm) in found:
        yield Cost(one.kind, str(one), cold, warm)


def measure(most: str = "2") -> None:
    """Prints what pictures cost by kind, encoding included, and the dearest ones; of each kind `most` are drawn."""
    found = list(costs(int(most)))
    by_kind: dict[str, list[Cost]] = {}
    for cost in found:
        by_kind.setdefault(cost.kind, []).append(cost)
    print("CPU ms of a picture, encoding included")
    print(f"{'cold':>5}{'warm':>6}{'':>10}  the dearest of each kind, and how many were drawn")
    for kind, of_kind in sorted(by_kind.items(), key=lambda entry: -max(cost.cold for cost in entry[1])):
        print(f"{max(c.cold for c in of_kind):>5.0f}{max(c.warm for c in of_kind):>6.0f}{len(of_kind):>10}  {kind}")
    for name in ("cold", "warm"):
        ordered = sorted((getattr(cost, name), cost.picture) for cost in found)
        dearest, picture = ordered[-1]
        above = sum(one > 60 for one, _ in ordered)
        print(f"{len(found)} pictures, {name}: dearest {dearest:.0f} ({picture}), above 60: {above}")


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
    {"contact": contact, "measure": measure, "placeholder": placeholder}[sys.argv[1]](*sys.argv[2:])
