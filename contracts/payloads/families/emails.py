"""E-mail addresses: valid ones that forms refuse, deceptive ones, and invalid ones."""

from __future__ import annotations

from collections.abc import Iterator

from specimen.contracts.payloads.model.case_types import EITHER, REJECT, VERDICTS, Edge, Kind, kind
from specimen.contracts.payloads.model.fields import PayloadField
from specimen.contracts.payloads.model.valid_payloads import Base

_RFC5322, _RFC5321 = "RFC 5322", "RFC 5321"
_ODD = (REJECT, EITHER)


def _email(name: str, text: str, rationale: str, source: str, *tags: str, claims: tuple[str, ...] = _ODD) -> tuple[Kind, str]:
    return kind(f"emails.{name}", rationale, source, claims, tags), text


_VALID = (
    _email("plus_tag", "user+kyc@example.com", "A tag after a plus sign, which forms refuse and URLs read as a space.",
           "RFC 5233, section 1", "spelling", claims=VERDICTS),
    _email("capitals", "User@EXAMPLE.com", "The host knows no case; whether the part before it does is its own affair.",
           f"{_RFC5321}, section 2.4", "case", claims=VERDICTS),
    _email("apostrophe", "miles.o'brien@example.com", "An apostrophe is valid, and ends a text in SQL.",
           f"{_RFC5322}, section 3.2.3", "injection", claims=VERDICTS),
    _email("slash", "user/dept=kyc@example.com", "A slash and an equals sign are valid, and break a path built from it.",
           f"{_RFC5322}, section 3.2.3", "parser", claims=VERDICTS),
    _email("one_letter", "u@example.com", "One letter is enough.", f"{_RFC5322}, section 3.2.3", "boundary", claims=VERDICTS),
    _email("64_octets", f"{'u' * 64}@example.com", "The longest that may stand before the @.", f"{_RFC5321}, section 4.5.3.1.1",
           "boundary", claims=VERDICTS),
    _email("254_octets", f"user@{'.'.join(('a' * 60, 'a' * 60, 'a' * 60, 'a' * 58))}.example",
           "The longest that a mail's path has room for.", "RFC 3696, erratum 1690", "boundary", claims=VERDICTS),
    _email("long_tld", "user@kyc.technology.example", "More than one dot, and an end of more than three letters.",
           "RFC 3696, section 2", "host", claims=VERDICTS),
    _email("punycode_host", "user@xn--mnchen-3ya.example", "A host with an umlaut, as the name system knows it.", "RFC 3492",
           "unicode", claims=VERDICTS),
    _email("digits", "4915112345678@example.com", "A number before the @: it is not a phone number.",
           f"{_RFC5322}, section 3.2.3", "parser", claims=VERDICTS),
)  # fmt: skip
_UNUSUAL = (
    _email("quoted", '"user name"@example.com', "In quotes nearly everything is valid, and few services take it.",
           f"{_RFC5322}, section 3.4.1", "parser"),
    _email("quoted_at", '"a@b"@example.com', "Two at signs: the last one counts.", f"{_RFC5322}, section 3.4.1", "parser"),
    _email("comment", "user(kyc)@example.com", "A comment within it, which is no part of it.", f"{_RFC5322}, section 3.2.2",
           "parser"),
    _email("ip_host", "user@[192.0.2.7]", "An address in brackets for a host.", f"{_RFC5321}, section 4.1.3", "host"),
    _email("no_dot_in_host", "user@intranet", "A host without a dot, of the network that one is in.",
           f"{_RFC5321}, section 2.3.5", "host"),
    _email("unicode_local", "jürgen@example.com", "Letters beyond ASCII before the @ need a mail system that knows them.",
           "RFC 6531, section 3.3", "unicode"),
    _email("unicode_host", "user@münchen.example", "The host as people write it.", "RFC 6531, section 3.3", "unicode", "host"),
    _email("decomposed", "ju\u0308rgen@example.com", "The same letters in two code points: another text.",
           "RFC 6532, section 3.1", "unicode"),
    _email("display_name", "Some User <user@example.com>", "With the name before it, as a mail program copies it.",
           f"{_RFC5322}, section 3.4", "parser"),
    _email("mailto", "mailto:user@example.com", "With the scheme of a link.", "RFC 6068", "parser"),
    _email("two_addresses", "user@example.com,other@example.com", "A list: a mail with the result goes to both.",
           f"{_RFC5322}, section 3.4", "injection"),
    _email("homoglyph", "usеr@example.com", "A Cyrillic letter: the same to the eye, another mailbox.",
           "Unicode Technical Standard #39, section 4", "unicode"),
    _email("fullwidth_at", "user＠example.com", "NFKC makes an at sign of it after the check.",
           "Unicode Standard Annex #15, NFKC", "unicode"),
    _email("bidi_override", "user\u202e@example.com", "Shown backwards from there on.", "Unicode Standard Annex #9, section 2.2",
           "unicode"),
    _email("zero_width", "user\u200b@example.com", "Invisible, and another mailbox.",
           "Unicode Standard, section 23.2, Layout Controls", "unicode"),
    _email("leading_space", " user@example.com", "The space before it was copied too, and no mailbox has one.",
           f"{_RFC5321}, section 4.1.2", "whitespace"),
    _email("masked", "u***@example.com", "As a privacy screen shows it: a valid address of another person.",
           f"{_RFC5322}, section 3.2.3", "privacy"),
)  # fmt: skip
_BROKEN = (
    _email("no_at", "user.example.com", "No at sign: nothing says where the host begins.", f"{_RFC5322}, section 3.4.1", "parser"),
    _email("two_at", "user@kyc@example.com", "Two at signs and no quotes.", f"{_RFC5322}, section 3.4.1", "parser"),
    _email("no_local", "@example.com", "Nothing before the at sign: a mailbox without a name.", f"{_RFC5322}, section 3.4.1",
           "parser"),
    _email("no_host", "user@", "Nothing after the at sign: a host that is missing.", f"{_RFC5322}, section 3.4.1", "parser"),
    _email("leading_dot", ".user@example.com", "A dot stands between letters, never first.", f"{_RFC5322}, section 3.2.3",
           "parser"),
    _email("two_dots", "us..er@example.com", "Two dots in a row, as some phone companies gave out all the same.",
           f"{_RFC5322}, section 3.2.3", "parser"),
    _email("final_dot", "user@example.com.", "A host's final dot is no part of an address.", f"{_RFC5321}, section 4.1.2",
           "parser"),
    _email("65_octets", f"{'u' * 65}@example.com", "One more than may stand before the @.", f"{_RFC5321}, section 4.5.3.1.1",
           "boundary"),
    _email("space_within", "us er@example.com", "A space without quotes.", f"{_RFC5322}, section 3.2.3", "whitespace"),
    _email("trailing_newline", "user@example.com\n", "A pattern that ends in $ takes the mailbox with its line end.",
           "Python, re, '$'", "whitespace", "parser"),
    _email("header_injection", "user@example.com\r\nBcc: other@example.com", "Put into a mail's header, it adds another one.",
           f"{_RFC5322}, section 2.2", "injection", "whitespace"),
    _email("underscore_host", "user@ex_ample.com", "An underscore is in no host's name.", "RFC 952", "host"),
    _email("hyphen_first", "user@-example.com", "A host's name does not begin with a hyphen.", "RFC 1123, section 2.1", "host"),
)  # fmt: skip
_ALL = (*_VALID, *_UNUSUAL, *_BROKEN)

KINDS = tuple(each for each, _ in _ALL)


def edges(place: PayloadField, _: Base) -> Iterator[Edge]:
    """Yields the kinds for an e-mail address; their hosts are reserved names (RFC 2606) or invalid."""
    if "string" not in place.types or place.holds != "email":
        return
    for each, text in _ALL:
        if text != place.value:
            yield Edge(each, text)
