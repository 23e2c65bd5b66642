"""Registry of report formats: the built-in ones, and those of the entry point group `specimen.reports`."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

from specimen.contracts.reporting.model import Report
from specimen.specs import SpecimenError
from specimen.specs.core import plugin_loading
from specimen.specs.core.atomic_files import write_text

GROUP = "specimen.reports"
Render = Callable[[Report], str]

# One entry for each format: its name, and the function that gives the text of a file. A user's package names its own alike.
BUILT_IN = (
    EntryPoint("junit", "specimen.contracts.reporting.formats.junit_report:render", GROUP),
    EntryPoint("html", "specimen.contracts.reporting.formats.html.report:render", GROUP),
    EntryPoint("sarif", "specimen.contracts.reporting.formats.sarif_report:render", GROUP),
    EntryPoint("json", "specimen.contracts.reporting.formats.json_report:render", GROUP),
    EntryPoint("markdown", "specimen.contracts.reporting.formats.markdown_report:render", GROUP),
    EntryPoint("github", "specimen.contracts.reporting.formats.github_report:render", GROUP),
    EntryPoint("gitlab", "specimen.contracts.reporting.formats.gitlab_report:render", GROUP),
)
FORMATS = tuple(entry.name for entry in BUILT_IN)


class ReportError(SpecimenError):
    """A report that cannot be written."""


def names() -> tuple[str, ...]:
    """Returns the names of all formats, the built-in ones first."""
    return tuple(dict.fromkeys(entry.name for entry in _entries()))


def renderer(name: str) -> Render:
    """Returns the function that renders reports of a format.

    Raises:
        ReportError: there is no such format, two packages have one, or the package that has it is broken.
    """
    found = {entry.value: entry for entry in _entries() if entry.name == name}
    if not found:
        raise ReportError(f"report '{name}': expected one of {', '.join(names())}, as in `junit=report.xml`.")
    if len(found) > 1:
        values = " and ".join(f"'{value}'" for value in found)
        raise ReportError(f"entry point {GROUP} '{name}': {values} have that name. Rename or uninstall one.")
    entry = next(iter(found.values()))
    try:
        function = entry.load()
    except Exception as error:  # the user must learn which package failed, whatever it raises
        raise ReportError(f"{_where(name, entry)} cannot be loaded: {type(error).__name__}: {error}") from error
    if not callable(function):
        raise ReportError(f"{_where(name, entry)} is no function that takes a report and gives the text of a file.")
    render: Render = function
    return render


def render(report: Report, name: str) -> str:
    """Renders a report as the text of a file.

    Raises:
        ReportError: there is no such format, or it fails.
    """
    function = renderer(name)
    if name in FORMATS:
        return function(report)  # an error of our own is a bug
    try:
        text = function(report)
    except Exception as error:  # as above
        raise ReportError(f"report format '{name}' failed: {type(error).__name__}: {error}") from error
    if not isinstance(text, str):
        raise ReportError(f"report format '{name}' gave {type(text).__name__}: expected the text of a file.")
    return text


def write(report: Report, name: str, path: Path | str) -> None:
    """Writes a report whole or not at all.

    Raises:
        ReportError: there is no such format, it fails, or the path cannot be written.
    """
    try:
        write_text(Path(path), render(report, name))
    except OSError as error:
        raise ReportError(f"report {name}={path}: cannot be written: {error.strerror or error}.") from error


def wanted(option: str) -> tuple[str, Path]:
    """Parses format and path of a `--report FORMAT=PATH`, checked before anything is sent.

    Raises:
        ReportError: it is not of that form, the format cannot be loaded, or the path's folder is not there.
    """
    name, equals, path = option.partition("=")
    if not equals or not path or name not in names():
        raise ReportError(f"--report '{option}': expected FORMAT=PATH with one of {', '.join(names())}.")
    renderer(name)
    folder = Path(path).absolute().parent
    if not folder.is_dir():
        raise ReportError(f"--report '{option}': there is no folder {folder}. Make it first.")
    if Path(path).is_dir():
        raise ReportError(f"--report '{option}': that is a folder. Name a file in it.")
    return name, Path(path)


def _entries() -> tuple[EntryPoint, ...]:
    return (*BUILT_IN, *plugin_loading.installed(GROUP))


def _where(name: str, entry: EntryPoint) -> str:
    return f"entry point {GROUP} '{name}': '{entry.value}'"
