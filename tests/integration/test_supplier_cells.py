"""A supplier's own words in cells: which rows are read, which metric and unit they have, what they are worth."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from schemas.problems import FileProblem
from tests import files
from tests.harness import PipelineHarness
from tests.integration.test_suppliers import load

pytestmark = pytest.mark.files


async def test_tables_of_one_header_read_the_rows_of_their_kind(pipeline: PipelineHarness, tmp_path: Path) -> None:
    rows: files.Rows = [
        ["Узел", "Услуга", "Дата", "Показание"],
        ["U-1", "ГВС подача", "01.04.2025", 10.5],
        ["U-1", "Отопление", "01.04.2025", 3.25],
        ["U-1", "ГВС подача", "02.04.2025", 11],
        ["U-2", "Вода", "01.04.2025", 7],
        ["U-2", None, "02.04.2025", 8],
    ]
    mapping = """
layout: day-sheet
timestamp: Дата
columns: {Показание: {metric: consumption_cumulative}}
tables:
  - where: {Услуга: "гвс*"}
    identity: {meter: {column: Узел}}
  - where: {Услуга: [вода, ""], Узел: U-2}
    time_zone: UTC
    identity: {meter: {column: Узел}}
"""
    log = await load(pipeline, tmp_path, mapping, files.xlsx(rows), "U-1", "U-2")

    assert await pipeline.values() == {
        ("U-1", "2025-03-31 21:00", "consumption_cumulative"): 10.5,
        ("U-1", "2025-04-01 21:00", "consumption_cumulative"): 11,
        ("U-2", "2025-04-01 00:00", "consumption_cumulative"): 7,
        ("U-2", "2025-04-02 00:00", "consumption_cumulative"): 8,
    }
    assert (log["status"], log["rows_read"]) == ("success", 4)
    assert "не отобраны по where 1" in str(log["message"])


async def test_status_of_the_supplier_is_the_quality_of_a_reading(pipeline: PipelineHarness, tmp_path: Path) -> None:
    words = ["Измерено", "расчет", "Авария", "Поверка"]
    rows = [["01.04.2025", f"{hour}-{hour + 1}", hour + 1.5, 60, word] for hour, word in enumerate(words)]
    # The same hours again: once as measured, once with another value that the supplier takes back.
    rows = [["01.04.2025", "1-2", 2.5, 60, "Измерено"], *rows, ["01.04.2025", "0-1", 99, 60, "Авария"]]
    mapping = """
layout: day-sheet
date: Дата
hour: Час
columns: {"V, м3": {metric: consumption_period}, T1: {metric: T1}}
status: {column: Состояние, words: {Измерено: valid, Расчёт: suspect, Авария: rejected}}
identity: {meter: M}
"""
    book = files.xlsx([["Дата", "Час", "V, м3", "T1", "Состояние"], *rows])
    log = await load(pipeline, tmp_path, mapping, book, "M")

    found = await pipeline.connection.fetch(
        "select metric::text, value, quality from core.readings order by metric::text, time"
    )
    assert [tuple(row) for row in found] == [
        ("T1", 60, 0),
        ("T1", 60, 1),
        ("consumption_period", 1.5, 0),
        ("consumption_period", 2.5, 1),
    ]
    assert (log["rows_loaded"], log["rows_rejected"], log["rows_duplicate"]) == (4, 6, 2)
    assert [(error["cell"], error["raw_value"], error["reason"]) for error in await pipeline.errors()] == [
        ("E4", "расчет", "suspect_status"),
        ("E5", "Авария", "rejected_status"),
        ("E6", "Поверка", "unknown_status"),
        ("E7", "Авария", "rejected_status"),
    ]


async def test_words_of_the_supplier_name_metrics_and_units(pipeline: PipelineHarness, tmp_path: Path) -> None:
    lines = [
        "Когда;Прибор;Канал;Знач",
        "01.04.2025 00:00;A;Расход 1;1,5",
        "01.04.2025 00:00;A;Темп.1;70,5",
        "01.04.2025 00:00;A;Тепло;0,03",
        "01.04.2025 01:00;A;расход 1;2 м3/ч",
    ]
    mapping = """
