"""Stock Connexion 3.3 with a provider's document, brought down to the OpenAPI 3.0 that it knows."""

from __future__ import annotations

import warnings
from typing import Any

from specimen.mockserver.routing.openapi30 import downgrade
from specimen.specs import Provider


def accept(_token: str, required_scopes: Any = None) -> dict[str, Any]:
    """Takes every credential, which is the least that a check can do."""
    return {"sub": "bench", "scopes": required_scopes}


def stock_app(provider: Provider, status: int, answer: bytes) -> Any:
    """Connexion as it comes, its layers and validators as they are; all operations send the answer's bytes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # connexion imports Starlette's test client, which warns
        from connexion import AsyncApp
        from connexion.lifecycle import ConnexionResponse
        from connexion.resolver import Resolver

    document = downgrade(provider.document.raw).document
    for scheme in document.get("components", {}).get("securitySchemes", {}).values():
        scheme["x-bearerInfoFunc" if scheme["type"] == "http" else "x-apikeyInfoFunc"] = f"{__name__}.accept"

    async def constant(**_: Any) -> ConnexionResponse:
        return ConnexionResponse(status_code=status, content_type="application/json", body=answer)

    app = AsyncApp(__name__)
    app.add_api(document, base_path=provider.mount, resolver=Resolver(lambda _: constant))
    return app
