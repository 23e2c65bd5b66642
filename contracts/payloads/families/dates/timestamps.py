"""Other timestamps: leap seconds, invalid hours and days, and the limits of integer seconds."""

from __future__ import annotations

from specimen.contracts.payloads.families.dates.timestamp_formats import (
    INVALID,
    LEAP,
    OPEN,
    POSIX,
    RFC,
    TimestampChange,
    change,
)

_BULLETIN = "IERS Bulletin C 52, leap second of 2016-12-31"
_GAP = "IANA time zone database, Europe/Berlin; RFC 5545, section 3.3.5"
_NEVER = "RFC 3339, section 5.7, Restrictions"

CHANGES: tuple[TimestampChange, ...] = (
    change(
        "leap_second", "The last leap second so far: few clocks can hold it, and none may make another moment of it.", _BULLETIN,
        lambda _: "2016-12-31T23:59:60Z", OPEN, ["leap"],
    ),
    change(
        "leap_second_elsewhere", "The same leap second by clocks that are an hour ahead: not at midnight.", LEAP,
        lambda _: "2017-01-01T00:59:60+01:00", OPEN, ["leap", "offset"],
    ),
    change(
        "leap_second_of_no_day", "A second 60 at the end of a day that had no leap second: only a table shows it.", LEAP,
        lambda at: f"{at.at:%Y-%m-%d}T23:59:60Z", INVALID, ["leap"],
    ),
    change(
        "second_60", "A second 60 in the middle of a day.", LEAP, lambda at: f"{at.at:%Y-%m-%dT%H:%M}:60Z", INVALID, ["leap"],
    ),
    change("second_61", "No minute has a second 61.", LEAP, lambda at: f"{at.at:%Y-%m-%dT%H:%M}:61Z", INVALID, ["boundary"]),
    change("minute_60", "No hour has a minute 60.", _NEVER, lambda at: f"{at.at:%Y-%m-%dT%H}:60:00Z", INVALID, ["boundary"]),
    change(
        "hour_24", "24:00:00 ended a day in ISO 8601 until 2019 and again since 2022, and is nothing to RFC 3339.",
        "ISO 8601:2004, section 4.2.3; ISO 8601-1:2019/Amd 1:2022",
        lambda at: f"{at.at:%Y-%m-%d}T24:00:00Z", tags=["boundary"],
    ),
    change("hour_25", "No day has an hour 25.", _NEVER, lambda at: f"{at.at:%Y-%m-%d}T25:00:00Z", INVALID, ["boundary"]),
    change(
        "leap_day_of_a_common_year", "2026 has no 29 February: lenient parsers go on to 1 March.", _NEVER,
        lambda _: "2026-02-29T12:00:00Z", INVALID, ["leap"],
    ),
    change(
        "31_april", "April has 30 days: lenient parsers go on to 1 May.", _NEVER, lambda at: f"{at.at:%Y}-04-31T12:00:00Z",
        INVALID, ["boundary"],
    ),
    change(
        "month_13", "There is no month 13: some constructors carry over into the next year.", _NEVER,
        lambda at: f"{at.at:%Y}-13-01T12:00:00Z", INVALID, ["boundary"],
    ),
    change("day_00", "No month begins with a day 0.", _NEVER, lambda at: f"{at.at:%Y-%m}-00T12:00:00Z", INVALID, ["boundary"]),
    change(
        "in_a_gap_of_summer_time", "On that night of 1996 Berlin's clocks went from 02:00 to 03:00: it is 01:30 by UTC.",
        _GAP, lambda _: "1996-03-31T02:30:00+01:00", tags=["time-zone", "offset"],
    ),
    change(
        "in_an_overlap_of_summer_time", "02:30 came twice on that night: only the offset tells that it is the second one.",
        _GAP, lambda _: "1996-10-27T02:30:00+01:00", tags=["time-zone", "offset"],
    ),
    change(
        "in_a_gap_without_offset", "A local time that no clock in Berlin showed: libraries move it, by an hour on or back.",
        _GAP, lambda _: "1996-03-31T02:30:00", tags=["time-zone", "offset"],
    ),
    change(
        "in_an_overlap_without_offset", "A local time that was there twice: libraries take the first or the second.",
        _GAP, lambda _: "1996-10-27T02:30:00", tags=["time-zone", "offset"],
    ),
    change(
        "year_0001", "The zero value of times in Go and .NET: often it means none.", RFC, lambda _: "0001-01-01T00:00:00Z",
        tags=["boundary"],
    ),
    change(
        "before_year_0001", "By UTC it is a year that Python and others cannot hold.", RFC, lambda _: "0001-01-01T00:00:00+14:00",
        tags=["boundary", "offset"],
    ),
    change(
        "year_1582", "A day that the Gregorian calendar left out when it began.", "ISO 8601-1:2019, Gregorian calendar",
        lambda _: "1582-10-10T12:00:00Z", tags=["boundary"],
    ),
    change(
        "year_1899", "A moment before 1900, from which C counts years and some spreadsheets count days.",
        "ISO/IEC 9899, tm_year; ECMA-376 part 1, section 18.17.4, Dates and times", lambda _: "1899-12-31T00:00:00Z",
        tags=["boundary"],
    ),
    change("before_epoch", "Second -1 of Unix time.", POSIX, lambda _: "1969-12-31T23:59:59Z", tags=["boundary", "epoch"]),
    change(
        "epoch", "Second 0 of Unix time, which many programs take for none.", POSIX, lambda _: "1970-01-01T00:00:00Z",
        tags=["boundary", "epoch"],
    ),
    change(
        "year_2038", "The first second that 32 bits with a sign cannot hold.", POSIX, lambda _: "2038-01-19T03:14:08Z",
        tags=["boundary", "epoch"],
    ),
    change(
        "year_2262", "The first second that 64 bits of nanoseconds with a sign cannot hold.", "Go, package time, Time.UnixNano",
        lambda _: "2262-04-11T23:47:17Z", tags=["boundary", "epoch"],
    ),
    change(
        "year_9999", "The last second that four digits of a year can write.", RFC, lambda _: "9999-12-31T23:59:59Z",
        tags=["boundary"],
    ),
    change(
        "after_year_9999", "By UTC it is the year 10000.", RFC, lambda _: "9999-12-31T23:59:59-12:00",
        tags=["boundary", "offset"],
    ),
    change(
        "year_10000", "A year of five digits breaks parsers that read by position.", RFC, lambda _: "10000-01-01T00:00:00Z",
        INVALID, ["boundary"],
    ),
)  # fmt: skip
