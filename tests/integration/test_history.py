"""Loads, reloads, rollbacks and requeues: core is what a simple model in memory says."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner

from flows.commands import build_app
from schemas.errors import TerminalError
from schemas.reasons import Reason
from tasks.operate.list_row_errors import ErrorFilter, count_row_errors, list_row_errors
from tasks.operate.show_status import show_status
from tasks.operate.trace_readings import list_revisions, trace_reading
from tests.harness import DAY, PipelineHarness, long_csv

HOUR = dt.datetime(2025, 4, 30, tzinfo=dt.timezone(dt.timedelta(hours=3)))


async def put_and_run(pipeline: PipelineHarness, name: str, *rows: str) -> UUID:
    pipeline.put(name, long_csv(*rows))
    log = await pipeline.run()
    load_ids: list[UUID] = [
        row["load_id"] for row in log if row["source_file"].endswith(name) and row["status"] != "skipped"
    ]
    return load_ids[0]


async def value(pipeline: PipelineHarness, meter: str = "M") -> float | None:
    stored = await pipeline.connection.fetchval("select value from core.readings where meter_code = $1", meter)
    return None if stored is None else float(stored)


async def test_rollback_removes_what_the_load_added_and_restores_what_it_replaced(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    first = await put_and_run(pipeline, "a.csv", "2025-04-30 00:00,M,T1,60")
    before = await pipeline.digest()
    second = await put_and_run(pipeline, "a.csv", "2025-04-30 00:00,M,T1,61", "2025-04-30 01:00,M,T1,62")

    done = await pipeline.rollback(second)

    assert (done.removed, done.restored, done.unchanged, done.rewritten) == (1, 1, 0, 0)
    assert await pipeline.digest() == before
    assert await pipeline.connection.fetchval("select load_id from core.measurements") == first
    assert (
        await pipeline.connection.fetchval("select count(*) from quality.changed_days where load_id = $1", second) == 2
    )


async def test_dry_run_says_the_same_and_changes_nothing(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    await put_and_run(pipeline, "a.csv", "2025-04-30 00:00,M,T1,60")
    load = await put_and_run(pipeline, "a.csv", "2025-04-30 00:00,M,T1,61")
    before = await pipeline.digest()

    dry = await pipeline.rollback(load, dry_run=True)

    assert (dry.restored, await pipeline.digest()) == (1, before)
    assert (await pipeline.rollback(load)) == dry


async def test_reading_that_a_later_load_rewrote_is_left_and_counted(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    await put_and_run(pipeline, "a.csv", "2025-04-30 00:00,M,T1,60")
    second = await put_and_run(pipeline, "a.csv", "2025-04-30 00:00,M,T1,61")
    third = await put_and_run(pipeline, "a.csv", "2025-04-30 00:00,M,T1,62")

    done = await pipeline.rollback(second)

    assert (done.restored, done.rewritten, await value(pipeline)) == (0, 1, 62)
    await pipeline.rollback(third)
    assert await value(pipeline) == 60


async def test_value_that_another_load_has_too_stays(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    first = await put_and_run(pipeline, "a.csv", "2025-04-30 00:00,M,T1,60")
    other = await put_and_run(pipeline, "b.csv", "2025-04-30 00:00,M,T1,60", "2025-04-30 01:00,M,T1,1")

    done = await pipeline.rollback(first)

    assert (done.unchanged, await value_at(pipeline, "2025-04-29 21:00")) == (1, 60)
    await pipeline.rollback(other)
    assert await pipeline.values() == {}


async def value_at(pipeline: PipelineHarness, hour: str) -> float | None:
    return (await pipeline.values()).get(("M", hour, "T1"))


async def test_rollback_also_removes_the_rows_that_had_waited_for_their_code(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    load = await put_and_run(pipeline, "a.csv", "2025-04-30 00:00,M,T1,60", "2025-04-30 00:00,N,T1,61")
    await pipeline.add_meter("N")
    (requeued,) = await pipeline.requeue()

    done = await pipeline.rollback(load)

    assert (set(done.loads), done.removed) == ({load, requeued["load_id"]}, 2)
    assert await pipeline.requeue() == []


async def test_rollback_of_a_requeue_lets_its_rows_wait_again(pipeline: PipelineHarness) -> None:
    await put_and_run(pipeline, "a.csv", "2025-04-30 00:00,N,T1,61")
    await pipeline.add_meter("N")
    (requeued,) = await pipeline.requeue()

    await pipeline.rollback(requeued["load_id"])
    gone = await value(pipeline, "N")
    again = await pipeline.requeue()

    assert (gone, len(again), await value(pipeline, "N")) == (None, 1, 61)


async def test_rolled_back_file_is_skipped_until_it_is_replayed(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    load = await put_and_run(pipeline, "a.csv", "2025-04-30 00:00,M,T1,60")
    await pipeline.rollback(load)

    (skipped,) = await pipeline.run()
    gone = await pipeline.values()
    (replayed,) = await pipeline.run(replay="latest")

    assert skipped["status"] == "skipped"
    assert "откачена" in skipped["message"]
    assert "dataops replay" in skipped["message"]
    assert (gone, replayed["status"], replayed["replay_of"]) == ({}, "success", load)
    assert await value(pipeline) == 60


@pytest.mark.parametrize("what", ["nothing", "twice", "skipped"])
async def test_what_cannot_be_rolled_back_says_why(pipeline: PipelineHarness, what: str) -> None:
    await pipeline.add_meter("M")
    load = await put_and_run(pipeline, "a.csv", "2025-04-30 00:00,M,T1,60")
    if what == "nothing":
        load = UUID(int=1)
    elif what == "twice":
        await pipeline.rollback(load)
    else:
        pipeline.put("copy.csv", long_csv("2025-04-30 00:00,M,T1,60"))
        load = (await pipeline.run())[0]["load_id"]

    with pytest.raises(
        TerminalError, match={"nothing": "no load", "twice": "was rolled back", "skipped": "skipped"}[what]
    ):
        await pipeline.rollback(load)


async def test_replay_brings_an_older_file_over_a_newer_one(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    old = long_csv("2025-04-30 00:00,M,T1,60")
    await put_and_run(pipeline, "a.csv", "2025-04-30 00:00,M,T1,60")
    await put_and_run(pipeline, "a.csv", "2025-04-30 00:00,M,T1,61")
    pipeline.put("a.csv", old)

    (log,) = await pipeline.run(replay="latest")

    assert (log["rows_updated"], await value(pipeline)) == (1, 60)


async def test_replay_from_stage_needs_no_file_and_says_when_stage_is_empty(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    load = await put_and_run(pipeline, "a.csv", "2025-04-30 00:00,M,T1,60")
    await pipeline.rollback(load)
    (pipeline.settings.raw_dir / str(DAY) / "a.csv").unlink()

    (log,) = await pipeline.replay_from_stage(load)

    assert (log["status"], log["replay_of"], log["rows_inserted"], await value(pipeline)) == ("success", load, 1, 60)
    await pipeline.connection.execute("delete from stage.stage_raw_measurements")
    with pytest.raises(TerminalError, match="stage has 0 of the 1 rows"):
        await pipeline.replay_from_stage(load)


async def test_requeue_by_reason_validates_the_rows_once_more(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    await put_and_run(pipeline, "a.csv", "2025-04-30 00:00,M,T1,160", "2025-04-30 01:00,M,T1,60")
    await pipeline.connection.execute("update stage.raw_rows set cells = replace(cells, '160', '60')")

    (log,) = await pipeline.requeue(Reason.OUT_OF_RANGE)

    assert (log["rows_read"], log["rows_loaded"], await pipeline.requeue(Reason.OUT_OF_RANGE)) == (1, 1, [])
    assert await list_row_errors(pipeline.connection, ErrorFilter(), None, pipeline.settings) == []


async def test_corrected_file_resolves_the_errors_of_the_version_before(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    await put_and_run(pipeline, "a.csv", "2025-04-30 00:00,M,T1,x", "2025-04-30 00:00,N,T1,1")
    corrected = await put_and_run(pipeline, "a.csv", "2025-04-30 00:00,M,T1,60")

    open_ones = await list_row_errors(pipeline.connection, ErrorFilter(), None, pipeline.settings)

    assert [row["reason"] for row in open_ones] == ["unmapped_code"]
    assert (
        await pipeline.connection.fetchval(
            "select resolved_by from quality.quality_row_errors where reason = 'bad_number'"
        )
        == corrected
    )
    await pipeline.rollback(corrected)
    assert len(await list_row_errors(pipeline.connection, ErrorFilter(), None, pipeline.settings)) == 2


async def test_row_errors_are_found_by_day_load_reason_and_meter(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    load = await put_and_run(
        pipeline, "a.csv", "2025-04-30 00:00,M,T1,x", "2025-04-30 01:00,M,T1,", "2025-04-30 00:00,N,T1,1"
    )

    async def found(wanted: ErrorFilter) -> list[str]:
        return [row["cell"] for row in await list_row_errors(pipeline.connection, wanted, None, pipeline.settings)]

    assert await found(ErrorFilter(day=DAY)) == await found(ErrorFilter(load_id=load)) == ["D2", "D3", "B4"]
    assert await found(ErrorFilter(reason=Reason.BAD_NUMBER)) == ["D2"]
    assert await found(ErrorFilter(meter_code="N")) == ["B4"]
    assert await found(ErrorFilter(day=DAY - dt.timedelta(days=1))) == []
    counts = await count_row_errors(pipeline.connection, ErrorFilter(meter_code="M"), pipeline.settings)
    assert {row["reason"]: row["rows"] for row in counts} == {"bad_number": 1, "missing_value": 1}


async def test_trace_and_revisions_lead_to_file_and_cell(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    first = await put_and_run(pipeline, "a.csv", "2025-04-30 00:00,M,T1,60")
    second = await put_and_run(pipeline, "b.csv", "2025-04-30 05:00,M,T1,1", "2025-04-30 00:00,M,T1,61")
    third = await put_and_run(pipeline, "c.csv", "2025-04-30 00:00,M,T1,62")
    await pipeline.rollback(third)

    (reading,) = await trace_reading(pipeline.connection, "M", HOUR, "T1", pipeline.settings)
    changes = await list_revisions(pipeline.connection, "M", HOUR, HOUR + dt.timedelta(hours=1), pipeline.settings)

    assert (reading["value"], reading["load_id"], reading["source_file"], reading["cell"]) == (
        *(61, second, "2025-04-30/b.csv"),
        "D3",
    )
    assert json.loads(reading["payload"])["value"] == "61"
    assert [
        (row["change"], row["old_value"], row["new_value"], row["old_load_id"], row["cell"]) for row in changes
    ] == [
        ("load", 60, 61, first, "D3"),
        ("load", 61, 62, second, "D2"),
        ("rollback", 62, 61, third, "D2"),
    ]


async def test_status_says_which_columns_a_supplier_added_or_removed(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    head, row = "timestamp,meter_code,metric,value", "2025-04-30 00:00,M,T1,60"
    for name, text in {
        "export 01.csv": f"{head},old\n{row},x\n",
        "export 02.csv": f"{head},old\n{row},y\n",
        "export 03.csv": f"{head},new\n{row},z\n",
        "other.csv": f"{head}\n{row}\n",
    }.items():
        pipeline.put(name, text)
        await pipeline.run()

    (changed,) = (await show_status(pipeline.connection, pipeline.settings)).changed_columns

    assert (changed.source, changed.source_file, changed.added, changed.removed) == (
        *("long", "2025-04-30/export 03.csv", ["new"], ["old"]),
    )


async def command(*arguments: str) -> tuple[str, str]:
    """Run `dataops` in this process; returns what it prints, and the error that ends it."""
    done = await asyncio.to_thread(CliRunner().invoke, build_app(), arguments)
    return done.output, "" if isinstance(done.exception, SystemExit | None) else str(done.exception)


async def test_replay_of_what_is_gone_says_so_and_offers_stage(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    load = await put_and_run(pipeline, "a.csv", "2025-04-30 00:00,M,T1,60")
    path = pipeline.settings.raw_dir / str(DAY) / "a.csv"
    path.unlink()
    offer = f"dataops replay {load} --from-stage"

    for what in (str(path), str(load)):
        _, error = await command("replay", what)
        assert "is gone from RAW_DIR" in error
        assert offer in error
    _, error = await command("replay", "--date", str(DAY))
    assert "there are no files in" in error
    assert "--from-stage" in error
    _, error = await command("replay", str(path.with_name("b.csv")))
    assert "it was never loaded" in error


async def test_errors_are_shown_filtered_and_exported_or_it_is_said_why_not(
    pipeline: PipelineHarness, tmp_path: Path
) -> None:
    await pipeline.add_meter("M")
    await put_and_run(pipeline, "a.csv", "2025-04-30 00:00,M,T1,x", "2025-04-30 01:00,M,T1", "2025-04-30 00:00,=N,T1,1")

    shown, _ = await command("errors", "--meter", "M")
    as_json, _ = await command("errors", "--date", str(DAY), "--json")
    await command("errors", "--reason", "unmapped_code", "--export", str(tmp_path / "e.csv"))
    _, error = await command("errors", "--export", str(tmp_path / "nowhere" / "e.xlsx"))
    nothing, _ = await command("errors", "--date", "2020-01-01")

    assert "\tD2\tx\tbad_number\t" in shown
    assert "unmapped_code" not in shown
    assert [(one["cell"], one["raw_value"], one["reason"]) for one in json.loads(as_json)["errors"]] == [
        ("D2", "x", "bad_number"),
        ("A3", "2025-04-30 01:00; M; T1", "missing_column"),
        ("B4", "=N", "unmapped_code"),
    ]
    assert ";'=N;unmapped_code;" in (tmp_path / "e.csv").read_text("utf-8-sig")
    assert "cannot be written" in error
    assert "no open row errors" in nothing


async def test_trace_of_a_rejected_reading_leads_to_its_error(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    await put_and_run(pipeline, "a.csv", "2025-04-30 00:00,M,T1,x")

    _, error = await command("trace", "M", "2025-04-30 00:00", "T1")

    assert "dataops errors --meter 'M'" in error
