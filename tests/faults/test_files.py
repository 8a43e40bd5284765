"""The catalogue of bad files: each loads, or fails alone with its reason; nothing is lost, nothing guessed.

Elsewhere: known content, new versions and older ones in `integration/test_main_job.py`; growing files, links, pipes
and spellings of names in `unit/tasks/ingest/test_find_files.py`; spellings of numbers and hours in
`unit/tasks/validate`; settings and the unreachable database in `unit/schemas/test_settings.py` and
`integration/test_command.py`.
"""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import os
import resource
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from schemas.problems import FileProblem
from schemas.settings import PROJECT_ROOT
from schemas.source_files import day_and_path
from tasks.ingest.find_files import find_raw_file
from tasks.ingest.ingest_files import Request, prepare_ingest
from tasks.operate.export_rows import export_rows
from tasks.operate.show_status import show_status
from tasks.report.collect import collect
from tasks.report.summarise_run import summarise_run
from tests import files
from tests.harness import DAY, PipelineHarness, long_csv

pytestmark = pytest.mark.files

ROWS: files.Rows = [
    ["Дата", "Час", "Т1, °C", "Объём, м3"],
    ["01.04.2025", "0-1", 60.5, 1.25],
    ["01.04.2025", "1-2", 61, 2],
]
READINGS = {
    ("M", "2025-03-31 21:00", "T1"): 60.5,
    ("M", "2025-03-31 21:00", "consumption_period"): 1.25,
    ("M", "2025-03-31 22:00", "T1"): 61,
    ("M", "2025-03-31 22:00", "consumption_period"): 2,
}
MAPPING = """
name: sheet
match: ["sheet*"]
layout: day-sheet
sheet: Лист
date: Дата
hour: Час
columns:
  "Т1, °C": {metric: T1}
  "Объём, м3": {metric: consumption_period, unit: м3}
identity: {meter: M}
"""


@pytest.fixture
async def city(pipeline: PipelineHarness, tmp_path: Path) -> PipelineHarness:
    """A pipeline with one meter M, and a mapping for files named sheet*."""
    sources = tmp_path / "sources"
    shutil.copytree(PROJECT_ROOT / "schemas" / "sources", sources)
    (sources / "sheet.yaml").write_text(MAPPING, encoding="utf-8")
    await pipeline.add_meter("M")
    return PipelineHarness(pipeline.connection, pipeline.settings.model_copy(update={"sources_dir": sources}))


async def run(pipeline: PipelineHarness) -> dict[str, asyncpg.Record]:
    """Run the day; whatever its outcome, every reading that was read is accounted for."""
    log = await pipeline.run()
    for row in log:
        assert row["status"] != "running"
        assert row["rows_read"] == row["rows_loaded"] + row["rows_rejected"] + row["rows_duplicate"]
    return {day_and_path(row["source_file"])[1]: row for row in log}


async def outcome(pipeline: PipelineHarness, name: str, content: bytes | str) -> asyncpg.Record:
    """Load one file beside a good one, which must load; return the file's row of the load log."""
    pipeline.put(name, content)
    pipeline.put("good.csv", long_csv("2025-04-30 00:00,M,T2,40"))
    log = await run(pipeline)
    assert log["good.csv"]["status"] == "success"
    return log[name]


async def reasons(pipeline: PipelineHarness) -> list[tuple[str | None, str | None, str]]:
    return [(row["cell"], row["raw_value"], row["reason"]) for row in await pipeline.errors()]


@pytest.mark.parametrize("kind", ["xlsx", "xls", "xlsb", "ods"])
async def test_every_kind_of_workbook_gives_the_same_readings_whatever_its_suffix(
    city: PipelineHarness, kind: str
) -> None:
    city.put("sheet.xlsx", getattr(files, kind)(ROWS))

    log = await run(city)

    assert (log["sheet.xlsx"]["status"], await city.values()) == ("success", READINGS)


