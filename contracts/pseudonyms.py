"""Values of the same form in place of others, so that lengths, patterns, formats and equality stay and nothing else does."""

from __future__ import annotations

import hmac
import math
import re
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-f]{16,}", re.IGNORECASE)
_DATE = re.compile(r"([0-9]{4})(-?)([0-9]{2})(-?)([0-9]{2})(?:([Tt ])([0-9]{2})(.*))?", re.DOTALL)
_SPOKEN_DATE = re.compile(r"[0-9]{2}([./-])[0-9]{2}\1[0-9]{4}")
_URL = re.compile(r"([a-z][a-z0-9+.-]*)(://)([^/?#]*)([^?#]*)(?:(\?)([^#]*))?(?:(#)(.*))?", re.DOTALL | re.IGNORECASE)
_SCHEMES = frozenset({"http", "https", "ws", "wss"})
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp|svg\+xml);base64,")
_PORT = re.compile(r"(.*?)(:[0-9]{1,5})?", re.DOTALL)
_HERE = frozenset({"localhost", "127.0.0.1", "[::1]"})
# How long a signed link is good for, and in what form the rest of its signature comes (AWS Signature Version 4).
_SIGNED = re.compile(r"X-Amz-[A-Za-z-]{1,30}")
_SECONDS = re.compile(r"[0-9]{1,6}")
_ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}|.", re.DOTALL)
_FLOAT = re.compile(r"(-?)([0-9.]+)(.*)")
# Characters after these are written alike, whatever they are; that the whole is another is seen in those before.
_MOST_DRAWN = 512
_SHORT = 8
_TAIL = str.maketrans({**dict.fromkeys("0123456789", "0"), **{chr(65 + n): "A" for n in range(26)},
                       **{chr(97 + n): "a" for n in range(26)}})  # fmt: skip
_FOREIGN = re.compile(r"[^\x00-\x7f\s\ud800-\udfff]")


class Pseudonyms:
    """Replaces letters by letters and digits by digits; the case of letters is kept, and makes no other difference.

    The same value has the same pseudonym, which depends on `secret`: it is used for one recording and thrown away. `prefixes`
    are the beginnings that stay: what they say is known to everybody.
    """

    def __init__(self, secret: bytes, prefixes: tuple[str, ...] = ()) -> None:
        self._secret = secret
        self._prefixes = prefixes

    def text(self, value: str) -> str:
        """A text of the same form: a URL, a UUID of its version, a lawful or an unlawful date, or just as many characters."""
        before, core, after = unwrapped(value)
        return before + (self._core(core) if core else "") + after

    def one_of(self, value: str, pair: tuple[str, str]) -> str:
        """The one or the other of two words."""
        return pair[(pair.index(value) + next(self._stream(" ".join(pair)))) % 2]

    def small(self, value: str) -> int:
        """A number from 1 to 32, mostly another one for another text."""
        return 1 + next(self._stream(value)) % 32

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
            draw = self._stream(value)
            return f"{1 + next(draw) % 28:02}{spoken[1]}{1 + next(draw) % 12:02}{spoken[1]}{1930 + next(draw) % 90}"
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
        _, first, _, second, _, between, _, rest = found.groups()
        draw = self._stream(value)
        year, month, day, hour = 1930 + next(draw) % 90, 1 + next(draw) % 12, 1 + next(draw) % 28, next(draw) % 24
        if not _exists(value):
            month = 0
        date = f"{year}{first}{month:02}{second}{day:02}"
        if between is None:
            return date
        # Minutes, seconds and an offset of hours and minutes all stay lawful when tens stay below six.
        time = re.sub(r"[0-9]{2}", lambda _: f"{next(draw) % 24:02}", rest) if month else self._letters(rest)
        return f"{date}{between}{hour:02}{time}"

    def _number(self, digits: str) -> str:
        """As many digits; a zero at the beginning stays, and none is put there."""
        if not digits.strip("0."):
            return digits
        first, rest = digits[0], digits[1:]
        if first == "0":
            return first + self._letters(rest)
        drawn = self._drawn(digits, [(int(first) - 1, 9), *((int(char), 10) for char in rest if char != ".")])
        return str(next(drawn) + 1) + "".join("." if char == "." else str(next(drawn)) for char in rest)

    def _letters(self, value: str, span: int = 26) -> str:
        """ASCII letters, digits and characters of other scripts each by one of their kind; all else stays."""
        head = value[:_MOST_DRAWN]
        cells = [_cell(char, span) for char in head]
        drawn = self._drawn(value.lower(), [cell[1:] for cell in cells if cell is not None])
        found = [char if cell is None else chr(cell[0] + next(drawn)) for char, cell in zip(head, cells, strict=True)]
        tail = value[_MOST_DRAWN:]
        return "".join(found) + (_FOREIGN.sub("à", tail.translate(_TAIL)) if tail else "")

    def _drawn(self, value: str, cells: list[tuple[int, int]]) -> Iterator[int]:
        """Other numbers for `cells`, each a number below its bound, that depend on the whole value.

        A few are shuffled and not hashed, so that two short values never get one pseudonym: each number in turn is moved by what
        all the others are, which can be undone.
        """
        if len(cells) > _SHORT:
            return (byte % bound for byte, (_, bound) in zip(self._stream(value), cells, strict=False))
        numbers, bounds = [number for number, _ in cells], bytes(bound for _, bound in cells)
        for step in range(2 * len(cells)):
            index = step % len(cells)
            others = bytes([step, *numbers[:index], *numbers[index + 1 :]])
            block = hmac.digest(self._secret, bounds + b" " + others, "sha256")
            numbers[index] = (numbers[index] + int.from_bytes(block[:4], "big")) % bounds[index]
        return iter(numbers)

    def _stream(self, value: str) -> Iterator[int]:
        block = hmac.digest(self._secret, value.encode("utf-8", "surrogatepass"), "sha256")
        while True:
            yield from block
            block = sha256(block).digest()


def _cell(char: str, span: int) -> tuple[int, int, int] | None:
    """The first character of a kind, which one of them this is, and how many there are; None for what stays as it is."""
    if "0" <= char <= "9":
        return 48, ord(char) - 48, 10
    if "a" <= char <= "z" or "A" <= char <= "Z":
        first = 97 if char >= "a" else 65
        return first, (ord(char) - first) % span, span
    if _FOREIGN.match(char):
        return 0xC0 if char.isupper() else 0xE0, ord(char) % 22, 22
    return None


def unwrapped(value: str) -> tuple[str, str, str]:
    """A text without what makes it almost an id: braces, a URN's beginning, white space at an end; and both of these."""
    core = value.strip()
    start = value.index(core)
    if core[:9].lower() == "urn:uuid:":
        start, core = start + 9, core[9:]
    if len(core) > 1 and (core[0], core[-1]) == ("{", "}"):
        start, core = start + 1, core[1:-1]
    return value[:start], core, value[start + len(core) :]


def _exists(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True
