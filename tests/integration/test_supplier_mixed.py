"""Words of the mapping language in one file together."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from tests import files
from tests.harness import PipelineHarness
from tests.integration.test_suppliers import load

pytestmark = pytest.mark.files


def lines(*rows: str) -> bytes:
    return "\n".join([*rows, ""]).encode()


async def test_days_of_a_month_across_with_the_month_in_the_files_name_and_a_status(
    pipeline: PipelineHarness, tmp_path: Path
) -> None:
    mapping = r"""
layout: day-sheet
time_zone: UTC
interval: day
where: {Ресурс: "ГВС*"}
date: {file_name: '(?P<year>\d{4})_(?P<month>\d\d)'}
intervals: {headings: '(?P<date>\d{1,2})'}
value: {metric: consumption_cumulative, unit: л}
empty_cells: skip
status: {column: Состояние, words: {ок: valid, расчёт: suspect, "": valid}}
fill_down: [Дом]
identity: {meter: "{Дом}/{Кв.}"}
"""
    content = lines(
        "Дом;Кв.;Ресурс;Состояние;1;2;3",
        "Д-1;1;ГВС индивидуальный;ок;1000;1500;",
        ";2;ГВС общий;расчёт;2000;;2500",
        ";2;ТЭ;ок;7;8;9",
        "Д-2;1;ГВС;;10;;",
    )

    log = await load(pipeline, tmp_path, mapping, content, "Д-1/1", "Д-1/2", "Д-2/1", name="x 2025_02.csv")

    rows = await pipeline.connection.fetch(
        "select meter_code, extract(day from time)::int, value, quality from core.readings order by 1, 2"
    )
    assert list(map(tuple, rows)) == [
        ("Д-1/1", 1, 1, 0),
        ("Д-1/1", 2, 1.5, 0),
        ("Д-1/2", 1, 2, 1),
        ("Д-1/2", 3, 2.5, 1),
        ("Д-2/1", 1, 0.01, 0),
    ]
    assert (log["status"], log["identity"]) == ("success", None)


async def test_meters_in_columns_under_times_of_another_order_with_own_words_for_nothing(
    pipeline: PipelineHarness, tmp_path: Path
) -> None:
    mapping = r"""
layout: day-sheet
time_zone: Europe/Berlin
timestamp: Stamp
dates: month-first
ambiguous_hours: in-order
decimal: ","
missing: [off]
columns:
  '(?P<house>\S+) supply .*': {metric: flow_supply}
  '(?P<house>\S+) T .*': {metric: T1, unit: °F}
identity: {meter: "H-{house}"}
"""
    content = lines(
        "Stamp;12 supply [m3/h];12 T [°F];7 supply [m3/h]",
        "10/26/2025 1:00 AM;1,5;212;off",
        "10/26/2025 2:00 AM;2,5;50;1",
        "10/26/2025 2:00 AM;3,5;off;2",
        "10/26/2025 3:00 AM;1.004,5;32;3",
    )

    log = await load(pipeline, tmp_path, mapping, content, "H-12", "H-7", name="x.csv")

    assert await pipeline.values() == pytest.approx(
        {
            ("H-12", "2025-10-25 23:00", "flow_supply"): 1.5,
            ("H-12", "2025-10-26 00:00", "flow_supply"): 2.5,
            ("H-12", "2025-10-26 01:00", "flow_supply"): 3.5,
            ("H-12", "2025-10-26 02:00", "flow_supply"): 1004.5,
            ("H-12", "2025-10-25 23:00", "T1"): 100,
            ("H-12", "2025-10-26 00:00", "T1"): 10,
            ("H-12", "2025-10-26 02:00", "T1"): 0,
            ("H-7", "2025-10-26 00:00", "flow_supply"): 1,
            ("H-7", "2025-10-26 01:00", "flow_supply"): 2,
            ("H-7", "2025-10-26 02:00", "flow_supply"): 3,
        }
    )
    assert {error["reason"] for error in await pipeline.errors()} == {"missing_value"}
    assert log["rows_rejected"] == 2


async def test_rows_of_resources_in_words_with_months_in_cells_and_a_unit_above(
    pipeline: PipelineHarness, tmp_path: Path
) -> None:
    mapping = r"""