@pytest.mark.parametrize(
    ("name", "content", "problem", "said"),
    [
        ("sheet.xlsx", files.xlsx(ROWS)[:-200], FileProblem.DAMAGED, "повреждён или передан не полностью"),
        (
            "a.csv.gz",
            gzip.compress(long_csv("2025-04-30 00:00,M,T1,60").encode() * 50)[:-9],
            FileProblem.DAMAGED,
            "повреждён или передан не",
        ),
        ("sheet.xlsx", b"<!DOCTYPE html><html><body>503", FileProblem.WRONG_KIND, "страница html"),
        ("sheet.xlsx", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", FileProblem.WRONG_KIND, "документ pdf"),
        (
            "sheet.xlsx",
            b"\xd0\xcf\x11\xe0" + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
            FileProblem.ENCRYPTED,
            "зашифрован паролем",
        ),
        (
            "sheet.xlsx",
            b"\xd0\xcf\x11\xe0" + bytes(600) + "WordDocument".encode("utf-16-le") + b"\0\0",
            FileProblem.WRONG_KIND,
            "документ Word",
        ),
        ("sheet.xlsx", files.zipped({"a.zip": files.zipped({"b.csv": b"x"})}), FileProblem.NESTED_ARCHIVE, "архив"),
    ],
    ids=["truncated_xlsx", "truncated_gzip", "html", "pdf", "password", "word", "zip_named_xlsx"],
)
async def test_file_that_is_not_a_table_fails_alone_and_says_what_it_is(
    city: PipelineHarness, name: str, content: bytes, problem: FileProblem, said: str
) -> None:
    city.put(name, content)
    city.put("good.csv", long_csv("2025-04-30 00:00,M,T2,40"))

    log = await run(city)

    (bad,) = [row for file, row in log.items() if file != "good.csv"]
    assert (log["good.csv"]["status"], bad["status"], bad["problem"]) == ("success", "failed", problem)
    assert said in bad["message"]


@pytest.mark.parametrize("content", ["", "timestamp,meter_code,metric,value\n"], ids=["empty", "header_only"])
async def test_file_without_rows_is_a_success_with_a_warning(city: PipelineHarness, content: str) -> None:
    row = await outcome(city, "a.csv", content)

    assert (row["status"], "нет ни одной строки" in row["message"]) == ("success", True)


@pytest.mark.parametrize("delimiter", [";", "\t", ","])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1251", "koi8-r", "cp866"])
async def test_csv_of_every_encoding_gives_the_same_readings(
    city: PipelineHarness, encoding: str, delimiter: str
) -> None:
    comma = "." if delimiter == "," else ","
    lines = [["Дата", "Час", '"Т1, °C"', '"Объём, м3"'], ["01.04.2025", "0-1", f"60{comma}5", f"1{comma}25"]]
    lines += [["01.04.2025", "1-2", "61", "2"]]
    text = "\n".join(delimiter.join(line) for line in lines)
    if encoding == "koi8-r":
        text = text.replace("°", "°")
    city.put("sheet.csv", text.encode(encoding))

    log = await run(city)

    assert (log["sheet.csv"]["status"], log["sheet.csv"]["message"]) == ("success", None)
    assert await city.values() == READINGS


@pytest.mark.parametrize(
    ("bad", "problem"),
    [(b"\0", FileProblem.NUL_BYTE), (b"\xd0\x20", FileProblem.BYTE_NOT_IN_ENCODING)],
    ids=["nul", "invalid_utf8"],
)
async def test_byte_that_is_not_text_fails_the_file_and_is_named(
    city: PipelineHarness, bad: bytes, problem: FileProblem
) -> None:
    text = "timestamp,meter_code,metric,value,примечание\n2025-04-30 00:00,M,T1,60,ок".encode()

    row = await outcome(city, "a.csv", text + bad + b"\n")

    assert (row["status"], row["problem"]) == ("failed", problem)
    assert f"позиции {len(text)}" in row["message"]


async def test_number_with_spaces_apostrophes_and_a_unit_is_read_and_its_unit_checked(city: PipelineHarness) -> None:
    values = ["1 234,5", "1 234,5", "1 234,5", "1'234.5", "12,5 м3", "12,5 °C"]
    rows = [f'"{hour:02d}.04.2025 00:00";M;consumption_period;"{value}"' for hour, value in enumerate(values, start=1)]
    city.put("a.csv", "\n".join(["ts;meter;metric;value", *rows]))

    await run(city)

    found = [value for _, value in sorted((key[1], value) for key, value in (await city.values()).items())]
    assert found == [1234.5, 1234.5, 1234.5, 1234.5, 12.5]
    assert await reasons(city) == [("D7", "12,5 °C", "unknown_unit")]


async def test_header_is_found_below_a_title_and_in_two_lines(city: PipelineHarness) -> None:
    rows: list[list[files.Cell]] = [
        ["Ведомость за апрель"],
        [],
        ["Прибор", "М"],
        [],
        [None, None, "Т1,", "Объём,"],
        ["Дата", "Час", "°C", "м3"],
    ]
    city.put("sheet.xlsx", files.xlsx([*rows, *ROWS[1:]]))

    await run(city)

    assert await city.values() == READINGS
    assert await city.connection.fetchval("select min(row_num) from stage.stage_raw_measurements") == 7


async def test_lines_that_are_not_readings_are_counted_and_never_read(city: PipelineHarness) -> None:
    rows = [
        *ROWS[:2],
        [],
        ROWS[0],
        ["Итого", None, 60.5, 1.25],
        ["Среднее:", None, 60, 1],
        *ROWS[2:],
        [None, "Всего", 1, 9],
    ]
    city.put("sheet.xlsx", files.xlsx([[None, *row] for row in rows]))

    log = await run(city)

    assert await city.values() == READINGS
    assert log["sheet.xlsx"]["message"] == "пропущено: итоговые строки 3, повторы шапки 1, пустые строки 1"


async def test_formula_without_a_value_is_an_error_of_its_cell_and_never_a_null(city: PipelineHarness) -> None:
    rows = [*ROWS[:2], ["=A2", "1-2", 61, 2], ["01.04.2025", "=B2", 61, 2], ["01.04.2025", "3-4", "=C2*2", 2]]
    city.put("sheet.xlsx", files.xlsx(rows))

    log = await run(city)

    assert (log["sheet.xlsx"]["rows_read"], log["sheet.xlsx"]["rows_loaded"]) == (8, 3)
    assert await reasons(city) == [
        ("A3", "=A2", "formula_without_value"),
        ("B4", "=B2", "formula_without_value"),
        ("C5", "=C2*2", "formula_without_value"),
    ]


@pytest.mark.parametrize(
    "date", ["01.04.2025", "2025-04-01", dt.date(2025, 4, 1), 45748, "01.04.25", "1.4.2025"], ids=str
)
@pytest.mark.parametrize("date_1904", [False, True])
async def test_every_way_to_write_a_date_is_the_same_day(
    city: PipelineHarness, date: files.Cell, *, date_1904: bool
) -> None:
    if date_1904 and isinstance(date, int):
        date -= 1462
    rows = [ROWS[0], [date, "0-1", 60.5, 1.25], [date, "1-2", 61, 2]]
    city.put("sheet.xlsx", files.xlsx(rows, date_1904=date_1904))

    await run(city)

    assert await city.values() == READINGS


@pytest.mark.parametrize(
    ("stamp", "hours"),
    [
        ("start", ("0-1", "1-2")),
        ("start", ("00:00-01:00", "01:00 - 02:00")),
        ("start", (0, 1)),
        ("end", (1, 2)),
        ("start", (dt.time(0), dt.time(1))),
        ("end", ("01:00", "2:00")),
    ],
    ids=str,
)
async def test_every_way_to_write_an_hour_is_what_the_mapping_says(
    city: PipelineHarness,
    stamp: str,
    hours: Any,  # noqa: ANN401
) -> None:
    (city.settings.sources_dir / "sheet.yaml").write_text(f"{MAPPING}stamp: {stamp}\n", encoding="utf-8")
    rows = [[date, hour, t1, volume] for (date, _, t1, volume), hour in zip(ROWS[1:], hours, strict=True)]
    city.put("sheet.xlsx", files.xlsx([ROWS[0], *rows]))

    await run(city)

    assert await city.values() == READINGS


async def test_hour_that_excel_turned_into_a_date_is_an_error_and_not_an_hour(city: PipelineHarness) -> None:
    city.put("sheet.xlsx", files.xlsx([*ROWS[:2], ["01.04.2025", dt.date(2025, 1, 2), 61, 2]]))

    await run(city)

    assert await reasons(city) == [("B3", "2025-01-02", "bad_timestamp")]


async def test_only_the_mapped_sheet_is_read_and_a_missing_one_lists_those_there_are(city: PipelineHarness) -> None:
    city.put("sheet1.xlsx", files.xlsx(ROWS, also=["Лист2", "Черновик"]))
    city.put("sheet2.xlsx", files.xlsx([*ROWS, ["02.04.2025", "0-1", 1, 1]], sheet="Апрель", also=["Прочее"]))

    log = await run(city)

    assert (log["sheet1.xlsx"]["status"], await city.values()) == ("success", READINGS)
    assert (log["sheet2.xlsx"]["status"], log["sheet2.xlsx"]["problem"]) == ("failed", FileProblem.SHEET_MISSING)
    assert "нет листа «Лист»; в книге есть: «Апрель», «Прочее»" in log["sheet2.xlsx"]["message"]


@pytest.mark.parametrize("t1", ["Т1, °C", "T1, оС", "t1, oC", "Т1,°С"])
@pytest.mark.parametrize("volume", ["Объём, м3", "ОБЪЕМ, м³", "объём,  м3"])
async def test_look_alike_letters_and_signs_are_one_heading(city: PipelineHarness, t1: str, volume: str) -> None:
    city.put("sheet.xlsx", files.xlsx([["Дата", "Час", t1, volume], *ROWS[1:]]))

    await run(city)

    assert await city.values() == READINGS


@pytest.mark.parametrize(
    ("header", "problem", "said"),
    [
        (["Дата", "Час", "Т1, °C", "Объем, м3", "Примечание"], None, "сохранены в сырье: E «Примечание»"),
        (
            ["Дата", "Час", "Т1, °C", "Обьём воды, м3", "x"],
            FileProblem.COLUMN_RENAMED,
            "нет столбца «Объём, м3», похожий: «Обьём воды, м3»",
        ),
        (
            ["Дата", "Час", "Т1, °C", "Объём, м3", "Т1, °C"],
            FileProblem.COLUMN_DOUBLED,
            "«Т1, °C» встречается несколько раз (C «Т1, °C», E",
        ),
        (["Дата", "Час", "Т1, °C"], FileProblem.COLUMN_MISSING, "нет столбца «Объём, м3»"),
    ],
    ids=["added", "renamed", "doubled", "missing"],
)
async def test_changed_columns_are_said_by_name(
    city: PipelineHarness, header: list[str], problem: FileProblem | None, said: str
) -> None:
    city.put("sheet.xlsx", files.xlsx([header, *([*row, 1][: len(header)] for row in ROWS[1:])]))

    row = (await run(city))["sheet.xlsx"]

    assert (row["status"], row["problem"]) == ("failed" if problem else "success", problem)
    assert said in row["message"]


async def test_moved_columns_change_nothing(city: PipelineHarness) -> None:
    city.put("sheet.xlsx", files.xlsx([[row[3], row[1], row[2], row[0]] for row in ROWS]))

    log = await run(city)

    assert (log["sheet.xlsx"]["message"], await city.values()) == (None, READINGS)


async def test_false_dimension_of_a_sheet_hides_no_row(city: PipelineHarness) -> None:
    def lie(xml: bytes) -> bytes:
        assert b'<dimension ref="A1:D3"/>' in xml
        return xml.replace(b'ref="A1:D3"', b'ref="A1:B1"')

    city.put("sheet.xlsx", files.edited(files.xlsx(ROWS), "xl/worksheets/sheet1.xml", lie))

    await run(city)

    assert await city.values() == READINGS


async def test_a_million_styled_but_empty_rows_cost_little(city: PipelineHarness) -> None:
    def pad(xml: bytes) -> bytes:
        rows = b"".join(b'<row r="%d"><c r="A%d" s="1"/></row>' % (n, n) for n in range(4, 1_048_577))
        return xml.replace(b"</sheetData>", rows + b"</sheetData>")

    city.put("sheet.xlsx", files.edited(files.xlsx(ROWS), "xl/worksheets/sheet1.xml", pad))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    await run(city)

    assert await city.values() == READINGS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # kB


@pytest.mark.parametrize("name", ["sheet.xlsx", "a.zip"])
@pytest.mark.parametrize("limit", ["size", "ratio"])
async def test_zip_bomb_is_refused_before_it_is_unpacked(city: PipelineHarness, name: str, limit: str) -> None:
    pipeline = PipelineHarness(
        city.connection, city.settings.model_copy(update={"max_unpacked_mb": 50} if limit == "size" else {})
    )
    part = "xl/workbook.xml" if name == "sheet.xlsx" else "a.csv"
    pipeline.put(name, files.zipped({part: b"0" * (120 << 20)}))
    pipeline.put("good.csv", long_csv("2025-04-30 00:00,M,T2,40"))

    log = await run(pipeline)

    problem = FileProblem.UNPACKS_TO_TOO_MUCH if limit == "size" else FileProblem.ZIP_BOMB
    assert (log["good.csv"]["status"], log[name]["status"], log[name]["problem"]) == ("success", "failed", problem)
    assert ("MAX_UNPACKED_MB" if limit == "size" else "MAX_UNPACK_RATIO") in log[name]["message"]


async def test_gzip_bomb_stops_at_the_limit(city: PipelineHarness) -> None:
    pipeline = PipelineHarness(city.connection, city.settings.model_copy(update={"max_unpacked_mb": 1}))
    pipeline.put("a.csv.gz", gzip.compress(b"0" * (2 << 20)))

    log = await run(pipeline)

    assert log["a.csv.gz"]["problem"] == FileProblem.UNPACKING_STOPPED
    assert "MAX_UNPACKED_MB" in log["a.csv.gz"]["message"]


ENTITY = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
async def test_xml_entities_are_neither_expanded_nor_fetched(city: PipelineHarness, part: str, encoding: str) -> None:
    def insert(xml: bytes) -> bytes:
        head, _, rest = xml.partition(b"?>")
        text = (head + b"?>" + ENTITY + rest).decode()
        return text.replace("UTF-8", encoding.upper()).encode(encoding)

    row = await outcome(city, "sheet.xlsx", files.edited(files.xlsx(ROWS), part, insert))

    assert (row["status"], row["problem"]) == ("failed", FileProblem.XML_DTD)
    assert part in row["message"]


async def test_macros_and_links_of_a_workbook_are_data_that_nobody_follows(city: PipelineHarness) -> None:
    link = (
        '<externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        '<ddeLink ddeService="cmd" ddeTopic="/c calc"/></externalLink>'
    )
    target = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLinkPath" '
        'Target="http://127.0.0.1:1/evil.xlsx" TargetMode="External"/></Relationships>'
    )
    rows = [*ROWS, ["=cmd|'/c calc'!A0", "2-3", 1, 1], ["01.04.2025", "3-4", "=[1]Лист!A1", 1]]
    workbook = files.with_parts(
        files.xlsx(rows),
        {
            "xl/vbaProject.bin": b"\xd0\xcf\x11\xe0macro",
            "xl/externalLinks/externalLink1.xml": link.encode(),
            "xl/externalLinks/_rels/externalLink1.xml.rels": target.encode(),
        },
    )
    city.put("sheet.xlsm", workbook)

    await run(city)

    assert await city.values() == READINGS | {("M", "2025-04-01 00:00", "consumption_period"): 1}
    assert await reasons(city) == [
        ("A4", "=cmd|'/c calc'!A0", "formula_without_value"),
        ("C5", "=[1]Лист!A1", "formula_without_value"),
    ]


