"""A sandbox of KYC vendors and a judge of their implementations: the import package of this distribution.

Its four sub-packages are `specs`, `fixtures`, `mockserver` and `contracts`: in a wheel they lie in this folder, in a
checkout beside it.
"""

import os.path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from specimen.mockserver.testing.sandbox import sandbox

__all__ = ["sandbox"]

_here = os.path.dirname(__file__)  # noqa: PTH120 - pathlib would be a tenth of what this import costs
if not os.path.isdir(os.path.join(_here, "specs")):  # noqa: PTH112, PTH118 - a checkout whose symbolic links are missing
    __path__.append(os.path.dirname(_here))  # noqa: PTH120


def __getattr__(name: str) -> Any:
    if name == "sandbox":  # imported when first asked for: the pytest plugins import this package in every run
        from specimen.mockserver.testing.sandbox import sandbox

        return sandbox
    raise AttributeError(f"module 'specimen' has no attribute '{name}'")
