"""Texts that are no calendar date, and dates in another format than the vendor's."""

from __future__ import annotations

from datetime import date

from specimen.contracts.payloads.families.dates.days import Day, DayChange, invalid

_ISO = "ISO 8601-1:2019, date"
_LEAP = "ISO 8601-1:2019, Gregorian calendar"
_MRTD = "ICAO Doc 9303 part 3, section 3.8, Representation of dates"
_CLDR = "Unicode CLDR, date formats"
_NUMBERS = "Unicode Standard, general category Nd"
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_EPOCH = date(1970, 1, 1)
_ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
_PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
# The first days of the eras since 1868: letter, name, day.
_ERAS = (
    ("R", "令和", date(2019, 5, 1)), ("H", "平成", date(1989, 1, 8)), ("S", "昭和", date(1926, 12, 25)),
    ("T", "大正", date(1912, 7, 30)), ("M", "明治", date(1868, 1, 25)),
)  # fmt: skip
_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


def _week_date(at: Day) -> str:
    year, week, day = at.value.isocalendar()
    return f"{year:04d}-W{week:02d}-{day}"


def _two_digits(at: Day) -> str:
    return at.text(f"{at.year % 100:02d}", at.value.month, at.value.day)


def _era(at: Day) -> str:
    letter, _, first = _era_of(at.value)
    return f"{letter}{at.year - first.year + 1}.{at.value:%m.%d}"


def _era_in_kanji(at: Day) -> str:
    _, name, first = _era_of(at.value)
    return f"{name}{at.year - first.year + 1}年{at.value.month}月{at.value.day}日"


def _era_of(day: date) -> tuple[str, str, date]:
    return next((era for era in _ERAS if day >= era[2]), _ERAS[-1])


def _other_form(at: Day) -> str:
    return at.value.isoformat() if at.is_dotted else f"{at.value.day:02d}.{at.value.month:02d}.{at.year:04d}"


def _month_first(at: Day) -> str:
    """Writes the month first; a day that equals its month becomes the 28th."""
    day = at.value.replace(day=28) if at.value.day == at.value.month else at.value
    return f"{day:%m/%d/%Y}"


def _other_hyphens(at: Day) -> str:
    """Replaces the separators by U+2011 and U+2024, which look alike."""
    return at.of(at.value).translate({ord("-"): "\u2011", ord("."): "\u2024"})


