"""Pseudonyms that keep lengths, patterns, formats and equality of values, and nothing else."""

from __future__ import annotations

import math
import re
from datetime import datetime
from functools import lru_cache
from hashlib import shake_128

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-f]{16,}", re.IGNORECASE)
_DATE = re.compile(r"([0-9]{4})(-?)([0-9]{2})(-?)([0-9]{2})(?:([Tt ])([0-9]{2})(.*))?", re.DOTALL)
_SPOKEN_DATE = re.compile(r"[0-9]{2}([./-])[0-9]{2}\1[0-9]{4}")
_URL = re.compile(r"([a-z][a-z0-9+.-]*)(://)([^/?#]*)([^?#]*)(?:(\?)([^#]*))?(?:(#)(.*))?", re.DOTALL | re.IGNORECASE)
_SCHEMES = frozenset({"http", "https", "ws", "wss"})
# Of a PNG its signature, width and height (24 bytes) stay.
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp|svg\+xml);base64,(?:iVBORw0KGgo[A-Za-z0-9+/]{21})?")
_PORT = re.compile(r"(.*?)(:[0-9]{1,5})?", re.DOTALL)
_HERE = frozenset({"localhost", "127.0.0.1", "[::1]"})
# How long a signed link is good for, and in what form the rest of its signature comes (AWS Signature Version 4).
_SIGNED = re.compile(r"X-Amz-[A-Za-z-]{1,30}")
_SECONDS = re.compile(r"[0-9]{1,6}")
_ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}|.", re.DOTALL)
_FLOAT = re.compile(r"(-?)([0-9.]+)(.*)")
# Characters after these are written alike, whatever they are; that the whole is another is seen in those before.
_MOST_DRAWN = 512
# So many letters and digits are shuffled, so that two short values never get one pseudonym; of more it is hardly to be met.
_SHORT = 5
_MOST_SHUFFLED = 12
_MOST_CACHED = 64
_TAIL = str.maketrans({**dict.fromkeys("0123456789", "0"), **{chr(65 + n): "A" for n in range(26)},
                       **{chr(97 + n): "a" for n in range(26)}})  # fmt: skip
# What stands in place of an ASCII letter or digit for each byte drawn, by how many letters there are.
_KINDS = {
    span: {
        chr(char): "".join(chr(first + byte % count) for byte in range(256))
        for first, size, count in ((48, 10, 10), (97, 26, span), (65, 26, span))
        for char in range(first, first + size)
    }
    for span in (6, 26)
}
_FOREIGN = re.compile(r"[^\x00-\x7f\s\ud800-\udfff]")


