"""Files of other formats than csv and workbooks: what their cells are is in the mapping, all else is as ever."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from schemas.problems import FileProblem, FileRemark
from tests import files
from tests.harness import PipelineHarness
from tests.integration.test_suppliers import load

pytestmark = pytest.mark.files

REPORT = """\
                 Ведомость учёта тепла за апрель 2025
Прибор   Дата       Час     Т1      Объём   Примечание
                            °C      м3
--------------------------------------------------------------
00123    01.04.2025 0-1      60,5     1,25
00123    01.04.2025 1-2      61       2    проверка, замена
00123    01.04.2025 2-3      61,5
Итого                                 3,25

Подпись: Иванов И. И.
"""
FIXED = """
layout: day-sheet
positions: [1, 10, 21, 27, 36, 44]
date: Дата
hour: Час
empty_cells: skip
columns:
  Т1: {metric: T1, unit: °C}
  Объём: {metric: consumption_period, unit: м3}
identity: {meter: {column: Прибор}}
"""


@pytest.mark.parametrize("encoding", ["utf-8", "cp866"])
async def test_report_with_columns_at_fixed_positions(pipeline: PipelineHarness, tmp_path: Path, encoding: str) -> None:
    text = REPORT if encoding == "utf-8" else REPORT.replace("\n", "\r\n")

    log = await load(pipeline, tmp_path, FIXED, text.encode(encoding), "00123", name="x.csv")

    assert await pipeline.values() == {
        ("00123", "2025-03-31 21:00", "T1"): 60.5,
        ("00123", "2025-03-31 21:00", "consumption_period"): 1.25,
        ("00123", "2025-03-31 22:00", "T1"): 61,
        ("00123", "2025-03-31 22:00", "consumption_period"): 2,
        ("00123", "2025-03-31 23:00", "T1"): 61.5,
    }
    assert log["status"] == "success"
    assert "итоговые строки 1" in str(log["message"])


XML = """<?xml version="1.0" encoding="windows-1251"?>
<message class="80020" version="2" number="1">
  <datetime><timestamp>20250402001500</timestamp><daylightsavingtime>1</daylightsavingtime><day>20250401</day></datetime>
  <sender><inn>7700000000</inn><name>Сбыт</name></sender>
  <area><inn>7700000000</inn><name>Площадка</name>
    <measuringpoint code="M1" name="Ввод 1">
      <measuringchannel code="01" desc="актив прием">
        <period start="0000" end="0030"><value>12,5</value></period>
        <period start="0030" end="0100"><value status="1">13</value></period>
        <period start="2330" end="0000"><value>7</value></period>
      </measuringchannel>
      <measuringchannel code="03" desc="реактив прием">
        <period start="0000" end="0030"><value>4</value></period>
      </measuringchannel>
    </measuringpoint>
    <measuringpoint code="M2" name="Ввод 2">
      <measuringchannel code="01" desc="актив прием">
        <period start="0000" end="0030"><value>99</value></period>
      </measuringchannel>
    </measuringpoint>
  </area>
</message>
"""
BY_PATHS = """
layout: day-sheet
xml:
  rows: //period
  columns:
    Прибор: ancestor::measuringpoint/@code
    Канал: ancestor::measuringchannel/@code
    День: /message/datetime/day
    Начало: concat(substring(@start, 1, 2), ':', substring(@start, 3, 2))
    Значение: value
    Состояние: value/@status
date: День
dates: "%Y%m%d"
hour: Начало
interval_minutes: 30
identity: {meter: {column: Прибор}}
status: {column: Состояние, words: {"": valid, "0": valid, "1": suspect}}
tables:
  - where: {Канал: "01"}
    columns: {Значение: {metric: electricity_consumption}}
  - where: {Канал: "03"}
    columns: {Значение: {metric: reactive_energy}}
