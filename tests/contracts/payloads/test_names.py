"""The family of names: each value is what its kind says, by the Unicode Character Database and small readers of other formats."""

from __future__ import annotations

import csv
import json
import posixpath
import re
import sqlite3
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from html.parser import HTMLParser

import jinja2
import pytest
import yaml

from specimen import specs
from specimen.contracts.payloads import Case
from specimen.contracts.payloads.model.case_types import ACCEPT
from specimen.specs.core.json_pointer import at
from tests.contracts.payloads.catalogues import catalogue

LATIN, CYRILLIC, ARABIC = {"LATIN"}, {"CYRILLIC"}, {"ARABIC"}
# Latin letters that the Cyrillic ones look like.
LOOKS_LIKE = str.maketrans("Ааех", "Aaex")


def everything() -> Iterator[Case]:
    """The cases of this family."""
    for name in specs.names():
        yield from (case for case in catalogue(name).cases if case.kind.startswith("names.") and case.kind != "names.swapped")


@cache
def values() -> dict[str, frozenset[str]]:
    """By a kind's name, the texts that it has somewhere."""
    found: dict[str, set[str]] = {}
    for case in everything():
        found.setdefault(case.kind.removeprefix("names."), set()).add(case.value)
    return {name: frozenset(texts) for name, texts in found.items()}


def value(name: str) -> str:
    """The one text of a kind."""
    (text,) = values()[name]
    return text


def scripts(text: str) -> set[str]:
    """The scripts of a text's letters, as their names begin."""
    return {unicodedata.name(letter).split()[0] for letter in text if unicodedata.category(letter)[0] == "L"}


def strange(text: str) -> list[str]:
    """The names of the characters that are not ASCII."""
    return [unicodedata.name(letter, f"U+{ord(letter):04X}") for letter in text if not letter.isascii()]


def categories(text: str) -> set[str]:
    """The general categories of the characters that are not ASCII."""
    return {unicodedata.category(letter) for letter in text if not letter.isascii()}


def directions(text: str) -> set[str]:
    """The strong directions of a text: L, R or AL."""
    return {unicodedata.bidirectional(letter) for letter in text} & {"L", "R", "AL"}


def is_normal(text: str) -> set[str]:
    """The normal forms that a text is in."""
    return {form for form in ("NFC", "NFD", "NFKC", "NFKD") if unicodedata.is_normalized(form, text)}


def compatible(text: str) -> str:
    """A text in which whatever is only written otherwise is made one."""
    return unicodedata.normalize("NFKC", text)


def bytes_of(text: str) -> tuple[int, int]:
    """How many bytes a text has in UTF-16 and in UTF-8."""
    return len(text.encode("utf-16-le")), len(text.encode())


def without_marks(text: str) -> str:
    """What is left of a text when its accents are stripped."""
    return "".join(letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))


def most_marks(text: str) -> int:
    """How many marks stand on one letter at most, when all letters are decomposed."""
    marks = "".join("m" if unicodedata.combining(letter) else " " for letter in unicodedata.normalize("NFD", text))
    return max(map(len, marks.split()), default=0)


def syllables(text: str) -> int:
    """Letters of an Indic text, those that a virama joins to the one before left out."""
    pairs = zip(" " + text, text, strict=False)
    return sum(unicodedata.category(letter) == "Lo" and unicodedata.combining(last) != 9 for last, letter in pairs)


def thai_marks(text: str) -> list[str]:
    """Of each Thai consonant, where its marks stand: b below, a above."""
    below = {"\u0e38", "\u0e39", "\u0e3a"}
    return re.findall(r"[ba]+", "".join("b" if c in below else "a" if unicodedata.category(c) == "Mn" else " " for c in text))


def tags(text: str) -> list[tuple[str, dict[str, str | None]]]:
    """The tags that start in an HTML text."""
    found: list[tuple[str, dict[str, str | None]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, dict(attrs)))

    Reader().feed(text)
    return found


