"""What a caller may narrow of a session: the provider's choices, the locale, the document, and the person."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from specimen.fixtures.people.identities import LOCALES
from specimen.fixtures.recipes.recipe import PERSON_FACTS
from specimen.mockserver.errors import InvalidFact
from specimen.mockserver.preferences.preferences import DOCUMENTS
from specimen.specs import Provider

_MOST_NAME = 100


def possible_facts(provider: Provider) -> dict[str, list[Any]]:
    """The names that can be narrowed, with their values; an empty list where any well-formed value is possible."""
    found: dict[str, list[Any]] = {name: list(choice.values) for name, choice in provider.lifecycle.choices.items()}
    return {
        **found,
        "locale": list(LOCALES),
        "document": list(DOCUMENTS),
        **{name: [] for name in PERSON_FACTS},
        "sex": ["F", "M"],
    }


def checked_facts(provider: Provider, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts, each of them a possible one.

    Raises:
        InvalidFact: the provider has no such fact, or not with that value.
    """
    possible = possible_facts(provider)
    for name, value in facts.items():
        if name not in possible:
            raise InvalidFact("facts", name, tuple(possible))
        values = possible[name]
        if values:
            if not any(type(value) is type(entry) and value == entry for entry in values):
                raise InvalidFact(name, _shown(value), [_shown(entry) for entry in values])
        elif name == "birth_date":
            _check_date(value)
        elif not isinstance(value, str) or not value.strip() or len(value) > _MOST_NAME:
            raise InvalidFact(name, _shown(value), (), f"expected 1 to {_MOST_NAME} letters.")
    return dict(facts)


def _check_date(value: Any) -> None:
    try:
        date.fromisoformat(value)
    except (TypeError, ValueError):
        raise InvalidFact("birth_date", _shown(value), (), "expected a day such as 1990-05-17.") from None


def _shown(value: Any) -> str:
    return (value if isinstance(value, str) else json.dumps(value))[:100]
