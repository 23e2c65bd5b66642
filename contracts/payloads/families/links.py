"""URLs: valid but unusual, deceptive, to unsafe schemes and hosts, and malformed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import quote

from specimen.contracts.payloads.model.case_types import EITHER, REJECT, VERDICTS, Edge, Kind, kind
from specimen.contracts.payloads.model.fields import PayloadField
from specimen.contracts.payloads.model.valid_payloads import Base

_RFC3986, _WHATWG = "RFC 3986", "WHATWG URL Standard"
# Left unspecified by the pages: whether a text is a URL, which schemes and hosts may be, and whether it is normalised.
_ODD = (REJECT, EITHER)


class Parts(NamedTuple):
    """A valid URL `https://host/tail`."""

    scheme: str
    host: str
    tail: str

    @property
    def url(self) -> str:
        """The whole URL."""
        return f"{self.scheme}://{self.host}/{self.tail}"

    def at(self, path: str) -> str:
        """Appends to the path of the URL."""
        path_before, mark, query = self.tail.partition("?")
        return f"{self.scheme}://{self.host}/{path_before}{path}{mark}{query}"

    def with_query(self, query: str) -> str:
        """Appends to the query of the URL."""
        return f"{self.url}{'&' if '?' in self.tail else '?'}{query}"


_HOST = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_OWN = Parts("https", "app.example.com", "verified")
_TWINS = dict(zip("aceiopxy", "асеіорху", strict=True))
_MORE = 2_083  # characters that Internet Explorer took
_SERVER = 8_001  # RFC 9110, section 4.1: at least 8,000 octets are to be supported


def _link(
    name: str, make: Callable[[Parts], str] | str, rationale: str, source: str, *tags: str, claims: tuple[str, ...] = _ODD
) -> tuple[Kind, Callable[[Parts], str]]:
    return kind(f"links.{name}", rationale, source, claims, tags), make if callable(make) else lambda _: make


def _with_twin(host: str) -> str:
    """A host with the last letter that has a Cyrillic twin replaced by it; not in its top-level domain."""
    name, _, top = host.rpartition(".")
    at = max(name.rfind(letter) for letter in _TWINS)
    return f"{name[:at]}{_TWINS[name[at]]}{name[at + 1 :]}.{top}" if at >= 0 else _with_twin(_OWN.host)


def _long(own: Parts, length: int) -> str:
    start = own.with_query("pad=")
    return start + "a" * (length - len(start))


_VALID = (
    _link("scheme_in_capitals", lambda own: f"{own.scheme.upper()}://{own.host}/{own.tail}",
          "Schemes know no case: a comparison of texts does.", f"{_RFC3986}, section 6.2.2.1", "spelling", "case",
          claims=VERDICTS),
    _link("host_in_capitals", lambda own: f"{own.scheme}://{own.host.upper()}/{own.tail}",
          "Hosts know no case: a list of allowed ones must not either.", f"{_RFC3986}, section 6.2.2.1", "spelling", "case",
          claims=VERDICTS),
    _link("own_port", lambda own: f"{own.scheme}://{own.host}:443/{own.tail}",
          "The port that https has anyway: the same place, another text.", f"{_RFC3986}, section 6.2.3", "spelling",
          claims=VERDICTS),
    _link("empty_port", lambda own: f"{own.scheme}://{own.host}:/{own.tail}",
          "A colon without a port is valid and means none.", f"{_RFC3986}, section 6.2.3", "spelling", "parser",
          claims=VERDICTS),
    _link("dot_segments", lambda own: f"{own.scheme}://{own.host}/a/../{own.tail}",
          "Clients take the dots away before they ask; a check of the path's beginning sees them.", f"{_RFC3986}, section 5.2.4",
          "spelling", "parser", claims=VERDICTS),
    _link("escaped_dot_segments", lambda own: f"{own.scheme}://{own.host}/a/%2e%2e/{own.tail}",
          "Escaped dots are dots to a browser.", f"{_WHATWG}, double-dot URL path segment", "spelling", "parser",
          claims=VERDICTS),
    _link("escaped_letter", lambda own: f"{own.scheme}://{own.host}/%{ord(own.tail[0]):02X}{own.tail[1:]}",
          "An escape of a letter is that letter: a comparison of texts sees another URL.", f"{_RFC3986}, section 6.2.2.2",
          "spelling", claims=VERDICTS),
    _link("host_with_final_dot", lambda own: f"{own.scheme}://{own.host}./{own.tail}",
          "The same host to the name system, another one to a list of allowed hosts and to cookies.", "RFC 1034, section 3.1",
          "host", claims=VERDICTS),
    _link("query", lambda own: own.with_query("from=kyc&from=app"),
          "A query is there already, and a name in it twice: what is added must be added with &.", f"{_RFC3986}, section 3.4",
          "query", claims=VERDICTS),
    _link("fragment", lambda own: f"{own.url}#/kyc/done?step=1",
          "A page's own route: parameters that are added at the end stand in the fragment and never reach a server.",
          f"{_RFC3986}, section 3.5", "fragment", claims=VERDICTS),
    _link("empty_query", lambda own: f"{own.url}?", "A question mark and nothing: not the same URL as without it.",
          f"{_RFC3986}, section 6.2.3", "query", claims=VERDICTS),
    _link("port", lambda own: f"{own.scheme}://{own.host}:8443/{own.tail}", "Another port is another service.",
          f"{_RFC3986}, section 3.2.3", "host", claims=VERDICTS),
    _link("ipv4_host", "https://192.0.2.7/verified", "A number instead of a name has no certificate of the usual kind.",
          "RFC 5737", "host", claims=VERDICTS),
    _link("ipv6_host", "https://[2001:db8::7]/verified", "Colons within the host: a split at the first one fails.",
          f"{_RFC3986}, section 3.2.2; RFC 3849", "host", "parser", claims=VERDICTS),
    _link("punycode_host", "https://xn--mnchen-3ya.example/verified", "A name with an umlaut, as the name system knows it.",
          "RFC 3492", "host", "unicode", claims=VERDICTS),
    _link("escaped_path", "https://app.example.com/gr%C3%BC%C3%9Fe", "UTF-8 in escapes: decoded and encoded again it must be "
          "the same.", "RFC 3987, section 3.1", "unicode", claims=VERDICTS),
    _link("2083_characters", lambda own: _long(own, _MORE), "The longest that Internet Explorer took; a column of 2,048 cuts it off.",
          "Internet Explorer, INTERNET_MAX_URL_LENGTH", "boundary", claims=VERDICTS),
    _link("8001_octets", lambda own: _long(own, _SERVER), "Servers need not take a URL of more than 8,000 octets.",
          "RFC 9110, section 4.1", "boundary"),
)  # fmt: skip
_DECEIVING = (
    _link("host_before_an_at_sign", lambda own: f"{own.scheme}://{own.host}@evil.example/{own.tail}",
          "What looks like the host is a user's name; the host comes after the @.", f"{_RFC3986}, section 7.6", "host",
          "redirect"),
    _link("password", lambda own: f"{own.scheme}://user:secret@{own.host}/{own.tail}",
          "A password in a URL ends up in logs; the form is deprecated.", f"{_RFC3986}, section 3.2.1", "privacy"),
    _link("backslash", lambda own: f"{own.scheme}://evil.example\\@{own.host}/{own.tail}",
          "A browser reads the backslash as a slash and goes to the first host; other parsers go to the second.",
          f"{_WHATWG}, URL parsing, authority state", "host", "redirect", "parser"),
    _link("longer_host", lambda own: f"{own.scheme}://{own.host}.evil.example/{own.tail}",
          "It begins with the allowed host, which is all that a check of the beginning sees.",
          "RFC 9700, section 4.1.1", "host", "redirect"),
    _link("host_in_the_query", lambda own: f"{own.scheme}://evil.example/?{own.host}",
          "The allowed host is in it, which is all that a search for it sees.", "RFC 9700, section 4.1.1", "host", "redirect"),
    _link("open_redirect", lambda own: f"{own.scheme}://{own.host}/logout?next={quote('https://evil.example/', safe='')}",
          "An allowed host that sends its visitors on to anywhere.", "RFC 9700, section 4.11", "redirect"),
    _link("homoglyph_host", lambda own: f"{own.scheme}://{_with_twin(own.host)}/{own.tail}",
          "One letter of the host is Cyrillic: the same to the eye, another owner's.",
          "Unicode Technical Standard #39, section 4", "host", "unicode"),
    _link("unicode_host", "https://münchen.example/verified", "An address with an umlaut is an IRI and no URI.",
          "RFC 3987, section 3.1", "host", "unicode"),
    _link("fullwidth_slash", lambda own: f"{own.scheme}://evil.example／{own.host}/{own.tail}",
          "NFKC makes a slash of it after the host was checked.", "Unicode Technical Standard #46, section 4", "host", "unicode",
          "redirect"),
    _link("ideographic_dot", lambda own: f"{own.scheme}://{own.host.replace('.', '。', 1)}/{own.tail}",
          "A full stop of another script is a dot to a browser.", "Unicode Technical Standard #46, section 4", "host", "unicode"),
    _link("bidi_override", lambda own: own.at("/\u202egnp.exe"), "Shown backwards it ends in another extension.",
          "Unicode Standard Annex #9, section 2.2", "unicode"),
    _link("zero_width_in_host", lambda own: f"{own.scheme}://{own.host[0]}\u200b{own.host[1:]}/{own.tail}",
          "Invisible: a browser drops it, a list of allowed hosts does not.", "Unicode Technical Standard #46, section 4",
          "host", "unicode"),
)  # fmt: skip
_SCHEMES = (
    _link("http", lambda own: f"http://{own.host}/{own.tail}", "Without TLS the network reads what returns.",
          "RFC 9700, section 2.6", "scheme"),
    _link("javascript", "javascript:alert(document.domain)", "A link that is followed runs in the page that shows it.",
          "HTML Standard, javascript: URLs", "scheme", "injection"),
    _link("javascript_mixed_case", "JaVaScRiPt:alert(1)//https://app.example.com/", "Schemes know no case: a list of forbidden ones in small letters lets it through.",
          f"{_RFC3986}, section 3.1", "scheme", "injection", "case"),
    _link("javascript_with_tab", "java\tscript:alert(1)", "Browsers take tabs and line ends out before they read the scheme.",
          f"{_WHATWG}, URL parsing, ASCII tab or newline", "scheme", "injection", "whitespace"),
    _link("data", "data:text/html,%3Cscript%3Ealert(1)%3C/script%3E", "A page that comes with its link.", "RFC 2397", "scheme",
          "injection"),
    _link("file", "file:///etc/passwd", "A fetcher that follows every scheme reads the server's own files.", "RFC 8089", "scheme",
          "ssrf"),
    _link("ftp", "ftp://app.example.com/verified", "A scheme that browsers have given up.", "RFC 1738, section 3.2", "scheme"),
    _link("mailto", "mailto:user@example.com", "A URL without a host.", "RFC 6068", "scheme", "parser"),
    _link("private_scheme", "com.example.app:/verified", "How a phone's app is called back: no host and one slash.",
          "RFC 8252, section 7.1", "scheme"),
    _link("custom_scheme", "exampleapp://verified", "An app's short scheme, which any other app may claim too.",
          "RFC 8252, section 8.1", "scheme"),
    _link("about_blank", "about:blank", "An empty page: the user is stuck there.", "RFC 6694", "scheme"),
)  # fmt: skip
_HOSTS = (
    _link("localhost", "http://localhost:3000/verified", "A developer's own machine; in production it is the server's.",
          "RFC 6761, section 6.3", "host", "ssrf"),
    _link("loopback", "http://127.0.0.1:51004/verified", "What a program on a desktop listens at, with a port of the moment.",
          "RFC 8252, section 7.3", "host", "ssrf"),
    _link("loopback_ipv6", "https://[::1]/verified", "The same in the other family of addresses.", "RFC 4291, section 2.5.3",
          "host", "ssrf"),
    _link("loopback_mapped", "https://[::ffff:127.0.0.1]/verified", "The same, dressed as the other family.",
          "RFC 4291, section 2.5.5.2", "host", "ssrf"),
    _link("loopback_as_number", "https://2130706433/verified", "The same as one number, which browsers and many clients take.",
          f"{_WHATWG}, IPv4 parser", "host", "ssrf", "parser"),
    _link("loopback_octal", "https://0177.0.0.1/verified", "The same with an octal part; read as decimal it is another host.",
          f"{_WHATWG}, IPv4 parser", "host", "ssrf", "parser"),
    _link("loopback_short", "https://127.1/verified", "The same with parts left out.", f"{_WHATWG}, IPv4 parser", "host", "ssrf",
          "parser"),
    _link("unspecified", "https://0.0.0.0/verified", "No host at all, which some systems take for their own.",
          "RFC 1122, section 3.2.1.3", "host", "ssrf"),
    _link("link_local", "http://169.254.169.254/latest/meta-data/", "Where clouds hand their machines' secrets out, without TLS.",
          "RFC 3927, section 2.1", "host", "ssrf"),
    _link("private_network", "https://10.0.0.7/verified", "A host inside a private network.", "RFC 1918, section 3", "host",
          "ssrf"),
    _link("bare_host", "https://intranet/verified", "A name without a dot is looked up in the network of the client.",
          "RFC 1034, section 3.1", "host", "ssrf"),
)  # fmt: skip
_MALFORMED = (
    _link("no_scheme", lambda own: f"{own.host}/{own.tail}", "As people type it: to a parser it is a path.",
          f"{_RFC3986}, section 4.5", "parser"),
    _link("no_scheme_but_slashes", lambda own: f"//{own.host}/{own.tail}", "It takes the scheme of the page that it stands in.",
          f"{_RFC3986}, section 4.2", "parser", "redirect"),
    _link("path_alone", lambda own: f"/{own.tail}", "Whose path it is depends on the page that it stands in.",
          f"{_RFC3986}, section 4.2", "parser"),
    _link("scheme_alone", "https:", "A scheme, and nothing that it could lead to.", f"{_RFC3986}, section 3", "parser"),
    _link("no_host", lambda own: f"{own.scheme}:///{own.tail}", "Three slashes: no host to one reader, the path's first part to "
          "a browser.", f"{_WHATWG}, special authority ignore slashes state", "host", "parser"),
    _link("one_slash", lambda own: f"{own.scheme}:/{own.host}/{own.tail}", "Alone, a browser adds the slash that is missing; in a page of https it is "
          "a path there.", f"{_WHATWG}, scheme state, special relative or authority state", "parser", "redirect"),
    _link("space_within", lambda own: own.at("/of step 1"), "A space is never in a URL: shells, logs and mail cut it there.",
          f"{_RFC3986}, appendix C", "whitespace"),
    _link("leading_space", lambda own: f" {own.url}", "Copied with the space before it, which hides its scheme.",
          f"{_WHATWG}, C0 control or space", "whitespace"),
    _link("trailing_newline", lambda own: f"{own.url}\n", "A pattern that ends in $ takes the URL with its line end.",
          "Python, re, '$'", "whitespace", "parser"),
    _link("header_injection", lambda own: f"{own.url}\r\nSet-Cookie: a=b", "Put into a Location header, it adds another one.",
          "RFC 9110, section 5.5", "injection", "whitespace"),
    _link("escaped_header_injection", lambda own: f"{own.url}%0d%0aSet-Cookie:%20a=b",
          "A valid URL: decoded before it is written into a header, it adds another one.", "RFC 9110, section 5.5", "injection"),
    _link("escaped_nul", lambda own: own.at("%00.png"), "A valid URL whose name ends early in a program written in C.",
          f"{_RFC3986}, section 7.3", "injection"),
    _link("bad_escape", lambda own: own.at("%zz"), "A percent sign, and no number after it.", f"{_RFC3986}, section 2.1",
          "parser"),
    _link("lone_percent", lambda own: own.with_query("rate=100%"), "A percent sign that should have been escaped.",
          f"{_RFC3986}, section 2.4", "parser", "query"),
    _link("bad_utf8_escape", lambda own: own.at("/%ff"), "An escape of what is no UTF-8: decoding it fails or loses it.",
          f"{_RFC3986}, section 2.5", "unicode", "parser"),
    _link("unclosed_bracket", "https://[2001:db8::7/verified", "An IPv6 host that does not end.", f"{_RFC3986}, section 3.2.2",
          "host", "parser"),
    _link("port_65536", lambda own: f"{own.scheme}://{own.host}:65536/{own.tail}",
          "One more than there are ports; kept in 16 bits it is port 0.", "RFC 9293, section 3.1", "host", "boundary"),
    _link("port_of_letters", lambda own: f"{own.scheme}://{own.host}:https/{own.tail}",
          "A service's name where its number belongs.", f"{_RFC3986}, section 3.2.3", "host", "parser"),
    _link("unfilled_template", lambda own: own.at("/{sessionId}"), "A template that was not filled in: braces are no URL.",
          "RFC 6570, section 1.1", "parser"),
    _link("markup", lambda own: own.with_query('a="><script>alert(1)</script>'), "Written into an attribute it ends the attribute.",
          "OWASP, cross-site scripting", "injection", "query"),
    _link("unicode_path", lambda own: own.at("/grüße"), "An IRI: to be escaped before it is asked for.",
          "RFC 3987, section 3.1", "unicode"),
    _link("word_undefined", "undefined", "What JavaScript writes for a variable that holds nothing.",
          "ECMAScript, undefined", "parser"),
)  # fmt: skip
_EMPTY_QUERY = "links.empty_query"
_ALL = (*_VALID, *_DECEIVING, *_SCHEMES, *_HOSTS, *_MALFORMED)

KINDS = tuple(each for each, _ in _ALL)


def edges(place: PayloadField, _: Base) -> Iterator[Edge]:
    """Yields the kinds for a URL."""
    if "string" not in place.types or place.holds != "url":
        return
    own = parts(place.value)
    for each, make in _ALL:
        text = make(own)
        if text != place.value and not (each.id == _EMPTY_QUERY and "?" in own.tail):
            yield Edge(each, text)


def parts(value: object) -> Parts:
    """Splits the field's own URL, if it is https with a host name, no port and a path; else returns a default."""
    if isinstance(value, str) and value.startswith("https://"):
        host, _, tail = value.removeprefix("https://").partition("/")
        if _HOST.fullmatch(host) and tail[:1].isalnum() and tail.isascii() and "#" not in tail:
            return Parts("https", host, tail)
    return _OWN
