"""Suppliers whose meters, hours or days stand side by side."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from schemas.problems import FileProblem
from tests.harness import PipelineHarness
from tests.integration.test_suppliers import load

pytestmark = pytest.mark.files


def lines(*rows: str) -> bytes:
    return "\n".join([*rows, ""]).encode()


ZONES = lines(
    "Когда;Зона 7 T1;Зона 7 T2;Зона 12-б T1;Зона 12-б T2;Погода",
    "2025-04-01 00:00;70,5;50,25;;;ясно",
    "2025-04-01 01:00;71,5;51,25;61,5;41,25;",
)
ZONES_MAPPING = r"""
layout: day-sheet
timestamp: Когда
time_zone: UTC
columns:
  'Зона (?P<zone>\S+) T1': {metric: T1}
  'Зона (?P<zone>\S+) T2': {metric: T2}
identity: {meter: "Z-{zone}"}
"""


async def test_a_meter_a_column_by_patterns_for_each_metric(pipeline: PipelineHarness, tmp_path: Path) -> None:
    mapping = ZONES_MAPPING + "empty_cells: skip\n"

    log = await load(pipeline, tmp_path, mapping, ZONES, "Z-7", "Z-12-б")

    assert await pipeline.values() == {
        ("Z-7", "2025-04-01 00:00", "T1"): 70.5,
        ("Z-7", "2025-04-01 00:00", "T2"): 50.25,
        ("Z-7", "2025-04-01 01:00", "T1"): 71.5,
        ("Z-7", "2025-04-01 01:00", "T2"): 51.25,
        ("Z-12-б", "2025-04-01 01:00", "T1"): 61.5,
        ("Z-12-б", "2025-04-01 01:00", "T2"): 41.25,
    }
    assert (log["status"], log["rows_read"]) == ("success", 6)
    assert "столбцы без описания, сохранены в сырье: F «Погода»" in str(log["message"])
    assert "ячеек без значения, которые по описанию источника не показания: 2" in str(log["message"])


async def test_where_empty_cells_are_skipped_so_are_the_mappings_words_for_nothing(
    pipeline: PipelineHarness, tmp_path: Path
) -> None:
    mapping = ZONES_MAPPING + 'empty_cells: skip\nmissing: ["-", Ош.д., -999]\n'
    content = ZONES.replace(b";;;", ";-;ош. д.;".encode()).replace(b"51,25", b"-999.0").replace(b"41,25", b"n/a")

    log = await load(pipeline, tmp_path, mapping, content, "Z-7", "Z-12-б")

    assert sorted((await pipeline.values()).values()) == [50.25, 61.5, 70.5, 71.5]
    assert (log["rows_read"], log["rows_rejected"]) == (5, 1)
    assert [(error["cell"], error["reason"]) for error in await pipeline.errors()] == [("E3", "missing_value")]
    assert "ячеек без значения, которые по описанию источника не показания: 3" in str(log["message"])


async def test_cells_of_a_meter_that_nobody_knows_wait_for_it_and_the_others_load(
    pipeline: PipelineHarness, tmp_path: Path
) -> None:
    log = await load(pipeline, tmp_path, ZONES_MAPPING, ZONES, "Z-7")

    errors = sorted((error["cell"], error["reason"], error["raw_value"]) for error in await pipeline.errors())
    assert (log["rows_loaded"], log["rows_rejected"]) == (4, 4)
    assert [error for error in errors if error[1] == "unmapped_code"] == [
        (cell, "unmapped_code", "Z-12-б") for cell in ("D2", "D3", "E2", "E3")
    ]
    assert [error[:2] for error in errors if error[1] != "unmapped_code"] == [
        (cell, "missing_value") for cell in ("D2", "E2")
    ]

    await pipeline.add_meter("Z-12-б")
    (again,) = await pipeline.requeue()

    values = await pipeline.values()
    assert (values["Z-12-б", "2025-04-01 01:00", "T2"], len(values)) == (41.25, 6)
    assert (again["rows_read"], again["rows_loaded"], again["rows_rejected"]) == (8, 6, 2)


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        (r"Участок (?P<zone>\S+) T1", FileProblem.NO_COLUMN_MATCHES),
        (r"Зона (?P<zone>.+)", FileProblem.COLUMN_CLAIMED_TWICE),
        (r"(?P<zone>.+)", FileProblem.COLUMN_CLAIMED_TWICE),
        (r"Зона (?P<zone>7 T2)?.*T2", FileProblem.CODE_NOT_IN_HEADING),
    ],
)
async def test_pattern_that_does_not_fit_fails_the_file(
    pipeline: PipelineHarness, tmp_path: Path, pattern: str, problem: FileProblem
) -> None:
    mapping = ZONES_MAPPING.replace(r"Зона (?P<zone>\S+) T2", pattern)

    log = await load(pipeline, tmp_path, mapping, ZONES, "Z-7")

    assert (log["status"], log["problem"]) == ("failed", problem)
    assert await pipeline.values() == {}


async def test_unit_in_the_heading_of_a_matched_column_must_be_the_mappings(
    pipeline: PipelineHarness, tmp_path: Path
) -> None:
    mapping = r"""