"""


def with_more_names(pipeline: PipelineHarness) -> PipelineHarness:
    """A pipeline that reads files called xml, json or dbf, too."""
    patterns = (*pipeline.settings.file_patterns, "*.xml", "*.json", "*.dbf")
    return PipelineHarness(pipeline.connection, pipeline.settings.model_copy(update={"file_patterns": patterns}))


async def test_half_hours_of_electricity_in_xml(pipeline: PipelineHarness, tmp_path: Path) -> None:
    content = XML.encode("cp1251")

    log = await load(with_more_names(pipeline), tmp_path, BY_PATHS, content, "M1", "M2", name="x.xml")

    assert await pipeline.values() == {
        ("M1", "2025-03-31 21:00", "electricity_consumption"): 12.5,
        ("M1", "2025-03-31 21:30", "electricity_consumption"): 13,
        ("M1", "2025-04-01 20:30", "electricity_consumption"): 7,
        ("M1", "2025-03-31 21:00", "reactive_energy"): 4,
        ("M2", "2025-03-31 21:00", "electricity_consumption"): 99,
    }
    assert (log["status"], log["lines"]) == ("success", '{"header": 1, "reading": 5}')


JSON = """{"site": "Котельная 4", "period": "2025-04-01", "meters": [
  {"serial": "00417", "heat": [{"hour": "00:00", "T1": 60.50, "V": 1.25}, {"hour": "01:00", "T1": 61, "V": null}]},
  {"serial": "00418", "heat": [{"hour": "23:00", "T1": 7.0625E1, "V": 0.1}]}
]}"""
OF_JSON = """
layout: day-sheet
json:
  rows: /json/meters/item/heat/item
  columns:
    Прибор: ../../serial
    День: /json/period
    Час: hour
    T1: T1
    V: V