layout: long
time_zone: UTC
timestamp: Период
value: Показание
unit: {above: 'ед\. изм\.: (\S+)'}
metric: {column: Услуга, words: {Отопление: {metric: heat_energy, unit: ГДж}, ГВ: consumption_period}}
identity: {meter: {column: Прибор, pattern: '№ ?(\d+)'}}
"""
    rows: files.Rows = [
        ["Ведомость", None, "ед. изм.: л"],
        ["Период", "Услуга", "Прибор", "Показание"],
        ["Январь 2025", "ГВ", "ВК-1 № 7", 5000],
        ["Январь 2025", "отопление", "ТС № 8", 41.868],
        ["Февраль 2025", "ГВ", "ВК-1", 1],
    ]

    log = await load(pipeline, tmp_path, mapping, files.xlsx(rows), "7", "8")

    assert await pipeline.values() == pytest.approx(
        {("7", "2025-01-01 00:00", "consumption_period"): 5, ("8", "2025-01-01 00:00", "heat_energy"): 10}
    )
    assert [(error["reason"], error["cell"]) for error in await pipeline.errors()] == [("no_code", "C5")]
    assert (log["rows_read"], log["rows_rejected"]) == (3, 1)


async def test_date_that_is_written_once_a_day_may_be_on_a_row_that_is_not_selected(
    pipeline: PipelineHarness, tmp_path: Path
) -> None:
    mapping = """
layout: day-sheet
time_zone: UTC
timestamp: Дата
fill_down: [Дата]
where: {Вид: ГВС}
columns: {V: {metric: consumption_cumulative}}
identity: {meter: M}
"""
    content = lines("Дата;Вид;V", "01.04.2025;ГВС;1", ";ТЭ;5", "02.04.2025;ТЭ;6", ";ГВС;2", "03.04.2025;ТЭ;7", ";ГВС;3")

    await load(pipeline, tmp_path, mapping, content, "M", name="x.csv")

    days = [f"2025-04-0{day} 00:00" for day in (1, 2, 3)]
    assert await pipeline.values() == {("M", time, "consumption_cumulative"): day for day, time in enumerate(days, 1)}


PAGE = """<html><head><meta http-equiv=Content-Type content="text/html; charset=windows-1251"></head><body>
<p>Архив за апрель</p>
<table border=1><tr><td colspan=3>Прибор № 7</td></tr>
<tr><th rowspan=2>Дата</th><th colspan=2>Подача</th></tr><tr><th>t, °C</th><th>V, л</th></tr>
<tr><td>01.04.2025 00:00</td><td>60,5</td><td>1500</td></tr>
<tr><td>01.04.2025 01:00</td><td>61,5</td><td>&nbsp;</td></tr>
<tr><td>Итого</td><td></td><td>1500</td></tr></table></body></html>
"""


async def test_web_page_under_the_name_of_a_workbook_is_read_like_one(
    pipeline: PipelineHarness, tmp_path: Path
) -> None:
    mapping = r"""
layout: day-sheet
time_zone: UTC
timestamp: Дата
columns: {"Подача t, °C": {metric: T1}, "Подача V, л": {metric: consumption_period, unit: л}}
identity: {meter: {cell: A1, pattern: '№ (\d+)'}}
"""

    content = PAGE.encode("cp1251")
    log = await load(pipeline, tmp_path, mapping, content, "7", name="x.xls", match="{content: true}")

    assert await pipeline.values() == {
        ("7", "2025-04-01 00:00", "T1"): 60.5,
        ("7", "2025-04-01 01:00", "T1"): 61.5,
        ("7", "2025-04-01 00:00", "consumption_period"): 1.5,
    }
    assert [(error["reason"], error["cell"]) for error in await pipeline.errors()] == [("missing_value", "C5")]
    assert log["lines"] == '{"note": 1, "total": 1, "header": 2, "reading": 2}'


@pytest.mark.parametrize("name", ["x.txt", "x.tsv", "x.dat"])
async def test_texts_of_other_names_are_read_where_file_patterns_say_so(
    pipeline: PipelineHarness, tmp_path: Path, name: str
) -> None:
    mapping = "layout: day-sheet\ntime_zone: UTC\ntimestamp: t\ncolumns: {V: {metric: consumption_period}}\n"
    content = lines("t\tV", "2025-04-01 00:00\t1,5", "2025-04-01 01:00\t2")
    settings = pipeline.settings.model_copy(update={"file_patterns": (f"*{name[1:]}",)})

    await load(
        PipelineHarness(pipeline.connection, settings),
        tmp_path,
        f"{mapping}identity: {{meter: M}}",
        content,
        "M",
        name=name,
    )

    assert list((await pipeline.values()).values()) == [1.5, 2]


async def test_merged_cells_say_the_day_the_kind_and_the_unit_also_below_another_header(
    pipeline: PipelineHarness, tmp_path: Path
) -> None:
    mapping = r"""