layout: day-sheet
timestamp: t
time_zone: UTC
columns: {'(?P<name>\S+) \(.+\)': {metric: flow_supply, unit: л/с}}
identity: {meter: "{name}"}
"""
    log = await load(pipeline, tmp_path, mapping, lines("t,A (l/s),B (m3/h)", "2025-04-01 00:00,10,20"), "A", "B")

    assert (log["status"], log["problem"]) == ("failed", FileProblem.UNIT_DIFFERS)
    assert "«B (m3/h)»" in str(log["message"])


HALF_HOURS = ",".join(f"H{number}" for number in range(1, 51))


async def test_numbered_columns_count_the_real_intervals_of_days_on_which_clocks_change(
    pipeline: PipelineHarness, tmp_path: Path
) -> None:
    mapping = """
layout: day-sheet
date: day
time_zone: Europe/Berlin
interval_minutes: 30
intervals: {first: H1, count: 50}
value: {metric: consumption_period, unit: л}
identity: {meter: {column: id}}
"""
    usual, short, long = (",".join(str(1000 * number) for number in range(1, count + 1)) for count in (48, 46, 50))
    rows = [
        f"id,day,{HALF_HOURS}",
        f"A,2025-03-29,{usual},,",
        f"A,2025-03-30,{short},,,-,",
        f"A,2025-10-26,{long}",
        f"A,2025-10-27,{usual},,7",
    ]
    await pipeline.add_meter("A")
    await pipeline.connection.execute("update core.meters set interval_minutes = 30")

    log = await load(pipeline, tmp_path, mapping, lines(*rows))

    values = {hour: value for (_, hour, _), value in (await pipeline.values()).items()}
    assert len(values) == 48 + 46 + 50 + 48
    assert (values["2025-03-29 22:30"], values["2025-03-29 23:00"], values["2025-03-30 01:00"]) == (48, 1, 5)
    assert (values["2025-03-30 21:30"], values["2025-10-25 22:00"], values["2025-10-26 22:30"]) == (46, 1, 50)
    assert (log["rows_read"], log["rows_rejected"]) == (48 + 46 + 50 + 48 + 1, 1)
    (error,) = await pipeline.errors()
    assert (error["cell"], error["reason"], error["raw_value"]) == ("AZ5", "bad_timestamp", "7")
    lineage = "select cell from quality.reading_lineage where value = $1 order by time"
    traced = {value: await pipeline.connection.fetch(lineage, value) for value in (1.0, 25.0, 46.0, 50.0)}
    assert {value: [row["cell"] for row in rows] for value, rows in traced.items()} == {
        1: ["C2", "C3", "C4", "C5"],
        25: ["AA2", "AA3", "AA4", "AA5"],
        46: ["AV2", "AV3", "AV4", "AV5"],
        50: ["AZ4"],
    }


@pytest.mark.parametrize(
    ("again", "spelled", "loaded", "reasons"),
    [
        pytest.param("", "", {}, ["bad_timestamp"] * 2, id="nothing_says_which_one"),
        pytest.param(
            ",02:00*",
            r"(?P<again>\*)?",
            {"2025-10-26 00:00": 2, "2025-10-26 01:00": 2.5},
            ["bad_timestamp"] * 2,
            id="a_column_of_its_own",
        ),
    ],
)
async def test_clock_headings_follow_the_clock(
    pipeline: PipelineHarness,
    tmp_path: Path,
    again: str,
    spelled: str,
    loaded: dict[str, float],
    reasons: list[str],
) -> None:
    mapping = rf"""
