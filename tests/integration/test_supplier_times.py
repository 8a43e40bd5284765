"""Suppliers' spellings of times: each file is loaded by one mapping, and every reading is compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.problems import FileProblem
from schemas.reasons import Reason
from tests import files
from tests.harness import PipelineHarness
from tests.integration.test_suppliers import load

pytestmark = pytest.mark.files

SHEET = "layout: day-sheet\ntime_zone: Europe/Berlin\nidentity: {meter: M}\n"
FLOW = "columns: {V: {metric: consumption_period}}\n"


async def times(pipeline: PipelineHarness, metric: str = "consumption_period") -> dict[str, float]:
    """Return the values of a metric by UTC time."""
    return {key[1]: value for key, value in (await pipeline.values()).items() if key[2] == metric}


async def test_dates_are_read_in_the_order_that_the_mapping_says(pipeline: PipelineHarness, tmp_path: Path) -> None:
    rows = "t;V\n05/06/2025 1:00;1\n5-6-2025 02:00:00;2\n05.06.2025, 3:00 AM;3\n5-Jun-25;4\n"

    log = await load(pipeline, tmp_path, f"{SHEET}timestamp: t\ndates: month-first\n{FLOW}", rows.encode(), "M")

    assert log["rows_loaded"] == 4
    assert await times(pipeline) == {
        "2025-05-05 23:00": 1,
        "2025-05-06 00:00": 2,
        "2025-05-06 01:00": 3,
        "2025-06-04 22:00": 4,
    }


async def test_a_date_that_may_be_of_either_order_is_never_read_without_the_key(
    pipeline: PipelineHarness, tmp_path: Path
) -> None:
    rows = "t;V\n13/04/2025 01:00;1\n04/13/2025;2\n13. 4. 2025 02:00;3\n"

    log = await load(pipeline, tmp_path, f"{SHEET}timestamp: t\n{FLOW}", rows.encode(), "M")

    assert (log["rows_loaded"], log["rows_rejected"]) == (1, 2)
    assert await times(pipeline) == {"2025-04-13 00:00": 3}


async def test_register_is_read_on_the_date_in_the_files_name(pipeline: PipelineHarness, tmp_path: Path) -> None:
    rows = "№;Зав. №;Показание\n1;100;12,5\n2;200;8,25\nИтого;;20,75\n"
    mapping = """
