from __future__ import annotations

import datetime as dt
from collections import Counter

import pyarrow as pa
import pytest

from schemas.settings import Settings
from schemas.table_schema import Column, TableSchema
from schemas.time_faults import TIME_FAULTS, TimeFault
from tasks.validate.apply_rules import Meter, Outcome, apply_rules
from tasks.validate.parse_readings import parse
from tasks.validate.row_errors import row_errors
from tests.unit.tasks.validate.tables import long_row, long_table, raw_batch, wide_row, wide_table

METERS = {"M": Meter(7, "I", "B", 60)}


def validated(table: TableSchema, rows: list[list[str | None]], **settings: object) -> Outcome:
    return apply_rules(parse(table, raw_batch(table, rows)), METERS, Settings.model_validate(settings))


def reasons(result: Outcome) -> list[str | None]:
    return list(result.readings.column("reason").to_pylist())


@pytest.mark.parametrize(
    ("changes", "reason", "column"),
    [
        ({"timestamp": "32.01.2025"}, "bad_timestamp", "timestamp"),
        ({"timestamp": None}, "bad_timestamp", "timestamp"),
        ({"value": None}, "missing_value", "value"),
        ({"value": "abc"}, "bad_number", "value"),
        ({"value": "#DIV/0!"}, "bad_number", "value"),
        ({"value": "=A1"}, "formula_without_value", "value"),
        ({"value": "151"}, "out_of_range", "value"),
        ({"value": "-21"}, "out_of_range", "value"),
        ({"metric": "consumption_period", "unit": "м3", "value": "-0.1"}, "negative", "value"),
        ({"metric": "consumption_period", "unit": "м3", "value": "1e308"}, "out_of_range", "value"),
        ({"metric": "pressure"}, "unknown_metric", "metric"),
        ({"unit": "кг"}, "unknown_unit", "unit"),
        ({"unit": "м3"}, "unknown_unit", "unit"),
        ({"meter": "X"}, "unmapped_code", "meter"),
        ({"meter": None}, "unmapped_code", "meter"),
        ({"building": "other"}, "unmapped_code", "meter"),
    ],
)
def test_a_bad_row_is_rejected_with_its_reason_and_column(
    changes: dict[str, str | None], reason: str, column: str
) -> None:
    table = long_table()

    result = validated(table, [long_row(**changes), long_row(timestamp="2025-04-01 06:00")])

    assert reasons(result) == [reason, None]
    assert result.readings.column("quality").to_pylist() == [2, 0]
    errors = row_errors([table], result.readings.slice(0, 1)).to_pylist()
    assert [(error["reason"], error["column_name"], error["row_num"]) for error in errors] == [(reason, column, 2)]


def test_several_reasons_are_joined_in_a_stable_order() -> None:
    result = validated(long_table(), [long_row(timestamp="x", value="abc", meter="X")])

    assert reasons(result) == ["bad_timestamp;bad_number;unmapped_code"]


@pytest.mark.parametrize(
    ("time", "of_meter", "stated", "is_off"),
    [
        ("05:00", 60, None, False),
        ("05:00:01", 60, None, True),
        ("05:30", 60, None, True),
        ("05:30", 30, None, False),
        ("05:30", 60, 30, False),
        ("05:30", 60, 60, True),
        ("05:00", 1440, None, True),
        ("00:00", 1440, None, False),
    ],
)
def test_reading_of_an_interval_is_on_the_grid_that_the_mapping_states_or_else_the_meters(
    time: str, of_meter: int, stated: int | None, is_off: bool
) -> None:
    table = long_table()
    metrics = ("T1", "consumption_period", "consumption_cumulative")
    rows = [long_row(timestamp=f"2025-04-01 {time}", metric=metric, unit=None) for metric in metrics]
    meters = {"M": Meter(7, "I", "B", of_meter)}

    result = apply_rules(parse(table, raw_batch(table, rows)), meters, Settings(), intervals=[stated])

    found = dict(zip(result.readings.column("metric").to_pylist(), reasons(result), strict=True))
    off = "off_grid" if is_off else None
    assert found == {"T1": off, "consumption_period": off, "consumption_cumulative": None}