layout: long
timestamp: Когда
metric: {column: Канал, words: {Расход 1: {metric: flow_supply, unit: л/с}, Темп1: T1}}
value: Знач
identity: {meter: {column: Прибор}}
"""
    log = await load(pipeline, tmp_path, mapping, "\n".join(lines).encode(), "A")

    assert await pipeline.values() == {
        ("A", "2025-03-31 21:00", "flow_supply"): 5.4,
        ("A", "2025-03-31 21:00", "T1"): 70.5,
        ("A", "2025-03-31 22:00", "flow_supply"): 2,
    }
    assert log["rows_rejected"] == 1
    assert [error["reason"] for error in await pipeline.errors()] == ["unknown_metric"]


async def test_unit_above_a_table_is_that_of_its_values_to_its_end(pipeline: PipelineHarness, tmp_path: Path) -> None:
    lines = [
        *("Узел 1;;", "Ед. изм.;л;", "Время;V;Ед", "01.04.2025 00:00;1500;", "01.04.2025 01:00;2;м3", ";;"),
        *("Узел 2;;", "Ед. изм.;м3;", "Время;V;Ед", "01.04.2025 00:00;3;"),
        # The same table goes on with its columns in another order.
        *("V;Ед;Время", "4;;01.04.2025 01:00", "5;кг;01.04.2025 02:00"),
    ]
    mapping = r"""
layout: day-sheet
timestamp: Время
columns: {V: {metric: consumption_period}}
unit: {above: '(?i)ед\. изм\.\s*(\S+)'}
tables:
  - {after: Узел 1, until: Узел 2, identity: {meter: "1"}}
  - {after: Узел 2, identity: {meter: "2"}}
"""
    log = await load(pipeline, tmp_path, mapping, "\n".join(lines).encode(), "1", "2")

    assert await pipeline.values() == {
        ("1", "2025-03-31 21:00", "consumption_period"): 1.5,
        ("1", "2025-03-31 22:00", "consumption_period"): 2,
        ("2", "2025-03-31 21:00", "consumption_period"): 3,
        ("2", "2025-03-31 22:00", "consumption_period"): 4,
    }
    assert log["rows_rejected"] == 1
    assert [(error["cell"], error["reason"]) for error in await pipeline.errors()] == [("B13", "unknown_unit")]


async def test_unit_of_a_long_table_in_a_cell_is_that_of_rows_without_their_own(
    pipeline: PipelineHarness, tmp_path: Path
) -> None:
    rows: files.Rows = [
        ["Расход", "литры: л"],
        ["ts", "meter", "metric", "value", "unit"],
        ["2025-04-01 00:00", "A", "consumption_period", 1500, None],
        ["2025-04-01 01:00", "A", "consumption_period", 2, "м3"],
        ["2025-04-01 00:00", "A", "T1", 60, None],
    ]
    mapping = "layout: long\nunit: {cell: B1, pattern: '(\\S+)$'}\n"

    await load(pipeline, tmp_path, mapping, files.xlsx(rows), "A")

    assert await pipeline.values() == {
        ("A", "2025-03-31 21:00", "consumption_period"): 1.5,
        ("A", "2025-03-31 22:00", "consumption_period"): 2,
    }
    assert [(error["cell"], error["reason"]) for error in await pipeline.errors()] == [("E5", "unknown_unit")]


@pytest.mark.parametrize(
    ("heading", "line_of_units", "mapping"),
    [
        ("Energy (kWh)", "", "layout: long\nvalue: Energy (kWh)\n"),
        ("value", "kWh", "layout: long\n"),
        ("Energy, kWh", "", "layout: day-sheet\ncolumns: {'Energy, kWh': {metric: electricity_consumption}}\n"),
        ("V", "", "layout: day-sheet\ncolumns: {V: {metric: electricity_consumption, unit: kWh}}\n"),
        ("00:00 (kWh)", "", "layout: long\nintervals: {headings: '(?P<start>00:00) .*'}\n"),
    ],
)
async def test_unit_of_a_row_never_beats_another_one_of_its_column(
    pipeline: PipelineHarness, tmp_path: Path, heading: str, line_of_units: str, mapping: str
) -> None:
    rows = [
        *(["ts", "meter", "metric", heading, "uom"], *([["", "", "", line_of_units, ""]] if line_of_units else [])),
        ["2025-04-01", "A", "electricity_consumption", "1", "MWh"],
        ["2025-04-02", "A", "electricity_consumption", "2", "кВт·ч"],
        ["2025-04-03", "A", "electricity_consumption", "3", ""],
        ["2025-04-04", "A", "electricity_consumption", "4", "м3"],
        ["2025-04-05", "A", "electricity_consumption", "5 Wh", ""],
    ]
    time = "date" if "intervals" in mapping else "timestamp"
    mapping += f"{time}: ts\nunit: uom\nidentity: {{meter: {{column: meter}}}}\n"

    await load(pipeline, tmp_path, mapping, "\n".join(";".join(row) for row in rows).encode(), "A")

    assert [*(await pipeline.values()).values()] == [2, 3]
    errors = await pipeline.errors()
    assert [error["reason"] for error in errors] == ["unknown_unit"] * 3
    for error, (its, of_column) in zip(errors, [("MWh", "kWh"), ("м3", "kWh"), ("Wh", "kWh")], strict=True):
        assert f"({its} ≠ {of_column}" in str(error["message"])


@pytest.mark.parametrize("of_workbook", [False, True], ids=["csv", "xlsx"])
async def test_own_words_for_a_missing_value_and_the_decimal_mark(
    pipeline: PipelineHarness, tmp_path: Path, of_workbook: bool
) -> None:
    cells = ["1.200,5", "Обрыв", "-999", "1,5", "12.5х"]
    rows = [["Время", "V"], *([f"01.04.2025 {hour:02}:00", cell] for hour, cell in enumerate(cells))]
    content = files.xlsx(rows) if of_workbook else "\n".join(";".join(row) for row in rows).encode()
    mapping = """
