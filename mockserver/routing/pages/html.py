"""Pages of HTML: templates that escape what they show, headers that keep strange scripts and frames out, and their assets."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from specimen import vendor
from specimen.mockserver.http.messages import Reply

TYPE = "text/html; charset=utf-8"
FOLDER = Path(__file__).parent
NOBODY = "'none'"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors {frames}"
)
_CONTENT_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


def environment(folder: Path) -> Environment:
    """The templates of a folder; every value in them is escaped, and a name that is not given is an error."""
    return Environment(
        loader=FileSystemLoader([folder, FOLDER / "templates"]),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(text: str, status: int = 200, *, frames: str = NOBODY, headers: Mapping[str, str] | None = None) -> Reply:
    """The answer that shows a page; `frames` are the sources that may embed it (CSP's `frame-ancestors`)."""
    shown = {
        "Content-Security-Policy": _POLICY.format(frames=frames),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",  # with none at all a browser sends forms with the origin `null`
        "Cache-Control": "no-store",
        "Vary": "Accept",
        **({"X-Frame-Options": "DENY"} if frames == NOBODY else {}),
        **(headers or {}),
    }
    return Reply(status, text.encode(), shown, TYPE)


def prefers_html(accept: str) -> bool:
    """Whether an `Accept` header names HTML, and nothing that it wants more than that (RFC 9110, section 12.5.1).

    Browsers name it first; programs send `*/*`, `application/json` or no header at all.
    """
    weights: dict[str, float] = {}
    for entry in accept.split(",")[:32]:
        name, *parameters = (part.strip().lower() for part in entry.split(";"))
        weight = next((part[2:] for part in parameters if part.startswith("q=")), "1")
        try:
            weights[name] = float(weight)
        except ValueError:
            weights[name] = 0.0
    wanted = weights.get("text/html", 0.0)
    return wanted > 0 and wanted >= weights.get("application/json", 0.0)


class Assets:
    """Files that pages link to, by name; a name from a URL never becomes a path."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files

    @cache  # noqa: B019 - of a handful of objects that live as long as the process
    def link(self, name: str) -> str:
        """The file's name with its hash: a browser keeps it until it is another one."""
        return f"{name}?v={sha256(self._read(name)).hexdigest()[:12]}"

    def reply(self, name: str) -> Reply | None:
        """The file, or None."""
        if name not in self._files:
            return None
        headers = {"Cache-Control": "max-age=86400", "X-Content-Type-Options": "nosniff"}
        return Reply(200, self._read(name), headers, _CONTENT_TYPES[Path(name).suffix])

    @cache  # noqa: B019 - see above
    def _read(self, name: str) -> bytes:
        return self._files[name].read_bytes()


def files(*names: str, folder: Path) -> dict[str, Path]:
    """Files of a folder by their names."""
    return {name: folder / name for name in names}


HTMX: Mapping[str, Path] = {
    "htmx.min.js": vendor.FOLDER / "htmx" / "htmx.min.js",
    "sse.min.js": vendor.FOLDER / "htmx-ext-sse" / "sse.min.js",
}
