"""Grammars of standards, written here from their texts: nothing of the families, of the judge or of a validator is used.

Each says of a value `RIGHT`, `WRONG`, or `OPEN`, where the standard itself leaves it to agreement or to its readers.
"""

from __future__ import annotations

import re
from calendar import isleap, monthrange

RIGHT, OPEN, WRONG = "right", "open", "wrong"
_DIGITS = "0123456789"
_ALPHA_3 = frozenset(
    """ABW AFG AGO AIA ALA ALB AND ARE ARG ARM ASM ATA ATF ATG AUS AUT AZE BDI BEL BEN BES BFA BGD BGR BHR BHS BIH BLM BLR BLZ
    BMU BOL BRA BRB BRN BTN BVT BWA CAF CAN CCK CHE CHL CHN CIV CMR COD COG COK COL COM CPV CRI CUB CUW CXR CYM CYP CZE DEU DJI
    DMA DNK DOM DZA ECU EGY ERI ESH ESP EST ETH FIN FJI FLK FRA FRO FSM GAB GBR GEO GGY GHA GIB GIN GLP GMB GNB GNQ GRC GRD GRL
    GTM GUF GUM GUY HKG HMD HND HRV HTI HUN IDN IMN IND IOT IRL IRN IRQ ISL ISR ITA JAM JEY JOR JPN KAZ KEN KGZ KHM KIR KNA KOR
    KWT LAO LBN LBR LBY LCA LIE LKA LSO LTU LUX LVA MAC MAF MAR MCO MDA MDG MDV MEX MHL MKD MLI MLT MMR MNE MNG MNP MOZ MRT MSR
    MTQ MUS MWI MYS MYT NAM NCL NER NFK NGA NIC NIU NLD NOR NPL NRU NZL OMN PAK PAN PCN PER PHL PLW PNG POL PRI PRK PRT PRY PSE
    PYF QAT REU ROU RUS RWA SAU SDN SEN SGP SGS SHN SJM SLB SLE SLV SMR SOM SPM SRB SSD STP SUR SVK SVN SWE SWZ SXM SYC SYR TCA
    TCD TGO THA TJK TKL TKM TLS TON TTO TUN TUR TUV TWN TZA UGA UKR UMI URY USA UZB VAT VCT VEN VGB VIR VNM VUT WLF WSM YEM ZAF
    ZMB ZWE""".split()  # noqa: SIM905 - ISO 3166-1 in lines
)


