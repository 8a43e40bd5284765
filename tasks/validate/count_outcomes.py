"""Count the readings that validation accepts, rejects and drops, load by load."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

import numpy as np
import pyarrow as pa

from schemas.problems import FileRemark
from schemas.reasons import Quality, Reason, count_in_words
from tasks.validate.apply_rules import Outcome
from tasks.validate.problem_bits import REASON_BITS
from tasks.validate.staged_tables import StagedTable
from tasks.warehouse.load_log import ValidationCounts

_NO_FIRST, _NO_LAST = np.iinfo(np.int64).max, np.iinfo(np.int64).min


class OutcomeCounts:
    """Counts, and first and last accepted time, of each table of a batch of loads."""

    def __init__(self, tables: Sequence[StagedTable]) -> None:
        self._tables = tables
        self._tables_of: defaultdict[UUID, list[int]] = defaultdict(list)
        for index, table in enumerate(tables):
            self._tables_of[table.load_id].append(index)
        self._counts = np.zeros((len(tables), 4), dtype=np.int64)
        self._reasons = np.zeros((len(tables), len(Reason)), dtype=np.int64)
        self._first = np.full(len(tables), _NO_FIRST)
        self._last = np.full(len(tables), _NO_LAST)

    def add(self, parsed: pa.Table, outcome: Outcome) -> None:
        """Add the outcome of a partition."""
        tables = outcome.readings.column("table").to_numpy()
        quality = outcome.readings.column("quality").to_numpy()
        rows = [
            parsed.column("table").to_numpy(),
            tables[quality == Quality.REJECTED],
            outcome.duplicates,
            tables[quality == Quality.SUSPECT],
        ]
        counts = [np.bincount(indices, minlength=len(self._tables)) for indices in rows]
        self._counts += np.stack(counts, axis=1)
        self._add_reasons(outcome.readings, quality == Quality.REJECTED)
        accepted = quality != Quality.REJECTED
        times = outcome.readings.column("ts").cast(pa.int64()).to_numpy()[accepted].astype(np.int64)
        np.minimum.at(self._first, tables[accepted], times)
        np.maximum.at(self._last, tables[accepted], times)

    def _add_reasons(self, readings: pa.Table, rejected: np.ndarray) -> None:
        if not rejected.any():
            return
        tables, problems = (readings.column(name).to_numpy()[rejected] for name in ("table", "problems"))
        for index, reason in enumerate(Reason):
            has_reason = tables[problems & REASON_BITS[reason] != 0]
            self._reasons[:, index] += np.bincount(has_reason, minlength=len(self._tables))

    def of_load(self, load_id: UUID) -> ValidationCounts:
        """Return the counts of one load: the sum over its tables."""
        indices = self._tables_of[load_id]
        read, rejected, duplicate, suspect = map(int, self._counts[indices].sum(axis=0))
        first = int(self._first[indices].min(initial=_NO_FIRST))
        last = int(self._last[indices].max(initial=_NO_LAST))
        first_time, last_time = (first, last) if first <= last else (None, None)
        reasons = dict(zip(Reason, self._reasons[indices].sum(axis=0).tolist(), strict=True))
        message = FileRemark.REJECTED.format(reasons=count_in_words(reasons)) if rejected else None
        return ValidationCounts(load_id, read, rejected, duplicate, suspect, first_time, last_time, message)
