"""Find out which columns write numbers with commas and with points: before three digits either may be of thousands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_MARKS = (",", ".")
_SAMPLE = 200


class NumberMarks:
    """The marks in the numbers of a table's columns, batch by batch."""

    def __init__(self) -> None:
        self._seen: defaultdict[str, set[str]] = defaultdict(set)
        self._decimal: defaultdict[str, set[str]] = defaultdict(set)

    def add(self, columns: Mapping[str, pa.Array]) -> None:
        """Look at some cells of columns of the same length, at most _SAMPLE of each with a mark."""
        for mark in _MARKS:
            keys = [key for key in columns if mark not in self._decimal[key]]
            if not keys:
                continue
            cells = pa.concat_arrays([columns[key] for key in keys])
            holds = pc.match_substring(cells, mark)
            if not pc.any(holds).as_py():
                continue
            indices = np.flatnonzero(pc.fill_null(holds, False))
            numbers = indices // len(columns[keys[0]])
            is_sample = np.arange(len(indices)) - np.searchsorted(numbers, numbers) < _SAMPLE
            sample, numbers = cells.take(pa.array(indices[is_sample])), numbers[is_sample]
            for found, pattern in (
                (self._seen, rf"\d[{mark}]\d"),
                (self._decimal, rf"\d[{mark}](\d{{1,2}}|\d{{4,}})(\D|$)"),
            ):
                matches = pc.match_substring_regex(sample, pattern).to_numpy(zero_copy_only=False)
                for number in np.unique(numbers[matches]).tolist():
                    found[keys[number]].add(mark)

    def doubtful(self) -> dict[str, str]:
        """Return the columns with both marks, and which of them may be that of thousands.

        A mark that somewhere is followed by other than three digits is the decimal one, if the other never is.
        """
        return {
            key: "".join(mark for mark in _MARKS if self._decimal[key] != {mark})
            for key, seen in self._seen.items()
            if len(seen) == len(_MARKS)
        }
