"""The recipes of docs/other-languages.md run, where their language is installed: Java's and Go's by generated clients."""

from __future__ import annotations

import importlib.resources
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from specimen.mockserver.control.api import DOCUMENT_FILE
from specimen.specs.loading.openapi import Document, read_document
from tests.documentation import blocks
from tests.serving import serving

PAGE = "docs/other-languages.md"
# The annotations that a generated Java client carries; a build by its pom.xml takes them from Maven.
ANNOTATIONS = {
    "Generated": '{ String[] value(); String date() default ""; String comments() default ""; }',
    "Nonnull": "{}",
    "Nullable": "{}",
}


@pytest.fixture(scope="module")
def ready_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The file that a running server wrote."""
    folder = tmp_path_factory.mktemp("served")
    with serving("kayle", "--pace", "manual", folder=folder):
        yield folder / "ready.json"


def block(language: str, begin: str = "") -> str:
    """The page's block of a language; `begin` is how one of its lines begins."""
    (found,) = (one.text for one in blocks(language) if one.page == PAGE and re.search(f"(?m)^{re.escape(begin)}", one.text))
    return found


def needed(program: str) -> str:
    """Where a program is; the test is skipped where it is not."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


def done(*command: str | Path, folder: Path, **variables: str) -> str:
    """What a command printed that ended well."""
    environment = {**os.environ, **variables}
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, (ended.stdout + ended.stderr)[-4000:]
    return ended.stdout


def generated(language: str, folder: Path) -> Path:
    """The client that the page's own command makes of the control document; gives the generator's archive."""
    java, package = needed("java"), pytest.importorskip("openapi_generator_cli", reason="OpenAPI Generator is not installed")
    archive = Path(str(importlib.resources.files(package))) / "openapi-generator.jar"
    shutil.copy(DOCUMENT_FILE, folder / "openapi.json")  # it reads YAML too
    (line,) = (text for text in block("sh", f"openapi-generator-cli generate -i openapi.json -g {language} ").splitlines()[1:])
    done(java, "-jar", archive, *shlex.split(line)[1:], folder=folder)
    return archive


def test_node__steers_without_a_client(ready_file: Path, tmp_path: Path) -> None:
    """The recipe steers a session of the server and sees it fail."""
    node = needed("node")
    (tmp_path / "recipe.test.mjs").write_text(block("js"), encoding="utf-8")
    assert "pass 1" in done(node, "--test", "recipe.test.mjs", folder=tmp_path, READY_FILE=str(ready_file))


@pytest.mark.long("generates and compiles a client of the whole control API in Java: 30 s")
def test_java__steers_by_a_generated_client(ready_file: Path, tmp_path: Path) -> None:
    """The client is generated, compiled with the recipe, and steers."""
    javac = needed("javac")
    archive = generated("java", tmp_path)
    (tmp_path / "Recipe.java").write_text(block("java"), encoding="utf-8")
    stubs = tmp_path / "javax" / "annotation"
    stubs.mkdir(parents=True)
    for name, members in ANNOTATIONS.items():
        text = f"package javax.annotation;\npublic @interface {name} {members}\n"
        (stubs / f"{name}.java").write_text(text, encoding="utf-8")
    sources = [tmp_path / "Recipe.java", *stubs.iterdir(), *(tmp_path / "control" / "src" / "main").rglob("*.java")]
    done(javac, "-nowarn", "-proc:none", "-d", "classes", "-cp", archive, *sources, folder=tmp_path)
    path = os.pathsep.join(["classes", str(archive)])
    assert done(needed("java"), "-cp", path, "Recipe", ready_file, folder=tmp_path) == "passed\n"


@pytest.mark.long("generates and compiles a client of the whole control API in Go: 20 s")
def test_go__steers_by_a_generated_client(ready_file: Path, tmp_path: Path) -> None:
    """The client is generated, compiled with the recipe, and steers."""
    go = needed("go")
    generated("go", tmp_path)
    (tmp_path / "go.mod").write_text("module example.com/recipe\n\ngo 1.19\n", encoding="utf-8")
    (tmp_path / "recipe.go").write_text(block("go"), encoding="utf-8")
    (tmp_path / "control" / "go.mod").unlink(missing_ok=True)
    ran = done(go, "run", ".", ready_file, folder=tmp_path, GOFLAGS="-mod=mod", GOPROXY="off", GOTOOLCHAIN="local")
    assert ran == "passed\n"


@pytest.fixture(scope="module")
def document() -> Document:
    """The control API's document."""
    return read_document(DOCUMENT_FILE)


@pytest.mark.parametrize(
    ("language", "call"),
    [("java", r"\.(\w+)\((?:new \w+Request\(|\"kayle\", id)"), ("go", r"API\.(\w+)\(ctx")],
    ids=["java", "go"],
)
def test_recipe__calls_operations_of_the_document(language: str, call: str, document: Document) -> None:
    """What the recipes of generated clients call is in the document that they are generated from."""
    names = {name[:1].lower() + name[1:] for name in re.findall(call, block(language))}
    assert names >= {"createSession", "transitionSession", "askRequests", "reset"}
    assert names <= set(document.operations)


def test_document__says_how_large_numbers_are(document: Document) -> None:
    """A generated client reads an integer into 32 bits, unless the document says that it has more (a seed has 53)."""

    def integers(node: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
        if isinstance(node, dict):
            if node.get("type") in ("integer", ["integer", "null"]):
                yield place, node
            for name, inner in node.items():
                yield from integers(inner, f"{place}/{name}")
        elif isinstance(node, list):
            for index, inner in enumerate(node):
                yield from integers(inner, f"{place}/{index}")

    found = dict(integers(document.raw, ""))
    assert len(found) > 15
    unsaid = [place for place, one in found.items() if "format" not in one and not one.get("maximum", 2**31) < 2**31]
    assert unsaid == []