layout: day-sheet
date: {file_name: '(?P<day>\\d\\d)-(?P<month>\\d\\d)-(?P<year>\\d{4})'}
columns: {Показание: {metric: consumption_cumulative}}
identity: {meter: {column: Зав. №}}
"""
    log = await load(pipeline, tmp_path, mapping, rows.encode(), "100", "200", name="x_01-04-2025.csv")

    assert (log["rows_loaded"], log["status"]) == (2, "success")
    assert "итоговые строки 1" in str(log["message"])
    assert await pipeline.values() == {
        ("100", "2025-03-31 21:00", "consumption_cumulative"): 12.5,
        ("200", "2025-03-31 21:00", "consumption_cumulative"): 8.25,
    }


async def test_day_of_the_month_is_in_a_column_and_the_month_in_the_title(
    pipeline: PipelineHarness, tmp_path: Path
) -> None:
    rows: files.Rows = [
        ["Ведомость за апрель 2025 г."],
        ["Число", "V"],
        ["1 вт", 10],
        ["2 ср", 20],
        ["30 ср", 30],
        ["31", 1],
    ]
    mapping = (
        SHEET + "date: {above: '(?P<month>[а-я]+) (?P<year>\\d{4})'}\nday: Число\ninterval: day\nstamp: start\n" + FLOW
    )

    log = await load(pipeline, tmp_path, mapping, files.xlsx(rows), "M")

    assert (log["rows_loaded"], log["rows_rejected"]) == (3, 1)
    assert await times(pipeline) == {"2025-03-31 22:00": 10, "2025-04-01 22:00": 20, "2025-04-29 22:00": 30}


async def test_month_in_the_title_of_further_lines_is_not_read_as_the_month_above(
    pipeline: PipelineHarness, tmp_path: Path
) -> None:
    rows: files.Rows = [["Апрель 2025"], ["Число", "V"], ["1", 10], ["Май 2025"], ["Число", "V"], ["2", 20]]
    mapping = SHEET + "date: {above: '(?P<month>[А-я]+) (?P<year>\\d{4})'}\nday: Число\ninterval: day\n" + FLOW

    log = await load(pipeline, tmp_path, mapping, files.xlsx(rows), "M")

    assert (log["rows_loaded"], log["status"]) == (1, "partial")
    assert await times(pipeline) == {"2025-03-31 22:00": 10}


async def test_file_whose_date_is_not_where_the_mapping_says_fails(pipeline: PipelineHarness, tmp_path: Path) -> None:
    mapping = SHEET + "date: {cell: A1, pattern: '(?P<month>\\w+) (?P<year>\\d{4})'}\n" + FLOW

    log = await load(pipeline, tmp_path, mapping, files.xlsx([["Ведомость"], ["V"], [1]]), "M")

    assert (log["status"], log["problem"]) == ("failed", FileProblem.DATE_NOT_FOUND)
    assert "«Ведомость»" in str(log["message"])


async def test_months_and_weeks_are_those_of_the_local_calendar(pipeline: PipelineHarness, tmp_path: Path) -> None:
    rows = "t;V;Q\n01.04.2025;31;744\n01.05.2025;30;720\n15.05.2025;1;1\n"
    mapping = f"{SHEET}timestamp: t\ninterval: month\nstamp: end\n"
    mapping += "columns: {V: {metric: consumption_period}, Q: {metric: flow_supply, unit: м3}}\n"

    log = await load(pipeline, tmp_path, mapping, rows.encode(), "M")

    # In March 2025 clocks were set forward: 743 hours.
    assert (log["rows_loaded"], log["rows_rejected"]) == (4, 2)
    assert await times(pipeline) == {"2025-02-28 23:00": 31, "2025-03-31 22:00": 30}
    flows = await times(pipeline, "flow_supply")
    assert flows == {"2025-02-28 23:00": pytest.approx(744 / 743), "2025-03-31 22:00": 1}


async def test_interval_ends_where_another_column_says(pipeline: PipelineHarness, tmp_path: Path) -> None:
    rows = "С;По;V\n01.04.2025;01.05.2025;30\n01.05.2025;02.05.2025;1\n03.05.2025;03.05.2025;7\n"
    mapping = f"{SHEET}timestamp: С\ninterval: {{end: По}}\n{FLOW}"

    log = await load(pipeline, tmp_path, mapping, rows.encode(), "M")

    assert (log["rows_loaded"], log["rows_rejected"]) == (2, 1)
    assert await times(pipeline) == {"2025-03-31 22:00": 30, "2025-04-30 22:00": 1}
    column = await pipeline.connection.fetchval("select column_name from quality.open_row_errors")
    assert column == "По"


async def test_interval_ends_at_the_date_and_hour_of_two_columns(pipeline: PipelineHarness, tmp_path: Path) -> None:
    rows = (
        "С;Час;По;До часа;V\n01.04.2025;23:00;02.04.2025;0:00;3\n02.04.2025;0:00;;1:30;1.5\n;1:30;03.04.2025;;7\n"
        ";1:30;31.04.2025;2:00;7\n;5-6;;6:00;7\n"
    )
    mapping = f"{SHEET}date: С\nhour: Час\ninterval: {{end: {{date: По, hour: До часа}}}}\nfill_down: [С, По]\n{FLOW}"

    log = await load(pipeline, tmp_path, mapping, rows.encode(), "M")

    assert (log["rows_loaded"], log["rows_rejected"]) == (2, 3)
    assert await times(pipeline) == {"2025-04-01 21:00": 3, "2025-04-01 22:00": 1.5}
    errors = [(error["cell"], error["column_name"], error["reason"]) for error in await pipeline.errors()]
    assert sorted(errors) == [
        ("B6", "Час", "bad_timestamp"),
        ("C5", "По", "bad_timestamp"),
        ("D4", "До часа", "bad_timestamp"),
    ]


async def test_a_cell_may_state_a_period(pipeline: PipelineHarness, tmp_path: Path) -> None:
    rows: files.Rows = [
        ["Период", "V"],
        ["Январь 2025", 1],
        ["02.2025", 2],
        ["01.03.25–31.03.25", 3],
        ["с 01.04.2025 по 30.04.2025", 4],
        ["01.05.2025 00:00 - 01.05.2025 01:00", 5],
        ["01.05.2025 01:00 - 02:00", 6],
        ["II кв. 2025", 7],
    ]
    log = await load(pipeline, tmp_path, f"{SHEET}timestamp: Период\n{FLOW}", files.xlsx(rows), "M")

    assert (log["rows_loaded"], log["rows_rejected"]) == (6, 1)
    assert await times(pipeline) == {
        "2024-12-31 23:00": 1,
        "2025-01-31 23:00": 2,
        "2025-02-28 23:00": 3,
        "2025-03-31 22:00": 4,
        "2025-04-30 22:00": 5,
        "2025-04-30 23:00": 6,
    }


@pytest.mark.parametrize(
    ("keys", "good"),
    [
        ("", {"2025-03-31 22:00": 1}),
        ("interval_minutes: 60\n", {"2025-04-30 22:00": 3}),
        ("interval: month\n", {"2025-03-31 22:00": 1}),
    ],
)
async def test_a_period_is_as_long_as_the_mapping_says(
    pipeline: PipelineHarness, tmp_path: Path, keys: str, good: dict[str, float]
) -> None:
    rows = "t;V\n2025-04;1\n01.05.25–31.05.26;2\n01.05.2025 00:00 - 01:00;3\n".encode()

    log = await load(pipeline, tmp_path, f"{SHEET}timestamp: t\n{keys}{FLOW}", rows, "M", name="x.csv")

    assert log["rows_read"] == 3
    assert good.items() <= (found := await times(pipeline)).items()
    assert len(found) == (1 if keys else 2)


async def test_a_month_is_no_time_of_a_reading_under_the_contracts_own_heading(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    lines = ["2025-04", "апрель 2025", "01.04.25–30.04.25", "2025-04-01 00:00 - 02:00", "2025-04-01 02:00"]
    rows = "".join(f"{stamp};M;consumption_period;7\n" for stamp in lines)
    pipeline.put("a.csv", f"timestamp;meter_code;metric;value\n{rows}")

    (log,) = await pipeline.run()

    assert (log["rows_loaded"], log["rows_rejected"]) == (1, 4)
    assert await times(pipeline) == {"2025-03-31 23:00": 7}


async def test_stamps_near_the_start_of_an_interval_are_moved_to_it(pipeline: PipelineHarness, tmp_path: Path) -> None:
    rows = "t;V\n01.04.2025 00:00:59;1\n01.04.2025 00:58:01;2\n01.04.2025 02:03;3\n01.04.2025 03:01;4\n"
    rows += "01.04.2025 02:59;5\n"
    mapping = f"{SHEET}timestamp: t\ninterval_minutes: 60\nsnap: 2min\n{FLOW}"

    log = await load(pipeline, tmp_path, mapping, rows.encode(), "M")

    assert (log["rows_loaded"], log["rows_rejected"]) == (2, 3)
    assert await times(pipeline) == {"2025-03-31 22:00": 1, "2025-03-31 23:00": 2}
    reasons = await pipeline.connection.fetch("select row_num, reason from quality.open_row_errors order by 1")
    assert [tuple(row) for row in reasons] == [
        (4, "off_grid"),
        (5, "conflicting_duplicate"),
        (6, "conflicting_duplicate"),
    ]


DAILY_DATES: files.Rows = [
    ["Дата", "Час", "Прибор", "V"],
    ["01.04.2025", "0-1", "M", 1],
    [None, "1-2", None, 2],
    [],
    ["Итого", None, None, 3],
    ["Дата", "Час", "Прибор", "V"],
    [None, "2-3", "N", 4],
    ["02.04.2025"],
    [None, "0-1", None, 5],
    [None, "1-2", None, None],
]
FILLED = """
layout: day-sheet
time_zone: Europe/Berlin
date: Дата
hour: Час
columns: {V: {metric: consumption_period}}
identity: {meter: {column: Прибор}}
"""


async def test_empty_cells_take_the_last_one_above(pipeline: PipelineHarness, tmp_path: Path) -> None:
    mapping = FILLED + "fill_down: [Дата, Прибор]"

    log = await load(pipeline, tmp_path, mapping, files.xlsx(DAILY_DATES), "M", "N")

    assert (log["rows_loaded"], log["rows_rejected"]) == (4, 1)
    assert await pipeline.values() == {
        ("M", "2025-03-31 22:00", "consumption_period"): 1,
        ("M", "2025-03-31 23:00", "consumption_period"): 2,
        ("N", "2025-04-01 00:00", "consumption_period"): 4,
        ("N", "2025-04-01 22:00", "consumption_period"): 5,
    }
    reasons = await pipeline.connection.fetch("select row_num, reason from quality.open_row_errors")
    assert [tuple(row) for row in reasons] == [(10, "missing_value")]
    raw = "select payload ->> 'Дата' from stage.stage_raw_measurements where row_num = 3"
    assert await pipeline.connection.fetchval(raw) is None


async def test_rows_that_wait_in_stage_keep_the_cells_that_they_repeat(
    pipeline: PipelineHarness, tmp_path: Path
) -> None:
    await load(pipeline, tmp_path, FILLED + "fill_down: [Дата, Прибор]", files.xlsx(DAILY_DATES), "M")
    await pipeline.add_meter("N")

    await pipeline.requeue(Reason.UNMAPPED_CODE)

    values = await pipeline.values()
    assert {key: value for key, value in values.items() if key[0] == "N"} == {
        ("N", "2025-04-01 00:00", "consumption_period"): 4,
        ("N", "2025-04-01 22:00", "consumption_period"): 5,
    }


AUTUMN = ["2025-10-26 01:00;M;1", "2025-10-26 02:00;M;2", "2025-10-26 02:00;M;3", "2025-10-26 03:00;M;4"]
TWICE = """
layout: day-sheet
time_zone: Europe/Berlin
timestamp: t
columns: {V: {metric: consumption_period}}
identity: {meter: {column: Прибор}}
ambiguous_hours: in-order
"""


@pytest.mark.parametrize("is_descending", [False, True])
async def test_order_of_the_lines_tells_the_hour_that_comes_twice(
    pipeline: PipelineHarness, tmp_path: Path, is_descending: bool
) -> None:
    lines = AUTUMN[::-1] if is_descending else AUTUMN
    rows = "\n".join(["t;Прибор;V", *lines, "2025-10-26 02:00;N;9", ""])

    log = await load(pipeline, tmp_path, TWICE, rows.encode(), "M", "N")

    assert (log["rows_loaded"], log["rows_rejected"]) == (4, 1)
    assert await times(pipeline) == {
        "2025-10-25 23:00": 1,
        "2025-10-26 00:00": 2,
        "2025-10-26 01:00": 3,
        "2025-10-26 02:00": 4,
    }


async def test_without_the_key_the_hour_that_comes_twice_is_bad(pipeline: PipelineHarness, tmp_path: Path) -> None:
    rows = "\n".join(["t;Прибор;V", *AUTUMN, ""])

    log = await load(pipeline, tmp_path, TWICE.replace("ambiguous_hours: in-order", ""), rows.encode(), "M")

    assert (log["rows_loaded"], log["rows_rejected"]) == (2, 2)


async def test_register_of_a_month_is_read_at_its_end_where_the_files_date_is_the_end(
    pipeline: PipelineHarness, tmp_path: Path
) -> None:
    columns = "columns: {V: {metric: consumption_period}, P: {metric: consumption_cumulative}}"
    date = r"{file_name: '(?P<year>\d{4})-(?P<month>\d\d)'}"
    mapping = f"{SHEET}date: {date}\ninterval: month\nstamp: end\n{columns}"

    await load(pipeline, tmp_path, mapping, b"V;P\n31;131\n", "M", name="x_2025-04.csv")

    assert await pipeline.values() == {
        ("M", "2025-02-28 23:00", "consumption_period"): 31,
        ("M", "2025-03-31 22:00", "consumption_cumulative"): 131,
    }


async def test_ends_in_a_column_where_clocks_are_set_back_and_hours_in_halves_of_the_day(
    pipeline: PipelineHarness, tmp_path: Path
) -> None:
    mapping = """
