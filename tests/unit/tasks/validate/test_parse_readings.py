from __future__ import annotations

import datetime as dt

import pytest

from schemas.reasons import UNITS_DIFFER, Reason
from schemas.settings import Settings
from schemas.spec_parts import fold_words
from schemas.table_schema import Column, MetricColumn, MetricWord
from schemas.time_faults import TimeFault
from tasks.validate.list_rejected import list_rejected
from tasks.validate.parse_readings import PARSED, TableRows, count_meter_codes, parse, parse_together
from tasks.validate.problem_bits import HOUR_IS_BAD, INTERVAL_IS_BAD, REASON_BITS, time_faults
from tests.unit.tasks.validate.tables import WIDE, long_row, long_table, raw_batch, wide_row, wide_table


def test_each_metric_cell_of_a_wide_row_becomes_a_reading() -> None:
    table = wide_table()

    parsed = parse(table, raw_batch(table, [wide_row()]), table=3)

    assert parsed.schema == PARSED
    assert parsed.column("metric").to_pylist() == list(WIDE.values())
    assert parsed.column("value").to_pylist() == [1.0, 60.0, 40.0]
    assert set(parsed.column("table").to_pylist()) == {3}
    assert {ts.isoformat() for ts in parsed.column("ts").to_pylist()} == {"2025-03-31T21:00:00+00:00"}


def test_rows_of_tables_that_are_alike_are_parsed_as_each_alone() -> None:
    first = wide_table().model_copy(update={"meter_code": "M1", "notes": ["a new column"]})
    second = first.model_copy(update={"meter_code": "M2", "building_code": "B2", "notes": []})
    rows = [
        raw_batch(first, [wide_row(), wide_row(supply="x")]),
        raw_batch(second, [wide_row(supply="2"), wide_row(hour="99")], problems={3: Reason.SURPLUS_CELL}),
    ]

    together = parse_together([TableRows(4, first, rows[0]), TableRows(7, second, rows[1])])

    alone = [*parse(first, rows[0], table=4).to_pylist(), *parse(second, rows[1], table=7).to_pylist()]
    assert first.alike == second.alike
    assert sorted(map(str, together.to_pylist())) == sorted(map(str, alone))


@pytest.mark.parametrize("change", [{"interval_minutes": 30}, {"first_hours": [3]}, {"doubtful_marks": {"a": ","}}])
def test_tables_that_are_read_otherwise_are_not_alike(change: dict[str, object]) -> None:
    assert wide_table().model_copy(update=change).alike != wide_table().alike


def test_a_line_with_a_problem_counts_as_the_readings_it_would_have_been_with_that_reason_alone() -> None:
    table = wide_table()
    rows = [wide_row(), wide_row(supply="x", hour="99")]

    parsed = parse(table, raw_batch(table, rows, problems={3: Reason.SURPLUS_CELL}))

    problems = list(zip(parsed.column("row_num").to_pylist(), parsed.column("problems").to_pylist(), strict=True))
    assert sorted(problems) == [(2, 0)] * 3 + [(3, REASON_BITS[Reason.SURPLUS_CELL])] * 3


def test_a_line_of_an_undescribed_table_is_one_reading_of_which_nothing_is_known() -> None:
    table = wide_table()

    parsed = parse(table, raw_batch(table, [wide_row(), wide_row()], problems={3: Reason.UNDESCRIBED_TABLE}), table=2)

    (other,) = [row for row in parsed.to_pylist() if row["row_num"] == 3]
    assert len(parsed) == 3 + 1
    assert {name for name, value in other.items() if value is not None} == {"table", "row_num", "problems"}
    assert (other["table"], other["problems"]) == (2, REASON_BITS[Reason.UNDESCRIBED_TABLE])


def test_a_bad_hour_is_told_from_a_bad_date() -> None:
    table = wide_table()
    bad_date = ["32.01.2025", *wide_row()[1:]]

    parsed = parse(table, raw_batch(table, [wide_row(hour="99"), bad_date]))

    bad = REASON_BITS[Reason.BAD_TIMESTAMP]
    bits = parsed.column("problems").to_numpy()
    problems = dict(zip(parsed.column("row_num").to_pylist(), (bits & (bad | HOUR_IS_BAD)).tolist(), strict=True))
    assert problems == {2: bad | HOUR_IS_BAD, 3: bad}
    assert time_faults(bits).tolist() == [TimeFault.OUTSIDE_DAY, TimeFault.NO_SUCH_DATE] * 3
    assert parsed.column("ts").null_count == len(parsed)