layout: day-sheet
timestamp: Время
columns: {V: {metric: consumption_cumulative}}
decimal: ","
missing: [обрыв, -999]
identity: {meter: M}
"""
    await load(pipeline, tmp_path, mapping, content, "M")

    assert [*(await pipeline.values()).values()] == [1200.5, 1.5]
    assert [(error["cell"], error["reason"]) for error in await pipeline.errors()] == [
        ("B3", "missing_value"),
        ("B4", "missing_value"),
        ("B6", "bad_number"),
    ]


async def test_codes_from_several_columns_and_from_a_part_of_one(pipeline: PipelineHarness, tmp_path: Path) -> None:
    rows: files.Rows = [
        ["Дом", "Прибор", "Вид", "Дата", "Показание"],
        [12, "СГВ-15 № 501", "ГВС", "01.04.2025", 10],
        [12, "СГВ-15 № 501", "ГВС", "02.04.2025", 11],
        [12, "без номера", "ГВС", "01.04.2025", 12],
        [12, "СГВ-15 № 7", None, "01.04.2025", 13],
        [14, "СГВ-15 № 501", "ГВС", "01.04.2025", 14],
    ]
    mapping = r"""
layout: day-sheet
timestamp: Дата
columns: {Показание: {metric: consumption_cumulative}}
identity:
  building: "L-{Дом}"
  meter: "{Дом}-{Вид}"
  itp: {column: Прибор, pattern: '№\s*(\d+)'}
"""
    await pipeline.add_meter("12-ГВС", building="L-12", itp="501")

    log = await load(pipeline, tmp_path, mapping, files.xlsx(rows))

    assert await pipeline.values() == {
        ("12-ГВС", "2025-03-31 21:00", "consumption_cumulative"): 10,
        ("12-ГВС", "2025-04-01 21:00", "consumption_cumulative"): 11,
    }
    assert (log["rows_read"], log["rows_rejected"]) == (5, 3)
    assert [(error["cell"], error["raw_value"], error["reason"]) for error in await pipeline.errors()] == [
        ("B4", "без номера", "no_code"),
        ("A5", "12", "no_code"),
        ("A6", "L-14/501/14-ГВС", "unmapped_code"),
    ]
    # What the mapping says is kept with the load: the rows are parsed again from stage alone.
    (again,) = await pipeline.replay_from_stage(UUID(str(log["load_id"])))
    assert (again["rows_read"], again["rows_loaded"], again["rows_rejected"]) == (5, 2, 3)


async def test_file_without_a_header_names_its_columns_by_letters(pipeline: PipelineHarness, tmp_path: Path) -> None:
    lines = ["W,01.04.2025 00:00,7.2,83.8,x", "W,01.04.2025 01:00,7.1,83.7,y"]
    mapping = """
