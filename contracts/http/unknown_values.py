"""Unknown credentials and identifiers, in the form of known ones."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping
from hashlib import sha256
from types import MappingProxyType

# What comes before the part that tells one from another: a scheme, prefixes such as `ak_test_`, a JWT's head and claims.
_PREFIX = re.compile(r"(?:Bearer |Basic )?(?:[A-Za-z]{1,8}_)*(?:[A-Za-z0-9_-]+\.)*")
# The head of a JWT whose algorithm is `none`, in base64url.
_NO_SIGNATURE = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# What is read without regard to capitals: a number in hexadecimal digits.
_NUMBER = re.compile(r"[0-9a-fA-F-]*")
_HEX = ("0123456789", "abcdef", "ABCDEF")
_ANY = (string.digits, string.ascii_lowercase, string.ascii_uppercase)


def of_same_form(known: str) -> str:
    """Returns another text of the same length, prefix, separators and kinds of letters; a UUID keeps version and time."""
    found = _changed(known, range(_start(known), len(known)), _number(known))
    return found if found != known else known + "0" * 16  # nothing in it has a kind


def one_character_changed(known: str) -> str:
    """Returns a text in which one character is another one of its kind; of a JWT one of the signature."""
    start = _start(known)
    # Not the last one: of a base64 text it may hold bits that no reader looks at.
    order = sorted(range(start, len(known)), key=lambda index: abs(index - (start + len(known)) // 2))
    place = next((index for index in order if known[index].isascii() and known[index].isalnum()), None)
    return known + "0" if place is None else _changed(known, range(place, place + 1), _number(known))


def changed_near_its_end(known: str) -> str | None:
    """Returns a text in which the last character but one is another one of its kind; None where that is nearly all of it.

    Who compares the beginning alone, as a column that is too short does, takes one for the other.
    """
    start = _start(known)
    place = next(
        (index for index in range(len(known) - 2, start + 3, -1) if known[index].isascii() and known[index].isalnum()), None
    )
    changed = None if place is None else _changed(known, range(place, place + 1), _number(known))
    return None if changed in (known, one_character_changed(known)) else changed


def random_part_in_other_capitals(known: str) -> str | None:
    """Returns an id with capitals for small letters and the reverse behind its prefix; None where it has not both of them.

    Letters of one case may be a number in digits that both cases mean; where both stand in one id, each counts.
    """
    start = _start(known)
    rest = known[start:]
    is_mixed = rest.upper() != rest != rest.lower() and _NUMBER.fullmatch(rest) is None
    return known[:start] + rest.swapcase() if is_mixed else None


def with_another_scheme(known: str) -> str | None:
    """Returns a credential under another scheme than its own; None where it has none."""
    scheme, space, key = known.rpartition(" ")
    return f"{'Bearer' if scheme.lower() == 'basic' else 'Basic'} {key}" if space else None


def without_scheme(known: str) -> str | None:
    """Returns a credential without its scheme; None where it has none."""
    _, space, key = known.rpartition(" ")
    return key if space else None


def in_other_capitals(known: str) -> str | None:
    """Returns a text with capitals for small letters and the reverse, a scheme unchanged; None where that may mean the same."""
    scheme, space, key = known.rpartition(" ")
    return None if _NUMBER.fullmatch(key) or key.swapcase() == key else scheme + space + key.swapcase()


def one_character_longer(known: str) -> str:
    """Returns a text with a character behind its end."""
    return known + "0"


def unsigned(known: str) -> str | None:
    """Returns a JWT with its claims and no signature, which its head says that it has not (RFC 7519, section 6); else None."""
    scheme, space, key = known.rpartition(" ")
    parts = key.split(".")
    return f"{scheme}{space}{_NO_SIGNATURE}.{parts[1]}." if len(parts) == 3 and all(parts) else None


def _start(known: str) -> int:
    if _UUID.fullmatch(known):
        return known.rindex("-") + 1
    found = _PREFIX.match(known)
    start = found.end() if found is not None else 0
    return start if start < len(known) else 0


def _changed(known: str, places: range, number: int) -> str:
    kinds = _HEX if _UUID.fullmatch(known) else _ANY
    letters = (_other(letter, number >> index % 200, kinds) if index in places else letter for index, letter in enumerate(known))
    return "".join(letters)


def _other(letter: str, number: int, kinds: tuple[str, ...]) -> str:
    for letters in kinds:
        if letter in letters:
            return letters[(letters.index(letter) + 1 + number % (len(letters) - 1)) % len(letters)]
    return letter


def _number(known: str) -> int:
    return int(sha256(known.encode("utf-8", "surrogatepass")).hexdigest(), 16)


# The credentials that must be refused, by what `Transport.send` calls them; None where a credential has no such form.
WRONG_CREDENTIALS: Mapping[str, Callable[[str], str | None]] = MappingProxyType({
    "near": one_character_changed,
    "unknown": of_same_form,
    "longer": one_character_longer,
    "scheme": with_another_scheme,
    "capitals": in_other_capitals,
    "bare": without_scheme,
    "end": changed_near_its_end,
    "unsigned": unsigned,
})  # fmt: skip
