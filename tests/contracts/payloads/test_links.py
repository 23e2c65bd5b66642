"""The families of URLs and e-mail addresses: each text is what its kind says, by readers of others."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Iterator
from email.errors import HeaderParseError
from email.policy import default
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from specimen import specs
from specimen.contracts.http.url_equivalence import same_url
from specimen.contracts.payloads import Case
from specimen.contracts.payloads.families import emails, links
from specimen.contracts.payloads.model.case_types import ACCEPT, Kind
from tests.contracts.payloads.catalogues import catalogue

OWN = links.parts("https://shop.example/back?from=app")
TEXTS = {each.id.partition(".")[2]: make(OWN) for each, make in links._ALL}
EMAILS = {each.id.partition(".")[2]: text for each, text in emails._ALL}
# RFC 1123, section 2.1.
LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
# RFC 2606 and RFC 6761: names that belong to nobody, or to the machine itself.
RESERVED_HOST = re.compile(r"(^|\.)(example|localhost|example\.(com|org|net))\.?$")


def everything(family: str) -> Iterator[Case]:
    """The cases of a family."""
    for name in specs.names():
        yield from (case for case in catalogue(name).cases if case.kind.startswith(f"{family}."))


@pytest.mark.parametrize(
    "name",
    [
        "scheme_in_capitals", "host_in_capitals", "own_port", "empty_port", "dot_segments", "escaped_dot_segments",
        "escaped_letter",
    ],
)  # fmt: skip
def test_links__a_spelling_means_the_same_place(name: str) -> None:
    """Other texts that RFC 3986 calls equal; what is another URL by it is not among them."""
    assert TEXTS[name] != OWN.url
    assert same_url(TEXTS[name], OWN.url)
    others = ("host_with_final_dot", "query", "fragment", "empty_query", "port")
    assert not any(same_url(TEXTS[other], OWN.url) for other in others)


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("host_before_an_at_sign", "evil.example"),
        ("longer_host", "shop.example.evil.example"),
        ("host_in_the_query", "evil.example"),
        ("open_redirect", "shop.example"),
        ("password", "shop.example"),
        ("ipv6_host", "2001:db8::7"),
        ("loopback_mapped", "::ffff:127.0.0.1"),
        ("no_host", None),
        ("private_scheme", None),
        ("no_scheme", None),
        ("no_scheme_but_slashes", "shop.example"),
    ],
)
def test_links__lead_where_their_kind_says(name: str, host: str | None) -> None:
    """The host that a parser finds; the own one is in all that deceive."""
    assert urlsplit(TEXTS[name]).hostname == host
    if TEXTS[name].find("evil") >= 0:
        assert OWN.host in TEXTS[name]


@pytest.mark.parametrize("name", ["loopback", "loopback_ipv6", "loopback_mapped", "loopback_as_number", "loopback_octal",
                                  "loopback_short"])  # fmt: skip
def test_links__loopbacks_are_the_machine_itself(name: str) -> None:
    """However it is written; numbers with fewer parts, or octal ones, by the rules of inet_aton."""
    host = urlsplit(TEXTS[name]).hostname or ""
    if ":" in host:
        found = ipaddress.IPv6Address(host)
        assert (found.ipv4_mapped or found).is_loopback
        return
    *first, last = (int(part, 8 if part.startswith("0") else 10) for part in host.split("."))
    number = sum(part << 8 * (3 - index) for index, part in enumerate(first)) + last
    assert ipaddress.IPv4Address(number).is_loopback


def test_links__lengths_escapes_and_queries() -> None:
    """Exactly so long; what an escape hides; what a query holds."""
    assert len(TEXTS["2083_characters"]) == 2083
    assert len(TEXTS["8001_octets"].encode()) == 8001
    assert parse_qsl(urlsplit(TEXTS["2083_characters"]).query)[0] == ("from", "app")
    assert [name for name, _ in parse_qsl(urlsplit(TEXTS["2083_characters"]).query)] == ["from", "pad"]
    bare = links.parts("https://shop.example/back")
    for name, make in {each.id.partition(".")[2]: make for each, make in links._ALL}.items():
        for own in (bare, OWN):
            assert make(own).partition("#")[0].count("?") <= 1 or name == "empty_query", name  # which is left out there
        if name in ("bidi_override", "bad_utf8_escape", "unfilled_template", "unicode_path", "escaped_nul"):
            assert urlsplit(make(OWN)).query == "from=app", name
    assert parse_qsl(urlsplit(TEXTS["query"]).query) == [("from", "app"), ("from", "kyc"), ("from", "app")]
    assert dict(parse_qsl(urlsplit(TEXTS["open_redirect"]).query)) == {"next": "https://evil.example/"}
    assert "\r\n" in unquote(TEXTS["escaped_header_injection"])
    assert "\r\n" not in TEXTS["escaped_header_injection"]
    assert unquote(urlsplit(TEXTS["escaped_nul"]).path).endswith("\x00.png")
    with pytest.raises(UnicodeDecodeError):
        unquote(TEXTS["bad_utf8_escape"], errors="strict")
    for name in ("port_65536", "port_of_letters"):
        with pytest.raises(ValueError, match=r"[Pp]ort"):
            _ = urlsplit(TEXTS[name]).port
    with pytest.raises(ValueError, match="Invalid IPv6"):
        urlsplit(TEXTS["unclosed_bracket"])


def test_links__unicode_is_what_it_says() -> None:
    """A letter of another script, a character that compatibility makes a slash, direction and width that nobody sees."""
    strange = [letter for letter in TEXTS["homoglyph_host"] if not letter.isascii()]
    assert [unicodedata.name(letter).split()[0] for letter in strange] == ["CYRILLIC"]
    for host, before in (("kyc.example", "kyc.example"), ("verify.kayle.id", "verify.kayle.id"), ("bbb.test", "app.example.com")):
        twin = links._with_twin(host)
        assert twin.translate(str.maketrans({one: latin for latin, one in links._TWINS.items()})) == before
        assert sum(not letter.isascii() for letter in twin.rpartition(".")[0]) == 1
        assert twin.rpartition(".")[2].isascii()
    for latin, twin in links._TWINS.items():
        assert unicodedata.name(twin).startswith("CYRILLIC SMALL LETTER")
        assert latin.isascii()
    assert unicodedata.normalize("NFKC", TEXTS["fullwidth_slash"]).startswith("https://evil.example/shop.example/")
    assert "shop。example" in TEXTS["ideographic_dot"]
    assert "shop。example".encode("idna") == b"shop.example"
    assert any(unicodedata.bidirectional(letter) == "RLO" for letter in TEXTS["bidi_override"])
    assert any(unicodedata.category(letter) == "Cf" for letter in TEXTS["zero_width_in_host"])
    assert "münchen.example".encode("idna").decode() in TEXTS["punycode_host"]


def test_links__name_reserved_hosts_only() -> None:
    """No case names a real host but the vendor's: reserved names and numbers, names without a dot, letters that no host has."""
    vendors = {
        urlsplit(url).hostname
        for name in specs.names()
        for url in re.findall(r"https://[a-z0-9.-]+", (specs.load(name).folder / "openapi.yaml").read_text(encoding="utf-8"))
    }
    for text in {case.value for case in everything("links")} | set(TEXTS.values()):
        try:
            host = urlsplit(text.replace("\\", "/")).hostname or ""
        except ValueError:  # a bracket that does not end
            continue
        bare = unicodedata.normalize("NFKC", host.replace("。", ".").replace("\u200b", ""))
        if bare.rstrip(".") in vendors or _is_reserved_number(bare):
            continue
        assert RESERVED_HOST.search(bare) or any("CYRILLIC" in unicodedata.name(letter, "") for letter in bare), text


