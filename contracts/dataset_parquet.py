"""A dataset's Parquet file, written by PyArrow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

import pyarrow as pa
from pyarrow import parquet

from specimen.contracts.dataset_columns import FIELD_PREFIX, ROW_COLUMNS

_TYPES = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
}
_ROW_TYPES = {"row": pa.int64(), "created_at": pa.timestamp("ms", tz="UTC")}
# Few values, each of them often.
_REPEATED = ["scenario", "state", "operation"]


def schema(field_types: Mapping[str, str]) -> pa.Schema:
    """The columns: those of every dataset, then one for each field of the body."""
    columns = [pa.field(name, _ROW_TYPES.get(name, pa.string()), nullable=False) for name in ROW_COLUMNS]
    columns += [pa.field(FIELD_PREFIX + name, _TYPES[kind]) for name, kind in field_types.items()]
    return pa.schema(columns)


class ParquetFile:
    """A file that takes groups of rows as lists of values, one list for each column."""

    def __init__(self, stream: IO[bytes], field_types: Mapping[str, str]) -> None:
        self._schema = schema(field_types)
        self._writer = parquet.ParquetWriter(
            stream,
            self._schema,
            compression="zstd",
            use_dictionary=_REPEATED,
            write_statistics=[name for name in self._schema.names if name != "body"],
        )

    def add(self, block: list[list[Any]]) -> None:
        """Writes a row group."""
        arrays = [pa.array(values, column.type) for values, column in zip(block, self._schema, strict=True)]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        """Writes the list of row groups at the end."""
        self._writer.close()
