"""The main job on the utility's own files, and what happens when it is repeated, changed or cut off."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from python_calamine import CalamineWorkbook

from tasks.warehouse.connection import fetch_one
from tests.harness import PipelineHarness, long_csv

MOSCOW = ZoneInfo("Europe/Moscow")
HOT = "Посуточная ведомость ОДПУ ГВС.xlsx"
COLD = "Посуточная ведомость водосчетчика ХВС ИТП.xlsx"
METRICS = {
    HOT: ["flow_supply", "flow_return", "consumption_period", "T1", "T2"],
    COLD: ["consumption_cumulative", "consumption_period"],
}


async def put_real_files(pipeline: PipelineHarness, real_files: Path) -> None:
    for name in (HOT, COLD):
        pipeline.put(name, real_files / name)
    await pipeline.add_meter("D-0000-GVS", kind="hot_water", building="D-0000", itp="D-0000-ITP")
    await pipeline.add_meter("D-0000-HVS", kind="cold_water", building="D-0000", itp="D-0000-ITP")


def cells_of(path: Path, name: str) -> dict[tuple[str, dt.datetime, str], float]:
    """Read every value with its hour, independently of the product: row n is hour n of April."""
    rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()[1:]
    meter = "D-0000-GVS" if name == HOT else "D-0000-HVS"
    first = dt.datetime(2025, 4, 1, tzinfo=MOSCOW)
    return {
        (meter, first + dt.timedelta(hours=hour), metric): float(row[2 + column])  # type: ignore[arg-type]
        for hour, row in enumerate(rows)
        for column, metric in enumerate(METRICS[name])
    }


async def test_every_value_of_the_real_files_is_in_core_at_its_hour(
    pipeline: PipelineHarness, real_files: Path
) -> None:
    await put_real_files(pipeline, real_files)

    log = await pipeline.run()

    expected = cells_of(real_files / HOT, HOT) | cells_of(real_files / COLD, COLD)
    rows = await pipeline.connection.fetch("select meter_code, time, metric::text, value from core.readings")
    assert {(row["meter_code"], row["time"], row["metric"]): row["value"] for row in rows} == expected
    assert len(rows) == 5040
    assert [row["status"] for row in log] == ["success", "success"]
    assert sum(row["raw_rows"] for row in log) == 1440
    assert sum(row["rows_rejected"] for row in log) == 0
    assert await pipeline.connection.fetchval("select count(*) from stage.stage_raw_measurements") == 1440


async def test_first_and_last_time_and_a_known_value(pipeline: PipelineHarness, real_files: Path) -> None:
    await put_real_files(pipeline, real_files)

    await pipeline.run()

    first, last = await fetch_one(pipeline.connection, "select min(time), max(time) from core.measurements")
    assert first == dt.datetime(2025, 4, 1, 0, tzinfo=MOSCOW)
    assert last == dt.datetime(2025, 4, 30, 23, tzinfo=MOSCOW)


async def test_running_again_leaves_both_files_and_changes_nothing(pipeline: PipelineHarness, real_files: Path) -> None:
    await put_real_files(pipeline, real_files)
    await pipeline.run()
    digest = await pipeline.digest()

    again = await pipeline.run()

    assert again == []
    assert await pipeline.digest() == digest
    assert await pipeline.connection.fetchval("select count(*) from stage.stage_raw_measurements") == 1440


async def test_one_changed_value_is_one_update_and_one_revision(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    hours = [f"2025-04-30 {hour:02d}:00,M,T1,60" for hour in range(24)]
    pipeline.put("a.csv", long_csv(*hours))
    (first,) = await pipeline.run()
    pipeline.put("a.csv", long_csv(*hours[:-1], "2025-04-30 23:00,M,T1,61.5"))

    (second,) = await pipeline.run()

    assert (second["rows_inserted"], second["rows_updated"], second["rows_unchanged"]) == (0, 1, 23)
    (revision,) = await pipeline.connection.fetch("select * from core.measurement_revisions")
    assert (revision["old_value"], revision["new_value"]) == (60, 61.5)
    assert (revision["old_load_id"], revision["load_id"]) == (first["load_id"], second["load_id"])
    assert await pipeline.connection.fetchval("select value from core.measurements order by time desc limit 1") == 61.5


async def test_same_bytes_under_another_name_are_skipped_and_the_earlier_load_is_named(
    pipeline: PipelineHarness,
) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,M,T1,60"))
    pipeline.put("b.csv", long_csv("2025-04-30 00:00,M,T1,60"))

    first, second = await pipeline.run()

    assert (first["status"], second["status"]) == ("success", "skipped")
    assert str(first["load_id"]) in second["message"]


async def test_older_version_delivered_again_is_skipped_so_the_newer_value_stays(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    for value in ("60", "61", "60"):
        pipeline.put("a.csv", long_csv(f"2025-04-30 00:00,M,T1,{value}"))
        log = await pipeline.run()

    assert [row["status"] for row in log] == ["skipped"]
    assert await pipeline.connection.fetchval("select value from core.measurements") == 61


BY_HAND = """
    delete from stage.stage_raw_measurements where load_id in (
        select load_id from quality.quality_load_log where source_file = '2025-04-30/a.csv' and status = 'success');
    delete from quality.quality_load_log where source_file = '2025-04-30/a.csv' and status = 'success';
