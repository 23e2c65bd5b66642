"""One timestamp in other formats: offsets, case, fractions, other standards."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

from specimen.contracts.payloads.model.case_types import ACCEPT, EITHER, REJECT, VERDICTS, Kind, kind

RFC = "RFC 3339, section 5.6, Internet date/time format"
OFFSETS = "RFC 3339, section 4.3, Unknown local offset convention; section 5.6, time-offset"
ISO = "ISO 8601-1:2019, date and time of day"
LEAP = "RFC 3339, section 5.7, Restrictions, leap seconds"
POSIX = "POSIX.1-2017, section 4.16, Seconds since the Epoch"
# Allowed by RFC 3339 and ISO 8601; only a field with one format may refuse it.
_VALID = (ACCEPT, REJECT)
# Allowed by no internet profile.
INVALID = (EITHER, REJECT)
# Allowed by RFC 3339, which lets others refuse it; the contract says only `format: date-time`.
OPEN = (EITHER, REJECT)
_ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


@dataclass(frozen=True)
class Instant:
    """A timestamp: its text in the payload, and its time in UTC."""

    text: str
    at: datetime

    @property
    def seconds(self) -> str:
        """The time in UTC to the second, without an offset."""
        return f"{self.at:%Y-%m-%dT%H:%M:%S}"

    @property
    def fraction(self) -> str:
        """The fraction of the second, nine digits."""
        return f"{self.at.microsecond:06d}000"

    @property
    def precise(self) -> str:
        """The time in UTC without an offset, with milliseconds unless it is a whole second."""
        return f"{self.seconds}.{self.fraction[:3]}" if self.at.microsecond else self.seconds

    def offset(self, hours: int, minutes: int = 0) -> str:
        """Writes the timestamp at another offset; negative hours make the minutes negative."""
        ahead = timedelta(hours=hours, minutes=-minutes if hours < 0 else minutes)
        local = self.at.astimezone(timezone(ahead))
        fraction = f".{self.fraction[:3]}" if self.at.microsecond else ""
        return f"{local:%Y-%m-%dT%H:%M:%S}{fraction}{'-' if hours < 0 else '+'}{abs(hours):02d}:{minutes:02d}"


@dataclass(frozen=True)
class TimestampChange:
    """A kind and the function that makes its value; `is_text_only`: only in a path, a query or a header."""

    kind: Kind
    make: Callable[[Instant], Any]
    is_text_only: bool = False


def instant(text: Any) -> Instant | None:
    """Parses a timestamp with an offset; None where the text is none."""
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if at.tzinfo is None else Instant(text, at.astimezone(UTC))


def change(
    name: str,
    rationale: str,
    source: str,
    make: Callable[[Instant], Any],
    claims: str | Iterable[str] = VERDICTS,
    tags: Iterable[str] = (),
    *,
    is_text_only: bool = False,
) -> TimestampChange:
    """Makes a change; `name` is the id of its kind without the family. That it comes before or after another is no kind's."""
    return TimestampChange(kind(f"dates.moment_{name}", rationale, source, claims, tags, is_of_form=True), make, is_text_only)


def _fraction(digits: int) -> TimestampChange:
    many = {0: "no digits", 1: "one digit"}.get(digits, f"{digits} digits")
    why = {
        0: "patterns that ask for milliseconds fail.",
        1: "it is a tenth, not a millisecond.",
        2: "it is a hundredth, not milliseconds.",
        3: "milliseconds, as JavaScript writes them.",
        6: "microseconds, as Python writes them.",
        7: "ticks of 100 nanoseconds, as .NET writes them.",
        9: "nanoseconds, as Go and Java write them.",
    }.get(digits, "no usual unit.")

    def make(at: Instant) -> str:
        return f"{at.seconds}{'.' if digits else ''}{at.fraction[:digits]}Z"

    return change(f"fraction_{digits}", f"The fraction of the second has {many}: {why}", RFC, make, ACCEPT, ("fraction",))


def _week_date(at: Instant) -> str:
    year, week, day = at.at.isocalendar()
    return f"{year:04d}-W{week:02d}-{day}T{at.at:%H:%M:%S}Z"


def _twelve_hours(at: Instant) -> str:
    return f"{at.at:%Y-%m-%dT%I:%M:%S} {'AM' if at.at.hour < 12 else 'PM'}"


def _milliseconds(at: Instant) -> int:
    return round(at.at.timestamp() * 1000)


