"""Find out which columns write numbers with commas and with points: before three digits either may be of thousands."""

from __future__ import annotations

from collections import defaultdict

import pyarrow as pa
import pyarrow.compute as pc

_MARKS = (",", ".")
_SAMPLE = 200


class NumberMarks:
    """The marks in the numbers of a table's columns, batch by batch."""

    def __init__(self) -> None:
        self._seen: defaultdict[str, set[str]] = defaultdict(set)
        self._decimal: defaultdict[str, set[str]] = defaultdict(set)

    def add(self, key: str, cells: pa.Array) -> None:
        """Look at some cells of a column."""
        for mark in _MARKS:
            if mark in self._decimal[key]:
                continue
            holds = pc.match_substring(cells, mark)
            if not pc.any(holds).as_py():
                continue
            sample = cells.filter(holds).slice(0, _SAMPLE)
            if pc.any(pc.match_substring_regex(sample, rf"\d[{mark}]\d")).as_py():
                self._seen[key].add(mark)
            if pc.any(pc.match_substring_regex(sample, rf"\d[{mark}](\d{{1,2}}|\d{{4,}})(\D|$)")).as_py():
                self._decimal[key].add(mark)

    def doubtful(self) -> dict[str, str]:
        """Return the columns with both marks, and which of them may be that of thousands.

        A mark that somewhere is followed by other than three digits is the decimal one, if the other never is.
        """
        return {
            key: "".join(mark for mark in _MARKS if self._decimal[key] != {mark})
            for key, seen in self._seen.items()
            if len(seen) == len(_MARKS)
        }