def test_identical_duplicate_is_dropped_and_counted() -> None:
    result = validated(long_table(), [long_row(), long_row(value="60,0")])

    assert result.readings.num_rows == 1
    assert len(result.duplicates) == 1
    assert reasons(result) == [None]


def test_conflicting_duplicates_are_all_rejected() -> None:
    result = validated(long_table(), [long_row(), long_row(value="61"), long_row(value="60")])

    assert Counter(reasons(result)) == {"conflicting_duplicate": 3}
    assert len(result.duplicates) == 0


@pytest.mark.parametrize(("other", "reason"), [("500", "out_of_range"), ("-50", "out_of_range")])
def test_two_values_are_both_rejected_also_where_one_of_them_is_impossible(other: str, reason: str) -> None:
    result = validated(long_table(), [long_row(), long_row(value=other)])

    assert sorted(map(str, reasons(result))) == ["conflicting_duplicate", f"{reason};conflicting_duplicate"]


def test_impossible_value_that_comes_twice_is_no_conflict_and_is_counted_twice() -> None:
    result = validated(long_table(), [long_row(value="500"), long_row(value="500")])

    assert (reasons(result), len(result.duplicates)) == (["out_of_range", "out_of_range"], 0)


def test_a_rejected_row_does_not_make_another_a_duplicate() -> None:
    result = validated(long_table(), [long_row(), long_row(value="н/д")])

    assert reasons(result) == [None, "missing_value"]


def test_unit_is_converted_to_the_metrics_own() -> None:
    row = long_row(metric="flow_supply", value="1", unit="л/с")

    result = validated(long_table(), [row])

    assert result.readings.column("value").to_pylist() == [3.6]
    assert result.readings.column("unit").to_pylist() == ["м3/ч"]


def test_volume_of_a_half_hour_becomes_a_flow_per_hour() -> None:
    row = long_row(metric="Подача", value="1,5", unit="куб. м")

    result = validated(long_table(interval_minutes=30), [row])

    assert result.readings.column("value").to_pylist() == [3.0]


def test_register_read_at_the_end_of_the_interval_is_stamped_there() -> None:
    row = long_row(metric="consumption_cumulative", unit="м3")

    at_start, at_end = (
        validated(long_table(register_read_at=end), [row]).readings.column("ts")[0].as_py() for end in ("start", "end")
    )

    assert (at_end - at_start).total_seconds() == 3600


@pytest.mark.parametrize(
    ("row", "flagged"),
    [
        (wide_row(t1="60", t2="40"), False),
        (wide_row(t1="60", t2="50"), True),
        (wide_row(t1="70", t2="40"), True),
        (wide_row(supply="0", t1="60", t2="50"), False),
        (wide_row(supply="0", t1="40", t2="60"), True),
        (wide_row(supply="0", t1="130", t2="40"), True),
    ],
    ids=[
        "in_norm",
        "too_small",
        "too_great",
        "no_flow",
        "below_0_even_without_flow",
        "above_80_even_without_flow",
    ],
)
def test_delta_t_flags_both_temperatures_and_still_loads_them(row: list[str | None], flagged: bool) -> None:
    result = validated(wide_table(), [row])

    reason_by_metric = dict(zip(result.readings.column("metric").to_pylist(), reasons(result), strict=True))
    expected = "delta_t_out_of_norm" if flagged else None
    assert reason_by_metric == {"flow_supply": None, "T1": expected, "T2": expected}
    assert set(result.readings.column("quality").to_pylist()) == ({0, 1} if flagged else {0})


def test_delta_t_norm_follows_the_settings() -> None:
    result = validated(wide_table(), [wide_row(t1="60", t2="50")], delta_t_min=5, delta_t_max=12)

    assert set(reasons(result)) == {None}


def test_bad_hour_is_reported_once_for_the_row_with_its_cell() -> None:
    table = wide_table()

    result = validated(table, [wide_row(hour="2025-01-02")])

    assert reasons(result) == ["bad_timestamp"] * 3
    (error,) = row_errors([table], result.readings).to_pylist()
    assert (error["column_name"], error["cell"], error["metric"]) == ("Час", "B2", None)


