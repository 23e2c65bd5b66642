"""The file that keeps each run's outcome as it ends, so that a score of hours can be stopped and continued.

One JSON object a line, with the fingerprint of the code that was judged and judged with: outcomes of other code are
never mixed in.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from tests.score.runs import CI, SMOKE, Outcome
from tests.score.scoring import Job, Results, labels

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

ROOT = Path(__file__).parents[2]
# What an outcome hangs on, besides the packages of constraints.txt. Where one is missing, the fingerprint cannot be made.
SOURCES = ("contracts", "specs", "fixtures", "mockserver", "tests/score", "tests/fuzzing.py", "constraints.txt")
CODE = "code"
_SUFFIXES = frozenset({".py", ".yaml", ".txt"})
_START = b'{"code": '  # of a line, before a quote and the fingerprint
_TYPES = {"provider": str, "label": str, "suite": str, "seed": int, "requests": int, "seconds": (int, float), "mistake": str}


class KeptError(Exception):
    """A file that holds something else than runs of this code; its text says where and what to do."""


def fingerprint(root: Path = ROOT) -> str:
    """Twelve hex digits of a SHA-256 over names and contents of the files that an outcome hangs on."""
    digest = hashlib.sha256()
    for file in _files(root):
        digest.update(f"{file.relative_to(root).as_posix()}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:12]


def _files(root: Path) -> Iterator[Path]:
    for source in SOURCES:
        place = root / source
        yield from sorted(file for file in place.rglob("*") if file.suffix in _SUFFIXES) if place.is_dir() else [place]


def line(job: Job, outcome: Outcome, code: str) -> str:
    """A run as it stands in the file, with its newline; ASCII, for what came need not be Unicode."""
    return json.dumps({CODE: code, **job._asdict(), **outcome._asdict()}) + "\n"


class Kept:
    """A file's runs so far, and where the next go; a context manager.

    Raises:
        KeptError: the file holds something else, or runs of other code, or cannot be read or written.
    """

    def __init__(self, file: Path, code: str) -> None:
        self.code = code
        self._path = file
        self._seen = _stamps()
        try:
            self._file = file.open("a+b")
        except OSError as error:
            raise KeptError(f"{file}: {error.strerror}") from None
        try:
            _lock(self._file, file)
            self.results: Results = self._whole()
        except BaseException:
            self._file.close()
            raise

    def _whole(self) -> Results:
        """The file's runs; what the last score was stopped in the middle of is cut off."""
        self._file.seek(0)
        text = self._file.read()
        whole = _whole_lines(text)
        found = dict(_runs(self._path, whole))
        others = ", ".join(sorted({code for code, _ in found.values()} - {self.code}))
        if others:
            raise KeptError(f"{self._path}: holds runs of other code ({others}; this is {self.code}): name another file")
        self._file.truncate(len(whole))
        return {job: outcome for job, (_, outcome) in found.items()}

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Closes the file."""
        self._file.close()

    def add(self, job: Job, outcome: Outcome) -> None:
        """Writes a run, at once.

        Raises:
            KeptError: the code changed since the file was opened, so that nobody knows which one was run; or the disk is full.
        """
        if _stamps() != self._seen and fingerprint() != self.code:
            raise KeptError(f"{self._path}: the code changed while it was run; this run is not kept")
        try:
            self._file.write(line(job, outcome, self.code).encode())
            self._file.flush()
        except OSError as error:
            raise KeptError(f"{self._path}: {error.strerror}") from None


def _lock(opened: IO[bytes], file: Path) -> None:
    """Keeps other scores away until the file is closed, where the system can."""
    if fcntl is None:
        return
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise KeptError(f"{file}: another score is writing it; name another file") from None


def _stamps() -> list[tuple[Path, int, int]]:
    """What tells quickly that no file changed."""
    return [(file, found.st_mtime_ns, found.st_size) for file in _files(ROOT) for found in [file.stat()]]


def read(files: Iterable[Path]) -> tuple[str, Results]:
    """The fingerprint and the runs of several files together; a `ci` run that smoke's finding made needless is that finding.

    Raises:
        KeptError: a file holds something else or nothing, or they are of different code.
    """
    results: Results = {}
    codes: dict[str, Path] = {}
    for file in files:
        try:
            text = file.read_bytes()
        except OSError as error:
            raise KeptError(f"{file}: {error.strerror}") from None
        for job, (code, outcome) in _runs(file, _whole_lines(text)):
            if job.label not in labels(job.provider):
                raise KeptError(f"{file}: {job.provider} has no mutant or variant '{job.label}' any more: run it again")
            results[job] = outcome
            codes.setdefault(code, file)
    if len(codes) > 1:
        raise KeptError(f"these are runs of different code: {', '.join(f'{file} ({code})' for code, file in codes.items())}")
    if not codes:
        raise KeptError("no run stands in it")
    return next(iter(codes)), _with_needless(results)


def _with_needless(results: Results) -> Results:
    """In the order of seeds, providers and the tables, with what was not run under `ci` because `smoke` had found it."""
    has_ci = {(job.provider, job.seed) for job in results if job.suite == CI}
    for job, outcome in list(results.items()):
        if job.suite == SMOKE and outcome.errors and (job.provider, job.seed) in has_ci:
            results.setdefault(job._replace(suite=CI), outcome)
    order = {name: {label: number for number, label in enumerate(labels(name))} for name in {job.provider for job in results}}
    return dict(sorted(results.items(), key=lambda run: (run[0].seed, run[0].provider, order[run[0].provider][run[0].label])))


def _whole_lines(text: bytes) -> bytes:
    """A file's bytes without a line of ours that was cut off."""
    end = text.rfind(b"\n") + 1
    head, code = text[end : end + len(_START)], text[end + len(_START) : end + len(_START) + 13]
    return text[:end] if _START.startswith(head) and re.fullmatch(rb'("[0-9a-f]*)?', code) else text


def _runs(file: Path, text: bytes) -> Iterator[tuple[Job, tuple[str, Outcome]]]:
    for number, entry in enumerate(text.splitlines(), 1):
        try:
            value: dict[str, Any] = json.loads(entry)
            yield _run(value)
        except (ValueError, KeyError, TypeError) as error:
            raise KeptError(f"{file}:{number}: no run that --out wrote ({type(error).__name__}: {error})") from None


def _run(value: dict[str, Any]) -> tuple[Job, tuple[str, Outcome]]:
    for name, kind in _TYPES.items():
        if not isinstance(value[name], kind):
            raise TypeError(f"{name}: {value[name]!r}")
    for name in ("errors", "notes"):
        value[name] = tuple(map(str, value[name] if isinstance(value[name], list) else [value[name]]))
    job, outcome = (kind(**{name: value[name] for name in kind._fields}) for kind in (Job, Outcome))
    return job, (str(value[CODE]), outcome)
