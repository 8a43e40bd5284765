"""Columns of one meaning, parsed as one: their cells, and what is said of rows and of columns, below each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from schemas.table_schema import MetricColumn, TableSchema
from tasks.validate.words import repeat_word, take_words


class ColumnGroup(NamedTuple):
    """Columns with the same metric and unit: hundreds of them cost no more than one that is as long."""

    columns: list[MetricColumn]
    doubtful_marks: str

    @property
    def metric(self) -> str | None:
        """None: each row says it."""
        return self.columns[0].metric

    @property
    def unit(self) -> str | None:
        """As the mapping or the heading says it."""
        return self.columns[0].unit

    @property
    def stated_unit(self) -> str | None:
        """What the headings say, or the mapping of each column."""
        return self.columns[0].stated_unit

    @property
    def says_time(self) -> bool:
        """Whether the columns say when their readings are."""
        return self.columns[0].hour is not None or self.columns[0].date is not None

    def cells(self, batch: pa.RecordBatch) -> pa.Array:
        """Return the cells, column after column."""
        return _join([batch.column(column.key) for column in self.columns])

    def repeat(self, values: pa.Array) -> pa.Array:
        """Return what is said of each row for each cell."""
        if isinstance(values, pa.DictionaryArray):
            return pa.DictionaryArray.from_arrays(self.repeat(values.indices), values.dictionary)
        return _join([values] * len(self.columns))

    def tile(self, values: np.ndarray) -> np.ndarray:
        """Return what is said of each row for each cell."""
        return values if len(self.columns) == 1 else np.tile(values, len(self.columns))

    def spread(self, words: Sequence[str | None], rows: int) -> pa.DictionaryArray:
        """Return what is said of each column for each cell."""
        if len(words) == 1:
            return repeat_word(words[0], rows)
        return take_words(np.repeat(np.arange(len(words)), rows), words)

    def codes(self, name: str, of_rows: pa.DictionaryArray) -> pa.DictionaryArray:
        """Return a code for each cell: as the column says, else the row."""
        of_columns = [getattr(column, name) for column in self.columns]
        return self.spread(of_columns, len(of_rows)) if any(of_columns) else self.repeat(of_rows)


def _join(arrays: list[pa.Array]) -> pa.Array:
    return arrays[0] if len(arrays) == 1 else pa.concat_arrays(arrays)


def column_groups(schema: TableSchema) -> Iterator[ColumnGroup]:
    """Put the columns of a table together that mean the same."""
    groups: defaultdict[tuple[str | None, ...], list[MetricColumn]] = defaultdict(list)
    for column in schema.reading_columns:
        marks = schema.doubtful_marks.get(column.key, "")
        groups[column.metric, column.unit, column.stated_unit, marks].append(column)
    for columns in groups.values():
        yield ColumnGroup(columns, schema.doubtful_marks.get(columns[0].key, ""))
