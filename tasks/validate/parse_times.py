"""Turn the cells that say when readings are of into intervals in UTC, each different spelling once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from schemas.dates import NotATimeError, TimeCell
from schemas.reasons import Reason
from schemas.row_times import RowTimes
from schemas.table_schema import MetricColumn, TableSchema
from schemas.time_faults import TimeFault
from tasks.validate.melt_columns import ColumnGroup
from tasks.validate.problem_bits import HOUR_IS_BAD, INTERVAL_IS_BAD, NO_READING, REASON_BITS, bad_timestamp
from tasks.validate.words import column_words, distinct_words, repeat_word, take_words

_CELL_BITS: dict[TimeCell, int] = {
    "date": 0,
    "hour": HOUR_IS_BAD,
    "interval": INTERVAL_IS_BAD,
    "end_hour": HOUR_IS_BAD | INTERVAL_IS_BAD,
}


class ParsedTimes(NamedTuple):
    """The intervals of rows, or of cells: arrays of the same length (see `Interval`)."""

    start: np.ndarray
    end: np.ndarray
    minute: np.ndarray
    length: np.ndarray
    """Minutes, where the row states them; else 0."""
    duration: np.ndarray
    """Minutes from start to end."""
    duration_word: pa.DictionaryArray
    """The same, where they are others than the table's; else null."""
    problems: np.ndarray

    def repeated(self, group: ColumnGroup) -> ParsedTimes:
        """Return the interval of each cell of a group, where rows say it."""
        numbers = {name: group.tile(getattr(self, name)) for name in self._fields if name != "duration_word"}
        return ParsedTimes(**numbers, duration_word=group.repeat(self.duration_word))


def parse_times(
    schema: TableSchema, batch: pa.RecordBatch, columns: Sequence[MetricColumn] = (MetricColumn(key=""),)
) -> ParsedTimes:
    """Read the intervals of the rows, each different spelling once; or of their cells, where columns say something."""
    rows = RowTimes.of(schema)
    nothing, folds = repeat_word(None, len(batch)), _folds(schema, batch)
    words_of = [column_words(batch, key) if key else nothing for key in rows.keys]
    indices, spellings = distinct_words([*words_of, nothing if folds is None else folds])
    indices = np.concatenate([indices + number * len(spellings) for number in range(len(columns))])
    starts, ends = np.zeros((2, len(columns) * len(spellings)), dtype=np.int64)
    problems = np.zeros(len(starts), dtype=np.int32)
    minutes = np.zeros(len(starts), dtype=np.int16)
    lengths = np.zeros(len(starts), dtype=np.int32)
    for number, column in enumerate(columns):
        for index, (*words, fold) in enumerate(spellings, number * len(spellings)):
            try:
                found = rows.read_of_column(words, int(fold) if fold else None, column)
            except NotATimeError as error:
                is_formula = rows.texts(words)[error.cell].startswith("=")
                why = REASON_BITS[Reason.FORMULA_WITHOUT_VALUE] if is_formula else bad_timestamp(error.fault)
                problems[index] = why | _CELL_BITS[error.cell]
                continue
            if found is None:
                problems[index] = bad_timestamp(TimeFault.NEVER_CAME) | HOUR_IS_BAD | NO_READING
            else:
                starts[index], ends[index], minutes[index], lengths[index] = found
    durations = ((ends - starts) // 60_000_000).astype(np.int32)
    return ParsedTimes(
        start=starts[indices],
        end=ends[indices],
        minute=minutes[indices],
        length=lengths[indices],
        duration=durations[indices],
        duration_word=_durations_in_words(durations, indices, schema.interval_minutes),
        problems=problems[indices],
    )


def _folds(schema: TableSchema, batch: pa.RecordBatch) -> pa.DictionaryArray | None:
    """Return of each row whether it is of the first or second time of an hour that comes twice, if the file tells."""
    if not (schema.first_hours or schema.second_hours):
        return None
    lines = batch.column("row_num").to_numpy()
    known = [np.isin(lines, schema.first_hours), np.isin(lines, schema.second_hours)]
    return take_words(np.select(known, [0, 1], 2), ["0", "1", None])


def _durations_in_words(durations: np.ndarray, indices: np.ndarray, of_table: int) -> pa.DictionaryArray:
    is_other = (durations != of_table) & (durations > 0)
    if not is_other.any():
        return repeat_word(None, len(indices))
    words = zip(durations.tolist(), is_other.tolist(), strict=True)
    return take_words(indices, [str(duration) if other else None for duration, other in words])