async def test_codes_that_a_spreadsheet_would_run_are_inert_in_exports(city: PipelineHarness, tmp_path: Path) -> None:
    codes = ["=1+1", "+1", "-1", "@x", "<script>alert(1)</script>", "\t=1"]
    city.put("a.csv", "\n".join(["ts;meter;metric;value", *(f'2025-04-30 00:00;"{code}";T1;60' for code in codes)]))
    await run(city)
    rows = [dict(row) for row in await city.errors()]

    export_rows(rows, ["raw_value", "reason"], tmp_path / "errors.csv")
    export_rows(rows, ["raw_value", "reason"], tmp_path / "errors.xlsx")

    lines = (tmp_path / "errors.csv").read_text("utf-8-sig").splitlines()[1:]
    assert all(line.lstrip('"')[0] not in "=+-@\t" for line in lines), lines
    from python_calamine import CalamineWorkbook

    sheet = CalamineWorkbook.from_path(str(tmp_path / "errors.xlsx")).get_sheet_by_index(0).to_python()
    assert [row[0] for row in sheet[1:]] == [row["raw_value"] for row in rows]


async def test_what_is_not_a_finite_number_is_rejected_with_its_cell(city: PipelineHarness) -> None:
    bad = ["inf", "-Infinity", "1e309", "#DIV/0!", "abc"]
    missing = ["", "-", "н/д", "н/д ", "нет данных", "NaN", "#N/A"]
    rows = [
        f"2025-04-{day:02d} 00:00,M,consumption_period,{value}"
        for day, value in enumerate([*bad, *missing, "-0", "1e308"], start=1)
    ]
    city.put("a.csv", long_csv(*rows))

    log = await run(city)

    found = [reason for *_, reason in await reasons(city)]
    assert found == ["bad_number"] * len(bad) + ["missing_value"] * len(missing) + ["out_of_range"]
    assert list((await city.values()).values()) == [0]
    assert log["a.csv"]["rows_read"] == len(rows)


