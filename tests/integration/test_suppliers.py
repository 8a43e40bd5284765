"""A supplier that nobody has seen before takes one YAML file and no code."""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path

import pytest

from schemas.problems import FileProblem
from schemas.settings import PROJECT_ROOT
from tests import files
from tests.harness import PipelineHarness

pytestmark = pytest.mark.files

HOURS = [f"{hour}-{hour + 1}" for hour in range(3)]


async def load(
    pipeline: PipelineHarness,
    tmp_path: Path,
    mapping: str,
    content: bytes,
    *meters: str,
    name: str = "x.xlsx",
    match: str = '["x*"]',
) -> dict[str, object]:
    """Load one file `x…` by one mapping; return its row of the load log."""
    sources = tmp_path / "sources"
    shutil.copytree(PROJECT_ROOT / "schemas" / "sources", sources)
    (sources / "supplier.yaml").write_text(f"name: supplier\nmatch: {match}\n{mapping}", encoding="utf-8")
    for meter in meters:
        await pipeline.add_meter(meter)
    pipeline.put(name, content)
    own = PipelineHarness(pipeline.connection, pipeline.settings.model_copy(update={"sources_dir": sources}))
    (log,) = await own.run()
    assert log["rows_read"] == log["rows_loaded"] + log["rows_rejected"] + log["rows_duplicate"]
    return dict(log)


HEAT_METER: files.Rows = [
    ["Отчёт о параметрах теплопотребления"],
    ["Теплосчётчик", "ВКТ-7 № 00123", None, "Абонент: ЖСК"],
    [],
    ["Часовой архив"],
    ["Дата", "Час", "Подающий", None, "Обратный", None],
    [None, None, "t", "V", "t", "V"],
    [None, None, "°C", "м3", "°C", "м3"],
    [1, 2, 3, 4, 5, 6],
    *([["01.04.2025", hour, 70.5 + n, 1.5, 50.25, 1.25] for n, hour in enumerate(HOURS)]),
    ["Итого:", None, 71.5, 4.5, 50.25, 3.75],
    [],
    ["Суточный архив"],
    ["Дата", "Подающий t, °C", "Обратный t, °C"],
    ["01.04.2025", 71.5, 50.25],
    ["Подпись", "Иванов"],
]


async def test_heat_meter_with_preamble_units_hourly_and_daily_tables_and_totals(
    pipeline: PipelineHarness, tmp_path: Path
) -> None:
    mapping = r"""
identity:
  meter: {cell: B2, pattern: '№\s*(\d+)'}
layout: day-sheet
tables:
  - after: Часовой архив
    until: Суточный архив
    date: Дата
    hour: Час
    columns:
      "Подающий t": {metric: T1, unit: °C}
      "Подающий V": {metric: flow_supply, unit: м3}
      "Обратный t": {metric: T2, unit: °C}
      "Обратный V": {metric: flow_return, unit: м3}
  - after: Суточный архив
    date: Дата
    interval_minutes: 1440
    columns:
      "Подающий t, °C": {metric: T1}
      "Обратный t, °C": {metric: T2}
    identity:
      meter: {cell: B2, pattern: '№\s*(\d+)'}
      building: DAILY
"""
    log = await load(pipeline, tmp_path, mapping, files.xlsx(HEAT_METER), "00123")

    values = await pipeline.values()
    assert {key: values[key] for key in values if key[1] == "2025-03-31 22:00"} == {
        ("00123", "2025-03-31 22:00", "T1"): 71.5,
        ("00123", "2025-03-31 22:00", "flow_supply"): 1.5,
        ("00123", "2025-03-31 22:00", "T2"): 50.25,
        ("00123", "2025-03-31 22:00", "flow_return"): 1.25,
    }
    # No building DAILY has the daily table's meter: its two readings wait, and are never read as hours.
    assert (log["rows_loaded"], log["rows_rejected"], len(values)) == (12, 2, 12)
    assert "итоговые строки 1" in str(log["message"])
    assert "примечания 3" in str(log["message"])  # two lines above the tables, the signature below the last


