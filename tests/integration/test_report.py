from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from uuid import uuid4

import pytest

from schemas.reasons import Reason
from schemas.report import Report, Totals
from schemas.settings import PROJECT_ROOT
from tasks.load.requeue_rows import requeue_rows
from tasks.operate.generate_samples import Sample, generate
from tasks.operate.load_reference import load_reference
from tasks.operate.read_reference import read_reference
from tasks.report.collect import collect
from tasks.report.summarise_run import summarise_run
from tasks.report.write import render
from tasks.warehouse.connection import fetch_one
from tests.harness import DAY, PipelineHarness, long_csv

DAYS = [dt.date(2025, 4, 29) + dt.timedelta(days=number) for number in range(3)]
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
T1 = "2025-04-30T{hour:02d}:00,{meter},T1,60"


async def report_of(pipeline: PipelineHarness, day: dt.date = DAY, *, now: dt.datetime = NOW) -> Report:
    return await collect(pipeline.connection, pipeline.settings, day, now=now)


def readings(meter: str, hours: range) -> list[str]:
    return [T1.format(hour=hour, meter=meter) for hour in hours]


async def load_sample(pipeline: PipelineHarness) -> Sample:
    reference = read_reference(PROJECT_ROOT / "data" / "reference", pipeline.settings.zone)
    await load_reference(pipeline.connection, reference, pipeline.settings)
    made = generate(pipeline.settings.raw_dir, days=DAYS, buildings=4, seed=1, faults=True)
    for day in DAYS:
        await pipeline.run(day)
    return made


async def test_a_generated_city_loads_to_what_its_account_says_and_the_report_counts_the_same(
    pipeline: PipelineHarness,
) -> None:
    made = await load_sample(pipeline)

    log = await pipeline.connection.fetch("select * from quality.quality_load_log")
    assert {
        row["source_file"]: (
            *(row["status"], row["raw_rows"], row["rows_read"], row["rows_loaded"]),
            *(row["rows_rejected"], row["rows_duplicate"], row["rows_suspect"]),
        )
        for row in log
    } == {
        file.source_file: (
            *(file.status, file.raw_rows, file.read, file.loaded),
            *(file.rejected, file.duplicate, file.suspect),
        )
        for file in made.files
    }
    expected = [file for file in made.files if file.source_file.startswith(DAYS[-1].isoformat())]
    day_report = await report_of(pipeline, DAYS[-1])
    assert day_report.verdict == "errors"
    assert (day_report.totals.failed, day_report.totals.partial, day_report.totals.skipped) == (1, 3, 1)
    assert day_report.totals.files == len(expected)
    assert day_report.totals.rows_read == sum(file.read for file in expected)
    assert day_report.totals.rows_rejected == sum(file.rejected for file in expected)
    assert day_report.files[0].status == "failed"
    counts: dict[str, int] = {}
    for file in expected:
        for reason, count in file.row_errors.items():
            counts[reason] = counts.get(reason, 0) + count
    assert {line.reason: line.count for line in day_report.reasons if line.severity == "rejected"} == counts
    assert [(line.reason, line.count) for line in day_report.reasons if line.severity == "suspect"] == [
        ("delta_t_out_of_norm", 2)
    ]
    examples = {
        line.reason: [(example.row_num, example.cell, example.raw_value) for example in line.examples]
        for line in day_report.reasons
    }
    assert examples["bad_number"] == [(5, "C5", "сбой")]
    assert examples["conflicting_duplicate"] == [(10, "D10", "0.81"), (27, "D27", "9.99")]
    assert examples["out_of_range"] == [(75, "F75", "400.0")]
    assert examples["delta_t_out_of_norm"][1] == (17, "G17", "25")