async def test_hours_that_clock_changes_made_absent_or_double_are_rejected_unless_the_offset_is_there(
    city: PipelineHarness,
) -> None:
    rows = ["2014-10-26 01:00", "2014-10-26T01:00:00+04:00", "2014-10-26T01:00:00+03:00", "2011-03-27 02:00"]
    city.put("a.csv", long_csv(*(f"{ts},M,T1,{60 + index}" for index, ts in enumerate(rows))))

    await run(city)

    assert await reasons(city) == [
        ("A2", "2014-10-26 01:00", "bad_timestamp"),
        ("A5", "2011-03-27 02:00", "bad_timestamp"),
    ]
    assert sorted(key[1] for key in await city.values()) == ["2014-10-25 21:00", "2014-10-25 22:00"]


async def test_file_with_nothing_but_bad_rows_keeps_every_error_in_bounded_memory(city: PipelineHarness) -> None:
    count = 200_000
    lines = "".join(f"2025-04-30 00:00,M,T1,x{number}\n" for number in range(count))
    city.put("a.csv", f"timestamp,meter_code,metric,value\n{lines}")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    log = await run(city)

    assert (log["a.csv"]["status"], log["a.csv"]["rows_rejected"]) == ("partial", count)
    assert await city.connection.fetchval("select count(distinct raw_value) from quality.quality_row_errors") == count
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 600_000  # kB


