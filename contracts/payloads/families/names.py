"""Unusual names of people, and injections for every free text."""

from __future__ import annotations

from collections.abc import Iterator
from unicodedata import normalize

from specimen.contracts.payloads.model.case_types import ACCEPT, EITHER, REJECT, Edge, Kind, kind
from specimen.contracts.payloads.model.fields import PayloadField
from specimen.contracts.payloads.model.mutations import Fields
from specimen.contracts.payloads.model.valid_payloads import Base

_OWN_SCRIPT = frozenset({"family_name", "given_names", "full_name"})
_LATIN = frozenset({"family_name_latin", "given_names_latin"})
_NAMES = _OWN_SCRIPT | _LATIN
_TEXTS = frozenset({"text", "client_key", "authority", "birth_place", "address"})
_ICAO = "ICAO Doc 9303, part 3, section 3.4"
_TRANSLITERATION = "ICAO Doc 9303, part 3, section 6"
_NORMAL = "Unicode Standard Annex 15"
_CASES_OF_LETTERS = "Unicode, SpecialCasing"
_LAYOUT = "Unicode Standard, section 23.2, Layout Controls"
_PEOPLE = "W3C, Personal names around the world"
# What the document lets any text be; a pattern or a length may forbid it.
_ANY = (ACCEPT, REJECT, EITHER)


def _name(
    name: str, value: str, rationale: str, source: str, roles: frozenset[str], *tags: str
) -> tuple[frozenset[str], Kind, str]:
    return roles, kind(f"names.{name}", rationale, source, _ANY, tags), value