CHANGES: tuple[DayChange, ...] = (
    invalid(
        "leap_day_of_1900", "1900 was no leap year, though spreadsheets say so.", lambda at: at.text(1900, 2, 29), _LEAP,
        ["leap"],
    ),
    invalid(
        "leap_day_of_a_common_year", "2023 had no 29 February: lenient parsers go on to 1 March.",
        lambda at: at.text(2023, 2, 29), _LEAP, ["leap"],
    ),
    invalid("30_february", "No year has a 30 February.", lambda at: at.text(at.year, 2, 30), _LEAP, ["boundary"]),
    invalid(
        "31_april", "No year has a 31 April: lenient parsers make it 1 May.", lambda at: at.text(at.year, 4, 31), _LEAP,
        ["boundary"],
    ),
    invalid("day_32", "No month has 32 days.", lambda at: at.text(at.year, 1, 32), _LEAP, ["boundary"]),
    invalid(
        "month_13", "There is no month 13, though days in place of months go up to 31.", lambda at: at.text(at.year, 13, 1),
        _LEAP, ["boundary"],
    ),
    invalid(
        "day_00", "An unknown day is often written 00.", lambda at: at.text(at.year, at.value.month, 0), _MRTD,
        ["unknown"],
    ),
    invalid(
        "month_and_day_00", "Of some people only the year of birth is known.", lambda at: at.text(at.year, 0, 0), _MRTD,
        ["unknown"],
    ),
    invalid(
        "all_zeros", "Some databases store a missing date as year, month and day 0.", lambda at: at.text(0, 0, 0),
        "MySQL reference manual, NO_ZERO_DATE", ["unknown"],
    ),
    invalid(
        "day_xx", "Doc 9303 prints XX for a part of a date that is unknown.", lambda at: at.text(at.year, at.value.month, "XX"),
        _MRTD, ["unknown"],
    ),
    invalid("year_alone", "A year alone is not a day of it.", lambda at: f"{at.year:04d}", _ISO, ["unknown"]),
    invalid("year_and_month", "A month is not a day.", lambda at: f"{at.year:04d}-{at.value.month:02d}", _ISO, ["unknown"]),
    invalid(
        "expanded_year", "ISO 8601 writes years outside 0000 to 9999 with a sign and more digits.",
        lambda at: f"+00{at.value:%Y-%m-%d}", "ISO 8601-1:2019, expanded representations", ["parser"],
    ),
    invalid(
        "negative_year", "A year before the year 0 has a sign, which splits at hyphens do not expect.", lambda _: "-0044-03-15",
        "ISO 8601-1:2019, expanded representations", ["parser"],
    ),
    invalid("basic_form", "ISO 8601 also writes dates without hyphens.", lambda at: f"{at.value:%Y%m%d}", _ISO, ["format"]),
    invalid("week_date", "ISO 8601 has weeks and their days for dates.", _week_date, "ISO 8601-1:2019, week date", ["format"]),
    invalid(
        "ordinal_date", "ISO 8601 has the days of a year for dates.", lambda at: f"{at.year:04d}-{at.value:%j}",
        "ISO 8601-1:2019, ordinal date", ["format"],
    ),
    invalid("other_form", "The other common order of the parts, with its own separator.", _other_form, _CLDR, ["format"]),
    invalid("slashes_year_first", "The same order with slashes.", lambda at: f"{at.value:%Y/%m/%d}", _CLDR, ["format"]),
    invalid(
        "slashes_day_first", "Most of the world writes the day first.", lambda at: f"{at.value:%d/%m/%Y}", _CLDR, ["format"],
    ),
    invalid(
        "slashes_month_first", "The United States write the month first.", _month_first, _CLDR, ["format"],
    ),
    invalid(
        "month_in_letters", "Documents print the month in letters for people to read.",
        lambda at: f"{at.value.day:02d} {_MONTHS[at.value.month - 1]} {at.year:04d}", _MRTD, ["format"],
    ),
    invalid(
        "two_digit_year", "Two digits of a year leave the century to the reader.", _two_digits, _MRTD, ["century", "format"],
    ),
    invalid(
        "as_in_the_mrz", "Six digits as in the machine readable zone: no separator, no century.", lambda at: f"{at.value:%y%m%d}",
        "ICAO Doc 9303 part 3, section 4.8, Representation of dates", ["century", "format"],
    ),
    invalid(
        "no_leading_zeros", "Months and days below ten have two digits.", lambda at: at.text(at.year, "6", "9"), tags=["format"],
    ),
    invalid(
        "with_midnight", "A date with a time is a moment: in zones west of UTC it is the day before.",
        lambda at: f"{at.value.isoformat()}T00:00:00Z", "RFC 3339, section 5.6, date-time", ["time-zone", "format"],
    ),
    invalid(
        "with_midnight_in_the_east", "Midnight east of UTC is the day before in UTC.",
        lambda at: f"{at.value.isoformat()}T00:00:00+14:00", "RFC 3339, section 5.6, date-time", ["time-zone", "format"],
    ),
    invalid(
        "days_since_1970", "A number of days, as some serialisers write dates.", lambda at: (at.value - _EPOCH).days,
        "Apache Avro specification, logical type date", ["epoch", "type"],
    ),
    invalid(
        "milliseconds_since_1970", "A number of milliseconds, as JavaScript counts.",
        lambda at: (at.value - _EPOCH).days * 86_400_000, "ECMA-262, Time values", ["epoch", "type"],
    ),
    invalid(
        "arabic_digits", "Arabic-Indic digits make a date for many programs, and none for the standard.",
        lambda at: at.of(at.value).translate(_ARABIC), _NUMBERS, ["unicode"],
    ),
    invalid(
        "persian_digits", "Persian digits, U+06F0 to U+06F9, are others than the Arabic-Indic ones and look nearly the same.",
        lambda at: at.of(at.value).translate(_PERSIAN), _NUMBERS, ["unicode"],
    ),
    invalid(
        "ethiopian_month_13", "The thirteenth month of the Ethiopian year has five days, or six.",
        lambda at: at.text(at.year - 8, 13, 5), "Unicode CLDR, calendar ethiopic", ["calendar"],
    ),
    invalid(
        "japanese_era", "An era, its year, and dots: Heisei 2 is 1990.", _era, "JIS X 0301", ["calendar", "format"],
    ),
    invalid(
        "japanese_era_kanji", "The same as it is printed, with the words for year, month and day.", _era_in_kanji, "JIS X 0301",
        ["calendar", "format", "unicode"],
    ),
    invalid(
        "minguo_short", "A year of the republic without zeros before it: two or three digits.",
        lambda at: f"{at.year - 1911}/{at.value:%m/%d}", "CNS 7648", ["calendar", "format"],
    ),
    invalid(
        "zeros_of_1970", "Day and month 00 before a year: a form of which only the year was filled in.", lambda _: "00/00/1970",
        _MRTD, ["unknown", "format"],
    ),
    invalid(
        "full_width_digits", "Full-width digits come from East Asian keyboards.", lambda at: at.of(at.value).translate(_WIDE),
        _NUMBERS, ["unicode"],
    ),
    invalid(
        "other_hyphens", "Separators that only look right.", _other_hyphens, "Unicode Technical Standard 39, confusables",
        ["unicode"],
    ),
    invalid("spaces_around", "Spaces before and after the date.", lambda at: f" {at.of(at.value)} ", tags=["white-space"]),
    invalid(
        "trailing_newline", "A dollar sign in a date's pattern may let a line feed pass.", lambda at: f"{at.of(at.value)}\n",
        tags=["white-space"],
    ),
    invalid("empty", "An empty text is no date, and not null.", lambda _: "", tags=["empty"]),
    invalid("in_words", "A word where a date is not known.", lambda _: "unknown", tags=["unknown"]),
)  # fmt: skip
