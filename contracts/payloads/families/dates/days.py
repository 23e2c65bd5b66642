"""Calendar dates of a person and a document at the limits of age, validity and calendars."""

from __future__ import annotations

from calendar import isleap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any

from specimen.contracts.payloads.model.case_types import ACCEPT, EITHER, REJECT, Kind, kind

BIRTH, ISSUE, EXPIRY = "birth_date", "issue_date", "expiry_date"
ROLES = (BIRTH, ISSUE, EXPIRY)
_ADULT = 18
_LEAP_BORN = (1996, 2008)
_INVALID = (EITHER, REJECT)
_ISO = "ISO 8601-1:2019, calendar date"
_LEAP = "ISO 8601-1:2019, Gregorian calendar"
_RFC = "RFC 3339, section 5.6, full-date"
_MRTD = "ICAO Doc 9303 part 3, section 3.8, Representation of dates"
_ZONES = "IANA time zone database, Etc/GMT+12 and Pacific/Kiritimati"
_ORDER = "ICAO Doc 9303 part 3, section 3, dates of birth, issue and expiry"
_DAYS_OF_OLDEST = 123 * 366


@dataclass(frozen=True)
class Day:
    """A field with a valid date, and the dates that it may be compared with.

    Attributes:
        holds: one of `ROLES`.
        is_dotted: whether the vendor writes dd.mm.yyyy, not yyyy-mm-dd.
        now: when the answer is read (milliseconds since the epoch).
        born, issued, expires: of the person; None where no person is known.
    """

    holds: str
    value: date
    is_dotted: bool
    now: int
    born: date | None
    issued: date | None
    expires: date | None

    def text(self, year: int | str, month: int | str, day: int | str) -> str:
        """Formats a date as the vendor does; texts stay as they are."""
        year, month, day = (
            f"{part:0{width}d}" if isinstance(part, int) else part for part, width in ((year, 4), (month, 2), (day, 2))
        )
        return f"{day}.{month}.{year}" if self.is_dotted else f"{year}-{month}-{day}"

    def of(self, day: date) -> str:
        """Formats a day as the vendor does."""
        return self.text(day.year, day.month, day.day)

    def today(self, offset_hours: int = 0) -> date:
        """Returns the day on which the answer is read, at this offset from UTC."""
        return datetime.fromtimestamp(self.now / 1000, timezone(timedelta(hours=offset_hours))).date()

    @property
    def year(self) -> int:
        """The year of the valid date."""
        return self.value.year


@dataclass(frozen=True)
class DayChange:
    """A kind, its claims by role, and the function that makes its value, or None where it does not apply."""

    kind: Kind
    claims: Mapping[str, frozenset[str]]
    make: Callable[[Day], Any]


def _change(
    name: str,
    rationale: str,
    source: str,
    make: Callable[[Day], Any],
    claims: str | Iterable[str] = ACCEPT,
    *,
    tags: Iterable[str] = (),
    roles: Iterable[str] = ROLES,
    other: Mapping[str, str] = MappingProxyType({}),
) -> DayChange:
    """Makes a change; `other` has the roles with another claim."""
    wanted = frozenset([claims] if isinstance(claims, str) else claims)
    by_role = {role: frozenset([other[role]]) if role in other else wanted for role in roles}
    union: frozenset[str] = frozenset().union(*by_role.values())
    return DayChange(kind(f"dates.date_{name}", rationale, source, union, tags), by_role, make)


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return date(day.year - years, 3, 1)


def _leap_day(at: Day) -> str:
    """Returns a 29 February that fits the role: of an adult's birth, the last one, the next one."""
    year, today = at.today().year, at.today()
    if at.holds == BIRTH:
        return at.text(_LEAP_BORN[0], 2, 29)
    step = -1 if at.holds == ISSUE else 1
    while not isleap(year) or (step < 0 and date(year, 2, 29) > today) or (step > 0 and date(year, 2, 29) < today):
        year += step
    return at.text(year, 2, 29)


def _moved(day: date | None, days: int) -> date | None:
    return None if day is None else day + timedelta(days=days)


def _if(at: Day, day: date | None) -> str | None:
    return None if day is None else at.of(day)