def tables_left(text: str) -> list[str]:
    """What is left of a database with a table `users` into which a text was pasted between apostrophes."""
    base = sqlite3.connect(":memory:")
    base.execute("CREATE TABLE users (name TEXT)")
    base.executescript(f"INSERT INTO users VALUES ('{text}')")
    left = [name for (name,) in base.execute("SELECT name FROM sqlite_master")]
    base.close()
    return left


def is_json_text(text: str) -> bool:
    """Whether a text can stand between quotation marks as it is."""
    try:
        return bool(json.loads(f'"{text}"') == text)
    except ValueError:
        return False


def cells(text: str, delimiter: str = ",") -> list[str]:
    """A line of CSV."""
    return next(csv.reader([text], delimiter=delimiter))


# By the kind's name, whether a text is what it says.
IS: dict[str, Callable[[str], bool]] = {
    "first_name_unknown": lambda text: text == "FNU",
    "last_name_unknown": lambda text: text == "LNU",
    "xxx": lambda text: text == "XXX",
    "not_applicable": lambda text: text == "N/A",
    "title_before": lambda text: text.split()[0] == "Dr." and len(text.split()) == 2,
    "born_as_german": lambda text: text.split()[1] == "geb." and len(text.split()) == 3,
    "born_as_french": lambda text: text.split()[1] == "née" and len(text.split()) == 3,
    "spouse_french": lambda text: text.split()[1] == "épouse" and len(text.split()) == 3,
    "son_of_malay": lambda text: text.split()[1] == "bin" and len(text.split()) == 3,
    "daughter_of_malay": lambda text: text.split()[1] == "binti" and len(text.split()) == 3,
    "son_of_tamil": lambda text: text.split()[1] == "S/O" and posixpath.basename(text) != text,
    "patronymic": lambda text: text.endswith("dóttir") and len(text.split()) == 2,
    "patronymic_slavic": lambda text: text.endswith(("овна", "евна")),
    "family_name_first": lambda text: cells(text)[0].isupper() and len(cells(text)) == 2,
    "yo": lambda text: text.count("ё") == 2 and scripts(text) == CYRILLIC,
    "yo_as_ye": lambda text: text == value("yo").replace("ё", "е"),
    "romanian_comma": lambda text: [name[-16:] for name in strange(text)] == ["WITH COMMA BELOW"] * 2,
    "romanian_cedilla": lambda text: text == value("romanian_comma").translate(str.maketrans("țș", "ţş")),
    "dutch_ij": lambda text: strange(text) == ["LATIN CAPITAL LIGATURE IJ"] and compatible(text) == "IJsbrand",
    "croatian_digraph": lambda text: categories(text) == {"Lt"} and len({text[0].lower(), text[0], text[0].upper()}) == 3,
    "typographic_ligature": lambda text: compatible(text) == "Griffin" and text.upper() == "GRIFFIN" and len(text) == 5,
    "tatweel": lambda text: "ARABIC TATWEEL" in strange(text) and text.replace("\u0640", "") == "محمد",
    "ukrainian_apostrophe": lambda text: "MODIFIER LETTER APOSTROPHE" in strange(text) and len(text) == 5,
    "ukrainian_apostrophe_ascii": lambda text: text == value("ukrainian_apostrophe").replace("\u02bc", "'"),
    "mononym_family": lambda text: text == "",
    "mononym": lambda text: text.isalpha() and text.istitle(),
    "empty_family": lambda text: text == "",
    "one_letter": lambda text: len(text) == 1 and scripts(text) == LATIN,
    "two_letters": lambda text: len(text) == 2 and not set(text.lower()) & set("aeiouy"),
    "39_characters": lambda text: len(text) == 39 == len("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<"[5:]) and text.isalpha(),
    "40_characters": lambda text: len(text) == 40 and text.isalpha(),
    "120_characters": lambda text: len(text) == 120 and text == " ".join(text.split()),
    "particle_lower": lambda text: text.split()[0].islower() and text.split()[-1].istitle() and text.title() != text,
    "particle_joined": lambda text: text[0].isupper() and any(letter.isupper() for letter in text[1:]) and text.isalpha(),
    "particles_many": lambda text: len([word for word in text.split() if word.islower()]) == 3,
    "suffix": lambda text: text.endswith(".") and len(text.split()) == 2,
    "apostrophe": lambda text: text.count("'") == 1 and text.isascii(),
    "curly_apostrophe": lambda text: strange(text) == ["RIGHT SINGLE QUOTATION MARK"],
    "okina": lambda text: strange(text) == ["MODIFIER LETTER TURNED COMMA"] and text.isalpha(),
    "hyphen": lambda text: text.count("-") == 1 and text.isascii(),
    "non_breaking_hyphen": lambda text: strange(text) == ["NON-BREAKING HYPHEN"] and "-" not in compatible(text),
    "two_spaces": lambda text: text == text.strip() and " ".join(text.split()) != text,
    "outer_spaces": lambda text: text.lstrip() != text != text.rstrip(),
    "all_capitals": lambda text: text.isupper() and not text.isascii(),
    "all_lower": lambda text: text.islower() and not text.isascii(),
    "nfc": lambda text: "NFC" in is_normal(text) and "NFD" not in is_normal(text),
    "nfd": lambda text: "NFD" in is_normal(text) and "NFC" not in is_normal(text),
    "turkish_dotted_i": lambda text: "LATIN CAPITAL LETTER I WITH DOT ABOVE" in strange(text) and len(text.lower()) > len(text),
    "turkish_dotless_i": lambda text: "LATIN SMALL LETTER DOTLESS I" in strange(text) and text.upper().lower() != text.lower(),
    "sharp_s": lambda text: strange(text) == ["LATIN SMALL LETTER SHARP S"] and len(text.upper()) == len(text) + 1,
    "capital_sharp_s": lambda text: strange(text) == ["LATIN CAPITAL LETTER SHARP S"] and text.lower().upper() != text,
    "ae_oe_aring": lambda text: [word[0] for word in text.split()] == ["\u00c6", "\u00d8", "\u00c5"],
    "enye": lambda text: "LATIN SMALL LETTER N WITH TILDE" in strange(text),
    "stroke_and_ogonek": lambda text: {c for c in without_marks(text) if not c.isascii()} == {"\u0141", "\u0142"},
    "thorn_and_eth": lambda text: {"LATIN CAPITAL LETTER THORN", "LATIN SMALL LETTER ETH"} <= set(strange(without_marks(text))),
    "vietnamese": lambda text: most_marks(text) == 2 and without_marks(text).isascii(),
    "cyrillic": lambda text: scripts(text) == CYRILLIC and "CYRILLIC CAPITAL LETTER SHCHA" in strange(text),
    "greek_final_sigma": lambda text: scripts(text) == {"GREEK"} and text.upper().lower()[-1] != text.upper()[-1].lower(),
    "armenian": lambda text: scripts(text) == {"ARMENIAN"} and len(text.upper()) == len(text) + 1,
    "georgian": lambda text: scripts(text) == {"GEORGIAN"} and all(0x1C90 <= ord(letter) <= 0x1CBF for letter in text.upper()),
    "arabic": lambda text: scripts(text) == ARABIC and directions(text) == {"AL"},
    "persian": lambda text: scripts(text) == ARABIC and set(text) & set("\u06a9\u06cc\u0643\u064a") == {"\u06a9", "\u06cc"},
    "hebrew": lambda text: directions(text) == {"R"} and [c for c in text if unicodedata.category(c) == "Pd"] == ["\u05be"],
    "thai": lambda text: scripts(text) == {"THAI"} and {"b", "a", "ba"} <= set(thai_marks(text)) and not re.search(r"\s", text),
    "devanagari": lambda text: scripts(text) == {"DEVANAGARI"} and syllables(text) < len(text),
    "tamil": lambda text: scripts(text) == {"TAMIL"} and syllables(text) <= len(text) / 2,
    "chinese": lambda text: scripts(text) == {"CJK"} and len(text) == 3,
    "beyond_bmp": lambda text: 0x20000 <= ord(text[0]) <= 0x2A6DF and bytes_of(text[0]) == (4, 4),
    "japanese": lambda text: text[0] == "\u9ad9" == compatible(text[0]),
    "japanese_kana": lambda text: {unicodedata.east_asian_width(c) for c in text} == {"H"} and len(compatible(text)) < len(text),
    "korean": lambda text: scripts(text) == {"HANGUL"} and len(unicodedata.normalize("NFD", text)) > 2 * len(text),
    "transliterated": lambda text: re.fullmatch(r"[\u4e00-\u9fff]+ \([A-Z ]+\)", text) is not None,
    "latin_with_filler": lambda text: re.fullmatch("[A-Z]+<[A-Z]+", text) is not None,
    "latin_with_accent": lambda text: text.isupper() and not text.isascii() and scripts(text) == LATIN,
    "null_word": lambda text: yaml.safe_load(text) is None,
    "true_word": lambda text: yaml.safe_load(text) is True,
    "none_word": lambda text: text == str(None),
    "number_word": lambda text: not text.isdigit() and float(text) == 100_000,
    "undefined_word": lambda text: text == "undefined",
    "rtl_mixed": lambda text: directions(text) == {"L", "AL"},
    "homoglyph": lambda text: scripts(text) == LATIN | CYRILLIC and text.translate(LOOKS_LIKE) == "Alexander",
    "zero_width_joiner": lambda text: strange(text) == ["ZERO WIDTH JOINER"] and categories(text) == {"Cf"},
    "zero_width_space": lambda text: strange(text) == ["ZERO WIDTH SPACE"] and text.split() == [text],
    "soft_hyphen": lambda text: strange(text) == ["SOFT HYPHEN"] and categories(text) == {"Cf"},
    "non_breaking_space": lambda text: strange(text) == ["NO-BREAK SPACE"] and text.split(" ") == [text],
    "bidi_override": lambda text: [unicodedata.bidirectional(c) for c in text if not c.isascii()] == ["RLO"],
    "bidi_isolate": lambda text: [unicodedata.bidirectional(c) for c in text if not c.isascii()] == ["RLI", "PDI"],
    "combining_marks": lambda text: len(text) == 32 and len([c for c in text if unicodedata.combining(c) == 230]) == 31,
    "emoji": lambda text: [len(c.encode()) for c in text if not c.isascii()] == [4],
    "emoji_family": lambda text: (len(text), len(text.encode()), strange(text).count("ZERO WIDTH JOINER")) == (7, 25, 3),
    "flag": lambda text: [name.rpartition(" ")[0] for name in strange(text)] == ["REGIONAL INDICATOR SYMBOL LETTER"] * 2,
    "noncharacter": lambda text: ord(text[-1]) & 0xFFFE == 0xFFFE and categories(text) == {"Cn"} and bytes_of(text[-1]) == (2, 3),
    "private_use": lambda text: categories(text) == {"Co"},
    "line_separator": lambda text: categories(text) == {"Zl"} and is_json_text(text),
    "sql_injection": lambda text: tables_left(text) == [] and tables_left(text.replace("'", "''")) == ["users"],
    "script_tag": lambda text: [tag for tag, _ in tags(f"<p>{text}</p>")] == ["p", "script"],
    "attribute_break": lambda text: ("img", "alert(1)") in [(t, a.get("onerror")) for t, a in tags(f'<input value="{text}">')],
    "template_injection": lambda text: jinja2.Environment(autoescape=True).from_string(text).render() == "49",
    "expression_injection": lambda text: re.fullmatch(r"\$\{7\*7\}", text) is not None,
    "log_lookup": lambda text: re.fullmatch(r"\$\{jndi:ldap://localhost/\w+\}", text) is not None,
    "spreadsheet_formula": lambda text: text.startswith("=cmd|"),
    "spreadsheet_plus": lambda text: text.startswith("+") and not text[1:].isdigit(),
    "shell_injection": lambda text: re.fullmatch(r"\$\(\w+\)", text) is not None,
    "path_traversal": lambda text: posixpath.normpath(f"/files/names/{text}") == "/etc/passwd",
    "percent_format": lambda text: re.findall("%[a-z]", text) == ["%s", "%n", "%x"],
    "backslashes": lambda text: text.endswith("\\") and not is_json_text(text),
    "double_quotes": lambda text: text.count('"') == 2 and not is_json_text(text) and cells(f'"{text}"') != [text],
    "comma_and_semicolon": lambda text: len(cells(text)) == len(cells(text, ";")) == 2,
}  # fmt: skip