@pytest.mark.parametrize(
    ("of_meter", "stated", "differs"), [(30, 60, True), (60, 30, False), (30, 30, False), (30, None, False)]
)
def test_mapping_and_reference_that_state_different_intervals_contradict_each_other(
    of_meter: int, stated: int | None, differs: bool
) -> None:
    table = long_table()
    rows = [long_row(metric="T1"), long_row(metric="consumption_cumulative", unit="м3")]
    meters = {"M": Meter(7, "I", "B", of_meter)}

    result = apply_rules(parse(table, raw_batch(table, rows)), meters, Settings(), intervals=[stated])

    assert sorted(reasons(result), key=str) == [None, "interval_mismatch" if differs else None]


def of_length(length: str | None, time: str, value: str = "1") -> list[str | None]:
    return [*long_row(timestamp=f"2025-04-01 {time}", metric="consumption_period", unit="м3", value=value), length]


def with_lengths() -> TableSchema:
    columns = [*long_table().columns, Column(key="resolution", heading="resolution", letter="G")]
    return long_table(columns=columns, interval_column="resolution")


@pytest.mark.parametrize(
    ("length", "time", "reason"),
    [
        ("PT15M", "05:45", None),
        ("PT15M", "05:20", "off_grid"),
        ("30", "05:30", None),
        ("1 ч", "05:30", "off_grid"),
        (None, "05:30", "off_grid"),
        ("P1D", "00:00", None),
        ("soon", "05:00", "bad_timestamp"),
        ("0", "05:00", "bad_timestamp"),
        ("PT36H", "00:00", None),
        ("P1M", "00:00", None),
        ("P367D", "00:00", "bad_timestamp"),
    ],
)
def test_rows_own_interval_beats_mapping_and_meter(length: str | None, time: str, reason: str | None) -> None:
    table = with_lengths()
    parsed = parse(table, raw_batch(table, [of_length(length, time)]))

    result = apply_rules(parsed, METERS, Settings(), intervals=[60])

    assert reasons(result) == [reason]
    if reason == "bad_timestamp":
        (error,) = row_errors([table], result.readings).to_pylist()
        assert (error["cell"], error["column_name"]) == ("G2", "resolution")


@pytest.mark.parametrize(
    ("length", "minutes", "unit", "is_refused"),
    [
        ("3600", 60, None, True),
        ("3600", 60, "s", False),
        ("900", 15, None, True),
        ("900", 15, "Интервал, с", False),
        ("60", 1, None, True),
        ("1", 60, None, True),
        ("1", 60, "h", False),
        ("24", 1440, None, True),
        ("60", 60, None, False),
        ("15", 180, None, False),
        ("15", 15, None, False),
    ],
)
@pytest.mark.parametrize("metric", ["consumption_period", "consumption_cumulative"])
def test_length_without_a_unit_is_no_number_of_minutes_where_readings_are_otherwise_apart(
    length: str, minutes: int, unit: str | None, is_refused: bool, metric: str
) -> None:
    table = with_lengths().model_copy(update={"interval_unit": unit})
    first = dt.datetime(2025, 4, 1, tzinfo=dt.UTC)
    times = [f"{first + dt.timedelta(minutes=minutes) * number:%Y-%m-%d %H:%M}" for number in range(24)]
    rows = [[*long_row(timestamp=time, metric=metric, unit="м3"), length] for time in times]

    result = apply_rules(parse(table, raw_batch(table, rows)), METERS, Settings())

    # Where a register is read says nothing of its interval, but that no reading is sixty times in one.
    refused = is_refused and not (metric == "consumption_cumulative" and minutes >= 60 and length != "3600")
    assert {str(reason).startswith("bad_timestamp") for reason in reasons(result)} == {refused}
    if refused:
        (message,) = {error["message"] for error in row_errors([table], result.readings).to_pylist()}
        assert message == TIME_FAULTS[TimeFault.LENGTH_WITHOUT_UNIT].russian


def test_volume_per_hour_is_that_of_the_rows_own_interval() -> None:
    table = with_lengths()
    row = [*long_row(metric="flow_supply", unit="м3", value="2"), "PT30M"]

    result = apply_rules(parse(table, raw_batch(table, [row])), METERS, Settings())

    assert result.readings.column("value").to_pylist() == [4]


CONFLICT = "conflicting_duplicate"