async def test_each_file_of_an_archive_loads_as_a_separate_file(city: PipelineHarness) -> None:
    one, two = long_csv("2025-04-30 00:00,M,T1,60"), long_csv("2025-04-30 01:00,M,T1,x")
    city.put("a.zip", files.zipped({"x/one.csv": one.encode(), "two.csv": two.encode(), "readme.txt": b"hello"}))
    city.put("b.csv.gz", gzip.compress(long_csv("2025-04-30 02:00,M,T1,62").encode()))
    city.put("again.zip", files.zipped({"one.csv": one.encode(), "../../evil.csv": b"a,b\n1,2\n"}))

    log = await run(city)

    assert {name: row["status"] for name, row in log.items()} == {
        "a.zip/x/one.csv": "success",
        "a.zip/two.csv": "partial",
        "b.csv.gz/b.csv": "success",
        "again.zip/one.csv": "skipped",
        "again.zip/evil.csv": "failed",
        "a.zip/readme.txt": "skipped",
    }
    assert await city.values() == {("M", "2025-04-29 21:00", "T1"): 60, ("M", "2025-04-29 23:00", "T1"): 62}


async def test_archive_takes_codes_from_the_folder_that_it_lies_in(city: PipelineHarness, real_files: Path) -> None:
    name = "Посуточная ведомость водосчетчика ХВС ИТП.xlsx"
    await city.add_meter("D-0007-HVS", building="D-0007", itp="D-0007-ITP")
    city.put("D-0007/april.zip", files.zipped({name: (real_files / name).read_bytes()}))

    log = await run(city)

    assert log[f"D-0007/april.zip/{name}"]["rows_loaded"] == 1440


