"""A supplier's own words in cells: which rows are read, which metric and unit they have, what they are worth."""

from __future__ import annotations

from pathlib import Path

from tests import files
from tests.harness import PipelineHarness
from tests.integration.test_suppliers import load


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