def test_kinds__each_has_its_reader() -> None:
    """None is taken on trust, and no reader is left over."""
    assert set(values()) == set(IS)


@pytest.mark.parametrize("name", IS)
def test_value__is_what_its_kind_says(name: str) -> None:
    """Wherever the kind was applied."""
    for text in values()[name]:
        assert IS[name](text), ascii(text)


def test_values__of_one_name_in_two_forms() -> None:
    """Equal to the eye, or in the other case, and unequal to ==."""
    assert value("curly_apostrophe").replace("\u2019", "'") == value("apostrophe")
    assert value("non_breaking_hyphen").replace("\u2011", "-") == value("hyphen")
    assert unicodedata.normalize("NFC", value("nfd")) == value("nfc") != value("nfd")
    assert value("all_lower").upper() == value("all_capitals")
    assert value("40_characters").startswith(value("39_characters"))


def test_values__with_something_invisible_are_another_text_without_it() -> None:
    """One character more than what is seen; an override shows the rest the other way round."""
    for name in ("zero_width_joiner", "zero_width_space", "soft_hyphen"):
        assert "".join(letter for letter in value(name) if letter.isascii()) == "AnaMaria", name
    before, after = value("bidi_override").split("\u202e")
    assert before + after[::-1] == "AnaMaria"


