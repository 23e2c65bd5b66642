"""Bruno: a folder with a file for each request, and an environment."""

from __future__ import annotations

import json
import re
from hashlib import sha256

from specimen.mockserver.sessions.catalogue.export.formats.bodies import FOLDER, file_of, is_json, parts_of, text_of, uploads
from specimen.mockserver.sessions.catalogue.export.formats.javascript import NEW_NAMESPACE, at, literal, shown
from specimen.mockserver.sessions.catalogue.export.steps import MOST_POLLS, NAMESPACE, Collection, Step


def files(collection: Collection) -> dict[str, bytes]:
    """The collection, below a folder with the provider's name."""
    about = {"version": "1", "name": f"{collection.title} (Specimen)", "type": "collection", "ignore": ["node_modules", ".git"]}
    variables = [f"{name}: {value}" for name, value in {**collection.variables, NAMESPACE: "export"}.items()]
    texts = {
        "bruno.json": json.dumps(about, ensure_ascii=False, indent=2) + "\n",
        "environments/local.bru": _block("vars", variables),
    }
    for place, chapter in enumerate(collection.chapters, 1):
        folder = f"{place} {chapter.name}"
        texts[f"{folder}/folder.bru"] = _block("meta", [f"name: {chapter.name}", f"seq: {place}"])
        width = len(str(len(chapter.steps)))
        for number, step in enumerate(chapter.steps, 1):
            path = f"{folder}/{number:0{width}} {_file_name(step.name)}.bru"
            texts[path] = _request(step, number, is_first=place == number == 1)
            if _is_broken_json(step):
                texts[_place_of(step)] = text_of(step) or ""
    content = {path: text.encode() for path, text in texts.items()} | dict(uploads(collection))
    return {f"{collection.provider}/{path}": one for path, one in content.items()}


def _is_broken_json(step: Step) -> bool:
    """Whether a body is said to be JSON and is none: Bruno makes a JSON string of it, unless it is the content of a file."""
    text, said = text_of(step), step.headers.get("Content-Type", "")
    if text is None or is_json(step) or "json" not in said:
        return False
    try:
        json.loads(text)
    except ValueError:
        return True
    return False


def _place_of(step: Step) -> str:
    """Where the file with a body stands."""
    return f"{FOLDER}/{sha256((text_of(step) or '').encode()).hexdigest()[:8]}-body.txt"


def _file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9 ._-]+", "", name).strip()


def _block(name: str, lines: list[str]) -> str:
    return "\n".join([f"{name} {{", *(f"  {line}" if line else "" for line in lines), "}", ""])


def _request(step: Step, number: int, *, is_first: bool) -> str:
    parts, text = parts_of(step), text_of(step)
    kind = "multipartForm" if parts is not None else "none" if text is None else "json" if is_json(step) else "text"
    kind = "file" if _is_broken_json(step) else kind
    blocks = [
        _block("meta", [f"name: {step.name}", "type: http", f"seq: {number}"]),
        _block(step.method.lower(), [f"url: {{{{base_url}}}}{step.path}", f"body: {kind}", "auth: none"]),
        _block("headers", [f"{name}: {value}" for name, value in step.headers.items()]),
    ]
    if parts is not None:
        fields = [f"{part['name']}: @file({file_of(part)}) @contentType({part['content_type']})" if "filename" in part
                  else f"{part['name']}: {part['value']}" for part in parts]  # fmt: skip
        blocks.append(_block("body:multipart-form", fields))
    elif kind == "file":
        blocks.append(_block("body:file", [f"file: @file({_place_of(step)}) @contentType({step.headers['Content-Type']})"]))
    elif text is not None:
        blocks.append(_block(f"body:{kind}", text.splitlines()))
    if is_first:
        blocks.append(_block("script:pre-request", [f"bru.setVar({literal(NAMESPACE)}, {NEW_NAMESPACE});"]))
    after = [f"bru.setVar({literal(name)}, {at('res.getBody()', keys)});" for name, keys in step.captures]
    if step.until is not None:
        keys, value = step.until
        after += [
            "const polls = Number(bru.getVar('polls') || 0) + 1;",
            f"const again = {at('res.getBody()', keys)} !== {literal(value)} && polls < {MOST_POLLS};",
            "bru.setVar('polls', again ? polls : 0);",
            "if (again) {",
            "  await bru.sleep(Number(bru.getVar('poll_milliseconds') || 100));",
            f"  bru.runner.setNextRequest({literal(step.name)});",
            "}",
        ]
    if after:
        blocks.append(_block("script:post-response", after))
    blocks.append(_block("tests", _tests(step)))
    return "\n".join(blocks)


def _tests(step: Step) -> list[str]:
    title = f"answers {' or '.join(map(str, step.statuses))}"
    lines = [f"test({literal(title)}, () => expect(res.getStatus()).to.be.oneOf({literal(list(step.statuses))}));"]
    lines += [f"test({literal(f'{shown(keys)} is {value}')}, () => expect({at('res.getBody()', keys)}).to.eql({literal(value)}));"
              for keys, value in step.equal]  # fmt: skip
    if step.until is not None:
        keys, value = step.until
        reached = f"expect({at('res.getBody()', keys)}).to.eql({literal(value)})"
        lines.append(f"if (!Number(bru.getVar('polls'))) test({literal(f'{shown(keys)} becomes {value}')}, () => {reached});")
    return lines