def test_a_unit_in_the_cell_must_agree_with_the_metric() -> None:
    table = long_table()
    rows = [long_row(value="12,5 м3"), long_row(value="12,5 °C", unit=None)]

    parsed = parse(table, raw_batch(table, rows))

    assert parsed.column("problems").to_pylist() == [REASON_BITS[Reason.UNKNOWN_UNIT], 0]


def test_an_unknown_metric_keeps_the_files_own_word_and_unit() -> None:
    table = long_table()

    parsed = parse(table, raw_batch(table, [long_row(metric="pressure", unit="бар")]))

    assert parsed.select(["metric", "unit", "problems"]).to_pylist() == [
        {"metric": "pressure", "unit": "бар", "problems": REASON_BITS[Reason.UNKNOWN_METRIC]}
    ]


def test_codes_are_trimmed_and_a_constant_code_is_repeated() -> None:
    by_column, constant = long_table(), wide_table()

    rows = [long_row(meter=" M "), long_row(meter=None)]
    assert count_meter_codes(by_column, raw_batch(by_column, rows)) == {"M": 1, None: 1}
    assert count_meter_codes(constant, raw_batch(constant, [wide_row()])) == {"M": 3, None: 0}


def test_a_table_without_values_gives_no_readings() -> None:
    table = wide_table(metrics=[])

    assert parse(table, raw_batch(table, [wide_row()])).num_rows == 0


def test_register_that_is_read_at_the_end_of_a_day_is_read_at_the_next_local_midnight() -> None:
    table = long_table(
        interval_minutes=1440, stamp="end", register_read_at="end", time_zone="Europe/Berlin", building_column=None
    )
    rows = [
        long_row(timestamp="31.03.2025 00:00", metric=metric, unit=None) for metric in ("T1", "consumption_cumulative")
    ]

    parsed = parse(table, raw_batch(table, rows))

    assert [f"{ts:%m-%d %H:%M}" for ts in parsed.column("ts").to_pylist()] == ["03-29 23:00", "03-30 22:00"]


def test_codes_are_tidy_and_numbers_are_read_as_the_table_writes_them() -> None:
    table = long_table(doubtful_marks={"value": ","})
    rows = [long_row(meter='="M"', value="1,000"), long_row(meter=" M ", value="1,5")]

    parsed = parse(table, raw_batch(table, rows))

    assert parsed.column("meter_code").to_pylist() == ["M", "M"]
    assert parsed.column("problems").to_pylist() == [REASON_BITS[Reason.BAD_NUMBER], 0]


@pytest.mark.parametrize("stated", ["л/с", "м3/ч", None])
def test_a_unit_that_the_column_states_is_contradicted_by_no_row_and_no_cell(stated: str | None) -> None:
    table = long_table(value_unit=stated or "л/с", stated_unit=stated)
    cells = [("1", "l/s"), ("1", "м3/ч"), ("1 м3/ч", None), ("1 л/с", "м3/ч"), ("1", "кг"), ("1", " ")]
    rows = [long_row(metric="flow_supply", value=value, unit=unit) for value, unit in cells]

    parsed = parse(table, raw_batch(table, rows))

    good = {"л/с": [0, 5], "м3/ч": [1, 2, 5], None: [0, 1, 2, 5]}[stated]
    problems = parsed.column("problems").to_pylist()
    assert [index for index, bits in enumerate(problems) if not bits] == good
    assert {bits for bits in problems if bits} == {REASON_BITS[Reason.UNKNOWN_UNIT]}
    expected = {0: 3.6, 1: 1, 2: 1, 5: 1 if stated == "м3/ч" else 3.6}
    assert [parsed.column("value")[index].as_py() for index in good] == [expected[index] for index in good]
    (error,) = list_rejected([table], parsed.slice(3, 1), Settings()).to_pylist()
    assert UNITS_DIFFER.join(dict.fromkeys(filter(None, ["л/с", "м3/ч", stated]))) in error["message"]


def test_unit_of_the_row_comes_before_that_of_the_table() -> None:
    table = wide_table(unit_column="Ед", metrics=[MetricColumn(key="Подача", metric="flow_supply", unit="м3/ч")])
    table.columns.append(Column(key="Ед", heading="Ед", letter="F"))
    rows = [[*wide_row(supply="1"), unit] for unit in ("л/с", None, "кг")]

    parsed = parse(table, raw_batch(table, rows))

    assert parsed.column("value").to_pylist()[:2] == [3.6, 1.0]
    assert parsed.column("problems").to_pylist() == [0, 0, REASON_BITS[Reason.UNKNOWN_UNIT]]