class _Reader:
    """Reads a text from the left."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def take(self, *options: str) -> str:
        """Takes the first of the texts that comes next; an empty text where none does."""
        found = next((option for option in options if self.text.startswith(option, self.at)), "")
        self.at += len(found)
        return found

    def digits(self, count: int) -> int | None:
        """Takes so many ASCII digits as a number."""
        part = self.text[self.at : self.at + count]
        if len(part) < count or any(letter not in _DIGITS for letter in part):
            return None
        self.at += count
        return int(part)

    def run(self) -> str:
        """Takes all digits that come next."""
        start = self.at
        while self.at < len(self.text) and self.text[self.at] in _DIGITS:
            self.at += 1
        return self.text[start : self.at]

    @property
    def is_at_end(self) -> bool:
        """Whether nothing is left."""
        return self.at == len(self.text)


def iso_8601(value: object) -> str:
    """A date and a time of day: right where RFC 3339 has it in capitals, open where only ISO 8601 or only RFC 3339 does."""
    if not isinstance(value, str):
        return WRONG
    reader = _Reader(value)
    is_plain = _date(reader)
    if is_plain is None:
        return WRONG
    mark = reader.take("T", "t")
    found = None if not mark else _time(reader)
    if found is None or not reader.is_at_end:
        return WRONG
    return RIGHT if is_plain and found and mark == "T" else OPEN


def _date(reader: _Reader) -> bool | None:
    """Whether a date is a calendar date with hyphens and four digits of a year; None where it is no date."""
    sign = reader.take("+", "-")
    if sign:
        start = reader.at
        while reader.at - start < 6 and reader.digits(1) is not None:
            pass
        if reader.at - start < 5:
            return None
        year: int | None = int(reader.text[start : reader.at])
    else:
        year = reader.digits(4)
    if year is None:
        return None
    hyphen = reader.take("-")
    if reader.take("W"):
        week = reader.digits(2)
        is_same = bool(reader.take("-")) == bool(hyphen)
        day = reader.digits(1)
        return False if week and day and is_same and week <= 53 and day <= 7 else None
    start = reader.at
    run = reader.run()
    reader.at = start
    if len(run) == 3:
        day = reader.digits(3)
        return False if day and day <= 365 + isleap(year) else None
    month = reader.digits(2)
    if bool(reader.take("-")) != bool(hyphen):
        return None
    day = reader.digits(2)
    if not month or not day or month > 12 or day > monthrange(2000 if isleap(year) else 2001, month)[1]:
        return None
    return bool(hyphen) and not sign


def _time(reader: _Reader) -> bool | None:
    """Whether a time is as in RFC 3339 and so that all readers take it; None where it is none."""
    hour = reader.digits(2)
    if hour is None or hour > 24:
        return None
    minute = second = None
    colon = reader.take(":")
    minute = reader.digits(2)
    if minute is not None:
        other = reader.take(":") if colon else ""
        second = reader.digits(2) if other or not colon else None
        if other and second is None:
            return None
    elif colon:
        return None
    sign = reader.take(".", ",")
    fraction = reader.run() if sign else ""
    if sign and not fraction:
        return None
    rest = (minute or 0, second or 0, int(fraction or 0))
    if (minute or 0) > 59 or (second or 0) > 60 or (hour == 24 and any(rest)):
        return None
    zone = _zone(reader)
    if zone is None:
        return None
    is_plain, ahead = zone
    if second == 60:
        # A leap second ends a day of UTC; without an offset nobody knows.
        if ahead is not None and (hour * 60 + (minute or 0) - ahead) % 1440 != 1439:
            return None
        return False
    return is_plain and bool(colon) and second is not None and sign != "," and hour < 24


def _zone(reader: _Reader) -> tuple[bool, int | None] | None:
    """Whether an offset is one of RFC 3339 that ISO 8601 has too, and its minutes; None where it is no offset."""
    if reader.is_at_end:
        return False, None
    letter = reader.take("Z", "z")
    if letter:
        return letter == "Z", 0
    sign = reader.take("+", "-", "\u2212")
    hours = reader.digits(2) if sign else None
    if hours is None or hours > 23:
        return None
    colon = reader.take(":")
    minutes = reader.digits(2)
    if (colon and minutes is None) or (minutes or 0) > 59:
        return None
    ahead = (hours * 60 + (minutes or 0)) * (1 if sign == "+" else -1)
    is_forbidden = sign != "+" and ahead == 0
    return bool(colon) and sign != "\u2212" and not is_forbidden, ahead


def event_stream(data: bytes) -> list[str]:
    """The data of each whole event (WHATWG HTML, section 9.2.6), with its name where it is not `message`."""
    text = data.decode().removeprefix("\ufeff")
    found, lines, name = [], [], ""
    for line in re.split("\r\n|\n|\r", text)[:-1]:
        field, _, value = line.partition(":")
        if field == "data":
            lines.append(value.removeprefix(" "))
        elif field == "event":
            name = value.removeprefix(" ")
        elif not line:
            if lines:
                found.append("\n".join(lines) if name in ("", "message") else f"{name}!")
            lines, name = [], ""
    return found


def utc_in_seconds(value: object) -> str:
    """A moment in UTC that ends in Z."""
    found = iso_8601(value)
    return WRONG if found != RIGHT or not str(value).endswith("Z") else RIGHT


def iso_3166(value: object) -> str:
    """Three capitals of the list of today; others are open: withdrawn, reserved, or given since."""
    if not isinstance(value, str) or re.fullmatch("[A-Z]{3}", value, re.ASCII) is None:
        return OPEN if value == "" else WRONG
    return RIGHT if value in _ALPHA_3 else OPEN


def uuid(value: object) -> str:
    """RFC 9562: five groups of hexadecimal digits; capitals may be read and not written, versions and variants are of others."""
    if not isinstance(value, str):
        return WRONG
    groups = value.split("-")
    is_form = [len(group) for group in groups] == [8, 4, 4, 4, 12] and all(_is_hexadecimal(group) for group in groups)
    if not is_form:
        return WRONG
    is_of_rfc = value[14] in "12345678" and value[19] in "89ab"
    return RIGHT if value == value.lower() and is_of_rfc else OPEN


def time_uuid(value: object) -> str:
    """A UUID of version 1 and of the variant of RFC 9562."""
    found = uuid(value)
    if found == WRONG:
        return WRONG
    text = str(value).lower()
    return found if text[14] == "1" and text[19] in "89ab" else WRONG


def _is_hexadecimal(text: str) -> bool:
    return bool(text) and all(letter in "0123456789abcdefABCDEF" for letter in text)


_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*", re.ASCII)
_UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_SUB = "!$&'()*+,;="


def uri(value: object) -> str:
    """RFC 3986, section 3: a scheme, and in each part the characters that it may have."""
    if not isinstance(value, str):
        return WRONG
    scheme, colon, rest = value.partition(":")
    if not colon or _SCHEME.fullmatch(scheme) is None:
        return WRONG
    rest, _, fragment = rest.partition("#")
    rest, _, query = rest.partition("?")
    authority, path = "", rest
    if rest.startswith("//"):
        authority, slash, tail = rest[2:].partition("/")
        path = slash + tail
    parts_hold = (
        _holds(fragment, _SUB + ":@/?") and _holds(query, _SUB + ":@/?") and _holds(path, _SUB + ":@/") and _authority(authority)
    )
    return RIGHT if parts_hold else WRONG


def _authority(text: str) -> bool:
    user, at, host = text.rpartition("@")
    if at and not _holds(user, _SUB + ":"):
        return False
    if host.startswith("["):
        inside, bracket, port = host[1:].partition("]")
        return bool(bracket) and set(inside) <= set("0123456789abcdefABCDEF:.") and _port(port)
    name, colon, port = host.partition(":")
    return _holds(name, _SUB) and _port(colon + port)


def _port(text: str) -> bool:
    return not text or (text[0] == ":" and all(letter in _DIGITS for letter in text[1:]))


def _holds(text: str, more: str) -> bool:
    """Whether a text has escapes, unreserved characters and those that its part may have besides."""
    at = 0
    while at < len(text):
        if text[at] == "%":
            if not _is_hexadecimal(text[at + 1 : at + 3]) or len(text[at + 1 : at + 3]) < 2:
                return False
            at += 3
        elif text[at] in _UNRESERVED or text[at] in more:
            at += 1
        else:
            return False
    return True


def https_url(value: object) -> str:
    """An absolute https URL: what is no URI is open where a lenient reader takes it."""
    if not isinstance(value, str) or value[:8].lower() != "https://" or value[8:9] in ("", "/", "?", "#"):
        return WRONG
    return RIGHT if uri(value) == RIGHT and value.startswith("https://") else OPEN


def text(value: object) -> str:
    """Any text: nobody said more."""
    return OPEN if isinstance(value, str) else WRONG


def calendar_date(value: object) -> str:
    """A day as YYYY-MM-DD or DD.MM.YYYY that the Gregorian calendar has."""
    if not isinstance(value, str) or len(value) != 10:
        return WRONG
    reader = _Reader(value)
    if value[2] == ".":
        day, first, month, second, year = reader.digits(2), reader.take("."), reader.digits(2), reader.take("."), reader.digits(4)
    else:
        year, first, month, second, day = reader.digits(4), reader.take("-"), reader.digits(2), reader.take("-"), reader.digits(2)
    if year is None or not month or not day or not first or not second or month > 12:
        return WRONG
    return RIGHT if day <= monthrange(2000 if isleap(year) else 2001, month)[1] else WRONG


# Doc 9303, part 3, section 4.9.
_VALUES = {letter: number for number, letter in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")} | {"<": 0}
_SIZES = {(44, 44): "td3", (36, 36): "td2", (30, 30, 30): "td1"}


def machine_readable_zone(value: object) -> str:
    """Doc 9303: a size, capitals, digits and fillers, and each check digit; open where all of that holds."""
    if not isinstance(value, list) or not all(isinstance(line, str) for line in value):
        return WRONG
    size = _SIZES.get(tuple(len(line) for line in value))
    if size is None or any(letter not in _VALUES for line in value for letter in line):
        return WRONG
    if value[0].startswith("IDFRA"):
        # The French card of 1988: its number, the birth date, and all before the last character.
        line = value[1]
        sums = [(line[:12], line[12]), (line[27:33], line[33]), (value[0] + line[:35], line[35])]
        return OPEN if all(_digit(data) == digit for data, digit in sums) else WRONG
    fit = (_digit(data) == digit or (digit == "<" and not data.strip("<")) for data, digit in _sums(size, value))
    return OPEN if all(fit) else WRONG


def _sums(size: str, lines: list[str]) -> list[tuple[str, str]]:
    if size == "td1":
        first, second = lines[0], lines[1]
        whole = (first[5:30] + second[0:7] + second[8:15] + second[18:29], second[29])
        number = (first[5:14], first[14])
        if first[14] == "<" and first[15] != "<":
            rest = first[15:30].split("<")[0]
            number = (first[5:14] + rest[:-1], rest[-1])
        return [number, (second[0:6], second[6]), (second[8:14], second[14]), whole]
    line = lines[1]
    found = [(line[0:9], line[9]), (line[13:19], line[19]), (line[21:27], line[27])]
    if size == "td3":
        found.append((line[28:42], line[42]))
        return [*found, (line[0:10] + line[13:20] + line[21:43], line[43])]
    return [*found, (line[0:10] + line[13:20] + line[21:35], line[35])]


def _digit(data: str) -> str:
    return str(sum(_VALUES[letter] * (7, 3, 1)[at % 3] for at, letter in enumerate(data)) % 10)


def ethereum(value: object) -> str:
    """EIP-55: right with its checksum or in small letters; all else is open, as no page asks for a chain or a checksum."""
    if not isinstance(value, str):
        return WRONG
    if re.fullmatch("0x[0-9a-fA-F]{40}", value, re.ASCII) is None:
        return OPEN
    digits = value[2:]
    if digits == digits.lower():
        return RIGHT
    said = _keccak_256(digits.lower().encode()).hex()
    fits = all(letter.isupper() == (said[at] >= "8") for at, letter in enumerate(digits) if letter.isalpha())
    return RIGHT if fits else OPEN


def _keccak_256(data: bytes) -> bytes:
    """FIPS 202's permutation with Keccak's own padding."""
    rate, mask = 136, (1 << 64) - 1
    lanes = [[0] * 5 for _ in range(5)]
    padded = data + b"\x01" + bytes(-(len(data) + 2) % rate) + b"\x80"
    if (len(data) + 1) % rate == 0:
        padded = data + b"\x81"
    for start in range(0, len(padded), rate):
        for number in range(rate // 8):
            word = int.from_bytes(padded[start + 8 * number : start + 8 * number + 8], "little")
            lanes[number % 5][number // 5] ^= word
        register = 1
        for _ in range(24):
            parity = [column[0] ^ column[1] ^ column[2] ^ column[3] ^ column[4] for column in lanes]
            for x in range(5):
                mixed = parity[(x + 4) % 5] ^ _turned(parity[(x + 1) % 5], 1, mask)
                lanes[x] = [lane ^ mixed for lane in lanes[x]]
            x, y, current = 1, 0, lanes[1][0]
            for step in range(24):
                x, y = y, (2 * x + 3 * y) % 5
                current, lanes[x][y] = lanes[x][y], _turned(current, (step + 1) * (step + 2) // 2, mask)
            for y in range(5):
                row = [lanes[x][y] for x in range(5)]
                for x in range(5):
                    lanes[x][y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5] & mask)
            for power in range(7):
                register = ((register << 1) ^ ((register >> 7) * 0x71)) % 256
                if register & 2:
                    lanes[0][0] ^= 1 << ((1 << power) - 1)
    return b"".join(lanes[number % 5][number // 5].to_bytes(8, "little") for number in range(4))


def _turned(word: int, by: int, mask: int) -> int:
    by %= 64
    return ((word << by) | (word >> (64 - by))) & mask
