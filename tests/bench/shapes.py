"""What others would make in place of a session's answer: the same fields, each drawn for itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Literal, TypedDict

Make = Callable[[], Any]
# Fields that say what stands beside them: every session has the same.
LABELS = frozenset({"caption", "title", "type", "chain"})
_WORDS = {"success": ("success", "failed"), "completed": ("pending", "completed"), "high": ("high", "low")}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")


def fields(value: Any) -> int:
    """How many values a body holds, those that are the same in every session left out."""
    if isinstance(value, dict):
        return sum(fields(inner) for name, inner in value.items() if name not in LABELS)
    return sum(map(fields, value)) if isinstance(value, list) else 1


# -- polyfactory --------------------------------------------------------------------------------------------------


def model(values: list[Any], name: str = "Body") -> Any:
    """The type of values like these, as a person would write it down: typed dicts, lists of a fixed length, literals."""
    from annotated_types import Len

    first = values[0]
    if isinstance(first, dict):
        kinds: dict[str, Any] = {}
        for key in first:
            inner = [value[key] for value in values]
            kinds[key] = Literal[tuple(dict.fromkeys(inner))] if key in LABELS else model(inner, f"{name}_{key}")
        return registered(TypedDict(name, kinds))  # type: ignore[operator] # named at run time
    if isinstance(first, list):
        entries = [entry for value in values for entry in value] or [""]
        if not isinstance(entries[0], dict) or len({frozenset(entry) for entry in entries}) == 1:
            return Annotated[list[model(entries, f"{name}_entry")], Len(len(first), len(first))]  # type: ignore[misc]
        # Entries of several forms, in their order: a tuple.
        return tuple[tuple(model([entry], f"{name}_{index}") for index, entry in enumerate(first))]  # type: ignore[misc]
    if isinstance(first, str) and first in _WORDS:
        return Literal[_WORDS[first]]
    return datetime if isinstance(first, str) and _TIME.fullmatch(first) else type(first)


def registered(kind: Any) -> Any:
    """The type, with a factory of its own: polyfactory else makes one anew for each value."""
    from polyfactory.factories import TypedDictFactory

    TypedDictFactory.create_factory(kind, __set_as_default_factory_for_type__=True)
    return kind


def polyfactory_maker(body: Any) -> Make:
    """Bodies of this one's shape by polyfactory, from a tree of typed dicts, which it makes twice as fast as pydantic models."""
    from polyfactory.factories import TypedDictFactory

    factory = TypedDictFactory.create_factory(model([body]))
    factory.seed_random(1)
    return factory.build  # type: ignore[no-any-return]


# -- Faker --------------------------------------------------------------------------------------------------------


def faker_maker(body: Any, *, weighted: bool) -> Make:
    """Bodies of this one's shape by Faker, one call for each field; without weights all its names are equally likely."""
    from faker import Faker

    fake = Faker("en_US", use_weighting=weighted)
    fake.seed_instance(1)
    return _faked(fake, body, "")


def _faked(fake: Any, value: Any, name: str) -> Make:
    if isinstance(value, dict):
        label = str(value.get("title", ""))
        makers = [(key, _faked(fake, inner, label if label and key == "value" else key)) for key, inner in value.items()]
        return lambda: {key: make() for key, make in makers}
    if isinstance(value, list):
        entries = [_faked(fake, inner, name) for inner in value]
        return lambda: [make() for make in entries]
    if name in LABELS:
        return lambda: value
    if isinstance(value, bool):
        return fake.pybool  # type: ignore[no-any-return]
    if isinstance(value, (int, float)):
        return lambda: fake.pyfloat(min_value=0, max_value=1, right_digits=3)
    if value in _WORDS:
        return lambda: fake.random_element(_WORDS[value])
    return _text(fake, value, name)


def _text(fake: Any, value: str, name: str) -> Make:
    """The provider of Faker that a person would choose for a text."""
    if _TIME.fullmatch(value):
        return lambda: fake.date_time_between(start_date="-90d").isoformat()
    if value.startswith("http"):
        return fake.url  # type: ignore[no-any-return]
    if re.fullmatch(r"0x[0-9a-fA-F]{40}", value):
        return lambda: fake.hexify("0x" + "^" * 40)
    known: dict[str, Make] = {
        "Surname": fake.last_name,
        "Given name(s)": fake.first_name,
        "Date of birth": lambda: fake.date_of_birth(minimum_age=18).strftime("%d.%m.%Y"),
        "Date of issue": lambda: fake.date("%d.%m.%Y", end_datetime=date(2026, 1, 1)),
        "Date of expiry": lambda: fake.date("%d.%m.%Y", end_datetime=date(2036, 1, 1)),
        "Place of birth": fake.city,
        "Authority": fake.city,
        "Nationality": lambda: fake.country_code("alpha-3"),
        "countryCode": lambda: fake.country_code("alpha-3"),
        "Document number": fake.passport_number,
        "Personal number": fake.ssn,
        "MRZ line 1": lambda: fake.bothify("P<UTO" + "?" * 39).upper(),
        "MRZ line 2": lambda: fake.bothify("#" * 44),
        "email": fake.email,
    }
    if name in known:
        return known[name]
    if name.lower().endswith("id") and value:
        return fake.uuid4  # type: ignore[no-any-return]
    return fake.word  # type: ignore[no-any-return]
