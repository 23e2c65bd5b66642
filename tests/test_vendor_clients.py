"""Clients that generators make of the served documents: their types are the vendor's, and they read sessions in every status."""

from __future__ import annotations

import importlib.resources
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from specimen import specs
from specimen.mockserver.app import App, build_app
from specimen.mockserver.http.server import running
from specimen.mockserver.settings import Pace, Settings
from tests.mockserver.calling import NOW, pointed
from tests.node_tools import node_tools
from tests.test_other_languages import ANNOTATIONS

FOLDER = Path(__file__).with_name("vendor_clients")
NAMES = specs.names()
NODE = ("openapi-typescript@7.13.0", "openapi-fetch@0.17.0", "@hey-api/openapi-ts@0.95.0", "typescript@5.9.3", "esbuild@0.28.2",
        "@types/node@20.19.43")  # fmt: skip
STRICT = ("--strict", "--noEmit", "--skipLibCheck", "--module", "esnext", "--moduleResolution", "bundler", "--target", "es2022",
          "--types", "node")  # fmt: skip
RULE = re.compile(r"[A-Z]{3}_?\d{3}")


@dataclass(frozen=True)
class Served:
    """The mock of all providers on a port, its clock frozen."""

    app: App
    url: str

    def document(self, name: str) -> str:
        """Where a provider's document is."""
        return f"{self.url}/{name}/openapi.json"

    def calls(self, name: str) -> list[dict[str, Any]]:
        """Each session of the catalogue that the working credential reads, in each state."""
        provider = specs.load(name)
        reads = {read.operation: read for read in provider.lifecycle.reads if read.status is not None}
        found = []
        for entry in self.app.mounted[name].table.entries():
            if entry["scenario"] is not None and entry["operation"] in reads:
                operation = provider.document.operations[entry["operation"]]
                pieces = re.split(r"\{([^}]+)\}", operation.path)
                pattern = "([^/]+)".join(map(re.escape, pieces[::2]))
                match = re.fullmatch(pattern, entry["path"].removeprefix(provider.mount))
                assert match is not None
                path = dict(zip(pieces[1::2], map(unquote, match.groups()), strict=True))
                node = provider.document.raw["paths"][operation.path][operation.method]
                tag = "".join(
                    part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", node.get("tags", ["Default"])[0])
                )
                body = {} if entry["body"] is None else {"body": entry["body"]}
                headers = {key: value for key, value in entry["headers"].items() if key != "Content-Type"}
                found.append({
                    "url": self.url + provider.mount, "headers": headers, "operation": operation.id, "api": f"{tag}Api",
                    "template": operation.path, "method": operation.method.upper(), "path": path,
                    "arguments": [*(path[one.name] for one in operation.parameters if one.location == "path"), *body.values()],
                    "has_body": bool(body), **body,
                    "expected": (reads[operation.id].status, entry["status"]),
                })  # fmt: skip
        return found


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """The server."""
    app = build_app(Settings(now=NOW, freeze=True, pace=Pace.parse("manual")))
    with running(app) as url:
        yield Served(app, url)


def done(*command: str | Path, folder: Path, **variables: str) -> str:
    """What a command printed that ended well."""
    environment = {**os.environ, **variables}
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=400, check=False)
    assert ended.returncode == 0, (ended.stdout + ended.stderr)[-4000:]
    return ended.stdout


def needed(program: str) -> str:
    """Where a program is; the test is skipped where it is not."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


def written(calls: list[dict[str, Any]], folder: Path) -> Path:
    """The calls in a file, one in each line."""
    path = folder / "calls.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in calls), encoding="utf-8")
    return path


def check_statuses(calls: list[dict[str, Any]], printed: str, states: Mapping[str, Any]) -> None:
    """The models show the status of each session, and every status was seen."""
    answers = [json.loads(line) for line in printed.splitlines()]
    assert len(answers) == len(calls)
    wrong = [
        f"{call['operation']} {call['path']}: {pointed(answer, call['expected'][0])} is not {call['expected'][1]}"
        for call, answer in zip(calls, answers, strict=True)
        if pointed(answer, call["expected"][0]) != call["expected"][1]
    ]
    assert wrong == []
    assert {call["expected"][1] for call in calls} == set(states)


def vendor_words(name: str) -> set[str]:
    """What a type's name may begin with: a component's name, an operation's or a webhook's, in small letters without signs."""
    document = specs.load(name).document
    components = [word for section in document.raw["components"].values() for word in section]
    webhooks = [
        node.get("operationId", method + name)
        for name, item in document.raw.get("webhooks", {}).items()
        for method, node in item.items()
    ]
    return {plain(word) for word in (*components, *document.operations, *webhooks)}


def plain(name: str) -> str:
    """A name in small letters, without signs."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def check_types(types: list[str], name: str) -> None:
    """Each type is named after a schema or an operation of the vendor's, and no rule."""
    words = vendor_words(name)
    assert len(types) > 5
    assert [one for one in types if RULE.search(one) or not any(plain(one).startswith(word) for word in words)] == []