_OFFSETS = (
    change("offset_zero", "+00:00 is Z in digits.", OFFSETS, lambda at: f"{at.precise}+00:00", _VALID, ["offset"]),
    change(
        "offset_minus_zero", "-00:00 is UTC whose local offset is unknown, and ISO 8601 forbids it.", OFFSETS,
        lambda at: f"{at.precise}-00:00", OPEN, ["offset"],
    ),
    change(
        "offset_east", "By UTC+14 it is mostly the next day already.", OFFSETS, lambda at: at.offset(14), _VALID,
        ["offset", "time-zone"],
    ),
    change(
        "offset_west", "By UTC-12 it is the day before for half of each day.", OFFSETS, lambda at: at.offset(-12), _VALID,
        ["offset", "time-zone"],
    ),
    change(
        "offset_quarter", "Nepal's clocks are 5 hours and 45 minutes ahead.", OFFSETS, lambda at: at.offset(5, 45), _VALID,
        ["offset"],
    ),
    change(
        "offset_negative_half", "Of -03:30 the minutes are negative too.", OFFSETS, lambda at: at.offset(-3, 30), _VALID,
        ["offset"],
    ),
    change(
        "offset_without_colon", "The basic form of an offset beside the extended form of a time.", ISO,
        lambda at: f"{at.precise}+0000", INVALID, ["offset"],
    ),
    change(
        "offset_of_hours", "An offset may be of hours alone, says ISO 8601.", ISO, lambda at: f"{at.precise}+00", tags=["offset"],
    ),
    change(
        "offset_of_24_hours", "No clock is a day ahead.", RFC, lambda at: f"{at.precise}+24:00", INVALID, ["offset", "boundary"],
    ),
    change(
        "offset_with_minus_sign", "A true minus sign, U+2212, is not the hyphen of the keyboard.", ISO,
        lambda at: f"{at.precise}\u221200:00", INVALID, ["offset", "unicode"],
    ),
    change(
        "offset_missing", "Without an offset a timestamp is a local time in an unknown zone.", ISO, lambda at: at.precise,
        tags=["offset", "time-zone"],
    ),
    change(
        "offset_after_a_space", "A space stands before Z.", RFC, lambda at: f"{at.precise} Z", INVALID,
        ["offset", "white-space"],
    ),
    change("offset_as_a_name", "A zone's name is no offset.", RFC, lambda at: f"{at.precise} UTC", INVALID, ["offset"]),
    change(
        "offset_with_a_zone", "A newer standard adds the zone's name in brackets.", "RFC 9557, section 4, IXDTF",
        lambda at: f"{at.precise}Z[Etc/UTC]", INVALID, ["offset", "time-zone"],
    ),
    change(
        "plus_became_a_space", "A plus sign that is not encoded is a space in a query.",
        "WHATWG URL, application/x-www-form-urlencoded", lambda at: f"{at.precise} 00:00", INVALID, ["offset", "encoding"],
        is_text_only=True,
    ),
    change(
        "encoded_twice", "The colons were percent-encoded twice.", "RFC 3986, section 2.4, When to encode or decode",
        lambda at: f"{at.precise}Z".replace(":", "%3A"), INVALID, ["encoding"], is_text_only=True,
    ),
)  # fmt: skip
_FORMS = (
    change(
        "lowercase_t", "RFC 3339 reads a small t as T, and lets others ask for capitals: the same moment, or refused.", RFC,
        lambda at: f"{at.precise}Z".replace("T", "t"), OPEN, ["case"],
    ),
    change(
        "lowercase_z", "RFC 3339 reads a small z as Z, and lets others ask for capitals: the same moment, or refused.", RFC,
        lambda at: f"{at.precise}z", OPEN, ["case"],
    ),
    change(
        "space_for_t", "RFC 3339 mentions a space between date and time, and its grammar does not have it.", RFC,
        lambda at: f"{at.precise}Z".replace("T", " "), INVALID, ["white-space"],
    ),
    *(_fraction(digits) for digits in range(10)),
    change(
        "fraction_12", "RFC 3339 has no limit for the digits: a reader that cannot keep them cuts them and does not refuse.", RFC,
        lambda at: f"{at.seconds}.{at.fraction}000Z", ACCEPT, ["fraction"],
    ),
    change(
        "fraction_rounds_up", "Rounding nine nines gives the next second.", RFC, lambda at: f"{at.seconds}.999999999Z",
        (ACCEPT, EITHER, REJECT), ["fraction", "boundary"],  # a later time may be past another of the answer
    ),
    change("fraction_empty", "A point without digits is no fraction.", RFC, lambda at: f"{at.seconds}.Z", INVALID, ["fraction"]),
    change(
        "fraction_with_comma", "ISO 8601 takes a comma as well as a point.", ISO, lambda at: f"{at.seconds},{at.fraction[:3]}Z",
        tags=["fraction"],
    ),
    change(
        "seconds_missing", "Hours and minutes are a time, says ISO 8601.", ISO, lambda at: f"{at.at:%Y-%m-%dT%H:%M}Z",
        tags=["format"],
    ),
    change(
        "basic_form", "ISO 8601 also writes moments without hyphens and colons.", ISO, lambda at: f"{at.at:%Y%m%dT%H%M%S}Z",
        tags=["format"],
    ),
    change(
        "week_date", "ISO 8601 has weeks and their days for moments too.", "ISO 8601-1:2019, week date", _week_date,
        tags=["format"],
    ),
    change(
        "ordinal_date", "ISO 8601 has the days of a year for moments too.", "ISO 8601-1:2019, ordinal date",
        lambda at: f"{at.at:%Y-%jT%H:%M:%S}Z", tags=["format"],
    ),
    change("date_alone", "A day alone is no moment of it.", RFC, lambda at: f"{at.at:%Y-%m-%d}", INVALID, ["format"]),
    change("time_alone", "A time of day is no moment.", RFC, lambda at: f"{at.at:%H:%M:%S}Z", INVALID, ["format"]),
    change(
        "epoch_seconds", "Seconds since 1970 as a number.", POSIX, lambda at: _milliseconds(at) // 1000, INVALID,
        ["epoch", "type"],
    ),
    change(
        "epoch_seconds_text", "Seconds since 1970 as text.", POSIX, lambda at: str(_milliseconds(at) // 1000), INVALID,
        ["epoch"],
    ),
    change(
        "epoch_milliseconds", "Milliseconds since 1970 as a number, as JavaScript counts.", "ECMA-262, Time values",
        _milliseconds, INVALID, ["epoch", "type"],
    ),
    change(
        "epoch_milliseconds_text", "Milliseconds since 1970 as text.", "ECMA-262, Time values", lambda at: str(_milliseconds(at)),
        INVALID, ["epoch"],
    ),
    change(
        "epoch_fraction", "Seconds since 1970 as a number with a fraction, as Python counts.", POSIX,
        lambda at: _milliseconds(at) // 1000 + 0.5, INVALID, ["epoch", "type", "fraction"],
    ),
    change(
        "http_date", "The form of HTTP's and mail's headers, with GMT for an offset.",
        "RFC 9110, section 5.6.7; RFC 1123, section 5.2.14",
        lambda at: format_datetime(at.at.replace(microsecond=0), usegmt=True), INVALID, ["format"],
    ),
    change(
        "asctime", "The form of C's asctime, without an offset.", "RFC 9110, section 5.6.7, obs-date",
        lambda at: f"{at.at:%a %b} {at.at.day:2d} {at.at:%H:%M:%S %Y}", INVALID, ["format"],
    ),
    change(
        "dotnet_json", "The form of Microsoft's older JSON serialisers.",
        "Microsoft, DataContractJsonSerializer, DateTime wire format", lambda at: f"/Date({_milliseconds(at)})/", INVALID,
        ["format"],
    ),
    change("slashes", "The parts of the date with slashes.", RFC, lambda at: f"{at.at:%Y/%m/%dT%H:%M:%S}Z", INVALID, ["format"]),
    change("day_first", "The day first, with dots.", RFC, lambda at: f"{at.at:%d.%m.%Y %H:%M:%S}", INVALID, ["format"]),
    change(
        "twelve_hours", "The hour of a clock of twelve.", RFC, _twelve_hours, INVALID, ["format"],
    ),
    change(
        "two_digit_year", "A timestamp with two digits of its year may be read day first.", RFC, lambda at: f"{at.precise}Z"[2:],
        INVALID, ["century"],
    ),
    change(
        "expanded_year", "A sign and six digits: how JavaScript writes years outside 0 to 9999.", "ECMA-262, Expanded years",
        lambda at: f"+00{at.precise}Z", INVALID, ["format"],
    ),
    change(
        "arabic_digits", "Arabic-Indic digits fit a class of digits that knows Unicode, and no RFC.",
        "Unicode Standard, general category Nd", lambda at: f"{at.precise}Z".translate(_ARABIC), INVALID, ["unicode"],
    ),
    change("spaces_around", "Spaces before and after the moment.", RFC, lambda at: f" {at.precise}Z ", INVALID, ["white-space"]),
    change(
        "trailing_newline", "A dollar sign in a timestamp's pattern may let a line feed pass.", RFC,
        lambda at: f"{at.precise}Z\n", INVALID, ["white-space"],
    ),
    change("empty", "An empty text is no moment, and not null.", RFC, lambda _: "", INVALID, ["empty"]),
)  # fmt: skip
CHANGES: tuple[TimestampChange, ...] = (*_OFFSETS, *_FORMS)