layout: day-sheet
time_zone: America/New_York
date: Date
dates: month-first
hour: From
interval: {end: {hour: To}}
ambiguous_hours: in-order
columns: {kWh: {metric: consumption_period}}
identity: {meter: M}
"""
    hours = ["12:30 AM;1:00 AM", "1:00 AM;1:30 AM", "1:30 AM;1:00 AM", "1:00 AM;1:30 AM", "1:30 AM;2:00 AM"]
    rows = [f"11/2/2025;{hour};{number}" for number, hour in enumerate([*hours, "11:30 PM;12:00 AM"])]
    content = "\n".join(["Date;From;To;kWh", *rows, "Total;;;15", ""]).encode()

    log = await load(pipeline, tmp_path, mapping, content, "M", name="x.csv")

    assert (log["status"], log["rows_read"]) == ("success", 6)
    assert await times(pipeline) == {
        "2025-11-02 04:30": 0,
        "2025-11-02 05:00": 1,
        "2025-11-02 05:30": 2,
        "2025-11-02 06:00": 3,
        "2025-11-02 06:30": 4,
        "2025-11-03 04:30": 5,
    }


@pytest.mark.parametrize(
    ("heading", "interval", "loads"),
    [
        ("Длина", "Длина", False),
        ("Длина", "{column: Длина, unit: s}", True),
        ("Длина, с", "Длина*", True),
        ("Длина, мин", "{column: 'Длина, мин', unit: s}", False),
    ],
)
async def test_lengths_of_intervals_in_seconds_need_their_unit(
    pipeline: PipelineHarness, tmp_path: Path, heading: str, interval: str, loads: bool
) -> None:
    rows = [f"2025-04-01 {hour:02}:00;3600;{hour + 1}" for hour in range(24)]
    mapping = f"{SHEET}timestamp: t\ninterval: {interval.replace('Длина*', repr(heading))}\n"
    mapping += "columns: {V: {metric: consumption_period}}\n"

    await load(pipeline, tmp_path, mapping, "\n".join([f"t;{heading};V", *rows]).encode(), "M")

    assert [*(await pipeline.values()).values()] == ([*range(1, 25)] if loads else [])
    if interval == heading:
        assert {(error["reason"], error["column_name"], error["raw_value"]) for error in await pipeline.errors()} == {
            ("bad_timestamp", "Длина", "3600")
        }


@pytest.mark.parametrize(
    "keys", ["date: d\nhour: h\n", "timestamp: t\n", "date: d\nhour: h\nambiguous_hours: in-order\n"]
)
async def test_hours_that_come_twice_are_told_by_their_marks(
    pipeline: PipelineHarness, tmp_path: Path, keys: str
) -> None:
    hours = ["01:00", "02:00A", "02:00B", "03:00", "04:00A"]
    rows = [f"26.10.2025;{hour};26.10.2025 {hour};{number}" for number, hour in enumerate(hours)]

    log = await load(pipeline, tmp_path, SHEET + keys + FLOW, "\n".join(["d;h;t;V", *rows]).encode(), "M")

    assert await times(pipeline) == {
        f"2025-10-{day}:00": value for day, value in [("25 23", 0), ("26 00", 1), ("26 01", 2), ("26 02", 3)]
    }
    assert (log["rows_read"], log["rows_rejected"]) == (5, 1)
    (error,) = await pipeline.errors()
    assert (error["cell"], error["reason"]) == ("C6" if "timestamp" in keys else "B6", "bad_timestamp")