async def test_ten_thousand_columns_and_a_cell_of_ten_megabytes_stay_bounded(city: PipelineHarness) -> None:
    header = ",".join(["timestamp,meter_code,metric,value", *(f"extra{number}" for number in range(10_000))])
    city.put("wide.csv", f"{header}\n2025-04-30 00:00,M,T1,x{',' * 10_000}\n")
    city.put("long.csv", long_csv(f"2025-04-30 01:00,M,T1,{'9' * (10 << 20)}", "2025-04-30 02:00,M,T1,60"))
    city.put("big.csv", long_csv(f"2025-04-30 03:00,M,T1,{'y' * 500_000}", "2025-04-30 04:00,M,T1,61"))

    log = await run(city)

    assert (log["wide.csv"]["status"], log["big.csv"]["status"]) == ("partial", "partial")
    assert (log["long.csv"]["status"], log["long.csv"]["problem"]) == ("failed", FileProblem.CSV_LINE_TOO_LONG)
    assert "длиннее" in log["long.csv"]["message"]
    assert all(len(row["message"] or "") < 2_000 for row in log.values())
    whole = await city.connection.fetchval(
        "select max(length(payload ->> 'value')) from stage.stage_raw_measurements where source_file like '%big.csv'"
    )
    assert whole == 500_000


async def test_lines_that_are_all_too_short_are_all_rejected(city: PipelineHarness) -> None:
    lines = 30_000
    row = await outcome(city, "a.csv", "timestamp,meter_code,metric,value\n" + "2025-04-30 01:00,M,T1\n" * lines)

    assert (row["status"], row["rows_read"], row["rows_rejected"]) == ("partial", lines, lines)
    assert json.loads(row["lines"]) == {"header": 1, "reading": lines}


@pytest.fixture(scope="module")
def huge_workbook() -> bytes:
    """A workbook of 16 million cells, small on disk: many times what the limits below allow for."""

    def pad(xml: bytes) -> bytes:
        rows = b"".join(b'<row r="%d"><c r="P%d"><v>1</v></c></row>' % (n, n) for n in range(4, 1_000_000))
        return xml.replace(b"</sheetData>", rows + b"</sheetData>")

    return files.edited(files.xlsx(ROWS), "xl/worksheets/sheet1.xml", pad)


@pytest.mark.parametrize("limit", ["workbook_memory_mb", "workbook_timeout_sec"])
async def test_workbook_that_takes_too_much_memory_or_time_fails_alone(
    city: PipelineHarness, huge_workbook: bytes, limit: str
) -> None:
    value, problem = {
        "workbook_memory_mb": (64, FileProblem.WORKBOOK_TOO_BIG),
        "workbook_timeout_sec": (1, FileProblem.WORKBOOK_TOO_SLOW),
    }[limit]
    pipeline = PipelineHarness(city.connection, city.settings.model_copy(update={limit: value}))

    row = await outcome(pipeline, "sheet.xlsx", huge_workbook)

    assert (row["status"], row["problem"]) == ("failed", problem)
    assert limit.upper() in row["message"]