@pytest.mark.parametrize(
    "rows",
    [
        (
            [
                *(("PT1H", "05:00", CONFLICT), ("PT15M", "05:45", CONFLICT), ("PT15M", "06:00", None)),
                *(("PT1H", "07:00", None), ("PT15M", "08:00", None)),
            ]
        ),
        ([("P1D", "00:00", CONFLICT), *(("PT1H", f"{hour:02d}:00", CONFLICT) for hour in (1, 2, 23))]),
        ([("PT1H", "05:00", None), ("PT1H", "05:30", "off_grid"), ("PT1H", "06:00", None)]),
        ([(None, "05:00", CONFLICT), ("PT15M", "05:30", CONFLICT)]),
    ],
    ids=["touching_ones_do_not", "one_over_many", "rejected_ones_are_in_nobodys_way", "beside_the_mappings_interval"],
)
@pytest.mark.parametrize("backwards", [False, True])
def test_intervals_of_different_lengths_that_overlap_are_all_rejected_in_any_order(
    rows: list[tuple[str | None, str, str | None]], backwards: bool
) -> None:
    table = with_lengths()
    ordered = rows[::-1] if backwards else rows

    result = apply_rules(
        parse(table, raw_batch(table, [of_length(length, time) for length, time, _ in ordered])), METERS, Settings()
    )

    assert reasons(result) == [reason for _, time, reason in sorted(rows, key=lambda row: row[1])]


def test_overlaps_of_one_file_do_not_touch_another_one_without_stated_intervals() -> None:
    stated, plain = with_lengths(), long_table()
    rows = [of_length(None, time)[:-1] for time in ("10:00", "10:07", "11:00")]
    of_both = pa.concat_tables(
        [
            parse(plain, raw_batch(plain, rows), table=0),
            parse(stated, raw_batch(stated, [of_length("PT15M", "10:15")]), table=1),
        ]
    )

    result = apply_rules(of_both, METERS, Settings(), file_indices=[0, 1])

    assert reasons(result) == [None, "off_grid", None, None]


def test_days_with_a_clock_change_do_not_overlap() -> None:
    table = with_lengths().model_copy(update={"time_zone": "Europe/Berlin"})
    days = ("2025-03-29", "2025-03-30", "2025-03-31", "2025-10-25", "2025-10-26", "2025-10-27")
    rows = [[*long_row(timestamp=day, metric="consumption_period", unit="м3"), "1440"] for day in days]

    result = apply_rules(parse(table, raw_batch(table, rows)), METERS, Settings())

    assert reasons(result) == [None] * len(days)


def of_calendar(calendar: str, minutes: int) -> TableSchema:
    return long_table(calendar=calendar, interval_minutes=minutes)


@pytest.mark.parametrize(
    ("calendar", "minutes", "time", "reason"),
    [
        ("month", 44_640, "2025-04-01", None),
        ("month", 44_640, "2025-04-02", "off_grid"),
        ("month", 44_640, "2025-04-01 05:00", "off_grid"),
        ("week", 10_080, "2025-03-31", None),
        ("week", 10_080, "2025-04-01", "off_grid"),
        ("day", 1_440, "2025-04-01", None),
    ],
)
@pytest.mark.parametrize("of_meter", [15, 60, 1_440])
def test_calendar_interval_begins_with_its_day_whatever_the_meter_reports_by(
    calendar: str, minutes: int, time: str, reason: str | None, of_meter: int
) -> None:
    table = of_calendar(calendar, minutes)
    parsed = parse(table, raw_batch(table, [long_row(timestamp=time)]))
    meters = {"M": METERS["M"]._replace(interval_minutes=of_meter)}

    result = apply_rules(parsed, meters, Settings(), intervals=[table.stated_interval])

    assert reasons(result) == [reason]


def test_month_overlaps_with_a_day_in_it_and_not_with_the_next_month() -> None:
    table = long_table(interval_column="unit", unit_column=None)
    lengths = [("P1M", "2025-03-01"), ("P1M", "2025-04-01"), ("P1D", "2025-05-01"), ("P1D", "2025-03-31")]
    rows = [long_row(timestamp=time, unit=length) for length, time in lengths]

    result = apply_rules(parse(table, raw_batch(table, rows)), METERS, Settings())

    by_time = zip(result.readings.column("row_num").to_pylist(), reasons(result), strict=True)
    assert dict(by_time) == {2: "conflicting_duplicate", 3: None, 4: None, 5: "conflicting_duplicate"}