def test_values__are_each_of_one_kind() -> None:
    """No two kinds have one text, but for the names that are empty."""
    every = [text for texts in values().values() for text in texts if text]
    assert len(every) == len(set(every))


def test_transliterated__holds_as_much_as_its_field() -> None:
    """Both scripts of the whole name, of the family name, of the given names."""
    found = set()
    for case in everything():
        if case.kind == "names.transliterated":
            holds = next(place.holds for place in case.base.places() if place.pointer == case.field)
            found.add((holds, case.value, case.verdict))
    assert {(holds, verdict) for holds, _, verdict in found} == {
        ("full_name", ACCEPT), ("family_name", ACCEPT), ("given_names", ACCEPT),
    }  # fmt: skip
    by_role = {holds: re.split(r" \(|\)", text) for holds, text, _ in found}
    own, latin = zip(by_role["family_name"], by_role["given_names"], strict=True), by_role["full_name"]
    (family, given), (family_latin, given_latin), _ = own
    assert latin[:2] == [family + given, f"{family_latin} {given_latin}"]


def test_swapped__the_two_names_change_places() -> None:
    """Each field holds what the other one held, and nothing else changes."""
    found = [case for name in specs.names() for case in catalogue(name).cases if case.kind == "names.swapped"]
    assert found
    for case in found:
        (one, first), (other, second) = case.value.items()
        assert (at(case.base.payload, other), at(case.base.payload, one)) == (first, second)
        assert (at(case.payload, one), at(case.payload, other)) == (first, second)
        assert first != second
