"""Providers by name: their folders, wherever they are, loaded into frozen values."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

from specimen.specs.core import plugin_loading
from specimen.specs.core.errors import SpecError, did_you_mean
from specimen.specs.loading.field_semantics import FieldSemantics, read_field_semantics
from specimen.specs.loading.lifecycle import Lifecycle
from specimen.specs.loading.lifecycle_loader import read_lifecycle
from specimen.specs.loading.openapi import Document, read_document
from specimen.specs.loading.openapi_document_check import mistake
from specimen.specs.loading.schemas import Schemas
from specimen.specs.loading.webhooks import Webhooks, read_webhooks

SEARCH_PATH_VARIABLE = "SPECIMEN_PATH"
ENTRY_POINT_GROUP = "specimen.providers"
_BUILT_IN = Path(__file__).parent.parent


@dataclass(frozen=True, eq=False)
class Provider:
    """A provider's facts: its document, its lifecycle, and the folder they come from."""

    name: str
    folder: Path
    document: Document
    lifecycle: Lifecycle
    is_builtin: bool = field(default=True)

    @cached_property
    def schemas(self) -> Schemas:
        """Validators of the contract: open to added fields."""
        return Schemas(self.document)

    @cached_property
    def strict_schemas(self) -> Schemas:
        """Validators of the mock's own answers: closed to undocumented fields."""
        return Schemas(self.document, strict=True)

    @cached_property
    def field_semantics(self) -> FieldSemantics:
        """The meanings of its fields."""
        return read_field_semantics(self.folder / "field_semantics.yaml")

    @cached_property
    def webhooks(self) -> Webhooks | None:
        """What it sends when a session moves; None where no page says that it sends anything.

        Raises:
            SpecError: its webhooks.yaml states what cannot be.
        """
        return read_webhooks(self.folder / "webhooks.yaml", self.document, self.lifecycle)

    def with_parts(self, wanted: Collection[str]) -> Provider:
        """The provider with its main operations and those of some parts of its API (`x-part`).

        Raises:
            SpecError: there is no such part.
        """
        for name in wanted:
            if name not in self.document.parts:
                raise SpecError(f"part '{name}' of {self.name}", f"there is none. {did_you_mean(name, self.document.parts)}")
        return _with_parts(self, frozenset(wanted))

    @property
    def mount(self) -> str:
        """Where the mock serves it: `/<name>` and the path of the vendor's base URL."""
        return f"/{self.name}{self.document.base_path}"

    def module(self, package: str, stem: str) -> ModuleType:
        """Its module `<package>.<name>` if it is built in, else `<stem>.py` in its folder.

        Raises:
            SpecError: there is none, or it cannot be imported.
        """
        return plugin_loading.load_module(self.name, self.folder, stem, package if self.is_builtin else None)

    def find_module(self, package: str, stem: str) -> ModuleType | None:
        """The same, for a module that it need not have.

        Raises:
            SpecError: it cannot be imported.
        """
        return plugin_loading.find_module(self.name, self.folder, stem, package if self.is_builtin else None)


@cache
def _with_parts(provider: Provider, wanted: frozenset[str]) -> Provider:
    document = provider.document.with_parts(wanted)
    if document is provider.document:
        return provider
    errors = {name: case for name, case in provider.lifecycle.errors.items() if case.operation in document.operations}
    return replace(provider, document=document, lifecycle=replace(provider.lifecycle, errors=errors))


def names() -> tuple[str, ...]:
    """The names of all providers: built-in folders, folders on `SPECIMEN_PATH`, entry points `specimen.providers`."""
    return tuple(_folders())


def load(name: str) -> Provider:
    """The provider of that name.

    Raises:
        SpecError: there is none, or one of its files states what cannot be.
    """
    folders = _folders()
    if name not in folders:
        raise SpecError(f"provider '{name}'", f"there is none. {did_you_mean(name, folders)}")
    return _load(name, folders[name])


