"""Where a finding stands in the user's repository, and how it is known again in the next run."""

from __future__ import annotations

import json
import os
import re
from hashlib import sha256
from pathlib import Path

from specimen.contracts.judge.rule import Violation
from specimen.contracts.redaction.values import without_fingerprints
from specimen.contracts.reporting.model import Found, Report
from specimen.specs import SpecimenError

# `owner/repository/.github/workflows/ci.yml@refs/heads/main`
_WORKFLOW = re.compile(r"[^/]+/[^/]+/(?P<path>[^@]+)@.*")
# Patterns of what describes a pipeline or a project, the first that there is; a folder may have several workflows.
_CONFIGURATIONS = (
    ".gitlab-ci.yml", ".circleci/config.yml", "azure-pipelines.yml", "bitbucket-pipelines.yml", "Jenkinsfile",
    "pyproject.toml", "setup.cfg", "package.json", "pom.xml", "build.gradle*", "go.mod", "Cargo.toml", "composer.json", "Gemfile",
    "*.csproj", ".github/workflows/*.y*ml", "Makefile", "README*",
)  # fmt: skip


def user_file(text: str) -> str:
    """Returns a file of the user's repository as reports name it: relative to the working folder, with slashes.

    Raises:
        SpecimenError: it is no file, or outside the working folder.
    """
    folder = Path.cwd().resolve()
    path = (folder / text).resolve()
    if not path.is_relative_to(folder):
        raise SpecimenError(f"--sarif-location '{text}': outside the working folder. Name a file of your repository.")
    if not path.is_file():
        raise SpecimenError(f"--sarif-location '{text}': there is no such file in the working folder.")
    return path.relative_to(folder).as_posix()


def default_location() -> str | None:
    """Returns the file of the user's repository that findings point at: the workflow, else a configuration in this folder."""
    workflow = _WORKFLOW.fullmatch(os.environ.get("GITHUB_WORKFLOW_REF", ""))
    if workflow is not None:
        return workflow["path"]
    pipeline = os.environ.get("CI_CONFIG_PATH", "")
    if pipeline and "@" not in pipeline and "://" not in pipeline:
        return pipeline
    found = (path for pattern in _CONFIGURATIONS for path in sorted(Path().glob(pattern)) if path.is_file())
    return next((path.as_posix() for path in found), None)


def finding_id(report: Report, violation: Violation) -> str:
    """Returns what a finding is known again by in another run: the same breach has the same, another one another."""
    pointer, expected = without_fingerprints(violation.pointer), without_fingerprints(violation.expected)
    identity = [report.provider, violation.rule, violation.operation, violation.status, pointer, expected]
    return sha256(json.dumps(identity).encode()).hexdigest()


def sentence(entry: Found) -> str:
    """Returns a finding as one line."""
    one = entry.violation
    said = f"answered {one.status}" if one.status else "gave no answer"
    place = f" at {one.pointer}" if one.pointer else ""
    times = f" Seen {entry.count} times." if entry.count > 1 else ""
    return f"{one.rule}: {one.operation} {said}: {one.sentence}{place}. Expected {one.expected}; got {one.got}.{times}"