def _is_reserved_number(host: str) -> bool:
    """An address that is not anybody's on the internet, one of the loopback's odd spellings, or a word without a dot."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host in ("127.1", "0177.0.0.1")


# What a kind's text must have in it, where no test above says more of it.
MARKS: dict[str, Callable[[str], bool]] = {
    "javascript_mixed_case": lambda text: text.lower().startswith("javascript:") and not text.startswith("javascript:"),
    "javascript_with_tab": lambda text: "\t" in text and text.replace("\t", "").startswith("javascript:"),
    "trailing_newline": lambda text: text.endswith("\n"),
    "header_injection": lambda text: "\r\n" in text,
    "escaped_header_injection": lambda text: "%0D%0A" in text.upper(),
    "backslash": lambda text: "\\" in text,
    "bad_escape": lambda text: re.search(r"%(?![0-9A-Fa-f]{2})", text) is not None,
    "leading_space": lambda text: text.startswith(" "),
    "data": lambda text: text.startswith("data:"),
    "file": lambda text: text.startswith("file:"),
}


@pytest.mark.parametrize("name", sorted(MARKS))
def test_links__have_the_mark_of_their_kind(name: str) -> None:
    """The very letters that the kind is about."""
    assert MARKS[name](TEXTS[name])


def test_links__where_the_field_has_no_url_another_is_taken() -> None:
    """Absent, null, of another scheme, with a port or a fragment, without a host or a path that begins with a letter or digit."""
    for value in (
        None, "", 7, "http://shop.example/a", "https://shop.example", "https://shop.example/#a", "https://a.example/é",
        "https:///a", "https://shop.example:8443/a", "https://[2001:db8::1]/a",
    ):  # fmt: skip
        assert links.parts(value) == links._OWN
    assert OWN == ("https", "shop.example", "back?from=app")


def is_read(text: str) -> bool:
    """Whether Python's parser of RFC 5322 takes a text for a header of addresses without a fault."""
    try:
        return not default.header_factory("to", text).defects
    except (IndexError, HeaderParseError):  # its own, of a text that ends too soon
        return False


