"""The parent flow in this process: the utility's files from the folder to features, report and log."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from io import BufferedReader
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from flows.load_day import load_day
from flows.release import release
from flows.replay import replay
from flows.requeue import requeue
from flows.rollback import rollback
from flows.runtime.days import resolve_day
from schemas.errors import RunFailedError, SettingsError
from schemas.settings import Settings
from tasks.ingest import stage_claimed
from tasks.ingest.read_tables import read_tables
from tasks.warehouse.connection import fetch_one
from tasks.warehouse.storage import LOCAL
from tests.harness import DAY, PipelineHarness, long_csv
from tests.integration.test_history import command
from tests.integration.test_main_job import COLD, HOT, put_real_files

pytestmark = [pytest.mark.usefixtures("prefect_api"), pytest.mark.server]

RUNBOOK = [
    "SELECT * FROM quality.quality_load_log ORDER BY started_at DESC LIMIT 20;",
    "SELECT count(*) FROM stage.stage_raw_measurements WHERE load_id='{UUID}';",
    "SELECT count(*) FROM stage.stage_parsed_measurements WHERE load_id='{UUID}' AND quality=0;",
    "SELECT * FROM features.time_attributes ORDER BY ts DESC LIMIT 10;",
    "SELECT * FROM features.ml_hourly_by_building ORDER BY ts DESC LIMIT 10;",
]


async def test_real_files_reach_features_report_and_run_log(pipeline: PipelineHarness, real_files: Path) -> None:
    await put_real_files(pipeline, real_files)

    summary = await load_day(date=DAY)

    assert (summary.files, summary.loaded, summary.readings_inserted) == (2, 2, 5040)
    days = await pipeline.connection.fetch(
        "select local_date, hot_consumption_m3, cold_consumption_m3 from features.ml_daily_by_building "
        "where local_date >= '2025-04-27' order by 1"
    )
    assert [row["local_date"].day for row in days] == [27, 28, 29, 30]
    assert all(row["hot_consumption_m3"] == 0 and row["cold_consumption_m3"] > 0 for row in days)
    reports = pipeline.settings.artifacts_dir / "quality_reports" / "2025-04-30"
    assert json.loads((reports / "report.json").read_text(encoding="utf-8"))["files"]
    assert HOT in (reports / "report.html").read_text(encoding="utf-8")
    (log,) = (pipeline.settings.artifacts_dir / "run_logs").glob("2025-04-30_*.log")
    assert COLD in log.read_text(encoding="utf-8")
    load_id = await pipeline.connection.fetchval("select load_id from quality.quality_load_log limit 1")
    answers = [await pipeline.connection.fetch(query.replace("{UUID}", str(load_id))) for query in RUNBOOK]
    assert [len(answer) for answer in answers] == [2, 1, 1, 10, 10]
    assert answers[1][0]["count"] == 720
    assert await pipeline.connection.fetchval("select count(*) from quality.changed_days") == 0


async def test_next_run_loads_the_rows_whose_code_someone_has_added(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,M,T1,60", "2025-04-30 01:00,N,T1,61", "2025-04-30 02:00,O,T1,62"))
    assert (await load_day(date=DAY)).readings_rejected == 2
    await pipeline.add_meter("N")
    pipeline.put("b.csv", long_csv("2025-05-01 00:00,M,T1,60"), day=date(2025, 5, 1))

    summary = await load_day(date=date(2025, 5, 1))
    again = await load_day(date=date(2025, 5, 1))

    assert (summary.readings_inserted, summary.readings_requeued, summary.readings_rejected) == (2, 1, 0)
    assert str(summary).endswith("; 1 of them had waited in stage")
    assert again.readings_requeued == 0
    assert sorted((await pipeline.values()).values()) == [60, 60, 61]
    report = pipeline.settings.artifacts_dir / "quality_reports" / "2025-04-30" / "report.json"
    assert json.loads(report.read_text(encoding="utf-8"))["totals"]["rows_loaded"] == 2


async def test_requeue_rewrites_the_report_of_the_day(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,M,T1,60", "2025-04-30 01:00,N,T1,61"))

    def told() -> tuple[int, int, list[str]]:
        report = pipeline.settings.artifacts_dir / "quality_reports" / "2025-04-30" / "report.json"
        found = json.loads(report.read_text(encoding="utf-8"))
        return found["totals"]["files"], found["totals"]["rows_loaded"], [one["reason"] for one in found["reasons"]]

    await load_day(date=DAY)
    before = told()
    await pipeline.add_meter("N")
    again = await requeue()

    assert again.readings_inserted == 1
    assert (before, told()) == ((1, 1, ["unmapped_code"]), (1, 2, []))


def report_of_day(pipeline: PipelineHarness) -> tuple[str, int]:
    """Return the verdict of the report that lies in the folder, and the readings that it says are loaded."""
    report = pipeline.settings.artifacts_dir / "quality_reports" / str(DAY) / "report.json"
    found = json.loads(report.read_text(encoding="utf-8"))
    return found["verdict"], found["totals"]["rows_loaded"]


async def test_rollback_and_replay_write_the_report_of_their_day_again(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,M,T1,60"))
    await load_day(date=DAY)
    loaded = report_of_day(pipeline)
    load_id = await pipeline.connection.fetchval("select load_id from quality.quality_load_log")

    rolled_back = await rollback(load_id)
    without = report_of_day(pipeline)
    await replay(DAY)

    assert rolled_back.removed == 1
    assert (loaded, without, report_of_day(pipeline)) == (("loaded", 1), ("rolled_back", 0), ("loaded", 1))
    assert await pipeline.connection.fetchval("select count(*) from quality.changed_days") == 0


async def test_held_file_fails_the_run_and_its_release_loads_it_and_writes_the_report_again(
    pipeline: PipelineHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLD_CHANGED_SHARE", "0.5")
    await pipeline.add_meter("M")
    hours = [f"2025-04-{day:02d} {hour:02d}:00,M,T1" for day in range(20, 25) for hour in range(24)]
    pipeline.put("a.csv", long_csv(*(f"{hour},60" for hour in hours)))
    await load_day(date=DAY)
    pipeline.put("a.csv", long_csv(*(f"{hour},61" for hour in hours)))

    for _ in ("when it comes", "as long as it waits"):
        with pytest.raises(RunFailedError, match="dataops release"):
            await load_day(date=DAY)
    held = report_of_day(pipeline)
    load_id = await pipeline.connection.fetchval("select load_id from quality.quality_load_log where status = 'held'")
    summary = await release(load_id, DAY)

    assert (summary.loaded, summary.readings_updated) == (1, 120)
    assert (held, report_of_day(pipeline)) == (("errors", 0), ("loaded", 120))
    assert await pipeline.connection.fetchval("select avg(value) from core.measurements") == 61


async def test_mapping_with_an_error_stops_no_file_that_another_takes_by_name_and_fails_the_run(
    pipeline: PipelineHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES_DIR", str(tmp_path))
    tmp_path.joinpath("long.yaml").write_text("name: long\nmatch: ['*.csv']\nlayout: long\nfallback: true\n")
    tmp_path.joinpath("pump.yaml").write_text("name: pump\nmatch: ['pump*']\nlayout: long\n")
    boiler = tmp_path / "boiler.yaml"
    boiler.write_text("name: boiler\nmatch: ['boiler*']\nlayout: ???\n")
    await pipeline.add_meter("M")
    pipeline.put("boiler.csv", long_csv("2025-04-30 00:00,M,T1,60"))
    pipeline.put("pump.csv", long_csv("2025-04-30 01:00,M,T1,61"))

    with pytest.raises(RunFailedError) as caught:
        await load_day(date=DAY)
    loaded, report = await pipeline.values(), report_of_day(pipeline)
    boiler.write_text("name: boiler\nmatch: ['boiler*']\nlayout: long\n")
    await load_day(date=DAY)

    assert caught.value.details == ["ingest: boiler.yaml: line 3: layout: must be answered, not '???'"]
    assert caught.value.line == (
        "'2025-04-30/boiler.csv': файл ждёт: его могло бы взять описание источника с ошибкой (boiler.yaml); исправьте "
        "его и повторите запуск; шаг «чтение» (ingest): описания источников с ошибкой: boiler.yaml"
    )
    assert sorted(loaded.values()) == [61]
    assert report == ("errors", 1)
    assert sorted((await pipeline.values()).values()) == [60, 61]


async def test_good_file_loads_and_the_run_fails_naming_the_broken_ones(
    pipeline: PipelineHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pipeline.add_meter("M")
    pipeline.put("good.csv", long_csv("2025-04-30 00:00,M,T1,60"))
    pipeline.put("bad.xlsx", b"PK\x03\x04 cut off")
    pipeline.put("locked.csv", "root may read anything: the system's answer is made below")
    pipeline.put("our fault.csv", long_csv("2025-04-30 00:00,M,T2,40"))
    open_file = LOCAL.open

    def refuse(path: Path) -> BufferedReader:
        if path.name == "locked.csv":
            raise PermissionError(13, "Permission denied")
        return open_file(path)

    def read(path: Path, *arguments: Any, **more: Any) -> Any:  # noqa: ANN401
        if more["relative_path"] == "our fault.csv":
            raise TypeError("a mistake in the reader")
        return read_tables(path, *arguments, **more)

    monkeypatch.setattr(LOCAL, "open", refuse)
    monkeypatch.setattr(stage_claimed, "read_tables", read)
    with pytest.raises(RunFailedError) as caught:
        await load_day(date=DAY)

    bad, locked, ours = str(caught.value).split("; ")
    assert "bad.xlsx" in bad
    assert "повреждён" in bad
    assert "locked.csv': файл не открывается: проверьте права" in locked
    assert "our fault.csv': ошибка программы на шаге «чтение»" in ours
    logged = await fetch_one(
        pipeline.connection,
        "select problem, message from quality.quality_load_log where source_file like '%our fault.csv'",
    )
    assert logged["problem"] == "internal_error"
    assert logged["message"].endswith("\nTypeError: a mistake in the reader")
    assert await pipeline.connection.fetchval("select count(*) from core.measurements") == 1
    assert await pipeline.connection.fetchval("select count(*) from features.ml_hourly_by_building") == 24


async def test_features_made_up_after_a_crash_between_commit_and_transform(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M", kind="cold_water")
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,M,consumption_period,1"))
    await pipeline.run()
    assert await pipeline.connection.fetchval("select count(*) from quality.changed_days") == 1

    await load_day(date=date(2025, 5, 1))

    assert await pipeline.connection.fetchval("select count(*) from quality.changed_days") == 0
    value = "select cold_consumption_m3 from features.ml_hourly_by_building where cold_consumption_m3 is not null"
    assert await pipeline.connection.fetchval(value) == 1


async def test_flow_works_with_other_schema_names(
    pipeline: PipelineHarness, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {"STAGE_SCHEMA": "st", "QUALITY_SCHEMA": "qu", "CORE_SCHEMA": "co", "FEATURES_SCHEMA": "fe"}
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,M,T1,60"))

    with pytest.raises(
        RunFailedError, match=r"^'2025-04-30/a\.csv': ни одно показание не загружено; .*код не найден в справочнике 1$"
    ):
        await load_day(date=DAY)

    log = await fetch_one(pipeline.connection, "select status, rows_rejected from qu.quality_load_log")
    assert (log["status"], log["rows_rejected"]) == ("partial", 1)
    assert await pipeline.connection.fetchval("select count(*) from st.stage_parsed_measurements") == 1
    assert await pipeline.connection.fetchval("select to_regclass('fe.time_attributes') is not null")
    assert await pipeline.connection.fetchval("select to_regclass('fe_staging.stg_core__meters') is not null")
    assert await pipeline.connection.fetchval("select count(*) from quality.quality_load_log") == 0


MOSCOW = ZoneInfo("Europe/Moscow")


@pytest.mark.parametrize(
    ("asked", "days_back", "raw_dir", "expected"),
    [
        (date(2025, 4, 1), 0, "raw", date(2025, 4, 1)),
        (None, 0, "raw", date(2025, 5, 1)),
        (None, 1, "raw", date(2025, 4, 30)),
        (None, 0, "raw/2025-01-03", date(2025, 1, 3)),
    ],
    ids=["asked", "today_is_the_schedules_local_day", "yesterday", "raw_dir_of_one_day"],
)
def test_day_of_a_run(asked: date | None, days_back: int, raw_dir: str, expected: date) -> None:
    scheduled = datetime(2025, 5, 1, 0, 10, tzinfo=MOSCOW)  # in UTC still 30 April

    assert resolve_day(asked, days_back, scheduled, Settings(raw_dir=Path(raw_dir))) == expected


@pytest.mark.parametrize(
    ("scheduled", "closed"),
    [
        pytest.param(datetime(2025, 1, 1, 1, 15, tzinfo=MOSCOW), date(2024, 12, 31), id="new_year"),
        pytest.param(datetime(2024, 3, 1, 1, 15, tzinfo=MOSCOW), date(2024, 2, 29), id="leap_day"),
        pytest.param(datetime(2014, 10, 26, 1, 15, tzinfo=MOSCOW), date(2014, 10, 25), id="clocks_go_back"),
    ],
)
def test_nightly_run_closes_the_local_day_before(scheduled: datetime, closed: date) -> None:
    assert resolve_day(None, 1, scheduled, Settings(raw_dir=Path("raw"))) == closed


def test_raw_dir_of_one_day_refuses_another() -> None:
    with pytest.raises(SettingsError, match="2025-01-03"):
        Settings(raw_dir=Path("raw/2025-01-03")).day_folder(date(2025, 1, 4))


async def test_what_an_edited_mapping_reads_otherwise_is_replayed_by_the_name_of_its_source(
    pipeline: PipelineHarness, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def edit(metric: str, heading: str = "V") -> None:
        columns = f"columns: {{{heading}: {{metric: {metric}}}}}"
        mapping = f"name: v\nmatch: [v*.csv]\nlayout: day-sheet\ntimestamp: t\n{columns}\nidentity: {{meter: M}}\n"
        (tmp_path / "v.yaml").write_text(mapping, encoding="utf-8")

    monkeypatch.setenv("SOURCES_DIR", str(tmp_path))
    edit("flow_return")
    await pipeline.add_meter("M")
    days = [DAY, DAY + timedelta(days=1)]
    paths = [pipeline.put(f"v{number}.csv", f"t,V\n{day} 00:00,5\n", day=day) for number, day in enumerate(days)]
    for day in days:
        await load_day(date=day)
    edit("flow_supply")
    paths[1].unlink()

    said, error = await command("replay", "--source", "v", str(days[1]), str(days[1]), "--dry-run")
    assert ("flow_return\tgone\t1\tM" in said, "flow_supply\tnew\t1\tM" in said, error) == (True, True, "")
    assert [metric for _, _, metric in await pipeline.values()] == ["flow_return"] * 2
    said, error = await command("replay", "--source", "v")

    assert error == ""
    assert [line.split(";")[0] for line in said.splitlines()] == [
        f"{day}: 1 files: 1 loaded, 0 skipped, 0 failed" for day in days
    ]
    assert [metric for _, _, metric in await pipeline.values()] == ["flow_supply"] * 2
    assert (await command("replay", "--source", "v"))[0] == "no load of v would be read otherwise\n"
    assert await pipeline.connection.fetchval("select count(*) from quality.changed_days") == 0

    edit("flow_supply", heading="W")
    said, error = await command("replay", "--source", "v")
    assert [f"{days[number]}/v{number}.csv" in error for number in (0, 1)] == [True, True]
    assert "нет столбца «W»" in error
    assert [metric for _, _, metric in await pipeline.values()] == ["flow_supply"] * 2
