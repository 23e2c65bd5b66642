"""Checks the providers' files as `make check` does: OpenAPI 3.1 by its own validator, the lifecycle, goldens up to date."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, cast

from openapi_spec_validator import OpenAPIV31SpecValidator

from specimen import specs
from specimen.specs import Provider, SpecimenError
from specimen.specs.core.errors import did_you_mean
from tests import golden

# The extensions that something reads, or that tell a reader where a fact comes from.
KEYWORDS = frozenset(
    {"x-account-dependent", "x-also-in-body", "x-assumed", "x-assumed-status", "x-claims-schema", "x-closed"}
    | {"x-contradictions", "x-event-schema", "x-words"}
    | {"x-ignored-beside", "x-known-captions", "x-no-vendor-example", "x-other-content-types", "x-probe-value", "x-provenance"}
    | {"x-part", "x-quote", "x-reason", "x-safe", "x-source", "x-vendor-example"}
)
# What these hold is data.
_DATA = frozenset({"value", "example", "const", "default", "enum", "x-contradictions"})


def keywords(node: Any, way: tuple[str, ...] = ()) -> Iterator[str]:
    """Extensions that nothing knows, and marks of the account where they mean nothing."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from keywords(item, (*way, str(index)))
    for key, value in node.items() if isinstance(node, dict) else ():
        place = "/".join((*way, key))
        if key.startswith("x-") and key not in KEYWORDS and way[-1:] != ("properties",):
            yield f"{place}: nothing knows this keyword. {did_you_mean(key, KEYWORDS)}"
        if key == "x-account-dependent" and way[-2:-1] not in (("responses",), ("examples",)):
            yield f"{place}: stands on an answer, or on an example of one"
        if key == "x-probe-value" and "x-account-dependent" not in node and way[-2:-1] != ("examples",):
            yield f"{place}: stands beside x-account-dependent"
        if key not in _DATA:
            yield from keywords(value, (*way, key))


def problems(provider: Provider) -> list[str]:
    """What is wrong with a provider's files, one sentence each."""
    document = provider.document
    found = []
    for error in OpenAPIV31SpecValidator(cast("Any", document.raw)).iter_errors():
        place = "/".join(str(part) for part in error.absolute_path)
        found.append(f"{document.path}: {place}: {error.message[:300]}")
    found += [f"{document.path}: {line}" for line in keywords(document.raw)]
    for operation in document.operations.values():
        if not any(status.startswith("2") for status in operation.responses):
            found.append(f"{document.path}: {operation.id}: no successful answer is described")
        if (
            operation.mark != "D"
            and not operation.source
            and "x-reason" not in document.raw["paths"][operation.path][operation.method]
        ):
            found.append(f"{document.path}: {operation.id}: marked {operation.mark}, but neither x-source nor x-reason is given")
    for scenario in provider.lifecycle.scenarios:
        path = golden.FOLDER / provider.name / f"{scenario}.json"
        if provider.is_builtin and not path.is_file():
            found.append(f"{path}: missing; run `make fixtures`")
    return found


def main() -> int:
    """Prints every problem; 1 if there is any."""
    found = []
    names = specs.names()
    for name in names:
        try:
            found += problems(specs.load(name))
        except SpecimenError as error:
            found.append(str(error))
    for line in found:
        print(line)
    print(f"{len(names)} providers checked, {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
