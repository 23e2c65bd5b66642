"""The file that keeps each run's outcome as it comes, so that a score of hours can be stopped and gone on with.

One JSON object a line, with the fingerprint of the code that was judged and judged with: outcomes of other code are
never mixed in.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.score.runs import Outcome
from tests.score.scoring import Job, Results

ROOT = Path(__file__).parents[2]
# What an outcome hangs on, besides the packages of constraints.txt. Where one is missing, the fingerprint cannot be made.
SOURCES = ("contracts", "specs", "fixtures", "mockserver", "tests/score", "tests/fuzzing.py", "constraints.txt")
CODE = "code"
START = b'{"code": '  # of a line


class KeptError(Exception):
    """A file that holds something else than runs of this code; its text says where and what to do."""


def fingerprint(root: Path = ROOT) -> str:
    """Twelve hex digits of a SHA-256 over names and contents of the files that an outcome hangs on."""
    digest = hashlib.sha256()
    for source in SOURCES:
        place = root / source
        files = sorted(file for file in place.rglob("*") if _is_source(file)) if place.is_dir() else [place]
        for file in files:
            digest.update(f"{file.relative_to(root).as_posix()}\0".encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:12]


def _is_source(file: Path) -> bool:
    return file.is_file() and file.suffix != ".pyc" and "__pycache__" not in file.parts


def line(job: Job, outcome: Outcome, code: str) -> str:
    """A run as it stands in the file, with its newline."""
    return json.dumps({CODE: code, **job._asdict(), **outcome._asdict()}, ensure_ascii=False) + "\n"


class Kept:
    """A file's runs so far, and where the next go; a context manager.

    Raises:
        KeptError: the file holds something else, or runs of other code.
        OSError: it cannot be read or written.
    """

    def __init__(self, file: Path, code: str) -> None:
        self.code = code
        self._file = file.open("a+b")
        try:
            self.results: Results = self._whole(file)
        except BaseException:
            self._file.close()
            raise

    def _whole(self, file: Path) -> Results:
        """The file's runs; what the last score was stopped in the middle of is cut off."""
        self._file.seek(0)
        text = self._file.read()
        whole = text[: text.rfind(b"\n") + 1]
        rest = text[len(whole) :]
        found = dict(_runs(file, whole if rest.startswith(START[: len(rest)]) else text))
        others = ", ".join(sorted({code for code, _ in found.values()} - {self.code}))
        if others:
            raise KeptError(f"{file}: holds runs of other code ({others}; this is {self.code}): name another file")
        self._file.truncate(len(whole))
        return {job: outcome for job, (_, outcome) in found.items()}

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Closes the file."""
        self._file.close()

    def add(self, job: Job, outcome: Outcome) -> None:
        """Writes a run, at once."""
        self._file.write(line(job, outcome, self.code).encode())
        self._file.flush()


def read(files: Iterable[Path]) -> tuple[str, Results]:
    """The fingerprint and the runs of several files together.

    Raises:
        KeptError: a file holds something else, or they are of different code.
        OSError: one cannot be read.
    """
    results: Results = {}
    codes: dict[str, Path] = {}
    for file in files:
        for job, (code, outcome) in _runs(file, file.read_bytes()):
            results[job] = outcome
            codes.setdefault(code, file)
    if len(codes) > 1:
        raise KeptError(f"these are runs of different code: {', '.join(f'{file} ({code})' for code, file in codes.items())}")
    return "".join(codes), results


def _runs(file: Path, text: bytes) -> Iterator[tuple[Job, tuple[str, Outcome]]]:
    for number, entry in enumerate(text.splitlines(), 1):
        try:
            value: dict[str, Any] = json.loads(entry)
            job = Job(*(value[name] for name in Job._fields))
            outcome = Outcome(**{name: value[name] for name in Outcome._fields})
            yield job, (value[CODE], outcome._replace(errors=tuple(outcome.errors), notes=tuple(outcome.notes)))
        except (ValueError, KeyError, TypeError) as error:
            raise KeptError(f"{file}:{number}: no run that --out wrote ({type(error).__name__}: {error})") from None