def generator() -> Path:
    """OpenAPI Generator's archive."""
    needed("java")
    package = pytest.importorskip("openapi_generator_cli", reason="OpenAPI Generator is not installed")
    return Path(str(importlib.resources.files(package))) / "openapi-generator.jar"


def generated(language: str, url: str, folder: Path, properties: str, *more: str) -> str:
    """What OpenAPI Generator says while it makes a client of a document that it fetches itself."""
    options = ["--global-property", "models,apis,supportingFiles,modelTests=false,apiTests=false,modelDocs=false,apiDocs=false"]
    flags = ["-i", url, "-g", language, "-o", "vendor_client", f"--additional-properties={properties}", *options, *more]
    return done("java", "-jar", generator(), "generate", *flags, folder=folder)


def mixed_unions(models: Path, said: str) -> list[str]:
    """The unions of a list and another type: the generator's library `native` writes `List<String>.class` for them."""
    wrong = {plain(path.stem) for path in models.glob("*.java") if re.search(r">\.class", path.read_text(encoding="utf-8"))}
    found = [name for name in dict.fromkeys(re.findall(r"created as (\w+)", said)) if plain(name) in wrong]
    assert len(found) == len(wrong)
    return found


@pytest.mark.long("generates and compiles a client of each vendor in Java: 30 s each")
@pytest.mark.parametrize("name", NAMES)
def test_java__reads_every_status(name: str, served: Served, tmp_path: Path) -> None:
    """OpenAPI Generator makes types of the vendor's names, which hold every session; mixed unions are told to be objects."""
    javac = needed("javac")
    properties = "library=native,openApiNullable=false,invokerPackage=vendor,apiPackage=vendor.api,modelPackage=vendor.model"
    said = generated("java", served.document(name), tmp_path, properties)
    sources = tmp_path / "vendor_client" / "src" / "main" / "java" / "vendor"
    check_types([path.stem for path in (sources / "model").glob("*.java") if path.stem != "AbstractOpenApiSchema"], name)
    if unions := mixed_unions(sources / "model", said):
        shutil.rmtree(tmp_path / "vendor_client")
        mapped = ",".join(f"{union}=Object" for union in unions)
        generated("java", served.document(name), tmp_path, properties, "--schema-mappings", mapped)
    archive = generator()
    stubs = tmp_path / "javax" / "annotation"
    stubs.mkdir(parents=True)
    for annotation, members in ANNOTATIONS.items():
        text = f"package javax.annotation;\npublic @interface {annotation} {members}\n"
        (stubs / f"{annotation}.java").write_text(text, encoding="utf-8")
    files = [*FOLDER.glob("*.java"), *stubs.iterdir(), *sources.rglob("*.java")]
    done(javac, "-nowarn", "-proc:none", "-d", "classes", "-cp", archive, *files, folder=tmp_path)
    calls = served.calls(name)
    path = os.pathsep.join(["classes", str(archive)])
    printed = done(needed("java"), "-cp", path, "Reader", written(calls, tmp_path), folder=tmp_path)
    check_statuses(calls, printed, specs.load(name).lifecycle.states)


@pytest.mark.long("generates and compiles a client of each vendor in Go: 20 s each")
@pytest.mark.parametrize("name", NAMES)
def test_go__reads_every_status(name: str, served: Served, tmp_path: Path) -> None:
    """The same in Go, where the generator makes no code that compiles of a list of files: those operations are left out.

    A package that Go's clients import for unions is replaced, as nothing is fetched.
    """
    go = needed("go")
    properties = "packageName=vendor,withGoMod=false,disallowAdditionalPropertiesIfNotPresent=false,enumClassPrefix=true"
    wanted = [one.id for one in specs.load(name).document.operations.values() if one.body("multipart/form-data") is None]
    leaving_out = ("--openapi-normalizer", f"FILTER=operationId:{'|'.join(wanted)}")
    is_whole = len(wanted) == len(specs.load(name).document.operations)
    generated("go", served.document(name), tmp_path, properties, *(() if is_whole else leaving_out))
    client = tmp_path / "vendor_client"
    (client / "go.mod").unlink(missing_ok=True)
    shutil.rmtree(client / "test", ignore_errors=True)
    check_types([path.stem.removeprefix("model_").rstrip("_") for path in client.glob("model_*.go")], name)
    (tmp_path / "validator").mkdir()
    (tmp_path / "validator" / "go.mod").write_text("module gopkg.in/validator.v2\n", encoding="utf-8")
    stub = "package validator\n\n// Validate accepts all.\nfunc Validate(_ interface{}) error { return nil }\n"
    (tmp_path / "validator" / "validator.go").write_text(stub, encoding="utf-8")
    module = (
        "module example.com/reader\n\ngo 1.19\n\nrequire gopkg.in/validator.v2 v2.0.1\n\n"
        "replace gopkg.in/validator.v2 => ./validator\n"
    )
    (tmp_path / "go.mod").write_text(module, encoding="utf-8")
    shutil.copy(FOLDER / "reader.go", tmp_path)
    calls = served.calls(name)
    variables = {"GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local"}
    printed = done(go, "run", ".", written(calls, tmp_path), folder=tmp_path, **variables)
    check_statuses(calls, printed, specs.load(name).lifecycle.states)


