"""The rows of a dataset: each is made from the seed and its number alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from specimen import specs
from specimen.contracts.dataset_mix import Mix, Shard, mixed
from specimen.fixtures import ids, lives, recipes, times
from specimen.fixtures.recipe import answer
from specimen.fixtures.timelines import length
from specimen.specs import Provider, SpecimenError
from specimen.specs.core.errors import did_you_mean

# A fixed moment, so that a command gives the same rows tomorrow.
NOW = times.parse("2026-01-01T00:00:00Z")
EARLIEST, LATEST = times.parse("2000-01-01T00:00:00Z"), times.parse("2100-01-01T00:00:00Z")
SPREAD = 90 * 86_400_000
# So many rows are made and written at a time; shards begin at a multiple, and a Parquet file has a row group for each.
GROUP_ROWS = 2_000


class Row(NamedTuple):
    """A session as a read of it answers when it has just entered `state`; `created_at` in milliseconds since the epoch."""

    row: int
    scenario: str
    state: str
    created_at: int
    session_id: str
    operation: str
    body: Any


@dataclass(frozen=True, slots=True)
class Dataset:
    """All that a dataset's rows depend on; row number i on `seed` and i alone."""

    provider: Provider
    count: int
    weights: Mapping[str, float] | None
    mix: Mix
    seed: int
    operation: str
    now: int

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process makes it anew: a provider's facts are not sent."""
        again = partial(dataset, mix=self.weights, seed=self.seed, operation=self.operation, now=self.now)
        return again, (self.provider.name, self.count)

    def size(self, shard: Shard) -> int:
        """How many rows a shard has."""
        return sum(len(self.group(number)) for number in self.groups(shard))

    def rows(self, shard: Shard) -> Iterator[Row]:
        """A shard's rows, in order."""
        return (self.row(number) for group in self.groups(shard) for number in self.group(group))

    def groups(self, shard: Shard) -> range:
        """The numbers of a shard's groups of rows."""
        every = -(-self.count // GROUP_ROWS)
        return range(every * (shard.index - 1) // shard.count, every * shard.index // shard.count)

    def group(self, number: int) -> range:
        """The numbers of a group's rows."""
        return range(number * GROUP_ROWS, min((number + 1) * GROUP_ROWS, self.count))

    def row(self, number: int) -> Row:
        """Row `number`, from 0."""
        provider = self.provider
        key = f"{self.seed}/{provider.name}/{number}"
        noise = ids.digest(f"dataset/{key}", 24)
        course = self.mix.at((int.from_bytes(noise[:8]) >> 11) / 2**53)
        took = length(provider.lifecycle, course.scenario.path[: course.steps + 1])
        born_at = self.now - SPREAD + int.from_bytes(noise[8:16]) % max(SPREAD - took, 1)
        seed = int.from_bytes(noise[16:22])
        moment = lives.moment(provider, course.scenario, seed=seed, key=f"{key}/{seed}", born_at=born_at, steps=course.steps)
        body = answer(recipes.answers(provider)[self.operation], moment)
        return Row(number, moment.scenario, moment.state, born_at, moment.id, self.operation, body)


def moment_of(text: str) -> int:
    """The moment that `--now` states, in milliseconds since the epoch.

    Raises:
        SpecimenError: it is none, or not in the years 2000 to 2099.
    """
    try:
        now = times.parse(text)
    except ValueError as error:
        raise SpecimenError(f"--now {text}: expected a moment such as 2026-01-01T00:00:00Z.") from error
    return checked(now, f"--now {text}: expected a moment")


def checked(now: int, what: str | None = None) -> int:
    """A moment that people's births and documents' ends leave room for; `what` begins the sentence if it is none.

    Raises:
        SpecimenError: it is not in the years 2000 to 2099.
    """
    if not EARLIEST <= now <= LATEST:
        begun = what or f"now {now}: expected milliseconds since the epoch,"
        raise SpecimenError(f"{begun} from {times.iso_seconds(EARLIEST)} to {times.iso_seconds(LATEST)}.")
    return now


def dataset(
    provider: Provider | str,
    count: int,
    *,
    mix: Mapping[str, float] | None = None,
    seed: int = 0,
    operation: str | None = None,
    now: int = NOW,
) -> Dataset:
    """The dataset of `count` sessions.

    Args:
        provider: a provider or its name.
        count: how many rows all shards have together.
        mix: weights by the names of scenarios, or of states, whose scenarios then share the weight; by default four in five take
            the happy path.
        seed: another seed gives other people, ids and times.
        operation: the read that answers, where there are several; by default lifecycle.yaml's first.
        now: all sessions were made in the 90 days before it, in milliseconds since the epoch, and none ended after it.

    Raises:
        SpecimenError: one of these is not possible.
    """
    found = specs.load(provider) if isinstance(provider, str) else provider
    checked(now)
    if count < 0:
        raise SpecimenError(f"rows {count}: expected 0 or more.")
    mixture = mixed(found, mix)
    wanted = operation or found.lifecycle.reads[0].operation
    for course in mixture.courses:
        possible = sorted(set(lives.reads(found.lifecycle, course.scenario.facts)))
        if wanted not in possible:
            what = f"it does not read the sessions of '{course.scenario.name}'."
            raise SpecimenError(f"operation '{wanted}': {what} {did_you_mean(wanted, possible)}")
    return Dataset(found, count, mix, mixture, seed, wanted, now)
