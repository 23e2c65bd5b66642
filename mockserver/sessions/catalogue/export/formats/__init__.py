"""The forms of a collection. Each is a function from a `Collection` to its files: paths in the folder, and their bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from specimen.mockserver.sessions.catalogue.export.formats import bruno, http_file, postman, scripts
from specimen.mockserver.sessions.catalogue.export.steps import Collection

FORMATS: Mapping[str, Callable[[Collection], dict[str, bytes]]] = {
    "postman": postman.files,
    "bruno": bruno.files,
    "http": http_file.files,
    "k6": scripts.k6,
    "locust": scripts.locust,
}
