"""HTTP files, as JetBrains' HTTP client, httpYac and Kulala read them, with response handlers and an environment."""

from __future__ import annotations

import json
from collections.abc import Iterator

from specimen.mockserver.sessions.catalogue.export.formats.bodies import file_of, parts_of, text_of, uploads
from specimen.mockserver.sessions.catalogue.export.formats.javascript import at, literal, shown
from specimen.mockserver.sessions.catalogue.export.steps import NAMESPACE_HEADER, Collection, Step

_BOUNDARY = "specimen-boundary"
ENVIRONMENT = "http-client.env.json"


def files(collection: Collection) -> dict[str, bytes]:
    """One file with all requests, the environment `local` and the files of forms, in a folder of the provider's name.

    All are in the default namespace, as readers do not agree on how a request sets a variable for later ones. The form knows
    no loop: a poll stands as often as the sandbox needs, and the last one checks the end.
    """
    lines = [f"# {collection.title}, as `specimen serve` answers. Environment: local, in {ENVIRONMENT}.", ""]
    for chapter in collection.chapters:
        lines += [f"# {chapter.name}", ""]
        for step in chapter.steps:
            for turn in range(1, step.polls + 1):
                name = step.name if step.polls == 1 else f"{step.name}, read {turn} of {step.polls}"
                lines += _request(step, name, is_last=turn == step.polls)
    environment = json.dumps({"local": dict(collection.variables)}, ensure_ascii=False, indent=2) + "\n"
    content = {
        f"{collection.provider}.http": "\n".join(lines).encode(),
        ENVIRONMENT: environment.encode(),
        **dict(uploads(collection)),
    }
    return {f"{collection.provider}/{path}": one for path, one in content.items()}


def _request(step: Step, name: str, *, is_last: bool) -> Iterator[str]:
    yield f"### {name}"
    yield f"{step.method} {{{{base_url}}}}{step.path}"
    yield from (f"{header}: {value}" for header, value in step.headers.items() if header != NAMESPACE_HEADER)
    parts, text = parts_of(step), text_of(step)
    if parts is not None:
        yield f"Content-Type: multipart/form-data; boundary={_BOUNDARY}"
        yield ""
        for part in parts:
            yield f"--{_BOUNDARY}"
            if "filename" in part:
                yield f'Content-Disposition: form-data; name="{part["name"]}"; filename="{part["filename"]}"'
                yield f"Content-Type: {part['content_type']}"
                yield ""
                yield f"< ./{file_of(part)}"
            else:
                yield f'Content-Disposition: form-data; name="{part["name"]}"'
                yield ""
                yield part["value"]
        yield f"--{_BOUNDARY}--"
    elif text is not None:
        yield ""
        yield text
    yield ""
    yield "> {%"
    yield from (f"  {line}" for line in _handler(step, is_last=is_last))
    yield "%}"
    yield ""


def _handler(step: Step, *, is_last: bool) -> Iterator[str]:
    title = f"answers {' or '.join(map(str, step.statuses))}"
    allowed = f"{literal(list(step.statuses))}.includes(response.status)"
    yield f"client.test({literal(title)}, () => client.assert({allowed}, `answered ${{response.status}}`));"
    for keys, value in (*step.equal, *((step.until,) if step.until is not None and is_last else ())):
        yield (
            f"client.test({literal(f'{shown(keys)} is {value}')}, "
            f"() => client.assert({at('response.body', keys)} === {literal(value)}));"
        )
    for name, keys in step.captures:
        yield f"client.global.set({literal(name)}, {at('response.body', keys)});"