_CASES = (
    # People.
    _name("mononym_family", "", "A person with one name may have no given name: the field is there and empty.", _ICAO, frozenset({"given_names", "given_names_latin"}), "boundary"),
    _name("mononym", "Wulandari", "One name is a whole name for many people in Java and in South India.", _PEOPLE, frozenset({"full_name"})),
    _name("empty_family", "", "Documents of mononymous people may carry the name as the given one.", _ICAO, frozenset({"family_name", "family_name_latin"}), "boundary"),
    _name("one_letter", "O", "Family names of one letter exist; checks for a minimum length refuse their bearers.", _PEOPLE, _NAMES, "boundary"),
    _name("two_letters", "Ng", "A family name without a vowel is no slip of the keyboard.", "Unicode Han Database, U+5433, kCantonese", _NAMES),
    _name("39_characters", "Abendrothsteinhausenbergerdorffmannsohn", "All 39 characters of a TD3 name field in one name.", "ICAO Doc 9303, part 4, section 4.2.2", _NAMES, "boundary"),
    _name("40_characters", "Abendrothsteinhausenbergerdorffmannsohns", "One more than the name field of a passport holds: the MRZ is cut.", "ICAO Doc 9303, part 4, section 4.2.3", _NAMES, "boundary"),
    _name("120_characters", " ".join(["Maximilianus"] * 9) + " Ana", "More than a column of 100 characters holds: cut, or an error of the database.", "ISO/IEC 9075-2, data exception: string data, right truncation", _NAMES, "boundary"),
    _name("particle_lower", "van der Berg", "Particles in lower case belong to the name and sort in two ways.", _PEOPLE, _NAMES),
    _name("particle_joined", "MacDonald", "A capital inside: title case destroys it.", _PEOPLE, _NAMES),
    _name("particles_many", "de la Cruz y Montoya", "Several particles and a conjunction in one name.", _PEOPLE, _NAMES),
    _name("suffix", "Garza Jr.", "A suffix with a full stop, where the state counts it as a part of the name.", _ICAO, _NAMES),
    _name("apostrophe", "O'Brien", "An apostrophe ends an SQL string and a JavaScript one.", "CWE-89", _NAMES, "injection"),
    _name("curly_apostrophe", "O\u2019Brien", "The typographic apostrophe: the same name, another code point.", "Unicode Standard, section 6.2, General Punctuation", _OWN_SCRIPT, "unicode"),
    _name("okina", "Ke\u02bbala", "The \u02bbokina is a letter, U+02BB, and no quotation mark.", "Unicode Standard, block Spacing Modifier Letters", _OWN_SCRIPT, "unicode"),
    _name("hyphen", "Smith-Jones", "A hyphen joins two names; the MRZ writes it as a filler.", _ICAO, _NAMES),
    _name("non_breaking_hyphen", "Smith\u2011Jones", "U+2011 looks like a hyphen and equals none.", "Unicode Standard, section 6.2, General Punctuation", _OWN_SCRIPT, "unicode"),
    _name("two_spaces", "Ana  Maria", "Two blanks between names: a page shows one, and who joins them makes another text.", "CSS Text, section 4, White Space", _NAMES),
    _name("outer_spaces", " Ana ", "Blanks at both ends, as a form sent them.", "WHATWG HTML, input type=text", _NAMES),
    _name("all_capitals", "MÜLLER", "Documents print capitals: how the name was written before is lost.", _ICAO, _OWN_SCRIPT),
    _name("all_lower", "müller", "A name that was typed without a shift key: who capitalises it makes another text.", _PEOPLE, _OWN_SCRIPT),
    _name("first_name_unknown", "FNU", "American visas write FNU, first name unknown, for a person with one name: nobody is called so.", "9 FAM 403.9, names on visas", frozenset({"given_names", "given_names_latin"})),
    _name("last_name_unknown", "LNU", "Case files write LNU, last name unknown, where no family name is known.", "9 FAM 403.9, names on visas", frozenset({"family_name", "family_name_latin"})),
    _name("xxx", "XXX", "Some states print XXX where a document has no given name: it is no nationality here.", _ICAO, frozenset({"given_names", "given_names_latin"})),
    _name("not_applicable", "N/A", "What a person with one name writes into a field that must not be empty.", _PEOPLE, _NAMES),
    _name("title_before", "Dr. Roth", "Germany enters the doctorate beside the name: it is no part of it, and stands there.", "PAuswG, section 5 (2)", _NAMES),
    _name("born_as_german", "Roth geb. Klein", "The name at birth is printed behind the family name.", "PAuswG, section 5 (2)", frozenset({"family_name", "family_name_latin"})),
    _name("born_as_french", "ROUX née PETIT", "née, with its accent, stands between the name of use and the name at birth.", "Décret n° 55-1397, article 2", frozenset({"family_name"})),
    _name("spouse_french", "PETIT épouse ROUX", "French documents print the name at birth and the husband's behind it.", "Décret n° 55-1397, article 2", frozenset({"family_name"})),
    _name("son_of_malay", "Ahmad bin Abdullah", "bin: the second name is the father's, and no family name.", _PEOPLE, frozenset({"full_name", "given_names", "given_names_latin"})),
    _name("daughter_of_malay", "Siti binti Osman", "binti: a daughter's form of the same, sorted by the first name.", _PEOPLE, frozenset({"full_name", "given_names", "given_names_latin"})),
    _name("son_of_tamil", "Raj S/O Kumar", "S/O, son of, with its slash: an MRZ writes it as fillers, and paths break at it.", _PEOPLE, frozenset({"full_name", "given_names", "given_names_latin"})),
    _name("patronymic", "Björk Guðmundsdóttir", "A patronymic in place of a family name: a brother's ends in son.", _PEOPLE, frozenset({"full_name"})),
    _name("patronymic_slavic", "Анна Сергеевна", "The patronymic stands behind the given name, in a daughter's form.", "ГОСТ Р 7.0.34", frozenset({"given_names"}), "unicode"),
    _name("family_name_first", "YILMAZ, Filiz", "Family name, comma, given name: a split at the blank takes it the wrong way round.", _ICAO, frozenset({"full_name"}), "parser"),
    # Letters.
    _name("yo", "Алёна Ковалёва", "ё and е are one letter on many documents: the same person is Алена elsewhere.", "ФЗ № 53, article 3 (2)", _OWN_SCRIPT, "unicode"),
    _name("yo_as_ye", "Алена Ковалева", "The same with е for ё: equal to a clerk, unequal to ==.", "ФЗ № 53, article 3 (2)", _OWN_SCRIPT, "unicode"),
    _name("romanian_comma", "Ionuț Mureșan", "ț and ș with a comma below, which are Romanian's letters.", "Unicode Standard, section 7.1, U+0219", _OWN_SCRIPT, "unicode"),
    _name("romanian_cedilla", "Ionuţ Mureşan", "The same name with cedillas, as code pages before 2007 had it: other code points.", "Unicode Standard, section 7.1, U+015F", _OWN_SCRIPT, "unicode"),
    _name("dutch_ij", "Ĳsbrand", "The ligature Ĳ: one code point for two letters, which NFKC takes apart.", "Unicode Standard, section 7.1, U+0132", _OWN_SCRIPT, "unicode"),
    _name("croatian_digraph", "ǅemal", "ǅ has three cases: ǆ, ǅ and Ǆ; upper-casing and capitalising differ.", _CASES_OF_LETTERS, _OWN_SCRIPT, "unicode"),
    _name("typographic_ligature", "Griﬃn", "ﬃ came from a PDF: three letters in one code point, which upper-casing makes FFI.", _CASES_OF_LETTERS, _OWN_SCRIPT, "unicode"),
    _name("tatweel", "محـــمد", "Tatweel stretches a word and is no letter: with it no comparison finds the name.", "Unicode Standard, section 9.2, U+0640", _OWN_SCRIPT, "unicode", "rtl"),
    _name("ukrainian_apostrophe", "Дарʼя", "U+02BC is the letter that Ukrainian's apostrophe is.", "Unicode Standard, section 6.2, U+02BC", _OWN_SCRIPT, "unicode"),
    _name("ukrainian_apostrophe_ascii", "Дар'я", "The same name with the apostrophe of a keyboard, which ends words and texts.", "Unicode Standard, section 6.2, U+0027", _OWN_SCRIPT, "unicode", "injection"),
    _name("nfc", normalize("NFC", "Zoë Ångström"), "Composed letters: one code point for each.", _NORMAL, _OWN_SCRIPT, "unicode"),
    _name("nfd", normalize("NFD", "Zoë Ångström"), "The same name decomposed: equal to the eye, unequal to ==.", _NORMAL, _OWN_SCRIPT, "unicode"),
    _name("turkish_dotted_i", "İzzet", "Lower-casing İ gives i and a combining dot: the text grows.", _CASES_OF_LETTERS, _OWN_SCRIPT, "unicode"),
    _name("turkish_dotless_i", "Işık", "Upper-casing ı gives I, and I lower-cased is ı in Turkic languages alone.", _CASES_OF_LETTERS, _OWN_SCRIPT, "unicode"),
    _name("sharp_s", "Weiß", "ß upper-cased is SS: one letter more.", _CASES_OF_LETTERS, _OWN_SCRIPT, "unicode"),
    _name("capital_sharp_s", "WEIẞ", "The capital ẞ has been in the German spelling rules since 2017.", "Rat für deutsche Rechtschreibung, Regeln und Wörterverzeichnis, 2017", _OWN_SCRIPT, "unicode"),
    _name("ae_oe_aring", "Æsa Øystein Ångström", "Æ, Ø and Å: AE, OE and AA in the MRZ.", _TRANSLITERATION, _OWN_SCRIPT, "unicode"),
    _name("enye", "Núñez", "Ñ is N or NXX in the MRZ.", _TRANSLITERATION, _OWN_SCRIPT, "unicode"),
    _name("stroke_and_ogonek", "Łucja Żołądź", "Ł does not decompose: stripping accents leaves it.", _NORMAL, _OWN_SCRIPT, "unicode"),
    _name("thorn_and_eth", "Þórður", "Þ and ð: TH and D in the MRZ.", _TRANSLITERATION, _OWN_SCRIPT, "unicode"),
    _name("vietnamese", "Nguyễn Thị Ánh", "Two marks on one letter.", _NORMAL, _OWN_SCRIPT, "unicode"),
    _name("cyrillic", "Щербаков", "One letter, Щ, becomes SHCH in the MRZ, and SHT in a Bulgarian one.", _TRANSLITERATION, _OWN_SCRIPT, "unicode"),
    _name("greek_final_sigma", "Παπαδόπουλος", "Σ lower-cased is ς at a word's end.", _CASES_OF_LETTERS, _OWN_SCRIPT, "unicode"),
    _name("armenian", "Սևակ", "The ligature և upper-cases to two letters.", _CASES_OF_LETTERS, _OWN_SCRIPT, "unicode"),
    _name("georgian", "გიორგი", "A script whose capitals came in 2018.", "Unicode 11", _OWN_SCRIPT, "unicode"),
    _name("arabic", "عبد الرحمن", "Joined letters, from right to left.", "Unicode Standard, section 9.2, Arabic", _OWN_SCRIPT, "unicode", "rtl"),
    _name("persian", "محمدرضا کیان", "Persian kaf and yeh are not the Arabic ones.", "Unicode Standard, section 9.2, Arabic", _OWN_SCRIPT, "unicode", "rtl"),
    _name("hebrew", "בן־דוד", "The maqaf is a hyphen of its own.", "Unicode Standard, section 9.1, Hebrew", _OWN_SCRIPT, "unicode", "rtl"),
    _name("thai", "สุทธิพันธุ์", "Vowels above and below the letters, and both at one letter: a line cuts them off.", "Unicode Standard, section 16.1, Thai", _OWN_SCRIPT, "unicode"),
    _name("devanagari", "श्रीनिवास", "Conjuncts: fewer letters to the eye than code points.", "Unicode Standard Annex 29", _OWN_SCRIPT, "unicode"),
    _name("tamil", "க்ஷேத்ரா", "Several code points for one syllable.", "Unicode Standard Annex 29", _OWN_SCRIPT, "unicode"),
    _name("chinese", "欧阳静", "Three characters without a blank, of which the family name has two.", "GB/T 28039", _OWN_SCRIPT, "unicode"),
    _name("beyond_bmp", "\U00020bb7野", "A Japanese family name with a character beyond U+FFFF: two units in UTF-16, four bytes in UTF-8.", "Unicode, CJK Extension B", _OWN_SCRIPT, "unicode"),
    _name("japanese", "髙橋", "髙 is not 高: the family register knows which.", "Unicode, CJK Unified Ideographs", _OWN_SCRIPT, "unicode"),
    _name("japanese_kana", "ﾔﾏﾀﾞ", "Half-width kana with their marks apart, from bank files.", "Unicode Standard, block Halfwidth and Fullwidth Forms", _OWN_SCRIPT, "unicode"),
    _name("korean", "김민준", "Hangul syllables, which NFD takes apart.", _NORMAL, _OWN_SCRIPT, "unicode"),
    _name("latin_with_filler", "OUYANG<JING", "An MRZ filler left in a Latin name.", _ICAO, _LATIN),
    _name("latin_with_accent", "NÚÑEZ", "A letter that an MRZ cannot hold, in the Latin form.", _TRANSLITERATION, _LATIN, "unicode"),
    # Words that programs misread.
    _name("null_word", "Null", "A family name that YAML and text converters take for nothing.", "YAML 1.2, core schema, null", _NAMES, "parser"),
    _name("true_word", "True", "A name that YAML and spreadsheets take for a truth value.", "YAML 1.1, bool", _NAMES, "parser"),
    _name("none_word", "None", "A name that Python prints for nothing.", "Python, Built-in Constants, None", _NAMES, "parser"),
    _name("number_word", "1e5", "A text that a spreadsheet makes a number of when it opens CSV.", "RFC 4180, which has no types", _NAMES, "parser"),
    _name("undefined_word", "undefined", "What JavaScript writes for what is not there.", "ECMA-262, undefined", _NAMES, "parser"),
)  # fmt: skip
_TRANSLITERATED = kind("names.transliterated", "The name and its romanisation in one field.", "GB/T 28039", _ANY, ["unicode"])
_BOTH_SCRIPTS = tuple(
    (frozenset({role}), _TRANSLITERATED, value)
    for role, value in (("full_name", "欧阳静 (OUYANG JING)"), ("family_name", "欧阳 (OUYANG)"), ("given_names", "静 (JING)"))
)
# For names and for every other free text.
_ROBUST = tuple(
    (kind(f"names.{name}", rationale, source, _ANY, tags), value)
    for name, value, rationale, source, tags in (
        ("rtl_mixed", "Ali علي Smith", "Two directions in one line: the letters are not shown in the order in which they were sent.", "Unicode Standard Annex 9", ["unicode", "rtl"]),
        ("homoglyph", "Аlехаndеr", "Cyrillic А, а, е and х among Latin letters: another name that looks the same.", "Unicode Technical Standard 39", ["unicode", "homoglyph"]),
        ("zero_width_joiner", "Ana\u200dMaria", "A joiner that is invisible and that == compares.", _LAYOUT, ["unicode"]),
        ("zero_width_space", "Ana\u200bMaria", "A blank of no width, which is invisible and no split() at white space finds.", _LAYOUT, ["unicode"]),
        ("soft_hyphen", "Ana\u00adMaria", "A hyphen that shows at line ends only.", _LAYOUT, ["unicode"]),
        ("non_breaking_space", "Ana\u00a0Maria", "A blank that split() may not know.", "Unicode Standard, section 6.2, General Punctuation", ["unicode"]),
        ("bidi_override", "Ana\u202eairaM", "U+202E turns round what follows on a screen: a reviewer reads another name.", "CVE-2021-42574", ["unicode", "rtl"]),
        ("bidi_isolate", "\u2067Ana\u2069", "Isolates that are part of the value.", "Unicode Standard Annex 9", ["unicode", "rtl"]),
        ("combining_marks", "A" + "\u0301" * 31, "Thirty-one accents on one letter overflow the line, and are one more than a stream-safe text has.", "Unicode Standard Annex 15, Stream-Safe Text Format", ["unicode", "boundary"]),
        ("emoji", "Ana 😀", "A code point beyond U+FFFF: four bytes, which utf8 of old MySQL cannot hold.", "Unicode Technical Standard 51", ["unicode"]),
        ("emoji_family", "👩‍👩‍👧‍👦", "One picture, seven code points, twenty-five bytes.", "Unicode Technical Standard 51", ["unicode", "boundary"]),
        ("flag", "🇩🇪", "Two regional letters that show as one flag, or as two letters.", "Unicode Technical Standard 51", ["unicode"]),
        ("noncharacter", "Ana\uffff", "A noncharacter is valid in UTF-8 and not meant for interchange.", "Unicode, section 23.7", ["unicode"]),
        ("private_use", "Ana\ue000", "A private character that only its font's owner can read.", "Unicode, section 23.5", ["unicode"]),
        ("line_separator", "Ana\u2028Maria", "U+2028 is valid in JSON and ended JavaScript strings before 2019.", "ECMA-262, 2019", ["unicode", "parser"]),
        ("sql_injection", "Ana'); DROP TABLE users;--", "Ends a statement where values are pasted into SQL.", "CWE-89", ["injection"]),
        ("script_tag", "<script>alert(1)</script>", "Runs where a back office prints it as it is.", "CWE-79", ["injection"]),
        ("attribute_break", '"><img src=x onerror=alert(1)>', "Leaves an attribute and starts a tag.", "CWE-79", ["injection"]),
        ("template_injection", "{{7*7}}", "Shows 49 where a template is made of values.", "CWE-1336", ["injection"]),
        ("expression_injection", "${7*7}", "Shows 49 where expressions are resolved in data.", "CWE-917", ["injection"]),
        ("log_lookup", "${jndi:ldap://localhost/x}", "Made loggers fetch code.", "CVE-2021-44228", ["injection"]),
        ("spreadsheet_formula", "=cmd|' /C calc'!A0", "A spreadsheet runs it when an export is opened.", "CWE-1236", ["injection"]),
        ("spreadsheet_plus", "+1+1", "Formulas begin with + and @ too.", "CWE-1236", ["injection"]),
        ("shell_injection", "$(id)", "Runs where a shell sees it.", "CWE-78", ["injection"]),
        ("path_traversal", "../../etc/passwd", "Leaves the folder where values become file names.", "CWE-22", ["injection"]),
        ("percent_format", "%s%n%x", "Read as a format where a value is the format.", "CWE-134", ["injection"]),
        ("backslashes", "Ana\\", "A backslash at the end takes the quotation mark with it.", "CWE-150", ["injection", "parser"]),
        ("double_quotes", 'Ana "Nana" Maria', "Quotation marks inside: escaped in JSON, doubled in CSV.", "RFC 4180", ["parser"]),
        ("comma_and_semicolon", "Roe; Ana, Dr.", "The comma of CSV inside a value, and the semicolon that other countries' spreadsheets write for it.", "RFC 4180", ["parser"]),
    )
)  # fmt: skip


SWAPPED = kind(
    "names.swapped", "The family name stands in the field of the given names, and those in its: each alone is a name.", _PEOPLE, _ANY,
    ["order"],
)  # fmt: skip
_OTHER_NAME = {"family_name": "given_names", "family_name_latin": "given_names_latin"}


def edges(place: PayloadField, base: Base) -> Iterator[Edge]:
    """Yields the kinds of names and of free texts."""
    holds = place.holds
    if holds in _OTHER_NAME and isinstance(place.value, str) and not place.is_text_only:
        for other in base.places():
            is_beside = other.parts[:-1] == place.parts[:-1] and other.holds == _OTHER_NAME[holds]
            if is_beside and isinstance(other.value, str) and other.value not in ("", place.value):
                yield Edge(SWAPPED, Fields({place.pointer: other.value, other.pointer: place.value}))
    if place.is_text_only or holds is None or not isinstance(place.value, str):
        return
    for roles, found, value in (*_CASES, *_BOTH_SCRIPTS):
        if holds in roles and value != place.value:
            yield Edge(found, value)
    # A name in Latin letters is judged like every other text.
    if holds in _NAMES | _TEXTS:
        for found, value in _ROBUST:
            yield Edge(found, value)