@pytest.mark.long("needs generators from npm, and checks types: 15 s for each vendor")
@pytest.mark.parametrize("name", NAMES)
def test_hey_api__reads_every_status(name: str, served: Served, tmp_path: Path) -> None:
    """Hey API, told nothing but the URL, makes a client whose types TypeScript accepts, and which reads every session."""
    tools = node_tools("clients", *NODE)
    (tmp_path / "node_modules").symlink_to(tools / "node_modules")
    binaries = tmp_path / "node_modules" / ".bin"
    done(binaries / "openapi-ts", "-i", served.document(name), "-o", "client", folder=tmp_path)
    types = re.findall(r"^export type (\w+)", (tmp_path / "client" / "types.gen.ts").read_text(encoding="utf-8"), re.MULTILINE)
    check_types([one for one in types if one not in ("ClientOptions", "Webhooks")], name)
    shutil.copy(FOLDER / "hey_api.ts", tmp_path)
    done(binaries / "tsc", *STRICT, "hey_api.ts", folder=tmp_path)
    bundle = ("--bundle", "--platform=node", "--format=esm", "--outfile=hey_api.mjs", "--log-level=error")
    done(binaries / "esbuild", "hey_api.ts", *bundle, folder=tmp_path)
    calls = served.calls(name)
    printed = done(needed("node"), "hey_api.mjs", written(calls, tmp_path), folder=tmp_path)
    check_statuses(calls, printed, specs.load(name).lifecycle.states)


@pytest.mark.long("needs generators from npm, and checks types: 10 s for each vendor")
@pytest.mark.parametrize("name", NAMES)
def test_openapi_typescript__reads_every_status(name: str, served: Served, tmp_path: Path) -> None:
    """Calls of openapi-fetch are accepted by the types that openapi-typescript makes, and read a session of every status."""
    tools = node_tools("clients", *NODE)
    (tmp_path / "node_modules").symlink_to(tools / "node_modules")
    binaries = tmp_path / "node_modules" / ".bin"
    done(binaries / "openapi-typescript", served.document(name), "-o", "schema.d.ts", folder=tmp_path)
    assert RULE.search(re.sub(r"(?m)^\s*(\*|/\*).*$", "", (tmp_path / "schema.d.ts").read_text(encoding="utf-8"))) is None
    calls = list({(one["operation"], one["expected"][1]): one for one in served.calls(name)}.values())
    (tmp_path / "reader.ts").write_text(fetching(calls, specs.load(name)), encoding="utf-8")
    done(binaries / "tsc", *STRICT, "reader.ts", folder=tmp_path)
    bundle = ("--bundle", "--platform=node", "--format=esm", "--outfile=reader.mjs", "--log-level=error")
    done(binaries / "esbuild", "reader.ts", *bundle, folder=tmp_path)
    printed = done(needed("node"), "reader.mjs", folder=tmp_path)
    check_statuses(calls, printed, specs.load(name).lifecycle.states)


def fetching(calls: list[dict[str, Any]], provider: specs.Provider) -> str:
    """TypeScript that makes each call, its arguments written out so that their types are checked, and a use of every schema."""
    lines = [
        'import createClient from "openapi-fetch";',
        'import type { components, paths } from "./schema";',
        f"const client = createClient<paths>({{ baseUrl: {json.dumps(calls[0]['url'])} }});",
    ]
    schemas = provider.document.raw["components"]["schemas"]
    lines += [f'export type {schema}_ = components["schemas"][{json.dumps(schema)}];' for schema in schemas]
    for call in calls:
        given = {
            **({"params": {"path": call["path"]}} if call["path"] else {}),
            "headers": call["headers"],
            **({"body": call["body"]} if call["has_body"] else {}),
        }
        text = f"client.{call['method']}({json.dumps(call['template'])}, {json.dumps(given)})"
        lines.append(f"console.log(JSON.stringify((await {text}).data));")
    return "\n".join(lines) + "\n"
