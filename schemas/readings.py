"""The Pandera model of a reading: what may enter core, and which reading breaks which rule."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pyarrow
from pandera.typing import Series

from schemas.metrics import METRICS
from schemas.reasons import Reason

UTC = Annotated[pd.DatetimeTZDtype, "us", "UTC"]

NO_METER = -1
"""The meter id of codes that do not fit the reference tables."""

ACCEPTED = pyarrow.schema(
    [
        ("time", pyarrow.timestamp("us", "UTC")),
        ("meter_id", pyarrow.int64()),
        ("metric", pyarrow.dictionary(pyarrow.int32(), pyarrow.string())),
        ("value", pyarrow.float64()),
        ("quality", pyarrow.int16()),
    ]
)
"""What validation leaves for the merge, in the order of meter, time and metric."""

METRIC_NAMES = list(METRICS)
_LOWEST = np.array([metric.lowest for metric in METRICS.values()])
_HIGHEST = np.array([metric.highest for metric in METRICS.values()])


class Reading(pa.DataFrameModel):
    """One reading; one row per (load, meter_id, time, metric).

    `time` is the start of the interval (a register: when it was read). `value` is in the metric's own
    unit. `delta_t_degc` is T1 − T2 of the same meter and time on its T1 and T2 rows, NaN elsewhere.
    """

    time: Series[UTC]
    meter_id: Series[np.int64]
    metric: Series[np.int16] = pa.Field(ge=0, lt=len(METRICS), description="Index into METRIC_NAMES.")
    value: Series[np.float64] = pa.Field(description="In the unit of the metric; finite.")
    delta_t_degc: Series[np.float64] = pa.Field(nullable=True, metadata={"unit": "°C"})
    water_flows: Series[np.bool_] = pa.Field(description="False where the meter saw no water in the hour.")

    class Config:
        """Nothing but these columns."""

        strict = True

    @pa.dataframe_check(name=Reason.UNMAPPED_CODE)
    @classmethod
    def meter_is_known(cls, rows: pd.DataFrame) -> pd.Series[bool]:
        """Check that the codes fit a meter of the reference tables."""
        return rows["meter_id"] != NO_METER

    @pa.dataframe_check(name=Reason.NEGATIVE)
    @classmethod
    def water_never_runs_backwards(cls, rows: pd.DataFrame) -> pd.Series[bool]:
        """Check that volumes, flows, registers and hours are ≥ 0; temperatures have their own bounds."""
        return ~((rows["value"] < 0) & (_LOWEST[rows["metric"]] >= 0))

    @pa.dataframe_check(name=Reason.OUT_OF_RANGE)
    @classmethod
    def value_is_possible(cls, rows: pd.DataFrame) -> pd.Series[bool]:
        """Check that the value is within the metric's bounds (a negative volume has its own reason)."""
        lowest = _LOWEST[rows["metric"]]
        too_low = (rows["value"] < lowest) & ((lowest < 0) | (rows["value"] >= 0))
        return ~(too_low | (rows["value"] > _HIGHEST[rows["metric"]]))


READING = Reading.to_schema()


def delta_t_check(lowest: float, highest: float) -> pa.Check:
    """Return the rule that flags an unusual T1 − T2: outside the norm while water flows, or outside 0…80.

    Source: the operators' runbook (DELTA_T_MIN, DELTA_T_MAX).
    """

    def is_usual(rows: pd.DataFrame) -> pd.Series[bool]:
        delta_t = rows["delta_t_degc"]
        usual = delta_t.between(lowest, highest) | ~rows["water_flows"]
        return delta_t.isna() | (usual & delta_t.between(0, 80))

    return pa.Check(is_usual, name=Reason.DELTA_T_OUT_OF_NORM)