layout: day-sheet
time_zone: UTC
date: Дата
hour: Час
where: {Ресурс: "ГВС*"}
unit: Ед
columns: {Расход: {metric: consumption_period}}
identity: {meter: {column: Прибор}}
fill_down: [Дата, Ресурс, Ед]
"""
    rows: files.Rows = [
        ["Дата", "Ресурс", "Ед", "Прибор", "Час", "Расход"],
        ["01.04.2025", "ГВС", "л", "M", "0-1", 1000],
        [None, None, None, "M", "1-2", 2000],
        [None, "Отопление", "м3", "M", "1-2", 7],
        [None, None, None, "M", "2-3", 8],
        ["Дата", "Прибор", "Расход", "Ед", "Час", "Ресурс"],
        [None, "M", 9, None, "3-4", None],
        [None, "M", 5, None, "4-5", "ГВС"],
    ]

    log = await load(pipeline, tmp_path, mapping, files.xlsx(rows), "M")

    assert {time: value for (_, time, _), value in (await pipeline.values()).items()} == {
        "2025-04-01 00:00": 1,
        "2025-04-01 01:00": 2,
        "2025-04-01 04:00": 5,
    }
    assert (log["status"], log["lines"]) == ("success", '{"header": 2, "reading": 3, "not_selected": 3}')


async def test_records_of_several_types_say_meter_metric_and_unit_on_lines_above(
    pipeline: PipelineHarness, tmp_path: Path
) -> None:
    mapping = """
layout: long
header: none
time_zone: Australia/Brisbane
where: {A: "300"}
date: B
dates: "%Y%m%d"
intervals: {first: C, count: 24}
metric: {column: E, of: {A: "200"}, words: {E1: electricity_consumption, B1: electricity_fed_in}}
unit: {column: F, of: {A: "200"}}
identity: {meter: {column: B, of: {A: "200"}}}
"""
    hours = [[str(start + hour) for hour in range(24)] for start in (1000, 2000, 3000)]
    content = lines(
        "100,NEM12,202504021200",
        "200,W-1,E1B1,1,E1,Wh",
        f"300,20250401,{','.join(hours[0])},A",
        "200,W-1,E1B1,2,B1,kWh",
        f"300,20250401,{','.join(hours[1])},A",
        "400,1,24,A",
        "200,W-1,E1B1,3,Q9,kvarh",
        f"300,20250401,{','.join(hours[2])},A",
        "900",
    )

    log = await load(pipeline, tmp_path, mapping, content, "W-1", name="x.csv")

    values = await pipeline.values()
    assert [
        values["W-1", "2025-03-31 14:00", metric] for metric in ("electricity_consumption", "electricity_fed_in")
    ] == [
        1,
        2000,
    ]
    assert values["W-1", "2025-04-01 13:00", "electricity_consumption"] == pytest.approx(1.023)
    assert (len(values), log["rows_read"], log["rows_rejected"]) == (48, 72, 24)
    (error,) = await pipeline.errors()
    assert (error["reason"], error["row_num"], error["raw_value"]) == ("unknown_metric", 8, "Q9")
    # The lines that say so are kept with the load: its rows are parsed again from stage alone.
    (again,) = await pipeline.replay_from_stage(UUID(str(log["load_id"])))
    assert (again["rows_loaded"], again["rows_rejected"]) == (48, 24)