layout: day-sheet
header: none
timestamp: B
where: {E: "x"}
columns: {"C": {metric: flow_supply}, D: {metric: T1}}
identity: {meter: "{A}-1"}
"""
    log = await load(pipeline, tmp_path, mapping, "\n".join(lines).encode(), "W-1")

    assert await pipeline.values() == {
        ("W-1", "2025-03-31 21:00", "flow_supply"): 7.2,
        ("W-1", "2025-03-31 21:00", "T1"): 83.8,
    }
    assert str(log["message"]) == "пропущено: не отобраны по where 1"


async def test_header_in_three_lines_names_its_columns(pipeline: PipelineHarness, tmp_path: Path) -> None:
    rows: files.Rows = [
        ["Ведомость"],
        ["Время", "Система 1", None, None, "Система 2"],
        [None, "Подача", None, "Обратка", "Подача"],
        [None, "t", "V", "t", "t"],
        [None, "°C", "м3", "°C", "°C"],
        ["01.04.2025 00:00", 70, 1.5, 50, 65],
    ]
    mapping = """
layout: day-sheet
timestamp: Время
columns:
  "Система 1 Подача t": {metric: T1}
  "Система 1 Подача V": {metric: consumption_period}
  "Обратка t": {metric: T2}
identity: {meter: M}
"""
    await load(pipeline, tmp_path, mapping, files.xlsx(rows), "M")

    hour = "2025-03-31 21:00"
    assert await pipeline.values() == {
        ("M", hour, "T1"): 70,
        ("M", hour, "consumption_period"): 1.5,
        ("M", hour, "T2"): 50,
    }


@pytest.mark.parametrize(("second", "status"), [("V", "failed"), ("W", "success")])
async def test_file_whose_name_says_nothing_is_taken_by_its_columns(
    pipeline: PipelineHarness, tmp_path: Path, second: str, status: str
) -> None:
    mapping = f"""
layout: day-sheet
timestamp: Время
columns: {{V: {{metric: consumption_period}}}}
identity: {{meter: M}}
---
name: other
match: {{content: true}}
layout: day-sheet
timestamp: Время
columns: {{{second}: {{metric: T1}}}}
identity: {{meter: M}}
"""
    content = files.xlsx([["Время", "V"], ["01.04.2025 00:00", 1.5]])

    log = await load(pipeline, tmp_path, mapping, content, "M", match="{content: true}")

    assert log["status"] == status
    if status == "failed":
        assert log["problem"] == FileProblem.SEVERAL_MAPPINGS
        assert "supplier, other" in str(log["message"])
    else:
        assert await pipeline.values() == {("M", "2025-03-31 21:00", "consumption_period"): 1.5}


async def test_values_are_multiplied_by_a_factor_of_the_table_or_of_each_row(
    pipeline: PipelineHarness, tmp_path: Path
) -> None:
    mapping = """
layout: day-sheet
time_zone: UTC
timestamp: Дата
identity: {meter: {column: Прибор}}
tables:
  - factor: Коэфф.
    columns: {"Показание": {metric: electricity_cumulative, unit: МВт·ч}}
  - factor: -0.01
    columns: {"Имп.": {metric: electricity_power}}
"""
    rows: files.Rows = [
        ["Дата", "Прибор", "Коэфф.", "Показание", "Имп."],
        ["01.04.2025 00:00", "E", 40, "1,5", 250],
        ["01.04.2025 01:00", "E", "0,5", "x", 300],
        ["01.04.2025 02:00", "E", None, 2, 0],
        ["01.04.2025 03:00", "E", "2 ч", 3, 1],
        ["01.04.2025 04:00", "E", 0, 4, 1],
        ["31.04.2025 06:00", "E", None, 5, 1],
    ]

    log = await load(pipeline, tmp_path, mapping, files.xlsx(rows), "E")

    assert await pipeline.values() == pytest.approx(
        {("E", "2025-04-01 00:00", "electricity_cumulative"): 60_000}
        | {
            ("E", f"2025-04-01 0{hour}:00", "electricity_power"): value
            for hour, value in ((0, -2.5), (1, -3), (2, 0), (3, -0.01), (4, -0.01))
        }
    )
    assert [(error["cell"], error["reason"], error["raw_value"]) for error in await pipeline.errors()] == [
        ("D3", "bad_number", "x"),
        ("C4", "bad_number", None),
        ("C5", "bad_number", "2 ч"),
        ("C6", "bad_number", "0"),
        ("A7", "bad_timestamp", "31.04.2025 06:00"),
        ("A7", "bad_timestamp", "31.04.2025 06:00"),
    ]
    assert log["rows_read"] == 12
