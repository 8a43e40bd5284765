"""Leave the accepted readings of each load in the spool, for the merge."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.readings import ACCEPTED
from schemas.reasons import Quality
from tasks.warehouse.spool import AcceptedWriter


def write_accepted(readings: pa.Table, file_indices: Sequence[int], writers: Sequence[AcceptedWriter]) -> None:
    """Append the accepted ones of some validated readings to the stream of each file (schema ACCEPTED)."""
    is_accepted = pc.less(readings.column("quality"), int(Quality.REJECTED))
    accepted = readings if pc.all(is_accepted).as_py() else readings.filter(is_accepted)
    columns = accepted.select(["ts", *ACCEPTED.names[1:]]).rename_columns(ACCEPTED.names).cast(ACCEPTED)
    # The readings are in the order of their files.
    files = pa.array(file_indices, pa.int32()).take(accepted.column("table")).to_numpy()
    ends = np.searchsorted(files, np.arange(len(writers)), side="right")
    for writer, start, end in zip(writers, [0, *ends], ends, strict=False):
        writer.write(columns.slice(start, end - start))