layout: day-sheet
date: day
time_zone: Europe/Berlin
intervals: {{headings: '(?P<start>\d\d:\d\d){spelled}'}}
value: {{metric: flow_supply}}
identity: {{meter: {{column: id}}}}
"""
    hours = [f"{hour:02}:00" for hour in range(24)]
    numbers = [str(hour) for hour in range(24)]
    extra = [",2.5", ",", ",9"] if again else ["", "", ""]
    rows = [
        "id,day," + ",".join(hours) + again,
        "A,2025-10-26," + ",".join(numbers) + extra[0],
        "A,2025-03-30," + ",".join(["" if hour == "2" else hour for hour in numbers]) + extra[1],
        "A,2026-03-29," + ",".join(numbers) + extra[2],
    ]

    await load(pipeline, tmp_path, mapping, lines(*rows), "A")

    values = {hour: value for (_, hour, _), value in (await pipeline.values()).items()}
    assert {hour: value for hour, value in values.items() if value in (2, 2.5)} == loaded
    assert (values["2025-10-25 23:00"], values["2025-10-26 02:00"], values["2025-10-26 22:00"]) == (1, 3, 23)
    assert (values["2025-03-30 00:00"], values["2025-03-30 01:00"], values["2025-03-30 21:00"]) == (1, 3, 23)
    errors = await pipeline.errors()
    assert [error["reason"] for error in errors] == reasons
    assert {error["cell"] for error in errors} == ({"E4", "AA4"} if again else {"E2", "E4"})


async def test_intervals_beside_the_name_of_the_metric_and_stamps_at_the_end(
    pipeline: PipelineHarness, tmp_path: Path
) -> None:
    mapping = r"""
layout: long
date: Дата
metric: Показатель
unit: Ед
stamp: end
time_zone: UTC
interval_minutes: 480
intervals: {headings: 'до (?P<hour>\d+) ч'}
identity: {meter: {column: Прибор}}
"""
    rows = [
        "Прибор;Дата;Показатель;Ед;до 8 ч;до 16 ч;до 24 ч",
        "A;01.04.2025;Т1 гвс;°C;60;61;62",
        "A;01.04.2025;consumption;л;8000;16000;24000",
        "A;01.04.2025;Давление;бар;1;2;3",
        "A;01.04.2025;Т2 гвс;бар;1;2;3",
    ]
    await pipeline.add_meter("A")
    await pipeline.connection.execute("update core.meters set interval_minutes = 480")

    log = await load(pipeline, tmp_path, mapping, lines(*rows))

    assert await pipeline.values() == {
        ("A", "2025-04-01 00:00", "T1"): 60,
        ("A", "2025-04-01 08:00", "T1"): 61,
        ("A", "2025-04-01 16:00", "T1"): 62,
        ("A", "2025-04-01 00:00", "consumption_period"): 8,
        ("A", "2025-04-01 08:00", "consumption_period"): 16,
        ("A", "2025-04-01 16:00", "consumption_period"): 24,
    }
    assert (log["rows_read"], log["rows_rejected"]) == (12, 6)
    assert [(error["cell"], error["reason"], error["raw_value"]) for error in await pipeline.errors()] == [
        ("C4", "unknown_metric", "Давление"),
        ("D5", "unknown_unit", "бар"),
    ]


async def test_hours_down_and_days_across(pipeline: PipelineHarness, tmp_path: Path) -> None:
    mapping = r"""