@pytest.mark.parametrize(("each", "text"), emails._VALID, ids=lambda value: getattr(value, "id", ""))
def test_emails__the_valid_are_read(each: Kind, text: str) -> None:
    """A reader of others takes them, and hosts are names."""
    assert is_read(text), each.id
    assert [one.addr_spec for one in default.header_factory("to", text).addresses] == [text]
    assert all(LABEL.fullmatch(label) for label in text.partition("@")[2].split("."))


@pytest.mark.parametrize(("each", "text"), emails._BROKEN, ids=lambda value: getattr(value, "id", ""))
def test_emails__the_broken_are_refused(each: Kind, text: str) -> None:
    """The reader refuses each, but for a limit and a host's name."""
    name = each.id.partition(".")[2]
    if name in ("underscore_host", "hyphen_first"):
        assert not all(LABEL.fullmatch(label) for label in text.partition("@")[2].split("."))
    elif name != "65_octets":
        assert not is_read(text)


def test_emails__are_as_long_as_they_say() -> None:
    """Octets before the @, and in all."""
    assert len(EMAILS["64_octets"].partition("@")[0]) == 64
    assert len(EMAILS["65_octets"].partition("@")[0]) == 65
    assert len(EMAILS["254_octets"].encode()) == 254
    assert all(len(label) <= 63 for label in EMAILS["254_octets"].partition("@")[2].split("."))


def test_emails__name_reserved_hosts_only() -> None:
    """All hosts are reserved ones."""
    for text in EMAILS.values():
        for host in re.findall(r"[@＠]([^@＠,>\s]+)", text.lower()):
            assert RESERVED_HOST.search(host) or host.startswith("[192.0.2.") or host in _NO_HOSTS, text


_NO_HOSTS = {'b"', "ex_ample.com", "-example.com", "kyc", "intranet"}


def test_families__valid_texts_are_accepted_somewhere() -> None:
    """What is valid by its standard is valid by some contract; nothing that deceives is ever called valid."""
    for family, kinds in (("links", links.KINDS), ("emails", emails.KINDS)):
        accepted = {case.kind for case in everything(family) if case.verdict == ACCEPT}
        assert accepted == {each.id for each in kinds if ACCEPT in each.claims}
    valid = {each.id for each, _ in (*links._VALID, *emails._VALID)}
    assert {each.id for each in (*links.KINDS, *emails.KINDS) if ACCEPT in each.claims} == valid - {"links.8001_octets"}