def test_unit_of_a_long_table_is_that_of_rows_without_one() -> None:
    table = long_table(value_unit="л")
    rows = [long_row(metric="consumption_period", value="5", unit=unit) for unit in (None, "м3")]

    assert parse(table, raw_batch(table, rows)).column("value").to_pylist() == [0.005, 5.0]


def test_lines_of_the_hour_that_comes_twice_are_told_apart_whatever_rows_come_with_them() -> None:
    table = long_table(time_zone="Europe/Berlin", first_hours=[2], second_hours=[3])
    row = long_row(timestamp="2025-10-26 02:00")

    (second,) = parse(table, raw_batch(table, [row], row_nums=[3])).column("ts").to_pylist()
    both = parse(table, raw_batch(table, [row, row])).column("ts").to_pylist()

    assert second == dt.datetime(2025, 10, 26, 1, tzinfo=dt.UTC)
    assert both == [dt.datetime(2025, 10, 26, 0, tzinfo=dt.UTC), second]


def test_volume_becomes_a_flow_over_the_hours_that_its_interval_has() -> None:
    table = long_table(time_zone="Europe/Berlin", calendar="month", interval_minutes=44_640, unit_column=None)
    table = table.model_copy(update={"value_unit": "м3"})
    rows = [long_row(timestamp=f"2025-{month}-01", metric="flow_supply", value="743") for month in ("02", "03")]

    parsed = parse(table, raw_batch(table, rows))

    assert parsed.column("value").to_pylist() == [pytest.approx(743 / 672), 1]
    assert parsed.column("interval").to_pylist() == [28 * 1440, 31 * 1440]


def test_end_that_is_a_formula_without_a_value_is_told_from_a_bad_one() -> None:
    table = long_table(interval_end_column="unit", unit_column=None)

    parsed = parse(table, raw_batch(table, [long_row(unit="=A1"), long_row(unit="soon")]))

    bits = [REASON_BITS[reason] | INTERVAL_IS_BAD for reason in (Reason.FORMULA_WITHOUT_VALUE, Reason.BAD_TIMESTAMP)]
    problems = parsed.column("problems").to_numpy()
    assert (problems & (bits[0] | bits[1])).tolist() == bits
    assert time_faults(problems).tolist() == [0, TimeFault.NOT_A_DATE]


def test_meter_codes_that_are_filled_down_are_counted_and_parsed_alike() -> None:
    table = long_table(filled_down={"meter": [(2, "M")]})
    batch = raw_batch(table, [long_row(), long_row(meter=None)])

    assert +count_meter_codes(table, batch) == {"M": 2}
    assert parse(table, batch).column("meter_code").to_pylist() == ["M", "M"]


def test_status_of_a_row_is_that_of_its_values_and_an_unknown_word_rejects_them() -> None:
    words = fold_words({"Измерено": "valid", "Расчёт": "suspect", "Авария": "rejected"})
    table = long_table(status_column="status", status_words=words)
    table.columns.append(Column(key="status", heading="status", letter="G"))
    rows = [[*long_row(), status] for status in ("Измерено", "РАСЧЁТ", "Авария", "?", None)]

    parsed = parse(table, raw_batch(table, rows))

    reasons = [None, Reason.SUSPECT_STATUS, Reason.REJECTED_STATUS, Reason.UNKNOWN_STATUS, Reason.UNKNOWN_STATUS]
    assert parsed.column("problems").to_pylist() == [REASON_BITS[reason] if reason else 0 for reason in reasons]


def test_words_of_the_supplier_come_before_the_common_spellings_and_bring_their_unit() -> None:
    words = {"v1": MetricWord(metric="flow_supply", unit="л/с"), "t1": MetricWord(metric="T2")}
    table = long_table(metric_words=words, value_unit="м3/ч")
    rows = [long_row(metric=metric, value="5", unit=unit) for metric, unit in [("V1", None), ("V1", "м3/ч")]]
    rows += [long_row(metric="Т1"), long_row(metric="подача", value="5", unit=None), long_row(metric="Q")]

    parsed = parse(table, raw_batch(table, rows)).to_pylist()

    assert [(row["metric"], row["value"]) for row in parsed] == [
        ("flow_supply", 18),
        ("flow_supply", 5),
        ("T2", 60),
        ("flow_supply", 5),
        ("Q", 60),
    ]
    assert [row["problems"] for row in parsed] == [0, 0, 0, 0, REASON_BITS[Reason.UNKNOWN_METRIC]]
