"""Lawful sessions by the million: the same rows on every machine, in any number of processes and shards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from specimen.contracts.dataset_files import write_groups
from specimen.contracts.dataset_mix import Shard
from specimen.contracts.dataset_rows import NOW, Row, dataset
from specimen.specs import Provider

__all__ = ["NOW", "Row", "Shard", "dataset", "rows", "write"]


def rows(
    provider: Provider | str,
    count: int,
    *,
    mix: Mapping[str, float] | None = None,
    seed: int = 0,
    shard: Shard | tuple[int, int] = (1, 1),
    operation: str | None = None,
    now: int = NOW,
) -> Iterator[Row]:
    """The rows of a shard, in order; the shards of a dataset, one after the other, are the whole.

    A shard is `(3, 16)`, the third of sixteen; it begins at a multiple of 2,000 rows. The other arguments, and what is raised,
    are those of `dataset`.
    """
    wanted = dataset(provider, count, mix=mix, seed=seed, operation=operation, now=now)
    part = shard if isinstance(shard, Shard) else Shard(*shard)
    return wanted.rows(part)


def write(
    path: Path | str,
    provider: Provider | str,
    count: int,
    *,
    mix: Mapping[str, float] | None = None,
    seed: int = 0,
    shard: Shard | tuple[int, int] = (1, 1),
    operation: str | None = None,
    now: int = NOW,
    processes: int = 1,
    force: bool = False,
    on_progress: Callable[[int, int], object] | None = None,
) -> int:
    """Writes a shard's rows to a file, whole or not at all, and says how many there are.

    The end of the name decides the form: `.parquet`, `.ndjson` or `.ndjson.gz`. With `processes` above 1 a script needs the
    usual `if __name__ == "__main__":`. A file that exists is replaced with `force` only. `on_progress` is told how many
    rows are written, of how many. The other arguments are those of `rows`.

    Raises:
        SpecimenError: an argument is not possible, the file cannot be written, or PyArrow is missing.
    """
    wanted = dataset(provider, count, mix=mix, seed=seed, operation=operation, now=now)
    part = shard if isinstance(shard, Shard) else Shard(*shard)
    return write_groups(Path(path), wanted, part, processes=processes, force=force, on_progress=on_progress)