date: День
hour: Час
identity: {meter: {column: Прибор}}
columns: {T1: {metric: T1}, V: {metric: consumption_period}}
"""


TABLE = [("PRIBOR", "C", 6), ("DATA", "D", 8), ("CHAS", "N", 2), ("T1", "N", 7), ("V", "N", 9), ("TIP", "C", 3)]
RECORDS = [
    ["00417", "20250401", " 0", "  60.50", "   1.2500", "ГВС"],
    ["00417", "20250401", " 0", "  99.90", "   9.0000", "ГВС"],
    ["00417", "20250401", " 1", "  61.00", "       **", "ГВС"],
    ["00418", "20250401", "23", "  70.63", "   0.1000", "ГВС"],
]
OF_TABLE = """
layout: day-sheet
date: DATA
hour: CHAS
where: {TIP: ГВС}
identity: {meter: {column: PRIBOR}}
columns: {T1: {metric: T1}, V: {metric: consumption_period}}
"""


async def test_records_of_dbase_but_for_the_deleted_ones(pipeline: PipelineHarness, tmp_path: Path) -> None:
    content = files.dbf(TABLE, RECORDS, deleted=[1])

    log = await load(with_more_names(pipeline), tmp_path, OF_TABLE, content, "00417", "00418", name="x.dbf")

    assert await pipeline.values() == {
        ("00417", "2025-03-31 21:00", "T1"): 60.5,
        ("00417", "2025-03-31 21:00", "consumption_period"): 1.25,
        ("00417", "2025-03-31 22:00", "T1"): 61,
        ("00418", "2025-04-01 20:00", "T1"): 70.63,
        ("00418", "2025-04-01 20:00", "consumption_period"): 0.1,
    }
    assert [(error["reason"], error["row_num"]) for error in await pipeline.errors()] == [("bad_number", 4)]
    assert (log["status"], log["lines"]) == ("partial", '{"header": 1, "deleted": 1, "reading": 3}')
    assert "пропущено: удалённые записи 1" in str(log["message"])


async def test_nested_objects_of_json(pipeline: PipelineHarness, tmp_path: Path) -> None:
    log = await load(
        with_more_names(pipeline), tmp_path, OF_JSON, JSON.encode("cp1251"), "00417", "00418", name="x.json"
    )

    assert await pipeline.values() == {
        ("00417", "2025-03-31 21:00", "T1"): 60.5,
        ("00417", "2025-03-31 21:00", "consumption_period"): 1.25,
        ("00417", "2025-03-31 22:00", "T1"): 61,
        ("00418", "2025-04-01 20:00", "T1"): 70.625,
        ("00418", "2025-04-01 20:00", "consumption_period"): 0.1,
    }
    assert [(error["reason"], error["row_num"]) for error in await pipeline.errors()] == [("missing_value", 3)]
    assert (log["status"], log["lines"]) == ("partial", '{"header": 1, "reading": 3}')


@pytest.mark.parametrize(
    ("mapping", "content"),
    [
        pytest.param(OF_JSON, '{"period": "2025-04-01", "meters": [{"serial": "1", "heat": []}]}', id="json"),
        pytest.param(
            BY_PATHS.replace("//period", "//measuringchannel/period"),
            re.sub("<period.*</period>", "", XML),
            id="xml",
        ),
        pytest.param(FIXED, "".join(REPORT.splitlines(keepends=True)[1:3]), id="text"),
    ],
)
async def test_report_without_rows_is_read_and_says_so(
    pipeline: PipelineHarness, tmp_path: Path, mapping: str, content: str
) -> None:
    log = await load(with_more_names(pipeline), tmp_path, mapping, content.encode("cp1251"), name="x.xml")

    assert (log["status"], log["problem"], log["rows_read"]) == ("success", None, 0)
    assert str(log["message"]).startswith(FileRemark.NO_ROWS)


@pytest.mark.parametrize(
    ("mapping", "content", "problem"),
    [
        pytest.param(BY_PATHS, XML.replace("<area>", "<зона>"), FileProblem.DAMAGED, id="malformed"),
        pytest.param(BY_PATHS, XML.replace("<message", "<!DOCTYPE message []><message"), FileProblem.XML_DTD, id="dtd"),
        pytest.param(BY_PATHS, XML.replace("period", "interval"), FileProblem.NO_ROWS_AT_PATH, id="no rows"),
        pytest.param(OF_JSON, JSON[:-2], FileProblem.DAMAGED, id="json cut short"),
        pytest.param(OF_JSON, XML, FileProblem.KIND_DIFFERS, id="xml, but json"),
        pytest.param(BY_PATHS, JSON, FileProblem.KIND_DIFFERS, id="json, but xml"),
        pytest.param(BY_PATHS, REPORT, FileProblem.KIND_DIFFERS, id="a text, but xml"),
        pytest.param(FIXED, XML, FileProblem.KIND_DIFFERS, id="xml, but positions"),
        pytest.param(FIXED.replace("positions", "#"), XML, FileProblem.WRONG_KIND, id="xml, and no word of it"),
        pytest.param(FIXED, REPORT + "\0", FileProblem.NUL_BYTE, id="garbage below the table"),
        pytest.param(FIXED, "\1\2\3\4" * 99, FileProblem.KIND_DIFFERS, id="garbage"),
        pytest.param(FIXED.replace("21, 27", "120, 127"), REPORT, None, id="positions that do not ascend"),
        pytest.param(FIXED.replace("36, 44", "136, 144"), REPORT, FileProblem.COLUMN_MISSING, id="behind the line"),
    ],
)
async def test_file_of_another_kind_or_damaged_fails_alone(
    pipeline: PipelineHarness, tmp_path: Path, mapping: str, content: str, problem: FileProblem | None
) -> None:
    log = await load(
        with_more_names(pipeline), tmp_path, mapping, content.encode("cp1251"), "00123", "M1", name="x.xml"
    )

    assert (log["status"], log["problem"]) == ("failed", problem or FileProblem.MAPPING_HAS_ERROR)
    assert await pipeline.values() == {}


async def test_rows_with_a_tab_or_with_too_much_are_set_aside(pipeline: PipelineHarness, tmp_path: Path) -> None:
    text = REPORT.replace("2-3      61,5", "2-3\t61,5").replace("проверка, замена", "").replace("Примечание", "")
    text = text.replace("1,25\n", "1,25    7\n")

    log = await load(pipeline, tmp_path, FIXED, text.encode(), "00123", name="x.csv")

    assert {key[1] for key in await pipeline.values()} == {"2025-03-31 22:00"}
    assert log["status"] == "partial"
    assert {error["reason"] for error in await pipeline.errors()} == {"surplus_cell", "tab_in_line"}


FRAMED = """
Архив часовой, зав. № 15302
┌──────────┬──────┬────────┬────────┐
│   Дата   │ Время│  t1,°C │  V1,м3 │
├──────────┼──────┼────────┼────────┤
│01/04/25  │ 00:00│  70.10 │  0.250 │
│01/04/25  │ 01:00│  71.10 │        │
├──────────┴──────┼────────┼────────┤
│ Итого           │        │  0.250 │
└─────────────────┴────────┴────────┘
"""
OF_FRAMED = r"""
layout: day-sheet
time_zone: UTC
date: Дата
dates: day-first
hour: Время
columns: {"t1,°C": {metric: T1}, "V1,м3": {metric: volume_supply}}
identity: {meter: {cell: A2, pattern: '№ (\d+)'}}
"""


@pytest.mark.parametrize("encoding", ["cp866", "utf-8"])
async def test_report_in_frames(pipeline: PipelineHarness, tmp_path: Path, encoding: str) -> None:
    content = FRAMED.encode(encoding)

    log = await load(pipeline, tmp_path, OF_FRAMED, content, "15302", name="x.csv")

    assert await pipeline.values() == {
        ("15302", "2025-04-01 00:00", "T1"): 70.1,
        ("15302", "2025-04-01 00:00", "volume_supply"): 0.25,
        ("15302", "2025-04-01 01:00", "T1"): 71.1,
    }
    assert (log["rows_read"], log["rows_rejected"]) == (4, 1)
    assert [(error["cell"], error["reason"]) for error in await pipeline.errors()] == [("E7", "missing_value")]
    assert '"total": 1' in str(log["lines"])
