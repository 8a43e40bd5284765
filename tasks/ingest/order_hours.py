"""Tell the first from the second time of the hour that comes twice in autumn, by the order of a table's lines."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.dates import NotATimeError
from schemas.fill_down import fill_down, texts_above
from schemas.raw_rows import ROW_PROBLEM
from schemas.row_times import RowTimes
from schemas.table_schema import TableSchema
from schemas.table_spec import CODE_NAMES
from schemas.times import AmbiguousTimeError

_NEAR = dt.timedelta(hours=6)
_MICROSECOND = dt.timedelta(microseconds=1)
_SEPARATOR = "\0"


class _Moment(NamedTuple):
    """The start of a reading's interval, in microseconds since 1970 UTC: one, or two where clocks were set back."""

    first: int
    second: int

    @property
    def is_ambiguous(self) -> bool:
        return self.first != self.second


class HourOrder:
    """The lines of a table around clock changes; at its end the schema learns which hour each is of."""

    def __init__(self, schema: TableSchema) -> None:
        self._schema = schema
        self._rows = RowTimes.of(schema)
        names = [name for name in (*CODE_NAMES, "metric") if name not in schema.stated_codes]
        self._whose = [getattr(schema, f"{name}_column") for name in names]
        self._lines: defaultdict[tuple[str, int], list[tuple[int, _Moment]]] = defaultdict(list)

    def add(self, rows: pa.RecordBatch) -> None:
        """Look at the next raw rows of the table."""
        rows = fill_down(self._schema, rows)
        times = pc.binary_join_element_wise(*_texts(rows, self._rows.keys), _SEPARATOR).dictionary_encode()
        moments = [self._moment(text) for text in times.dictionary.to_pylist()]
        is_near = np.array([moment is not None for moment in moments], dtype=bool)[times.indices.to_numpy()]
        near = pa.array(np.flatnonzero(is_near & rows.column(ROW_PROBLEM).is_null().to_numpy(zero_copy_only=False)))
        lines = rows.column("row_num").take(near).to_pylist()
        above = [texts_above(stated.lines, rows.column("row_num")) for stated in self._schema.stated_codes.values()]
        own = [*_texts(rows, self._whose), *(pc.fill_null(texts, "") for texts in above)]
        whose = pc.binary_join_element_wise(*own, _SEPARATOR).take(near).to_pylist()
        for line, whom, number in zip(lines, whose, times.indices.take(near).to_pylist(), strict=True):
            if moment := moments[number]:
                year = dt.datetime.fromtimestamp(moment.first // 1_000_000, dt.UTC).year
                self._lines[whom, year].append((line, moment))

    def finish(self) -> None:
        """Tell the schema which lines are of the first and which of the second hour."""
        for lines in self._lines.values():
            for line, fold in _folds(lines):
                (self._schema.second_hours if fold else self._schema.first_hours).append(line)
        self._schema.first_hours.sort()
        self._schema.second_hours.sort()

    def _moment(self, text: str) -> _Moment | None:
        """Return when a row's interval starts, if clocks change about then."""
        words = [word or None for word in text.split(_SEPARATOR)]
        try:
            start, is_ambiguous = self._rows.read(words, None).start, False
        except AmbiguousTimeError:
            try:
                start, is_ambiguous = self._rows.read(words, 0).start, True
            except NotATimeError:
                return None  # of an interval longer than the hour that comes twice: no order of lines tells
        except NotATimeError:
            return None
        zone = ZoneInfo(words[2].strip()) if words[2] else self._rows.times.zone
        moment = dt.datetime.fromtimestamp(start // 1_000_000, dt.UTC)
        before, after = ((moment + way).astimezone(zone).utcoffset() or dt.timedelta() for way in (-_NEAR, _NEAR))
        if before == after:
            return None
        return _Moment(start, start + (before - after) // _MICROSECOND if is_ambiguous else start)


def _texts(rows: pa.RecordBatch, keys: Sequence[str | None]) -> list[pa.Array]:
    empty = pa.repeat(pa.scalar("", pa.string()), len(rows))
    return [pc.fill_null(rows.column(key), "") if key else empty for key in keys]


def _folds(lines: list[tuple[int, _Moment]]) -> list[tuple[int, int]]:
    """Return each ambiguous line with the hour that it is of, where only one order of all lines is possible."""
    for step in (1, -1):
        ordered = [moment.first * step for _, moment in lines if moment.is_ambiguous]
        breaks = [index for index, (before, after) in enumerate(pairwise(ordered), start=1) if after <= before]
        if len(breaks) != 1:
            continue
        runs = iter([int(index >= breaks[0]) for index in range(len(ordered))])
        folds = [(next(runs) ^ (step < 0)) if moment.is_ambiguous else 0 for _, moment in lines]
        starts = [moment[fold] * step for (_, moment), fold in zip(lines, folds, strict=True)]
        if all(before <= after for before, after in pairwise(starts)):
            found = zip(lines, folds, strict=True)
            return [(line, fold) for (line, moment), fold in found if moment.is_ambiguous]
    return _folds_of_pairs(lines)


def _folds_of_pairs(lines: list[tuple[int, _Moment]]) -> list[tuple[int, int]]:
    """Return the same where lines are in the order of the clock: each time of the hour twice, the first one first."""
    ambiguous = [(line, moment.first) for line, moment in lines if moment.is_ambiguous]
    firsts, seconds = ambiguous[::2], ambiguous[1::2]
    times = [first for _, first in firsts]
    is_in_pairs = times == [second for _, second in seconds] and times == sorted(set(times))
    clock = [moment.first for _, moment in lines]
    if not is_in_pairs or clock != sorted(clock):
        return []
    return [(line, fold) for fold, own in enumerate((firsts, seconds)) for line, _ in own]
