from __future__ import annotations

import datetime as dt

import pyarrow as pa

from schemas.table_schema import CodePart, Column, MetricColumn, TableSchema
from tasks.sources.preview_readings import ParsedBatch, summarise


def schema() -> TableSchema:
    return TableSchema(
        table_format="day-sheet",
        header_row=3,
        columns=[
            Column(key="Дата", heading="Дата", letter="A"),
            Column(key="T1", heading="T1", letter="B"),
            Column(key="note", heading="note", letter="C"),
        ],
        date_column="Дата",
        metrics=[MetricColumn(key="T1", metric="T1")],
        time_zone="Europe/Moscow",
        interval_minutes=60,
    )


def batch(first_row: int, *cells: str) -> ParsedBatch:
    rows = range(first_row, first_row + len(cells))
    raw = pa.record_batch(
        {
            "row_num": pa.array(rows, pa.int32()),
            "row_problem": pa.nulls(len(cells), pa.string()),
            "T1": pa.array(cells, pa.string()),
            "note": pa.array(["n"] * len(cells), pa.string()),
        }
    )
    is_bad = [not cell.isdigit() for cell in cells]
    times = [dt.datetime(2025, 4, 1, row, tzinfo=dt.UTC) for row in rows]
    parsed = pa.table(
        {
            "row_num": pa.array(rows, pa.int32()),
            "ts": pa.array(times, pa.timestamp("us", "UTC")),
            **{name: ["x"] * len(cells) for name in ("building_code", "itp_code", "meter_code", "metric", "unit")},
            "value": [None if bad else 1.0 for bad in is_bad],
            "problems": pa.array([int(bad) for bad in is_bad], pa.int32()),
        }
    )
    errors = [
        {
            "row_num": row,
            "column_name": None if cell == "all" else "T1",
            "cell": f"B{row}",
            "reason": "missing_column" if cell == "all" else "bad_number",
            "message": "строка" if cell == "all" else "число",
        }
        for row, cell, bad in zip(rows, cells, is_bad, strict=True)
        if bad
    ]
    fields = [pa.field("row_num", pa.int32()), *(pa.field(n, pa.string()) for n in ("column_name", "cell", "reason"))]
    return ParsedBatch(
        raw, parsed, pa.Table.from_pylist(errors, schema=pa.schema([*fields, pa.field("message", pa.string())]))
    )


def test_of_a_row_with_many_readings_the_first_and_the_last_are_shown() -> None:
    hours = batch(0, *["1"] * 24)
    row = hours._replace(parsed=hours.parsed.set_column(0, "row_num", pa.array([4] * 24, pa.int32())))

    preview = summarise(schema(), [row])

    first, last = ([one["time"][11:13] for one in shown] for shown in (preview.first_readings, preview.last_readings))
    assert (first[0], first[-1], len(first)) == ("03", "14", 12)
    assert (last[0], last[-1], len(last)) == ("15", "02", 12)


def test_preview_sums_up_all_batches_and_shows_the_first_readings_in_local_time() -> None:
    table = schema().model_copy(update={"notes": ["примечание"]})

    preview = summarise(table, [batch(4, "1", "2", "3"), batch(7, "4"), batch(8)])

    assert (preview.rows, preview.readings, preview.unreadable) == (4, 4, 0)
    assert (preview.first_time, preview.last_time) == ("2025-04-01 07:00+03:00", "2025-04-01 10:00+03:00")
    assert [reading["row_num"] for reading in preview.first_readings] == [4, 5]
    assert [reading["row_num"] for reading in preview.last_readings] == [7]
    assert preview.meters == ["x"]
    assert preview.notes == ["примечание"]
    assert [column["meaning"] for column in preview.columns] == ["date", "T1, own unit", "kept in the raw row"]


def test_each_reason_is_counted_and_shown_with_its_first_cell() -> None:
    preview = summarise(schema(), [batch(4, "all", "x", "y"), batch(7, "z", "u", "v", "w")])

    assert preview.unreadable == 7
    assert [(lost["reason"], lost["count"], lost["cell"], lost["raw_value"]) for lost in preview.lost] == [
        ("missing_column", 1, "B4", "all; n"),
        ("bad_number", 6, "B5", "x"),
    ]


def test_one_reason_with_several_messages_is_counted_by_message() -> None:
    said = batch(4, "x", "y", "z")
    messages = pa.array(["нет такой даты", "час не читается", "нет такой даты"], pa.string())

    preview = summarise(schema(), [said._replace(errors=said.errors.set_column(4, "message", messages))])

    assert [(lost["message"], lost["count"], lost["cell"]) for lost in preview.lost] == [
        ("нет такой даты", 2, "B4"),
        ("час не читается", 1, "B5"),
    ]


def test_table_without_rows_has_no_times() -> None:
    preview = summarise(schema(), [])

    assert (preview.rows, preview.first_time, preview.last_time) == (0, None, None)
    assert (preview.first_readings, preview.last_readings, preview.lost, preview.meters) == ([], [], [], [])


def test_columns_of_codes_conditions_and_statuses_have_a_meaning() -> None:
    keys = [column.key for column in schema().columns]
    changes = {"where": [(keys[1], ("a",))], "code_parts": {"meter": [CodePart(column=keys[2])]}, "metrics": []}

    shown = summarise(schema().model_copy(update=changes), [])

    assert [column["meaning"] for column in shown.columns] == ["date", "selects rows", "meter"]