@pytest.mark.parametrize(("name", "content"), [("x.xlsx", files.xlsx([["a", "b"], [1, 2]])), ("y.csv", b"a,b\n1,2\n")])
async def test_unknown_file_is_logged_as_failed_with_the_command_to_draft_a_mapping(
    city: PipelineHarness, name: str, content: bytes
) -> None:
    row = await outcome(city, name, content)

    assert row["status"] == "failed"
    assert row["problem"] in {FileProblem.NO_MAPPING, FileProblem.NO_MAPPING_NO_HEADER}
    assert "dataops sources new" in row["message"]


ODD_NAMES = {
    "ХВС.csv".encode("cp1251"): r"\xd5\xc2\xd1.csv",
    "Март/ХВС.csv".encode("cp1251"): r"\xcc\xe0\xf0\xf2/\xd5\xc2\xd1.csv",
    b"a\nb\x1b[31m.csv": r"a\x0ab\x1b[31m.csv",
    "\u202egnp.csv".encode(): r"\xe2\x80\xaegnp.csv",
    rb"a\b.csv": r"a\\b.csv",
    b'it\'s "q"; drop table x --.csv': 'it\'s "q"; drop table x --.csv',
    ("б" * 251 + ".csv").encode("cp1251"): r"\xe1" * 251 + ".csv",
}


async def test_file_of_any_name_loads_and_is_found_again_by_the_name_in_the_load_log(city: PipelineHarness) -> None:
    for hour, name in enumerate(ODD_NAMES):
        city.put(os.fsdecode(name), long_csv(f"2025-04-30 {hour:02d}:00,M,T2,40"))
    city.put(
        os.fsdecode("Архив.zip".encode("cp1251")),
        files.zipped({"abc.csv": long_csv("2025-04-30 20:00,M,T2,40").encode()}).replace(
            b"abc.csv", b"\xd5\xc2\xd1.csv"
        ),
    )

    log = await run(city)
    request = Request(only=[r"\xcc\xe0\xf0\xf2/\xd5\xc2\xd1.csv"], replay="latest")
    again = await prepare_ingest(await city.begin(), request, city.warehouse)

    assert {name: row["status"] for name, row in log.items()} == dict.fromkeys(
        [*ODD_NAMES.values(), r"\xc0\xf0\xf5\xe8\xe2.zip/ХВС.csv"], "success"
    )
    assert all(find_raw_file(f"{DAY}/{name}", city.settings) for name in log)
    assert [[file.path.read_bytes()[-13:] for file in batch] for batch in again.batches] == [[b"1:00,M,T2,40\n"]]


async def test_path_longer_than_an_index_takes_is_shortened_in_the_load_log_and_loads(city: PipelineHarness) -> None:
    folders = "/".join(chr(1040 + number) * 120 for number in range(12))
    city.put(f"{folders}/a.csv", long_csv("2025-04-30 00:00,M,T2,40"))
    city.put(f"{folders}/b.csv", long_csv("2025-04-30 01:00,M,T2,40"))
    city.put("c.zip", files.zipped({f"{'x' * 60_000}.csv": long_csv("2025-04-30 02:00,M,T2,40").encode()}))

    log = await run(city)

    assert [row["status"] for row in log.values()] == ["success"] * 3
    assert max(len(name.encode()) for name in log) < 2_500