async def test_meters_side_by_side_in_column_blocks(pipeline: PipelineHarness, tmp_path: Path) -> None:
    rows: files.Rows = [
        [None, None, "Прибор 1", None, "Прибор 2", None],
        ["Дата", "Час", "T1, °C", "V, м3", "T1, °C", "V, м3"],
        *([["01.04.2025", hour, 60 + n, n, 70 + n, 10 + n] for n, hour in enumerate(HOURS)]),
    ]
    mapping = """
layout: day-sheet
date: Дата
hour: Час
columns:
  "T1, °C": {metric: T1}
  "V, м3": {metric: consumption_period}
tables:
  - block: C:D
    identity: {meter: M1}
  - block: E:F
    identity: {meter: M2}
"""
    await load(pipeline, tmp_path, mapping, files.xlsx(rows), "M1", "M2")

    hour = "2025-03-31 23:00"
    values = {key: value for key, value in (await pipeline.values()).items() if key[1] == hour}
    assert values == {
        ("M1", hour, "T1"): 62,
        ("M1", hour, "consumption_period"): 2,
        ("M2", hour, "T1"): 72,
        ("M2", hour, "consumption_period"): 12,
    }
    cells = await pipeline.connection.fetch(
        "select distinct meter_code, cell from quality.reading_lineage where metric = 'T1' order by 2"
    )
    assert [tuple(row) for row in cells] == [
        ("M1", "C3"),
        ("M1", "C4"),
        ("M1", "C5"),
        ("M2", "E3"),
        ("M2", "E4"),
        ("M2", "E5"),
    ]


async def test_one_sheet_for_each_meter(pipeline: PipelineHarness, tmp_path: Path) -> None:
    rows: files.Rows = [["Дата", "Час", "T1"], ["01.04.2025", "0-1", 60]]
    mapping = r"""
layout: day-sheet
sheet: "Прибор*"
date: Дата
hour: Час
columns:
  "T1": {metric: T1}
identity:
  sheet: 'Прибор (?P<number>\d+)'
  meter: "M-{number}"
"""
    book = files.xlsx(rows, "Прибор 7", also=["Прибор 8", "Легенда"])
    with_both = files.edited(book, "xl/worksheets/sheet2.xml", lambda _: _sheet1(book))
    await load(pipeline, tmp_path, mapping, with_both, "M-7", "M-8")

    assert await pipeline.values() == {("M-7", "2025-03-31 21:00", "T1"): 60, ("M-8", "2025-03-31 21:00", "T1"): 60}