class Pseudonyms:
    """Replaces letters by letters and digits by digits; the case of letters is kept, and makes no other difference.

    The same value has the same pseudonym, which depends on `secret`: it is used for one recording and thrown away. `prefixes`
    are the beginnings that stay, because they are public.
    """

    def __init__(self, secret: bytes, prefixes: tuple[str, ...] = ()) -> None:
        self._secret = secret
        self._prefixes = prefixes
        self._recent = lru_cache(maxsize=4096)(self._core)  # polling repeats the same values

    def text(self, value: str) -> str:
        """A text of the same form: a URL, a UUID of its version, a valid or an invalid date, or just as many characters."""
        before, core, after = unwrapped(value)
        if not core:
            return value
        return before + (self._recent(core) if len(core) <= _MOST_CACHED else self._core(core)) + after

    def one_of(self, value: str, pair: tuple[str, str]) -> str:
        """Returns one of two words."""
        return pair[(pair.index(value) + self._stream(" ".join(pair), 1)[0]) % 2]

    def small(self, value: str) -> int:
        """A number from 1 to 32, mostly another one for another text."""
        return 1 + self._stream(value, 1)[0] % 32

    def number(self, value: float) -> float:
        """A number of as many digits; whole ones stay whole, and zero stays."""
        if isinstance(value, int):
            digits = self._number(str(abs(value)))
            return -int(digits) if value < 0 else int(digits)
        found = _FLOAT.fullmatch(repr(value))
        if found is None or math.isinf(value):
            return 10**400  # past all doubles, and yet a number that JSON can write
        drawn = float(found[1] + self._number(found[2]) + found[3])
        return 0.5 if math.isinf(drawn) else drawn

    def url(self, value: str) -> str:
        """A URL with the same parts, of which scheme, port and the names of a signature's parameters stay."""
        found = _URL.fullmatch(value)
        if found is None:
            return self._letters(value)
        scheme, mark, authority, path, query_mark, query, fragment_mark, fragment = found.groups()
        scheme = scheme if scheme.lower() in _SCHEMES else self._letters(scheme)
        path = "/".join(map(self.escaped, path.split("/")))
        query = None if query is None else "&".join(map(self._pair, query.split("&")))
        fragment = None if fragment is None else self.escaped(fragment)
        parts = (scheme, mark, self.host(authority), path, query_mark, query, fragment_mark, fragment)
        return "".join(part for part in parts if part is not None)

    def host(self, authority: str) -> str:
        """A host, with a user before it and a port behind; this machine's names and the port stay."""
        user, at, rest = authority.rpartition("@")
        found = _PORT.fullmatch(rest)
        name, port = (found[1], found[2] or "") if found else (rest, "")
        return self.escaped(user) + at + (name if name.lower() in _HERE else self.escaped(name)) + port

    def escaped(self, part: str) -> str:
        """A part of a URL: what was percent-encoded is percent-encoded again."""
        if "%" not in part:
            return self._letters(part)
        tokens = _ESCAPED.findall(part)
        plain = "".join(chr(int(token[1:], 16)) if len(token) == 3 else token for token in tokens)
        drawn = zip(tokens, plain, self._letters(plain), strict=True)
        return "".join(
            new if len(token) == 1 else token if new == old else f"%{min(ord(new), 0xFF):02X}" for token, old, new in drawn
        )

    def _core(self, value: str) -> str:
        if _UUID.fullmatch(value):
            drawn = self._letters(value, span=6)
            return drawn[:14] + value[14] + drawn[15:19] + value[19] + drawn[20:]  # its version and variant
        date = _DATE.fullmatch(value)
        if date is not None:
            return self._date(value, date)
        spoken = _SPOKEN_DATE.fullmatch(value)
        if spoken is not None:
            year, month, day = self._day(value, value[6:], value[3:5], value[:2])
            return f"{day:02}{spoken[1]}{month:02}{spoken[1]}{year}"
        if _URL.fullmatch(value):
            return self.url(value)
        picture = _PICTURE.match(value)
        start = picture[0] if picture else next((one for one in self._prefixes if value.startswith(one)), "")
        start = start or (value[:2] if value[:2] == "0x" else "")
        rest = value[len(start) :]
        return start + self._letters(rest, span=6 if _HEX.fullmatch(rest) else 26)

    def _pair(self, pair: str) -> str:
        name, equals, value = pair.partition("=")
        if _SIGNED.fullmatch(name):
            return name + equals + (value if name == "X-Amz-Expires" and _SECONDS.fullmatch(value) else self.escaped(value))
        return self.escaped(name) + equals + self.escaped(value)

    def _date(self, value: str, found: re.Match[str]) -> str:
        """A date, or a date with its time, that exists exactly if the first one does."""
        in_year, first, in_month, second, on_day, between, _, rest = found.groups()
        draw = iter(self._stream(value, 4 + len(value)))
        year, month, day = self._day(value, in_year, in_month, on_day)
        hour = next(draw) % 24
        if not _exists(value):
            month = 0
        date = f"{year}{first}{month:02}{second}{day:02}"
        if between is None:
            return date
        # Minutes, seconds and an offset of hours and minutes all stay valid when tens stay below six.
        time = re.sub(r"[0-9]{2}", lambda _: f"{next(draw) % 24:02}", rest) if month else self._letters(rest)
        return f"{date}{between}{hour:02}{time}"

    def _day(self, value: str, year: str, month: str, day: str) -> tuple[int, int, int]:
        """Another day: earlier by years that the secret draws, so that days keep their order, and moved within half a year.

        What is no day, or too early, is any day.
        """
        draw = iter(self._stream(value, 3))
        try:
            ordinal = datetime(int(year), int(month), int(day)).toordinal()  # noqa: DTZ001 - a day
            moved = ordinal - self._back(ordinal)
            found = datetime.fromordinal(moved)
        except (ValueError, OverflowError):
            return _another_year(next(draw), year), 1 + next(draw) % 12, 1 + next(draw) % 28
        return (found.year, found.month, found.day) if found.year >= 1900 else (
            _another_year(next(draw), year), 1 + next(draw) % 12, 1 + next(draw) % 28,
        )  # fmt: skip

    def _back(self, ordinal: int) -> int:
        """By how many days a day is moved back: between two that the secret draws for the ends of its year of 366 days."""
        block, rest = divmod(ordinal, 366)
        years = self._stream("years", 1)[0] % 12 + 2
        before, after = (self._stream(f"block {one}", 1)[0] % 180 for one in (block, block + 1))
        return years * 366 + before + (after - before) * rest // 366

    def _number(self, digits: str) -> str:
        """As many digits; a zero at the beginning stays, and none is put there."""
        if not digits.strip("0."):
            return digits
        first, rest = digits[0], digits[1:]
        if first == "0":
            return first + self._letters(rest)
        if len(digits) <= _SHORT:
            drawn = iter(self._shuffled([(int(first) - 1, 9), *((int(char), 10) for char in rest if char != ".")]))
        else:
            stream = self._stream(digits, len(digits))
            drawn = iter([stream[0] % 9, *(byte % 10 for byte in stream[1:])])
        return str(next(drawn) + 1) + "".join("." if char == "." else str(next(drawn)) for char in rest)

    def _letters(self, value: str, span: int = 26) -> str:
        """ASCII letters, digits and characters of other scripts each by one of their kind; all else stays."""
        head, tail = value[:_MOST_DRAWN], value[_MOST_DRAWN:]
        cells = [_cell(char, span) for char in head] if len(head) <= _MOST_SHUFFLED else None
        if cells is not None and sum(cell is not None for cell in cells) <= _SHORT:
            drawn = iter(self._shuffled([cell[1:] for cell in cells if cell is not None]))
            return "".join(char if cell is None else chr(cell[0] + next(drawn)) for char, cell in zip(head, cells, strict=True))
        kinds = _KINDS[span]
        stream = self._stream(value.lower(), len(head))
        if not head.isascii():
            kinds = {**kinds, **{char: _foreign(char) for char in set(head) if _FOREIGN.match(char)}}
        found = "".join([kinds[char][byte] if char in kinds else char for char, byte in zip(head, stream, strict=True)])
        return found + (_FOREIGN.sub("à", tail.translate(_TAIL)) if tail else "")

    def _shuffled(self, cells: list[tuple[int, int]]) -> list[int]:
        """Other numbers for `cells`, each a number and its bound, and for two lists of numbers never the same ones.

        A few are shuffled and not hashed: each number in turn is moved by what all the others are, which can be undone.
        """
        numbers, bounds = [number for number, _ in cells], bytes(bound for _, bound in cells)
        for step in range(2 * len(cells)):
            index = step % len(cells)
            key = self._secret + bytes((step, *numbers[:index], *numbers[index + 1 :])) + bounds
            numbers[index] = (numbers[index] + int.from_bytes(shake_128(key).digest(4), "big")) % bounds[index]
        return numbers

    def _stream(self, value: str, length: int) -> bytes:
        return shake_128(self._secret + b" " + value.encode("utf-8", "surrogatepass")).digest(length)


