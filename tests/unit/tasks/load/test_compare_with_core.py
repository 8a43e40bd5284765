from __future__ import annotations

import datetime as dt
import struct
from uuid import UUID

import numpy as np
import pyarrow as pa
import pytest

from schemas.readings import METRIC_NAMES
from tasks.load.accepted_readings import IN_CORE
from tasks.load.compare_with_core import changed_rows, decode_existing, metric_codes

FIRST = dt.datetime(2025, 4, 29, 21, tzinfo=dt.UTC)
Reading = tuple[int, int, str, float, int]
"""Meter, hour, metric, value, quality."""


def to_merge(*readings: Reading) -> pa.Table:
    rows = [
        {
            "load_id": UUID(int=1).bytes,
            "time": FIRST + dt.timedelta(hours=hour),
            "meter_id": meter,
            "metric": metric,
            "value": value,
            "quality": quality,
        }
        for meter, hour, metric, value, quality in readings
    ]
    return pa.Table.from_pylist(rows, IN_CORE)


def in_core(*readings: Reading) -> np.ndarray:
    """Encode readings as PostgreSQL's documented binary COPY, and decode them as the product does."""
    data = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
    for meter, hour, metric, value, quality in readings:
        since_2000 = FIRST + dt.timedelta(hours=hour) - dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
        data += struct.pack(
            ">hiqiqiiidih",
            *(5, 8, meter, 8, since_2000 // dt.timedelta(microseconds=1), 4, METRIC_NAMES.index(metric)),
            *(8, value, 2, quality),
        )
    return decode_existing(data + struct.pack(">h", -1))


def test_binary_copy_is_decoded_row_by_row_without_header_and_trailer() -> None:
    rows = in_core((7, 0, "T1", 60.5, 0), (8, 1, "T2", -1.25, 1))

    assert rows["meter_id"].tolist() == [7, 8]
    assert rows["value"].tolist() == [60.5, -1.25]
    assert rows["quality"].tolist() == [0, 1]
    assert [METRIC_NAMES[code] for code in rows["metric"]] == ["T1", "T2"]
    assert len(in_core()) == 0


SAME = (7, 0, "T1", 60.5, 0)


@pytest.mark.parametrize(
    ("existing", "is_changed"),
    [
        pytest.param(SAME, False, id="same"),
        pytest.param((8, 0, "T1", 60.5, 0), True, id="another_meter"),
        pytest.param((7, 1, "T1", 60.5, 0), True, id="another_hour"),
        pytest.param((7, 0, "T2", 60.5, 0), True, id="another_metric"),
        pytest.param((7, 0, "T1", 60.6, 0), True, id="another_value"),
        pytest.param((7, 0, "T1", 60.5, 1), True, id="another_quality"),
    ],
)
def test_reading_is_changed_unless_core_has_it_with_the_same_value_and_quality(
    existing: Reading, is_changed: bool
) -> None:
    readings = to_merge(SAME)

    changed = changed_rows(readings, in_core(existing))

    assert changed.to_pylist() == (readings.to_pylist() if is_changed else [])
    assert changed.schema.names == IN_CORE.names


def test_everything_is_changed_where_core_has_nothing() -> None:
    assert len(changed_rows(to_merge(SAME, (7, 1, "T1", 1, 0)), in_core())) == 2


def test_only_metrics_of_the_readings_are_named_for_the_server() -> None:
    readings = to_merge((7, 0, "T2", 1, 0), (7, 0, "T1", 2, 0), (8, 0, "T2", 3, 0))

    codes = metric_codes(readings)

    names = sorted(["T1", "T2"], key=METRIC_NAMES.index)
    assert codes == " ".join(f"when '{name}' then {METRIC_NAMES.index(name)}" for name in names)
