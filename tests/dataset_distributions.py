"""Prints the table of docs/datasets.md: how 200,000 rows of a dataset are distributed.

`python -m tests.dataset_distributions`, some minutes; a number behind it takes so many rows.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from specimen.fixtures.datasets import Row, rows
from specimen.fixtures.documents.document_series import age_on

ROWS = 200_000
_THOUSAND = 1_000
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def table(made: Iterable[Row], count: int = ROWS) -> Iterator[str]:
    """The lines of the table, of sessions of neurovision."""
    took: list[float] = []
    spent: list[float] = []
    ages: list[float] = []
    clients, tries, hours, days, countries, kinds, locales = (Counter[Any]() for _ in range(7))
    families: dict[str, list[str]] = {}
    givens: dict[str, list[str]] = {}
    total = 0
    for row in made:
        total += 1
        at = datetime.fromtimestamp(row.created_at / 1000, UTC)
        hours[at.hour] += 1
        days[_DAYS[at.weekday()]] += 1
        if row.body["clientId"]:
            clients[row.body["clientId"]] += 1
        person = row.person
        ages.append(age_on(person.birth_date, at.date()))
        countries[person.country] += 1
        locales[person.locale] += 1
        for found, name in ((families, person.family_name), (givens, person.given_names)):
            if len(known := found.setdefault(person.locale, [])) < _THOUSAND:
                known.append(name)
        kinds[person.document.kind] += 1
        if row.state == "success":
            took.append((row.session.updated_at - row.created_at) / 1000)
            spent.append(row.body["spent"])
            tries.update(task["tries"] for task in row.body["results"] if task["type"] == "document" and not task["isBackSide"])
    yield f"| of {count:,} rows | distribution |"
    yield "|---|---|"
    for name, values, unit in (("duration of a success", took, " s"), ("`spent` of a success", spent, " s"), ("age", ages, "")):
        values.sort()
        shown = ", ".join(f"p{share} {values[len(values) * share // 100]:.4g}{unit}" for share in (1, 25, 50, 75, 99))
        yield f"| {name} | {shown} |"
    yield f"| under 18 | {_percent(sum(age < 18 for age in ages), total)} |"
    yield f"| 80 and over | {_percent(sum(age > 79 for age in ages), total)} |"
    yield f"| tries of a success | {_shares({number: tries[number] for number in sorted(tries)})} |"
    yield f"| weekdays | {_shares({day: days[day] for day in _DAYS})} |"
    quarters = {f"{begin} to {begin + 5}": sum(hours[hour] for hour in range(begin, begin + 6)) for begin in range(0, 24, 6)}
    yield f"| hours, UTC | {_shares(quarters)} |"
    most = max(clients.values())
    yield f"| clients | {len(clients):,} of {clients.total():,} sessions that name one; the most of one client {most} |"
    yield f"| documents | {_shares(dict(kinds.most_common()))} |"
    least, largest = min(countries.values()), max(countries.values())
    yield f"| countries | {len(countries)}, from {_percent(least, total)} to {_percent(largest, total)} |"
    least, largest = min(locales.values()), max(locales.values())
    yield f"| locales | {len(locales)}, from {_percent(least, total)} to {_percent(largest, total)} |"
    for what, found in (("family", families), ("given", givens)):
        counted = {name: Counter(found[name]) for name in sorted(found)}
        shown = ", ".join(f"{name} {len(each)} ({_percent(max(each.values()), each.total())})" for name, each in counted.items())
        yield f"| {what} names of the first 1,000 people of a locale, and the share of the commonest | {shown} |"


def _shares(counts: Mapping[Any, int]) -> str:
    total = sum(counts.values())
    return ", ".join(f"{str(name).replace('_', ' ')}: {_percent(count, total)}" for name, count in counts.items())


def _percent(count: int, total: int) -> str:
    return f"{100 * count / total:.1f} %"


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    print("\n".join(table(rows("neurovision", wanted), wanted)))
