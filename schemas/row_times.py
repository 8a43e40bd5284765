"""Read the time of a raw row from the cells of its columns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from schemas.dates import TimeCell
from schemas.lengths import has_no_unit, read_length
from schemas.table_schema import MetricColumn, TableSchema
from schemas.times import Interval, Times, read_interval
from schemas.times_of_day import read_interval_of_day


class RowTimes(NamedTuple):
    """How the rows of a table say when their readings are of."""

    times: Times
    keys: tuple[str | None, ...]
    """Of the columns with the date, the hour, the zone, the interval's length, its end and the hour of that."""
    length_unit: str | None = None
    """Of lengths that are numbers alone, where heading or mapping say it."""

    @classmethod
    def of(cls, schema: TableSchema) -> RowTimes:
        """Return those of a table."""
        date = schema.timestamp_column or schema.date_column
        ends = (schema.interval_end_column, schema.interval_end_hour_column)
        keys = (date, schema.hour_column, schema.tz_column, schema.interval_column, *ends)
        return cls(schema.times, keys, schema.interval_unit)

    def texts(self, words: Sequence[str | None]) -> dict[TimeCell, str]:
        """Return the cells by what they say."""
        date, hour, _, length, end, end_hour = (word or "" for word in words)
        return {"date": date, "hour": hour, "interval": length or end, "end_hour": end_hour}

    def read(self, words: Sequence[str | None], fold: int | None) -> Interval:
        """Return the interval that the cells state, with its length where they state that (see `Interval`).

        Raises:
            NotATimeError: they state none.

        """
        date, hour, zone, length_word, *_ = words
        times = self.times
        length = 0
        if length_word:
            span, months = read_length(length_word, self.length_unit)
            times = times._replace(interval=span, months=months, calendar=None, any_period=False)
            length = span // dt.timedelta(minutes=1)
            length = -length if has_no_unit(length_word) and not self.length_unit else length
        # An empty cell of a column that is there is no word for nothing.
        hour, end, end_hour = ((words[index] or "") if self.keys[index] else None for index in (1, 4, 5))
        found = read_interval(date or "", hour, zone, times, end=end, end_hour=end_hour, fold=fold)
        return found._replace(length=length) if length and not found.length else found

    def read_of_column(self, words: Sequence[str | None], fold: int | None, column: MetricColumn) -> Interval | None:
        """Return the interval that the cells and the heading of a column state; None: the day has none such.

        Raises:
            NotATimeError: they state none.

        """
        date, hour, zone, *others = words
        date = column.date or date
        if column.hour is None:
            return self.read([date, hour, zone, *others], fold)
        return read_interval_of_day(date or "", column.hour, zone, self.times, is_again=column.is_again)