"""
ORPHANS = """
    select 'row errors' as what, load_id from quality.quality_row_errors
    union all select 'parsed', load_id from stage.parsed_series
    union all select 'raw', load_id from stage.raw_rows
    union all select 'tables', load_id from stage.raw_tables
    union all select 'layouts', load_id from quality.load_layouts
    except select what, load_id from quality.quality_load_log
    cross join unnest(array['row errors', 'parsed', 'raw', 'tables', 'layouts']) as what
"""


async def check_replayed(pipeline: PipelineHarness, *, readings: int) -> None:
    """Check that the file is known again, once, and that what is in core is traced to it."""
    connection = pipeline.connection
    assert await connection.fetch(ORPHANS) == []
    lineage = await connection.fetch("select source_file, cell from quality.reading_lineage")
    assert [row["source_file"] for row in lineage] == ["2025-04-30/a.csv"] * readings
    assert None not in [row["cell"] for row in lineage]
    twice = "select load_id, row_num from stage.stage_parsed_measurements group by 1, 2 having count(*) > 1"
    assert await connection.fetch(twice) == []
    assert await pipeline.run() == []


async def test_replay_by_hand_loads_the_same_file_again(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,M,T1,60"))
    (first,) = await pipeline.run()
    await pipeline.connection.execute(BY_HAND)

    (again,) = await pipeline.run()

    assert (again["status"], again["rows_unchanged"]) == ("success", 1)
    assert again["load_id"] == first["load_id"]
    await check_replayed(pipeline, readings=1)


@pytest.mark.parametrize("deleted", ["raw rows", "log", "both"])
async def test_replay_by_hand_loads_a_partial_file_again(pipeline: PipelineHarness, deleted: str) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,M,T1,60", "2025-04-30 01:00,M,T1,x"))
    (first,) = await pipeline.run()
    if deleted != "log":
        await pipeline.connection.execute(
            "delete from stage.stage_raw_measurements where load_id = $1", first["load_id"]
        )
    if deleted != "raw rows":
        await pipeline.connection.execute("delete from quality.quality_load_log where load_id = $1", first["load_id"])

    (again,) = await pipeline.run()

    assert (first["status"], again["status"]) == ("partial", "partial")
    assert (again["rows_unchanged"], again["rows_rejected"]) == (1, 1)
    open_errors = await pipeline.connection.fetch("select load_id from quality.open_row_errors")
    assert [row["load_id"] for row in open_errors] == [again["load_id"]]
    if deleted != "raw rows":
        await check_replayed(pipeline, readings=1)


async def test_replay_by_hand_loads_a_requeued_file_again(pipeline: PipelineHarness) -> None:
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,M,T1,60"))
    (waiting,) = await pipeline.run()
    await pipeline.add_meter("M")
    (requeued,) = await pipeline.requeue()
    await pipeline.connection.execute(BY_HAND)

    (again,) = await pipeline.run()

    assert (waiting["rows_loaded"], requeued["status"], requeued["rows_loaded"]) == (0, "success", 1)
    assert (again["status"], again["rows_loaded"], again["replay_of"]) == ("success", 1, waiting["load_id"])
    assert await pipeline.connection.fetch("select * from quality.open_row_errors") == []
    await check_replayed(pipeline, readings=1)


async def test_replay_by_hand_of_a_file_and_its_requeued_rows_traces_all_of_it(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,M,T1,60", "2025-04-30 00:00,N,T1,61"))
    await pipeline.run()
    await pipeline.add_meter("N")
    await pipeline.requeue()
    await pipeline.connection.execute("delete from quality.quality_load_log")

    (again,) = await pipeline.run()

    assert (again["status"], again["rows_unchanged"]) == ("success", 2)
    await check_replayed(pipeline, readings=2)


async def test_broken_file_fails_alone_and_loads_after_it_is_corrected(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("bad.xlsx", b"PK\x03\x04 cut off")
    pipeline.put("good.csv", long_csv("2025-04-30 00:00,M,T1,60"))

    bad, good = await pipeline.run()
    pipeline.put("bad.xlsx", long_csv("2025-04-30 01:00,M,T1,61"))
    (corrected,) = await pipeline.run()

    assert (bad["status"], good["status"]) == ("failed", "success")
    assert "повреждён" in bad["message"]
    assert corrected["status"] == "success"
    assert await pipeline.connection.fetchval("select count(*) from core.measurements") == 2


async def test_every_kind_of_bad_row_is_named_and_the_counts_add_up(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    rows = [
        "2025-04-30 00:00,M,T1,60",
        "2025-04-30 00:00,M,T1,60.0",
        "32.04.2025,M,T1,60",
        "2025-04-30 01:00,M,T1,",
        "2025-04-30 02:00,M,T1,abc",
        "2025-04-30 03:00,M,T1,500",
        "2025-04-30 04:00,M,consumption_period,-1",
        "2025-04-30 05:00,M,pressure,1",
        "2025-04-30 06:00,X,T1,60",
        "2025-04-30 07:00,M,T1,=A1",
        "2025-04-30 08:00,M,T1,60",
        "2025-04-30 08:00,M,T1,61",
        "2025-04-30 09:00,M,T1",
        "2025-04-30 09:00,M,T1 кг,60",
    ]
    pipeline.put("a.csv", long_csv(*rows))

    (log,) = await pipeline.run()

    errors = {(row["row_num"], row["column_name"], row["reason"], row["raw_value"]) for row in await pipeline.errors()}
    assert errors == {
        (4, "timestamp", "bad_timestamp", "32.04.2025"),
        (5, "value", "missing_value", None),
        (6, "value", "bad_number", "abc"),
        (7, "value", "out_of_range", "500"),
        (8, "value", "negative", "-1"),
        (9, "metric", "unknown_metric", "pressure"),
        (10, "meter_code", "unmapped_code", "X"),
        (11, "value", "formula_without_value", "=A1"),
        (12, "value", "conflicting_duplicate", "60"),
        (13, "value", "conflicting_duplicate", "61"),
        (14, None, "missing_column", "2025-04-30 09:00; M; T1"),
        (15, "metric", "unknown_metric", "T1 кг"),
    }
    assert log["status"] == "partial"
    assert (log["rows_read"], log["rows_loaded"], log["rows_rejected"], log["rows_duplicate"]) == (
        14,
        1,
        12,
        1,
    )


async def test_two_files_with_one_reading_are_never_an_error(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,M,T1,60"))
    pipeline.put("b.csv", long_csv("2025-04-30 00:00,M,T1,61"))

    first, second = await pipeline.run()

    assert await pipeline.connection.fetchval("select value from core.measurements") == 61
    assert (first["rows_inserted"], second["rows_updated"]) == (1, 1)


async def test_file_of_a_dead_run_is_loaded_again_and_nothing_stays_half_done(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,M,T1,60", "2025-04-30 01:00,M,T1,abc"))
    assert pipeline.settings.database_url
    other = await asyncpg.connect(pipeline.settings.database_url.get_secret_value())
    dead = PipelineHarness(other, pipeline.settings)
    run = await dead.begin()
    await dead.ingest(run)
    await dead.validate(run)
    other.terminate()
    # The server needs a short while to see it.
    await pipeline.connection.execute("select pg_advisory_lock($1)", run.claim_key)
    await pipeline.connection.execute("select pg_advisory_unlock($1)", run.claim_key)

    (log,) = await pipeline.run()

    assert log["status"] == "partial"
    assert [row["status"] for row in await pipeline.log(run.flow_run_id)] == ["failed"]
    assert len(await pipeline.errors()) == 1
    assert await pipeline.connection.fetchval("select count(*) from stage.stage_parsed_measurements") == 2


@pytest.mark.sessions
async def test_file_that_a_living_run_loads_is_skipped(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,M,T1,60"))
    assert pipeline.settings.database_url
    other = await asyncpg.connect(pipeline.settings.database_url.get_secret_value())
    living = PipelineHarness(other, pipeline.settings)
    run = await living.begin()
    await living.ingest(run)

    (log,) = await pipeline.run()

    assert log["status"] == "skipped"
    assert "другим запуском" in log["message"]
    await living.validate(run)
    await living.load(run)
    assert [row["status"] for row in await living.log(run.flow_run_id)] == ["success"]
    await other.close()


async def test_load_goes_on_without_the_files_that_an_earlier_machine_spooled(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,M,T1,60", "2025-04-30 01:00,M,T1,1 234"))
    run = await pipeline.begin()
    await pipeline.ingest(run)
    for file in (pipeline.settings.state_dir / "spool").iterdir():
        file.unlink()
    await pipeline.validate(run)
    for file in (pipeline.settings.state_dir / "spool").iterdir():
        file.unlink()

    await pipeline.load(run)

    (log,) = await pipeline.log(run.flow_run_id)
    assert (log["rows_inserted"], log["rows_rejected"]) == (1, 1)


@pytest.mark.parametrize(
    ("max_readings", "max_codes", "meters"),
    [(20, 100, 5), (20, 2, 5), (20, 100, 1), (1_000, 100, 5)],
    ids=["whole_meters", "more_codes_than_are_counted", "times_of_one_meter", "one_partition"],
)
async def test_large_file_is_validated_in_partitions_with_the_same_outcome(
    pipeline: PipelineHarness, monkeypatch: pytest.MonkeyPatch, max_readings: int, max_codes: int, meters: int
) -> None:
    for number in range(meters):
        await pipeline.add_meter(f"M{number}")
    hours = [f"2025-04-{day:02d} {hour:02d}:00" for day in range(20, 26 if meters == 1 else 21) for hour in range(24)]
    rows = [f"{hour},M{meter},T1,{60 + meter}" for hour in hours for meter in range(meters)]
    rows += [f"{hours[0]},M0,T1,60", f"{hours[1]},M0,T1,99", f"{hours[2]},M0,T2,1", f"{hours[3]},X,T1,1", "?,M0,T1,1"]
    pipeline.put("a.csv", long_csv(*rows))
    monkeypatch.setattr("tasks.validate.partition_readings._MAX_READINGS", max_readings)
    monkeypatch.setattr("tasks.validate.partition_readings._MAX_CODES", max_codes)

    (log,) = await pipeline.run()

    # An identical duplicate; two that conflict, an unknown code, no time; T1 − T2 that is too large.
    assert (log["rows_read"], log["rows_duplicate"], log["rows_rejected"], log["rows_suspect"]) == (len(rows), 1, 4, 2)
    assert log["rows_loaded"] == len(rows) - 5
    errors = [(row["row_num"], row["reason"]) for row in await pipeline.errors()]
    assert sorted(error for error in errors if error[1] != "delta_t_out_of_norm") == [
        (1 * meters + 2, "conflicting_duplicate"),
        (len(rows) - 2, "conflicting_duplicate"),
        (len(rows), "unmapped_code"),
        (len(rows) + 1, "bad_timestamp"),
    ]
    assert list((pipeline.settings.state_dir / "spool").glob("*partition*")) == []


@pytest.mark.parametrize(("low", "high", "suspect"), [("17", "23", 2), ("5", "12", 0)])
async def test_delta_t_settings_decide_what_is_suspect(
    pipeline: PipelineHarness, low: str, high: str, suspect: int
) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,M,T1,60", "2025-04-30 00:00,M,T2,50"))
    changed = pipeline.settings.model_copy(update={"delta_t_min": float(low), "delta_t_max": float(high)})

    (log,) = await PipelineHarness(pipeline.connection, changed).run()

    assert log["rows_suspect"] == suspect


async def test_equal_bytes_in_two_buildings_folders_are_two_contents(
    pipeline: PipelineHarness, real_files: Path
) -> None:
    for building in ("D-0001", "D-0002"):
        await pipeline.add_meter(f"{building}-HVS", kind="cold_water", building=building, itp=f"{building}-ITP")
        pipeline.put(f"{building}/{COLD}", real_files / COLD)
    pipeline.put(f"D-0002/copy/D-0002/{COLD}", real_files / COLD)

    log = {row["source_file"]: row["status"] for row in await pipeline.run()}

    assert log == {
        f"2025-04-30/D-0001/{COLD}": "success",
        f"2025-04-30/D-0002/{COLD}": "success",
        f"2025-04-30/D-0002/copy/D-0002/{COLD}": "skipped",
    }
    assert await pipeline.connection.fetchval("select count(*) from core.measurements") == 2 * 1440


async def test_rows_that_waited_for_their_code_load_exactly_once_without_the_file(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    file = pipeline.put(
        "a.csv", long_csv("2025-04-30 00:00,M,T1,60", "2025-04-30 00:00,N,T1,61", "2025-04-30 01:00,N,T1,x")
    )
    await pipeline.run()
    file.unlink()
    before = len(await pipeline.requeue())
    await pipeline.add_meter("N")

    first, second = len(await pipeline.requeue()), len(await pipeline.requeue())

    assert (before, first, second) == (0, 1, 0)
    values = await pipeline.connection.fetch("select meter_code, value from core.readings order by 1")
    assert [tuple(row) for row in values] == [("M", 60), ("N", 61)]
    log = await fetch_one(pipeline.connection, "select * from quality.quality_load_log where requeue_of is not null")
    assert (log["rows_read"], log["rows_loaded"], log["rows_rejected"]) == (2, 1, 1)
    waiting = await pipeline.connection.fetchval(
        "select count(*) from quality.quality_row_errors where reason = 'unmapped_code' and resolved_by is null"
    )
    assert waiting == 0


async def test_waiting_row_does_not_replace_a_newer_value(pipeline: PipelineHarness) -> None:
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,N,T1,61"))
    await pipeline.run()
    await pipeline.add_meter("N")
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,N,T1,70"))
    await pipeline.run()

    await pipeline.requeue()

    assert await pipeline.connection.fetchval("select value from core.measurements") == 70
    assert await pipeline.connection.fetchval("select count(*) from core.measurement_revisions") == 0


async def test_a_load_does_without_its_spool(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,M,T1,60"))
    run = await pipeline.begin()
    await pipeline.ingest(run)

    kept = list((pipeline.settings.state_dir / "spool").iterdir())
    for file in kept:
        file.unlink()
    await pipeline.validate(run)
    await pipeline.load(run)

    assert len(kept) == 1
    assert await pipeline.connection.fetchval("select count(*) from core.measurements") == 1