async def test_what_is_never_read_is_in_log_report_and_status_once_and_the_others_load(
    city: PipelineHarness, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("a.txt", "b.tsv", "c.dbf"):
        city.put(name, b"x")
    city.put("d.zip", files.zipped({"readme.txt": b"x", "e.csv": long_csv("2025-04-30 00:00,M,T2,40").encode()}))
    city.put("nothing.zip", files.zipped({"readme.txt": b"x"}))
    folder = city.settings.raw_dir / str(DAY)
    (folder / "link").symlink_to(city.settings.raw_dir)
    os.mkfifo(folder / "pipe.csv")

    first = await run(city)
    second = await run(city)

    left = {
        "a.txt": FileProblem.NOT_IN_PATTERNS,
        "b.tsv": FileProblem.NOT_IN_PATTERNS,
        "c.dbf": FileProblem.NOT_IN_PATTERNS,
        "d.zip/readme.txt": FileProblem.NOT_IN_PATTERNS,
        "link": FileProblem.NOT_A_FILE,
        "pipe.csv": FileProblem.NOT_A_FILE,
    }
    assert {name: row["problem"] for name, row in first.items() if row["status"] == "skipped"} == left
    assert {name: row["status"] for name, row in first.items() if name not in left} == {
        "d.zip/e.csv": "success",
        "nothing.zip": "failed",
    }
    assert "есть: readme.txt" in first["nothing.zip"]["message"]
    assert not left.keys() & second.keys()
    report = await collect(city.connection, city.settings, DAY, now=dt.datetime(2025, 5, 1, tzinfo=dt.UTC))
    status = await show_status(city.connection, city.settings)
    for named in (report.files, status.last_loads):
        messages = {day_and_path(line.source_file)[1]: line.message or "" for line in named}
        assert messages.keys() >= {*left, "nothing.zip"}
        assert "именованный канал" in messages["pipe.csv"]
        assert "ссылка на папку" in messages["link"]
    assert all(name in caplog.text for name in left)


async def test_what_lies_outside_any_days_folder_is_named_once_whichever_day_is_run(
    city: PipelineHarness, caplog: pytest.LogCaptureFixture
) -> None:
    city.put("a.csv", long_csv("2025-04-30 00:00,M,T1,60"))
    for name in ("loose.csv", "readme.txt", ".hidden", "loading.part", "20250430"):
        (city.settings.raw_dir / name).write_bytes(b"x")
    for name in ("30.04.2025", "2025-W18-3", "2025-05-01"):
        (city.settings.raw_dir / name).mkdir()

    log = [*await city.run(), *await city.run(DAY + dt.timedelta(days=1))]

    assert [(row["source_file"], row["status"], row["problem"]) for row in log] == [
        ("2025-04-30/a.csv", "success", None),
        ("2025-W18-3", "skipped", "not_a_day_folder"),
        ("20250430", "skipped", "not_in_day_folder"),
        ("30.04.2025", "skipped", "not_a_day_folder"),
        ("loose.csv", "skipped", "not_in_day_folder"),
        ("readme.txt", "skipped", "not_in_day_folder"),
    ]
    assert caplog.text.count("not read 'loose.csv'") == 2
    report = await collect(city.connection, city.settings, DAY, now=dt.datetime(2025, 5, 1, tzinfo=dt.UTC))
    assert "loose.csv" in {line.source_file for line in report.files}


@pytest.mark.parametrize("rename", [lambda name: name.replace("/", "\\"), str.upper], ids=["backslash", "upper"])
async def test_workbook_whose_parts_have_names_of_another_style_is_read(
    city: PipelineHarness, rename: Callable[[str], str]
) -> None:
    rows = [*ROWS[:2], ["01.04.2025", "1-2", "=C2*2", 2]]
    with zipfile.ZipFile(io.BytesIO(files.xlsx(rows))) as book:
        city.put("sheet.xlsx", files.zipped({rename(name): book.read(name) for name in book.namelist()}))

    await run(city)

    assert await reasons(city) == [("C3", "=C2*2", "formula_without_value")]


async def test_equal_bytes_of_two_meters_are_two_files(city: PipelineHarness) -> None:
    folder = city.settings.sources_dir
    for number in (1, 2):
        meter = MAPPING.replace("sheet*", f"idle {number}*").replace("name: sheet", f"name: idle-{number}")
        (folder / f"idle-{number}.yaml").write_text(
            meter.replace("meter: M", f"meter: IDLE-{number}"), encoding="utf-8"
        )
        await city.add_meter(f"IDLE-{number}")
        city.put(f"idle {number}.xlsx", files.xlsx(ROWS))
    city.put("idle 1 again.xlsx", files.xlsx(ROWS))

    log = await run(city)

    assert {name: row["status"] for name, row in log.items()} == {
        "idle 1 again.xlsx": "success",
        "idle 1.xlsx": "skipped",
        "idle 2.xlsx": "success",
    }
    assert {meter for meter, *_ in await city.values()} == {"IDLE-1", "IDLE-2"}


async def test_file_of_which_nothing_is_loaded_is_partial_and_counts_as_failed(city: PipelineHarness) -> None:
    city.put("bad.csv", long_csv("2025-04-30 00:00,M,T1,x", "2025-04-30 01:00,NOBODY,T1,60"))
    city.put("good.csv", long_csv("2025-04-30 00:00,M,T2,40", "2025-04-30 01:00,M,T2,x"))
    started = await city.begin()
    await city.ingest(started)
    await city.finish(started)

    summary = await summarise_run(city.connection, started.flow_run_id, city.settings)

    log = {day_and_path(row["source_file"])[1]: row for row in await city.log(started.flow_run_id)}
    why = "отклонено показаний: не число 1, код не найден в справочнике 1"
    assert (log["bad.csv"]["status"], log["bad.csv"]["message"]) == ("partial", why)
    assert (log["good.csv"]["status"], log["good.csv"]["message"]) == ("partial", "отклонено показаний: не число 1")
    assert (summary.files, summary.loaded) == (2, 1)
    assert summary.failed == {f"{DAY}/bad.csv": f"ни одно показание не загружено; {why}"}