async def test_curves_and_heat_map_show_what_core_holds(pipeline: PipelineHarness) -> None:
    await load_sample(pipeline)

    day_report = await report_of(pipeline, DAYS[-1])

    assert day_report.completeness
    assert day_report.curves
    sums = await fetch_one(
        pipeline.connection,
        "select sum(value) filter (where meter_code like '%-HVS') as cold, "
        "sum(value) filter (where meter_code like '%-GVS') as hot from core.readings "
        "where metric = 'consumption_period' and (time at time zone 'Europe/Moscow')::date = $1",
        DAYS[-1],
    )
    assert sum(value or 0 for value in day_report.curves.cold_m3) == pytest.approx(sums["cold"])
    assert sum(value or 0 for value in day_report.curves.hot_m3) == pytest.approx(sums["hot"])
    worst = day_report.completeness.meters[0]
    assert (worst.meter_code, worst.missing_hours) == ("D-0003-HVS", 24)
    assert (worst.hours, worst.days) == ([0] * 24, [24, 24, 0])
    spoiled = next(meter for meter in day_report.completeness.meters if meter.meter_code == "D-0001-GVS")
    assert spoiled.metrics == 5
    assert [hour for hour, present in enumerate(spoiled.hours) if present < 5] == [3, 6]
    assert [column.label for column in day_report.completeness.day_columns] == ["29.04", "30.04", "01.05"]
    assert (day_report.completeness.meters_complete, day_report.completeness.meters_with_gaps) == (12, 4)
    assert day_report.completeness.meters_silent == 50 - 16


async def test_a_run_that_finds_everything_loaded_still_reports_the_loaded_files(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv(*readings("M", range(24))))
    first = await pipeline.run()
    await pipeline.run()
    last_run = uuid4()

    day_report = await collect(pipeline.connection, pipeline.settings, DAY, now=NOW, flow_run_id=last_run)

    assert day_report.verdict == "loaded"
    assert [(file.status, file.load_id, file.rows_loaded) for file in day_report.files] == [
        ("success", first[0]["load_id"], 24)
    ]
    assert not day_report.files[0].in_this_run


async def test_a_file_that_failed_after_it_was_loaded_is_an_error_until_it_is_fixed(
    pipeline: PipelineHarness,
) -> None:
    await pipeline.add_meter("M")
    good = long_csv(*readings("M", range(24)))
    pipeline.put("a.csv", good)
    await pipeline.run()
    pipeline.put("a.csv", b"\xff\xfe\x00")
    await pipeline.run()
    broken = await report_of(pipeline)
    pipeline.put("a.csv", good)
    await pipeline.run()

    corrected = await report_of(pipeline)

    assert [file.status for file in broken.files] == ["failed"]
    assert [file.status for file in corrected.files] == ["success"]
    assert (broken.verdict, corrected.verdict) == ("errors", "loaded")