def _sheet1(book: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        return archive.read("xl/worksheets/sheet1.xml")


async def test_own_zone_interval_and_stamps_at_the_end(pipeline: PipelineHarness, tmp_path: Path) -> None:
    rows: files.Rows = [
        ["Время", "Счётчик", "V, л", "Показание, м3"],
        ["01.04.2025 00:30", "M", 1500, 100.5],
        ["01.04.2025 01:00", "M", 500, 101],
    ]
    mapping = """
layout: day-sheet
timestamp: Время
time_zone: Asia/Yekaterinburg
interval_minutes: 30
stamp: end
register_read_at: end
columns:
  "V, л": {metric: consumption_period, unit: л}
  "Показание, м3": {metric: consumption_cumulative, unit: м3}
identity:
  meter: {column: Счётчик}
"""
    await load(pipeline, tmp_path, mapping, files.xlsx(rows), "M")

    assert await pipeline.values() == {
        ("M", "2025-03-31 19:00", "consumption_period"): 1.5,
        ("M", "2025-03-31 19:30", "consumption_period"): 0.5,
        ("M", "2025-03-31 19:30", "consumption_cumulative"): 100.5,
        ("M", "2025-03-31 20:00", "consumption_cumulative"): 101,
    }


async def test_same_reading_in_two_tables_of_a_file_is_one_or_a_conflict(
    pipeline: PipelineHarness, tmp_path: Path
) -> None:
    rows: files.Rows = [
        ["Дата", "Час", "T1", "T1 повтор"],
        ["01.04.2025", "0-1", 60, 60],
        ["01.04.2025", "1-2", 61, 62],
    ]
    mapping = """
layout: day-sheet
date: Дата
hour: Час
identity: {meter: M}
tables:
  - columns: {"T1": {metric: T1}}
  - columns: {"T1 повтор": {metric: T1}}
"""
    log = await load(pipeline, tmp_path, mapping, files.xlsx(rows), "M")

    assert (log["rows_read"], log["rows_loaded"], log["rows_duplicate"], log["rows_rejected"]) == (4, 1, 1, 2)


async def test_unit_below_the_header_that_differs_from_the_mapping_fails_the_file(
    pipeline: PipelineHarness, tmp_path: Path
) -> None:
    rows: files.Rows = [["Дата", "Час", "V"], [None, None, "л"], ["01.04.2025", "0-1", 60]]
    mapping = """
layout: day-sheet
date: Дата
hour: Час
columns: {"V": {metric: consumption_period, unit: м3}}
identity: {meter: M}
"""
    log = await load(pipeline, tmp_path, mapping, files.xlsx(rows), "M")

    assert (log["status"], log["problem"]) == ("failed", FileProblem.UNIT_DIFFERS)
    assert "«л», а в описании источника «м3»" in str(log["message"])


@pytest.mark.parametrize(("cell", "said"), [("B2", "в ячейке B2 нет кода"), ("ZZ99", "в ячейке ZZ99 нет кода")])
async def test_code_that_is_not_in_its_cell_fails_the_file(
    pipeline: PipelineHarness, tmp_path: Path, cell: str, said: str
) -> None:
    mapping = f"""
layout: day-sheet
date: Дата
hour: Час
columns: {{"T1": {{metric: T1}}}}
identity:
  meter: {{cell: {cell}, pattern: '№(\\d+)'}}
"""
    log = await load(pipeline, tmp_path, mapping, files.xlsx([["Дата", "Час", "T1"], ["01.04.2025", "0-1", 60]]), "M")

    assert (log["status"], log["problem"]) == ("failed", FileProblem.CODE_NOT_IN_CELL)
    assert said in str(log["message"])


STACKED = r"""
layout: day-sheet
time_zone: UTC
interval: day
timestamp: Дата
columns: {"V, м3": {metric: consumption_period}}
identity: {meter: {above: 'Прибор № (\d+)'}}
"""


def stacked(*, with_second_header: bool) -> bytes:
    rows: list[list[object]] = []
    for number in (111, 222, 333):
        rows += [["Ведомость"], ["Прибор №", f" {number}, дом 5"], ["Адрес: Мятная, 7"]]
        rows += [["Дата", "V, м3"]] if with_second_header or number != 222 else []
        rows += [["01.04.2025", number], ["02.04.2025", number + 1], ["Итого", 2 * number + 1], []]
    return files.xlsx(rows)


async def test_any_number_of_meters_below_each_other_have_their_codes_in_titles(
    pipeline: PipelineHarness, tmp_path: Path
) -> None:
    log = await load(pipeline, tmp_path, STACKED, stacked(with_second_header=True), "111", "222", "333")

    assert await pipeline.values() == {
        (str(number), f"2025-04-0{day} 00:00", "consumption_period"): number + day - 1
        for number in (111, 222, 333)
        for day in (1, 2)
    }
    assert (log["status"], log["rows_read"]) == ("success", 6)


async def test_meter_whose_title_has_no_header_below_it_is_read_with_no_other(
    pipeline: PipelineHarness, tmp_path: Path
) -> None:
    log = await load(pipeline, tmp_path, STACKED, stacked(with_second_header=False), "111", "222", "333")

    assert {meter for meter, _, _ in await pipeline.values()} == {"111"}
    assert {error["reason"] for error in await pipeline.errors()} == {"undescribed_table"}
    assert log["status"] == "partial"


async def test_table_without_the_title_that_says_its_meter_fails(pipeline: PipelineHarness, tmp_path: Path) -> None:
    content = files.xlsx([["Дата", "V, м3"], ["01.04.2025", 1]])

    log = await load(pipeline, tmp_path, STACKED, content, "111")

    assert (log["status"], log["problem"]) == ("failed", FileProblem.CODE_NOT_ABOVE)


async def test_second_meter_whose_title_looks_like_a_value_is_not_read_as_the_first(
    pipeline: PipelineHarness, tmp_path: Path
) -> None:
    mapping = STACKED.replace("{above: 'Прибор № (\\d+)'}", "{cell: B1}")
    header = ["Дата", "V, м3"]
    rows: files.Rows = [
        *(["Прибор №", "111"], header, ["01.04.2025", 1], ["02.04.2025", 2]),
        *(["Прибор №", "222"], header, ["03.04.2025", 7], ["04.04.2025", 8]),
    ]

    log = await load(pipeline, tmp_path, mapping, files.xlsx(rows), "111", "222")

    assert sorted((await pipeline.values()).values()) == [1, 2]
    assert {error["reason"] for error in await pipeline.errors()} == {"undescribed_table"}
    assert log["status"] == "partial"


async def test_label_that_stands_again_with_another_number_is_of_another_meter(
    pipeline: PipelineHarness, tmp_path: Path
) -> None:
    mapping = STACKED.replace("{above: 'Прибор № (\\d+)'}", "{cell: B1}")
    rows: files.Rows = [
        *(["Прибор №", 111], ["Отчёт за", "апрель 2025"], ["Дата", "V, м3"], ["01.04.2025", 1], ["Итого", 1]),
        *([], ["02.04.2025", 2], ["сбой", 5]),
        *(["Прибор №", 222], ["03.04.2025", 7], ["04.04.2025", 8]),
    ]

    await load(pipeline, tmp_path, mapping, files.xlsx(rows), "111", "222")

    assert sorted((await pipeline.values()).values()) == [1, 2]
    assert [(error["row_num"], error["reason"]) for error in await pipeline.errors()] == [
        (8, "bad_timestamp"),
        (10, "undescribed_table"),
        (11, "undescribed_table"),
    ]