@cache
def _load(name: str, folder: Path) -> Provider:
    is_builtin = folder.parent == _BUILT_IN
    document = read_document(folder / "openapi.yaml")
    if not is_builtin and (what := mistake(document.raw)) is not None:  # ours are checked by `make check`
        raise SpecError(str(document.path), what)
    lifecycle = read_lifecycle(folder / "lifecycle.yaml")
    where = str(folder / "lifecycle.yaml")
    used = [lifecycle.create.operation, *(read.operation for read in lifecycle.reads)]
    for case in lifecycle.errors.values():
        used += [case.operation, *(step.operation for step in case.setup)]
    for operation in used:
        if operation not in document.operations:
            raise SpecError(
                where, f"operation '{operation}' is not in openapi.yaml. {did_you_mean(operation, document.operations)}"
            )
    _check_values(where, document, lifecycle)
    examples = {name for operation in document.operations.values() for name, _ in operation.examples()}
    for credential in lifecycle.credentials.values():
        if credential.fails is not None and credential.fails not in examples:
            what = f"fails with '{credential.fails}', which no operation has as an example."
            raise SpecError(f"{where}: credentials/{credential.name}", f"{what} {did_you_mean(credential.fails, examples)}")
    return Provider(name, folder, document, lifecycle, is_builtin)


def _check_values(where: str, document: Document, lifecycle: Lifecycle) -> None:
    """Checks that each value stands where the document has a parameter or a field, and that refusals name values."""
    for value in lifecycle.values.values():
        for place in value.places:
            operation = document.operations.get(place.operation)
            if operation is None:
                what = f"operation '{place.operation}' is not in openapi.yaml."
                raise SpecError(f"{where}: values/{value.name}", f"{what} {did_you_mean(place.operation, document.operations)}")
            known = document.request_names(operation, place.location)
            if place.name not in known:
                what = f"'{place.operation}' has no '{place.name}' in its {place.location}."
                raise SpecError(f"{where}: values/{value.name}", f"{what} {did_you_mean(place.name, known)}")
    for operation in document.operations.values():
        for refusal in (one for response in operation.responses.values() for one in response.account_refusals):
            if refusal.value is not None and refusal.value not in lifecycle.values:
                what = f"x-probe-value '{refusal.value}' of '{operation.id}' is no value of lifecycle.yaml."
                raise SpecError(str(document.path), f"{what} {did_you_mean(refusal.value, lifecycle.values)}")


def _folders() -> dict[str, Path]:
    found = {folder.name: folder for folder in sorted(_BUILT_IN.iterdir()) if _is_provider(folder)}
    for root in filter(None, os.environ.get(SEARCH_PATH_VARIABLE, "").split(os.pathsep)):
        path = Path(root)
        if not path.is_dir():
            raise SpecError(SEARCH_PATH_VARIABLE, f"'{root}' is not a folder.")
        folders = [path] if _is_provider(path) else [entry for entry in sorted(path.iterdir()) if _is_provider(entry)]
        if not folders:
            raise SpecError(SEARCH_PATH_VARIABLE, f"'{root}' holds no folder with openapi.yaml and lifecycle.yaml.")
        for folder in folders:
            found.setdefault(folder.name, folder)
    for entry in plugin_loading.installed(ENTRY_POINT_GROUP):
        found.setdefault(entry.name, _folder_of(entry))
    return found


def _folder_of(entry: EntryPoint) -> Path:
    where = f"entry point {ENTRY_POINT_GROUP} '{entry.name}'"
    file = getattr(plugin_loading.load_entry_point(entry), "__file__", None)
    if file is None or not _is_provider(Path(file).parent):
        raise SpecError(where, f"'{entry.value}' is no package whose folder holds openapi.yaml and lifecycle.yaml.")
    return Path(file).parent


def _is_provider(folder: Path) -> bool:
    return (folder / "openapi.yaml").is_file() and (folder / "lifecycle.yaml").is_file()