async def test_silent_meters_are_gaps_for_a_week_and_then_only_counted(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("SENT-YESTERDAY")
    await pipeline.add_meter("NEVER-SENT", itp="I2")
    await pipeline.add_meter("SENDS", itp="I3")
    pipeline.put("a.csv", long_csv("2025-04-29T12:00,SENT-YESTERDAY,T1,60"), day=dt.date(2025, 4, 29))
    await pipeline.run(dt.date(2025, 4, 29))
    pipeline.put("a.csv", long_csv(*readings("SENDS", range(24))))
    await pipeline.run()

    completeness = (await report_of(pipeline)).completeness

    assert completeness
    assert [(meter.meter_code, meter.missing_hours) for meter in completeness.meters] == [
        ("SENT-YESTERDAY", 24),
        ("SENDS", 0),
    ]
    assert (completeness.meters_silent, completeness.silent_examples) == (1, ["NEVER-SENT"])


async def test_nothing_is_missing_of_a_meter_that_is_not_there(pipeline: PipelineHarness) -> None:
    for number, code in enumerate(("GONE", "REMOVED-AT-NOON", "INSTALLED-AT-NOON", "MOVED-AT-NOON")):
        await pipeline.add_meter(code, itp=f"I{number}", building=code)
    noon = "2025-04-30 12:00+03"
    await pipeline.add_period("GONE", removed="2025-04-29 00:00+03")
    await pipeline.add_period("REMOVED-AT-NOON", removed=noon)
    await pipeline.add_period("INSTALLED-AT-NOON", installed=noon)
    await pipeline.add_period("MOVED-AT-NOON", itp="I0", removed=noon)
    await pipeline.add_period("MOVED-AT-NOON", itp="I3", installed=noon)
    rows = [*readings("REMOVED-AT-NOON", range(12)), *readings("INSTALLED-AT-NOON", range(12, 23))]
    pipeline.put("a.csv", long_csv(*rows, *readings("MOVED-AT-NOON", range(24))))
    await pipeline.run()

    completeness = (await report_of(pipeline)).completeness

    assert completeness
    assert completeness.meters_silent == 0
    assert [(meter.meter_code, meter.building_code, meter.missing_hours) for meter in completeness.meters] == [
        ("INSTALLED-AT-NOON", "INSTALLED-AT-NOON", 1),
        ("MOVED-AT-NOON", "MOVED-AT-NOON", 0),
        ("REMOVED-AT-NOON", "REMOVED-AT-NOON", 0),
    ]


async def test_hours_to_come_are_not_gaps(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv(*readings("M", range(10))))
    await pipeline.run()

    at_ten = await report_of(pipeline, now=dt.datetime(2025, 4, 30, 7, 5, tzinfo=dt.UTC))  # 10:05 in Moscow
    at_night = await report_of(pipeline)

    assert at_ten.completeness
    assert at_night.completeness
    assert (at_ten.completeness.meters_complete, at_ten.completeness.meters[0].missing_hours) == (1, 0)
    assert (at_night.completeness.meters_complete, at_night.completeness.meters[0].missing_hours) == (0, 14)


async def test_the_hour_that_came_twice_has_two_columns(pipeline: PipelineHarness) -> None:
    day = dt.date(2014, 10, 26)
    await pipeline.add_meter("M")
    start = dt.datetime(2014, 10, 25, 20, tzinfo=dt.UTC)
    hours = [start + dt.timedelta(hours=number) for number in range(25)]
    pipeline.put("a.csv", long_csv(*(f"{hour.isoformat()},M,T1,60" for hour in hours)), day=day)
    await pipeline.run(day)

    completeness = (await report_of(pipeline, day)).completeness

    assert completeness
    assert [column.label for column in completeness.hour_columns][:4] == ["00", "01", "01", "02"]
    assert completeness.meters[0].hours == [1] * 25


async def test_long_lists_are_limited_and_say_how_many_are_left_out(pipeline: PipelineHarness) -> None:
    for number in range(101):
        await pipeline.add_meter(f"M{number:03d}", itp=f"I{number}")
    rows = [row for number in range(101) for row in readings(f"M{number:03d}", range(number % 24))]
    pipeline.put("a.csv", long_csv(*rows, *(T1.format(hour=1, meter=f"X{number}") for number in range(7))))
    for number in range(200):
        pipeline.put(f"empty{number}.csv", long_csv() + f"# {number}")
    await pipeline.run()

    day_report = await report_of(pipeline)

    assert day_report.completeness
    assert (len(day_report.files), day_report.files_not_shown, day_report.totals.files) == (200, 1, 201)
    assert (len(day_report.completeness.meters), day_report.completeness.meters_not_shown) == (96, 0)
    assert day_report.completeness.meters_silent == 5
    unmapped = next(line for line in day_report.reasons if line.reason == "unmapped_code")
    assert (unmapped.count, len(unmapped.examples)) == (7, 5)


async def test_what_is_skipped_for_good_comes_after_what_somebody_has_to_look_at(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("partial.csv", long_csv(*readings("M", range(2)), *readings("unknown", range(1))))
    for name in ("a.txt", "in_other_hands.txt"):
        pipeline.put(name, "")
    await pipeline.run()
    await pipeline.connection.execute(
        "update quality.quality_load_log set problem = 'in_progress' where source_file like '%/in_other_hands.txt'"
    )

    report = await report_of(pipeline)

    names = [file.source_file.removeprefix(f"{DAY}/") for file in report.files]
    assert names == ["in_other_hands.txt", "partial.csv", "a.txt"]
    assert (report.totals.running, report.totals.skipped) == (1, 1)


def counted(report: Report) -> list[tuple[object, ...]]:
    return [
        (*(line.source_file.removeprefix(f"{DAY}/"), line.status), line.rows_read, line.rows_loaded, line.rows_rejected)
        for line in report.files
    ]


async def test_rows_that_are_requeued_are_counted_with_their_file(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv(*readings("M", range(3)), *readings("LATE", range(2)), *readings("X", range(1))))
    await pipeline.run()
    before = await report_of(pipeline)
    await pipeline.add_meter("LATE")
    await pipeline.requeue()
    partly = await report_of(pipeline)
    await pipeline.add_meter("X")
    await pipeline.requeue()

    report = await report_of(pipeline)

    assert counted(before) == [("a.csv", "partial", 6, 3, 3)]
    assert counted(partly) == [("a.csv", "partial", 6, 5, 1)]
    assert counted(report) == [("a.csv", "success", 6, 6, 0)]
    assert (report.totals.files, report.files_not_shown, report.verdict, report.reasons) == (1, 0, "loaded", [])
    assert report.totals.rows_read == report.totals.rows_loaded + report.totals.rows_rejected == 6
    assert str(report.files[0].message).endswith("загружалось ещё раз из отклонённых показаний: 3")


async def test_readings_beside_a_rejected_one_are_not_counted_twice_when_their_row_is_requeued(
    pipeline: PipelineHarness, real_files: Path
) -> None:
    await pipeline.add_meter("D-0000-GVS", kind="hot_water", building="D-0000", itp="D-0000-ITP")
    name = "Посуточная ведомость ОДПУ ГВС.xlsx"
    pipeline.put(name, real_files / name)
    await pipeline.run()
    # One cell of a row of five is taken for rejected.
    spoil = """
        update stage.parsed_series set quality = 2 where metric = 'T1';
        update quality.quality_load_log set rows_rejected = 720, rows_loaded = 2880, rows_inserted = 2880;
        insert into quality.quality_row_errors (load_id, source_file, row_num, reason, message)
        select load_id, source_file, row_num, 'bad_number', '' from stage.stage_parsed_measurements where metric = 'T1'
    """
    await pipeline.connection.execute(spoil)

    await pipeline.requeue(Reason.BAD_NUMBER)

    report = await report_of(pipeline)
    assert counted(report) == [(name, "success", 3600, 3600, 0)]


async def test_what_is_rolled_back_is_not_counted_as_loaded(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv(*readings("M", range(3))))
    (log,) = await pipeline.run()

    await pipeline.rollback(log["load_id"])

    report = await report_of(pipeline)
    assert (report.verdict, report.totals.rolled_back, report.totals.success) == ("rolled_back", 1, 0)
    assert (report.totals.rows_read, report.totals.rows_loaded, report.completeness) == (0, 0, None)
    assert "откачен" in render(report)
    await pipeline.run()
    assert (await report_of(pipeline)).verdict == "rolled_back"


async def test_after_a_rollback_the_version_before_counts_again(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv(*readings("M", range(3))))
    (first,) = await pipeline.run()
    pipeline.put("a.csv", long_csv(*readings("M", range(2)), "2025-04-30T05:00,M,T1,x"))
    (second,) = await pipeline.run()

    await pipeline.rollback(second["load_id"])

    report = await report_of(pipeline)
    assert (report.files[0].load_id, counted(report)) == (first["load_id"], [("a.csv", "success", 3, 3, 0)])
    assert (report.verdict, report.reasons) == ("loaded", [])


async def test_rows_that_could_not_be_requeued_are_a_failure_of_their_own(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv(*readings("M", range(3)), *readings("LATE", range(2))))
    await pipeline.run()
    await pipeline.add_meter("LATE")
    run = await pipeline.begin()
    await requeue_rows(pipeline.connection, run, pipeline.settings, reason=Reason.UNMAPPED_CODE)

    report = await collect(pipeline.connection, pipeline.settings, DAY, now=NOW, flow_run_id=run.flow_run_id)

    assert counted(report) == [("a.csv", "running", 0, 0, 0), ("a.csv", "partial", 5, 3, 2)]
    assert (report.verdict, report.totals.files, report.files_not_shown) == ("errors", 2, 0)


async def test_a_script_in_a_meter_code_is_inert(pipeline: PipelineHarness) -> None:
    code = "<script>alert(1)</script>"
    await pipeline.add_meter(code)
    pipeline.put("<b>.csv", long_csv(*readings(code, range(3)), *readings(f"{code}2", range(2))))
    await pipeline.run()

    page = render(await report_of(pipeline))

    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<b>.csv" not in page


async def test_a_day_without_files_is_empty_not_an_error(pipeline: PipelineHarness) -> None:
    day_report = await report_of(pipeline)

    assert day_report.verdict == "empty"
    assert day_report.completeness is None
    assert day_report.totals == Totals.model_validate(dict.fromkeys(Totals.model_fields, 0))


async def test_a_run_is_summed_up_by_the_last_attempt_at_each_of_its_files(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv(*readings("M", range(5)), "2025-04-30T05:00,M,T1,x"))
    pipeline.put("b.csv", b"\xff\xfe\x00")
    run = await pipeline.begin()
    await pipeline.ingest(run)
    unfinished = await summarise_run(pipeline.connection, run.flow_run_id, pipeline.settings)
    await pipeline.finish(run)

    summary = await summarise_run(pipeline.connection, run.flow_run_id, pipeline.settings)

    assert unfinished.unfinished == {"2025-04-30/a.csv": "не закончен"}
    assert list(summary.failed) == ["2025-04-30/b.csv"]
    assert summary.unfinished == {}
    assert (summary.files, summary.loaded, summary.skipped) == (2, 1, 0)
    assert (summary.readings_read, summary.readings_inserted, summary.readings_rejected) == (6, 5, 1)


async def test_flow_writes_both_files_and_publishes_table_and_link(
    pipeline: PipelineHarness, prefect_api: None
) -> None:
    from prefect import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
    from prefect.client.schemas.sorting import ArtifactSort

    from flows.report import report
    from flows.runtime.context import RunContext

    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv(*readings("M", range(24))))
    run = await pipeline.begin()
    await pipeline.ingest(run)
    await pipeline.validate(run)
    await pipeline.load(run)

    done = await report(
        RunContext(flow_run_id=run.flow_run_id, claim_key=run.claim_key, day=DAY, warehouse=pipeline.warehouse)
    )

    folder = pipeline.settings.artifacts_dir / "quality_reports" / "2025-04-30"
    assert (Path(done.html), done.verdict, done.rows_loaded) == (folder / "report.html", "loaded", 24)
    day_report = Report.model_validate_json((folder / "report.json").read_bytes())
    assert day_report.flow_run_id == run.flow_run_id
    assert day_report.files[0].in_this_run
    async with get_client() as client:
        artifacts = await client.read_artifacts(
            artifact_filter=ArtifactFilter(key=ArtifactFilterKey(like_="quality-2025-04-30%")),
            sort=ArtifactSort.CREATED_DESC,
        )
    assert {artifact.key: artifact.type for artifact in artifacts} == {
        "quality-2025-04-30": "table",
        "quality-2025-04-30-report": "markdown",
    }
    table = next(artifact for artifact in artifacts if artifact.type == "table")
    (row,) = json.loads(str(table.data))
    assert (row["файл"], row["состояние"]) == ("2025-04-30/a.csv", "загружен")