_ON_THE_EDGE = (
    _change(
        "leap_day", "29 February has no anniversary in three years of four: ages and validities are counted otherwise.", _LEAP,
        _leap_day, tags=("leap", "boundary"),
    ),
    _change(
        "leap_day_of_2000", "2000 was a leap year though 1900 was none: a rule of four and hundred alone forbids the day.", _LEAP,
        lambda at: at.text(2000, 2, 29), tags=("leap",), roles=(BIRTH,),
    ),
    _change(
        "leap_day_turns_18", "A person born on 29 February 2008 is an adult from 28 February or from 1 March on, by the law.",
        _LEAP, lambda at: at.text(_LEAP_BORN[1], 2, 29), tags=("leap", "age"), roles=(BIRTH,),
    ),
    _change(
        "adult_today_in_utc", "The eighteenth birthday is today by the clock of most servers: adult from the first moment of it.",
        _ZONES, lambda at: at.of(_years_before(at.today(), _ADULT)), tags=("age", "boundary", "time-zone"), roles=(BIRTH,),
    ),
    _change(
        "adult_today_in_the_west", "The eighteenth birthday is today at UTC-12, where the day begins last: adult everywhere.",
        _ZONES, lambda at: at.of(_years_before(at.today(-12), _ADULT)), tags=("age", "boundary", "time-zone"), roles=(BIRTH,),
    ),
    _change(
        "adult_today_in_the_east", "The eighteenth birthday is today at UTC+14 alone, where the day begins first.", _ZONES,
        lambda at: at.of(_years_before(at.today(14), _ADULT)), tags=("age", "boundary", "time-zone"), roles=(BIRTH,),
    ),
    _change(
        "adult_tomorrow", "One day is left to the eighteenth birthday, even at UTC+14: a minor by every clock.", _ZONES,
        lambda at: at.of(_years_before(at.today(14) + timedelta(days=1), _ADULT)), tags=("age", "boundary"), roles=(BIRTH,),
    ),
    _change(
        "hundred_years_today", "In two digits the year is this one: born a hundred years ago, or today.", _MRTD,
        lambda at: at.of(_years_before(at.today(), 100)), tags=("age", "century"), roles=(BIRTH,),
    ),
    _change(
        "older_than_anybody", "No person has become 123 years old; such years come from a mistyped digit.", _MRTD,
        lambda at: at.of(at.today() - timedelta(days=_DAYS_OF_OLDEST)), EITHER, tags=("age",), roles=(BIRTH,),
    ),
    _change(
        "born_today", "Age 0 is a number that many programs take for none.", _MRTD, lambda at: at.of(at.today()), EITHER,
        tags=("age", "boundary"), roles=(BIRTH,),
    ),
    _change(
        "born_in_the_future", "A birth after tomorrow is in the future by every clock, and the age is negative.", _MRTD,
        lambda at: at.of(at.today() + timedelta(days=2)), EITHER, tags=("age",), roles=(BIRTH,),
    ),
    _change(
        "born_after_issue", "A birth on the day after the issue: the document is older than its holder.", _ORDER,
        lambda at: _if(at, _moved(at.issued, 1)), EITHER, tags=("order",), roles=(BIRTH,),
    ),
    _change(
        "issued_today", "A document that is used on its first day.", _MRTD, lambda at: at.of(at.today()), tags=("boundary",),
        roles=(ISSUE,),
    ),
    _change(
        "issued_in_the_future", "A document of the day after tomorrow does not exist yet, by any clock.", _MRTD,
        lambda at: at.of(at.today() + timedelta(days=2)), EITHER, tags=("order",), roles=(ISSUE,),
    ),
    _change(
        "issued_after_expiry", "An issue on the day after the expiry: the document was never valid.", _ORDER,
        lambda at: _if(at, _moved(at.expires, 1)), EITHER, tags=("order",), roles=(ISSUE,),
    ),
    _change(
        "issued_before_birth", "An issue before the birth: the document is older than its holder.", _ORDER,
        lambda at: _if(at, _moved(at.born, -1)), EITHER, tags=("order",), roles=(ISSUE,),
    ),
    _change(
        "expires_today", "A document is valid through the day of its expiry.", _MRTD, lambda at: at.of(at.today()),
        tags=("boundary", "time-zone"), roles=(EXPIRY,),
    ),
    _change(
        "expired_yesterday", "Expired by UTC's calendar; at UTC-12 it may still be the last day.", _ZONES,
        lambda at: at.of(at.today() - timedelta(days=1)), tags=("boundary", "time-zone"), roles=(EXPIRY,),
    ),
    _change(
        "expires_before_issue", "An expiry on the day before the issue: the validity is negative.", _ORDER,
        lambda at: _if(at, _moved(at.issued, -1)), EITHER, tags=("order",), roles=(EXPIRY,),
    ),
    _change(
        "day_and_month_may_change_places", "The third of April is also the fourth of March: only the format shows it.", _ISO,
        lambda at: at.text(at.year, 4, 3), tags=("parser",),
    ),
)  # fmt: skip
_FAR_AWAY = (
    _change(
        "year_0001", "The zero value of dates in Go and .NET and the least that Python has: often it means none.", _RFC,
        lambda at: at.text(1, 1, 1), EITHER, tags=("boundary",),
    ),
    _change(
        "year_1582", "Ten days of October 1582 are in no Gregorian calendar but the extended one of ISO 8601.", _LEAP,
        lambda at: at.text(1582, 10, 10), EITHER, tags=("boundary",),
    ),
    _change(
        "year_1899", "Spreadsheets count days from about here: this one is number 0, number 1 or none.",
        "ECMA-376 part 1, section 18.17.4, Dates and times", lambda at: at.text(1899, 12, 31), EITHER, tags=("boundary",),
    ),
    _change(
        "epoch", "The first day of Unix time is the number 0, which many programs take for none.", "POSIX.1-2017, section 4.16",
        lambda at: at.text(1970, 1, 1), EITHER, tags=("boundary", "epoch"), other={BIRTH: ACCEPT},
    ),
    _change(
        "year_2038", "Seconds since 1970 end on this day in 32 bits with a sign.", "POSIX.1-2017, section 4.16",
        lambda at: at.text(2038, 1, 19), EITHER, tags=("boundary", "epoch"), other={EXPIRY: ACCEPT},
    ),
    _change(
        "year_9999", "The last day that four digits can write: documents that never expire have it.", _RFC,
        lambda at: at.text(9999, 12, 31), EITHER, tags=("boundary",), other={EXPIRY: ACCEPT},
    ),
    _change(
        "year_10000", "A year of five digits needs an agreement, and sorts before 2000 as text.", _ISO,
        lambda at: at.text(10000, 1, 1), _INVALID, tags=("boundary",),
    ),
    _change(
        "buddhist_year", "Thai documents count years from the Buddha: 543 more.", "Unicode CLDR, calendar buddhist",
        lambda at: at.text(at.year + 543, at.value.month, min(at.value.day, 28)), EITHER, tags=("calendar",),
    ),
    _change(
        "islamic_year", "Some documents of the Arab world count lunar years from 622.", "Unicode CLDR, calendar islamic-umalqura",
        lambda at: at.text(int((at.year - 622) * 33 / 32), at.value.month, min(at.value.day, 28)), EITHER, tags=("calendar",),
    ),
    _change(
        "persian_year", "Iranian documents count solar years from 622: 621 less, and the year begins in March.",
        "Unicode CLDR, calendar persian", lambda at: at.text(at.year - 621, at.value.month, min(at.value.day, 28)), EITHER,
        tags=("calendar",),
    ),
    _change(
        "ethiopian_year", "Ethiopian documents are seven or eight years behind.", "Unicode CLDR, calendar ethiopic",
        lambda at: at.text(at.year - 8, at.value.month, min(at.value.day, 28)), EITHER, tags=("calendar",),
    ),
    _change(
        "minguo_year", "Taiwanese documents count years of the republic: 1911 less, written with zeros before them.",
        "Unicode CLDR, calendar roc", lambda at: at.text(max(1, at.year - 1911), at.value.month, min(at.value.day, 28)), EITHER,
        tags=("calendar",),
    ),
    _change(
        "year_1900", "The first day of 1900, which forms hold for a birth that nobody knows.",
        "ECMA-376 part 1, section 18.17.4, Dates and times", lambda at: at.text(1900, 1, 1), EITHER, tags=("boundary", "unknown"),
    ),
)  # fmt: skip
CHANGES: tuple[DayChange, ...] = (*_ON_THE_EDGE, *_FAR_AWAY)


def invalid(name: str, rationale: str, make: Callable[[Day], Any], source: str = _RFC, tags: Iterable[str] = ()) -> DayChange:
    """Makes a change to a text that is no date in the vendor's format, for every role."""
    return _change(name, rationale, source, make, _INVALID, tags=tags)