def _cell(char: str, span: int) -> tuple[int, int, int] | None:
    """The first character of a kind, which one of them this is, and how many there are; None for what stays as it is."""
    if "0" <= char <= "9":
        return 48, ord(char) - 48, 10
    if "a" <= char <= "z" or "A" <= char <= "Z":
        first = 97 if char >= "a" else 65
        return first, (ord(char) - first) % span, span
    return (ord(_foreign(char)[0]), ord(char) % 22, 22) if _FOREIGN.match(char) else None


def _foreign(char: str) -> str:
    """What stands for each byte drawn in place of a character of another script: one that is not ASCII either."""
    first = 0xC0 if char.isupper() else 0xE0
    return "".join(chr(first + byte % 22) for byte in range(256))


def unwrapped(value: str) -> tuple[str, str, str]:
    """Strips from a malformed id braces, a URN's beginning, white space at an end; and both of these."""
    core = value.strip()
    start = value.index(core)
    if core[:9].lower() == "urn:uuid:":
        start, core = start + 9, core[9:]
    if len(core) > 1 and (core[0], core[-1]) == ("{", "}"):
        start, core = start + 1, core[1:-1]
    return value[:start], core, value[start + len(core) :]


def _another_year(drawn: int, year: str) -> int:
    return 1930 + drawn % 90 + (1930 + drawn % 90 == int(year))


def _exists(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True
