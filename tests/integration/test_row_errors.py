"""What stands in quality_row_errors: rejected and suspect readings, headers and sheets; and who is told of it."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from schemas.reasons import Reason, Severity
from tasks.operate.list_row_errors import ErrorFilter, list_row_errors
from tasks.report.collect import collect
from tasks.report.write import render
from tests.files import xlsx
from tests.harness import DAY, PipelineHarness, long_csv
from tests.integration.test_command import invoke

HEADER = ["timestamp", "meter_code", "metric", "value"]
FAR_APART = ("2025-04-30 00:00,M,T1,90", "2025-04-30 00:00,M,T2,10")


async def listed(pipeline: PipelineHarness, **wanted: object) -> list[tuple[object, ...]]:
    rows = await list_row_errors(pipeline.connection, ErrorFilter(**wanted), None, pipeline.settings)  # type: ignore[arg-type]
    return [(row["cell"], row["raw_value"], row["reason"], row["severity"]) for row in rows]


async def test_suspect_reading_is_loaded_and_has_a_row_error_with_its_cell(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv(*FAR_APART, "2025-04-30 01:00,M,T1,x"))

    (log,) = await pipeline.run()

    assert (log["rows_loaded"], log["rows_suspect"], log["rows_rejected"]) == (2, 2, 1)
    assert await listed(pipeline, severity=Severity.SUSPECT) == [
        ("D2", "90", "delta_t_out_of_norm", "suspect"),
        ("D3", "10", "delta_t_out_of_norm", "suspect"),
    ]
    assert await listed(pipeline, severity=Severity.REJECTED) == [("D4", "x", "bad_number", "rejected")]


async def test_suspect_readings_are_not_requeued(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv(*FAR_APART))
    await pipeline.run()

    assert await pipeline.requeue(Reason.DELTA_T_OUT_OF_NORM) == []


async def test_errors_shows_rejected_rows_and_says_that_there_are_suspect_ones(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv(*FAR_APART, "2025-04-30 01:00,M,T1,x"))
    await pipeline.run()

    rejected, _ = await asyncio.to_thread(invoke, "errors")
    suspect, _ = await asyncio.to_thread(invoke, "errors", "--severity", "suspect")
    by_reason, _ = await asyncio.to_thread(invoke, "errors", "--reason", "delta_t_out_of_norm")

    assert "bad_number" in rejected
    assert "delta_t_out_of_norm" not in rejected
    assert "and 2 suspect, which are in core: --severity suspect" in rejected
    assert "bad_number" not in suspect
    assert suspect == by_reason


@pytest.mark.parametrize(
    ("headings", "reason", "column_name", "raw_value"),
    [
        ("timestamp,meter_code,metric,v", "missing_column", "value", "«timestamp», «meter_code», «metric», «v»"),
        (
            "timestamp,meter_code,metric,value,value",
            *("missing_column", "value", "D «value», E «value»"),
        ),
        ("timestamp,meter_code,value", "missing_column", "metric", "«timestamp», «meter_code», «value»"),
        ("a,b,c,d", "missing_column", "«timestamp», «meter_code», «metric», «value»", None),
    ],
    ids=["missing", "doubled", "nearest_named", "no_header"],
)
async def test_header_that_fails_its_file_is_a_row_error_of_its_line(
    pipeline: PipelineHarness, headings: str, reason: str, column_name: str, raw_value: str | None
) -> None:
    pipeline.put("a.csv", f"{headings}\n2025-04-30 00:00,M,T1,60\n")

    (log,) = await pipeline.run()

    (error,) = await list_row_errors(pipeline.connection, ErrorFilter(), None, pipeline.settings)
    assert (log["status"], error["load_id"], error["message"]) == ("failed", log["load_id"], log["message"])
    assert (error["row_num"], error["reason"], error["column_name"], error["raw_value"]) == (
        *(1, reason, column_name),
        raw_value,
    )


async def test_header_on_a_sheet_below_a_title_is_named_with_sheet_and_row(pipeline: PipelineHarness) -> None:
    rows: list[list[str | float | None]] = [["Отчёт"], [], [*HEADER[:3], "valeu"], ["2025-04-30 00:00", "M", "T1", 60]]
    pipeline.put("a.xlsx", xlsx(rows, "Апрель"))

    await pipeline.run()

    (error,) = await list_row_errors(pipeline.connection, ErrorFilter(), None, pipeline.settings)
    assert (error["sheet"], error["row_num"], error["column_name"]) == ("Апрель", 3, "value")


async def test_header_stands_once_however_often_the_file_fails_and_is_resolved_by_the_corrected_one(
    pipeline: PipelineHarness,
) -> None:
    await pipeline.add_meter("M")
    for _ in range(2):
        pipeline.put("a.csv", "timestamp,meter_code,metric,valeu\n2025-04-30 00:00,M,T1,60\n")
        await pipeline.run()
    twice = await listed(pipeline)

    pipeline.put("a.csv", long_csv("2025-04-30 00:00,M,T1,60"))
    await pipeline.run()

    assert [row[2] for row in twice] == ["missing_column"]
    assert await listed(pipeline) == []


async def test_unread_sheet_is_a_row_error_and_in_the_report(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream) as book:
        for sheet, rows in {"Апрель": [HEADER, ["2025-04-30 00:00", "M", "T1", "60"]], "Прочее": [["Иванов"]]}.items():
            page = book.add_worksheet(sheet)
            for number, row in enumerate(rows):
                page.write_row(number, 0, row)
    pipeline.put("a.xlsx", stream.getvalue())

    (log,) = await pipeline.run()

    report = await collect(pipeline.connection, pipeline.settings, DAY, now=log["started_at"])
    (error,) = await list_row_errors(pipeline.connection, ErrorFilter(), None, pipeline.settings)
    assert (log["status"], error["sheet"], error["reason"], error["severity"]) == (
        *("success", "Прочее", "unread_sheet"),
        "rejected",
    )
    assert [(line.reason, line.severity, line.count) for line in report.reasons] == [("unread_sheet", "rejected", 1)]
    assert "о файле" in render(report)
    assert await pipeline.requeue(Reason.UNREAD_SHEET) == []


def sheets_of(path: Path) -> dict[str, list[list[str]]]:
    book = CalamineWorkbook.from_path(str(path))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}  # type: ignore[misc]


async def test_supplier_gets_a_letter_and_what_of_the_last_list_is_still_open(
    pipeline: PipelineHarness, tmp_path: Path
) -> None:
    await pipeline.add_meter("M")
    arguments = ("errors", "--source", "long", "--export")
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,M,T1,x", "2025-04-30 01:00,M,T1,y", "2025-04-30 02:00,N,T1,1"))
    pipeline.put("b.csv", "timestamp,meter_code,metric,valeu\n2025-04-30 00:00,M,T1,60\n")
    await pipeline.run()
    first, _ = await asyncio.to_thread(invoke, *arguments, str(tmp_path / "1.xlsx"))
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,M,T1,5", "2025-04-30 01:00,M,T1,y", "2025-04-30 02:00,M,T1,z"))
    await pipeline.run()

    second, _ = await asyncio.to_thread(invoke, *arguments, str(tmp_path / "2.xlsx"))

    assert "3 row errors, and 1 failed files" in first
    assert "3 row errors, 2 of them in the last list" in second
    before, after = sheets_of(tmp_path / "1.xlsx"), sheets_of(tmp_path / "2.xlsx")
    assert list(before) == ["Письмо", "Ошибки", "Файлы"]
    assert list(after) == ["Письмо", "Ошибки", "Не исправлено", "Файлы"]
    assert [row[3:4] + row[7:9] for row in after["Не исправлено"][1:]] == [
        ["D3", "y", "не число"],
        ["", "«timestamp», «meter_code», «metric», «valeu»", "строка обрывается"],
    ]
    letter = "\n".join(str(row[0]) for row in after["Письмо"])
    assert "источник «long»" in letter
    assert "исправлено 1, не исправлено 2 (лист «Не исправлено»)" in letter
    assert ["не число", "2"] in [row[:2] for row in after["Письмо"]]
    assert after["Файлы"][1][0] == "2025-04-30/b.csv"


async def test_list_for_a_supplier_is_refused_for_an_unknown_source_or_a_part(
    pipeline: PipelineHarness, tmp_path: Path
) -> None:
    unknown = await asyncio.to_thread(invoke, "errors", "--source", "nobody")
    partial = await asyncio.to_thread(
        invoke, "errors", "--source", "long", "--date", str(DAY), "--export", str(tmp_path / "a.xlsx")
    )

    assert "there is no source 'nobody'" in unknown[1]
    assert "leave out --date" in partial[1]
    assert list(tmp_path.glob("*.xlsx")) == []


async def test_source_whose_mapping_has_an_error_is_not_said_to_be_none(
    pipeline: PipelineHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES_DIR", str(tmp_path))
    (tmp_path / "long.yaml").write_text("name: long\nmatch: ['*.csv']\nlayout: long\n")
    (tmp_path / "boiler.yaml").write_text("name: boiler\nmatch: ['*.xlsx']\nlayout: wide\n")

    broken, other = [await asyncio.to_thread(invoke, "errors", "--source", name) for name in ("boiler", "long")]

    assert "boiler.yaml: line 3: layout: must be" in broken[1]
    assert other == ("no open row errors\n", "")


async def test_lists_of_one_severity_know_nothing_of_those_of_the_other(
    pipeline: PipelineHarness, tmp_path: Path
) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv(*FAR_APART, "2025-04-30 01:00,M,T1,x"))
    await pipeline.run()
    arguments = ("errors", "--source", "long", "--export")
    await asyncio.to_thread(invoke, *arguments, str(tmp_path / "1.xlsx"))

    suspect, _ = await asyncio.to_thread(invoke, *arguments, str(tmp_path / "2.xlsx"), "--severity", "suspect")

    assert suspect.startswith("2 row errors, and 0 failed files")
