"""Keep account of the lines of a grid: each gets one class, from whichever table knows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from schemas.lines import LineClass

_IS_OPEN = np.isin(np.arange(256), (0, LineClass.NOT_TAKEN, LineClass.NOT_SELECTED))


class LineAccount:
    """The class of each line of a grid; a byte a line."""

    def __init__(self) -> None:
        self._classes = np.zeros(1024, dtype=np.uint8)

    def mark(self, lines: np.ndarray, classes: np.ndarray, spans: Mapping[int, int] | None = None) -> None:
        """Set the classes of lines (numbers from 1), unless another table has said what they are.

        `spans` says of records of several lines how many these are, by the number of the first.
        """
        if spans and (longer := [line for line in lines.tolist() if line in spans]):
            by_line = dict(zip(lines.tolist(), classes.tolist(), strict=True))
            further = [(line + step, by_line[line]) for line in longer for step in range(1, spans[line])]
            lines = np.append(lines, [line for line, _ in further])
            classes = np.append(classes, [kind for _, kind in further])
        if not len(lines):
            return
        if (last := int(lines.max())) >= len(self._classes):
            self._classes = np.pad(self._classes, (0, max(last, len(self._classes))))
        is_open = _IS_OPEN[self._classes[lines]]
        self._classes[lines[is_open]] = classes[is_open]

    def is_of(self, lines: np.ndarray, kind: LineClass) -> np.ndarray:
        """Return of each line whether another table has found it to be of a class."""
        known = lines < len(self._classes)
        found: np.ndarray = known & (self._classes[np.where(known, lines, 0)] == kind)
        return found

    def counts(self) -> Counter[LineClass]:
        """Count the lines of each class."""
        counts = np.bincount(self._classes, minlength=256)
        return Counter({kind: int(counts[kind]) for kind in LineClass if counts[kind]})