layout: day-sheet
hour: Час
time_zone: UTC
intervals: {headings: '(?P<date>\d\d\.\d\d\.\d{4})'}
value: {metric: T1}
identity: {meter: A}
"""
    rows = [
        "Час;01.04.2025;02.04.2025;Среднее",
        *(f"{hour}-{hour + 1};{60 + hour / 100};{70 + hour / 100};65" for hour in range(23)),
        "23-24;;;",
        "Итого;60;70;65",
    ]
    log = await load(pipeline, tmp_path, mapping, lines(*rows), "A")

    assert await pipeline.values() == {
        ("A", f"2025-04-0{day} {hour:02}:00", "T1"): 50 + 10 * day + hour / 100 for day in (1, 2) for hour in range(23)
    }
    assert (log["rows_read"], log["rows_rejected"]) == (48, 2)
    assert "итоговые строки 1" in str(log["message"])


REGISTERS = lines(
    "Прибор;Адрес;31.03.2025;01.04.2025",
    "A;ул. Мятная, 5;100,5;101",
    "B;ул. Мятная, 7;200;",
    "Итого;;300,5;101",
    "Исполнитель Иванов;;;",
)


async def test_a_meter_a_row_and_a_day_a_column(pipeline: PipelineHarness, tmp_path: Path) -> None:
    mapping = r"""
layout: day-sheet
time_zone: UTC
intervals: {headings: '(?P<date>\d\d\.\d\d\.\d{4})'}
value: {metric: consumption_cumulative}
identity: {meter: {column: Прибор}}
"""
    log = await load(pipeline, tmp_path, mapping, REGISTERS, "A", "B")

    assert await pipeline.values() == {
        ("A", "2025-03-31 00:00", "consumption_cumulative"): 100.5,
        ("A", "2025-04-01 00:00", "consumption_cumulative"): 101,
        ("B", "2025-03-31 00:00", "consumption_cumulative"): 200,
    }
    assert (log["rows_read"], log["rows_rejected"]) == (4, 1)
    assert json.loads(str(log["lines"])) == {"header": 1, "reading": 2, "total": 1, "note": 1}
    traced = await pipeline.connection.fetch("select value, cell from quality.reading_lineage order by 1")
    assert [tuple(row) for row in traced] == [(100.5, "C2"), (101, "D2"), (200, "C3")]

    before = await pipeline.digest()
    load_id = await pipeline.connection.fetchval("select load_id from quality.quality_load_log")
    (replayed,) = await pipeline.replay_from_stage(load_id)
    assert (replayed["rows_read"], replayed["rows_rejected"]) == (4, 1)
    assert await pipeline.digest() == before


@pytest.mark.parametrize(
    ("header", "intervals", "problem"),
    [
        ("id,day,00:00,00:30", r"{headings: '(?P<start>\d\d:\d\d)'}", FileProblem.INTERVALS_DO_NOT_FIT),
        ("id,day,1,2", r"{headings: '(?P<number>\d+)'}", FileProblem.INTERVALS_DO_NOT_FIT),
        ("id,day,00:00,01:00,00:00", r"{headings: '(?P<start>\d\d:\d\d)'}", FileProblem.COLUMN_DOUBLED),
        ("id,day,00:00,25:00", r"{headings: '(?P<start>\d\d:\d\d)'}", FileProblem.INTERVAL_NOT_READ),
        ("id,day,00:00,01:00", r"{headings: '(?P<end>\d\d:\d\d)'}", FileProblem.INTERVAL_NOT_READ),
        ("id,day,H1,H2", "{first: H1, count: 24}", FileProblem.TOO_FEW_COLUMNS),
        (
            f"id,day,{','.join('H' + str(hour) if hour != 13 else 'Полдня' for hour in range(1, 26))}",
            "{first: H1, count: 24}",
            FileProblem.TOO_FEW_COLUMNS,
        ),
        ("id,day,H1,H2", r"{headings: 'T(?P<number>\d+)'}", FileProblem.NO_COLUMN_MATCHES),
    ],
)
async def test_columns_that_are_no_intervals_of_a_day_fail_the_file(
    pipeline: PipelineHarness, tmp_path: Path, header: str, intervals: str, problem: FileProblem
) -> None:
    mapping = f"""
layout: day-sheet
date: day
intervals: {intervals}
value: {{metric: T1}}
identity: {{meter: {{column: id}}}}
"""
    row = ",".join(["A", "2025-04-01", *["50"] * (header.count(",") - 1)])

    log = await load(pipeline, tmp_path, mapping, lines(header, row), "A")

    assert (log["status"], log["problem"]) == ("failed", problem)
