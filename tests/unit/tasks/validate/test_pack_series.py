from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pytest

from schemas.settings import Settings
from schemas.table_schema import MetricColumn
from tasks.validate.apply_rules import Meter, apply_rules
from tasks.validate.pack_series import number_of_column, pack_series
from tasks.validate.parse_readings import parse
from tests.unit.tasks.validate.tables import LOAD, WIDE, long_row, long_table, raw_batch, staged, wide_row, wide_table


def validated(rows: Sequence[Sequence[str | None]]) -> pa.Table:
    table = long_table()
    return apply_rules(parse(table, raw_batch(table, rows)), {"M": Meter(7, "I", "B", 60)}, Settings()).readings


def series_of(rows: Sequence[Sequence[str | None]]) -> list[dict[str, object]]:
    packed: list[dict[str, object]] = pack_series([staged(long_table(), 4)], validated(rows)).to_pylist()
    return packed


def test_readings_with_all_but_row_time_and_value_in_common_are_one_series() -> None:
    rows = [long_row(timestamp=f"2025-04-01 0{hour}:00", value=str(hour)) for hour in (2, 1)]

    (series,) = series_of(rows)

    times = series.pop("times_utc")
    assert [str(time) for time in times] == ["2025-03-31 22:00:00", "2025-03-31 23:00:00"]  # type: ignore[attr-defined]
    assert series == {
        "load_id": LOAD.bytes,
        "source_file": "a.csv",
        "sheet": None,
        "table_num": 4,
        "building_code": "B",
        "itp_code": None,
        "meter_code": "M",
        "metric": "T1",
        "unit": "°C",
        "reason": None,
        "column_ref": "E",
        "column_nums": None,
        "quality": 0,
        "meter_id": 7,
        "row_nums": [3, 2],
        "readings": [1.0, 2.0],
    }


def test_what_differs_in_metric_outcome_or_meter_is_another_series_and_an_unknown_meter_has_no_id() -> None:
    impossible = long_row(timestamp="2025-04-01 06:00", value="999")
    rows = [long_row(), long_row(metric="T2", value="40"), long_row(meter="X"), impossible]

    series = series_of(rows)

    found = {(one["meter_id"], one["metric"], one["quality"], one["reason"]) for one in series}
    assert found == {
        (7, "T1", 0, None),
        (7, "T2", 0, None),
        (None, "T1", 2, "unmapped_code"),
        (7, "T1", 2, "out_of_range"),
    }


@pytest.mark.parametrize(("count", "lengths"), [(64, [64]), (65, [64, 1]), (130, [64, 64, 2])])
def test_a_series_has_at_most_64_readings(count: int, lengths: list[int]) -> None:
    rows = [long_row(timestamp=f"2025-04-{1 + hour // 24:02d} {hour % 24:02d}:00") for hour in range(count)]

    series = series_of(rows)

    assert [len(one["row_nums"]) for one in series] == lengths  # type: ignore[arg-type]
    assert [number for one in series for number in one["row_nums"]] == list(range(2, count + 2))  # type: ignore[attr-defined]


def test_a_value_that_cannot_be_read_is_null_in_its_place() -> None:
    (series,) = series_of([long_row(value="x")])

    assert (series["readings"], series["reason"], series["quality"]) == ([None], "bad_number", 2)


def test_no_readings_are_no_series() -> None:
    assert series_of([]) == []


def test_intervals_side_by_side_are_one_series_that_says_the_column_of_each_reading() -> None:
    hours = [MetricColumn(key=key, metric="T1", hour=f"{hour:02}:00") for hour, key in enumerate(WIDE)]
    table = wide_table(metrics=hours, hour_column=None)
    rows = parse(table, raw_batch(table, [wide_row("60", "61", "62")]))
    readings = apply_rules(rows, {"M": Meter(7, "I", "B", 60)}, Settings()).readings

    (series,) = pack_series([staged(table)], readings).to_pylist()

    assert (series["column_ref"], series["column_nums"], series["readings"]) == (None, [2, 3, 4], [60.0, 61.0, 62.0])
    assert series["row_nums"] == [2, 2, 2]


@pytest.mark.parametrize(("letters", "number"), [("A", 0), ("Z", 25), ("AA", 26), ("ZZ", 701), ("AAA", 702)])
def test_columns_are_numbered_from_a(letters: str, number: int) -> None:
    assert number_of_column(letters) == number
