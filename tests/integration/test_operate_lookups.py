"""What an operator names by hand: loads by a part of their id, meters by their code, rows that wait for a code."""

from __future__ import annotations

from uuid import UUID

import pytest

from schemas.errors import TerminalError
from schemas.reasons import Reason
from tasks.load.requeue_rows import count_requeueable_rows
from tasks.operate.resolve_load_id import require_load, resolve_load_id, short_load_id
from tasks.operate.show_status import sanity_checks, show_status
from tasks.operate.trace_readings import find_last_load, list_revisions, require_meter
from tests.harness import DAY, PipelineHarness, long_csv

A = UUID("01960000-0000-7000-8000-0000aaaabbbb")
B = UUID("01960000-0000-7000-8000-0000ccccbbbb")
C = UUID("aaaabbbb-0000-7000-8000-0000cccc0000")


@pytest.fixture
async def three_loads(pipeline: PipelineHarness) -> PipelineHarness:
    await pipeline.connection.executemany(
        "insert into quality.quality_load_log (load_id, content_id, source_file, status, business_date, flow_run_id)"
        " values ($1, $1, 'a.csv', 'skipped', $2, $1)",
        [(load_id, DAY) for load_id in (A, B, C)],
    )
    return pipeline


@pytest.mark.parametrize(
    ("text", "load_id"),
    [
        pytest.param(str(A), A, id="whole"),
        pytest.param(A.hex.upper(), A, id="without_dashes"),
        pytest.param("0000ccccbbbb", B, id="end"),
        pytest.param("8000-0000ccccbbbb", B, id="end_with_dash"),
        pytest.param("aaaabbbb-0", C, id="beginning"),
        pytest.param(short_load_id(B), B, id="short_form"),
    ],
)
async def test_a_load_is_found_by_its_id_or_by_the_beginning_or_end_of_it(
    three_loads: PipelineHarness, text: str, load_id: UUID
) -> None:
    assert await resolve_load_id(three_loads.connection, text, three_loads.settings) == load_id


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("bbbb", "several loads fit 'bbbb', such as ", id="two_end_alike"),
        pytest.param("aaaabbbb", "several loads fit 'aaaabbbb', such as ", id="one_ends_as_another_begins"),
        pytest.param("01960000", "several loads fit '01960000', such as ", id="two_begin_alike"),
        pytest.param("dddddddd", "there is no load dddddddd", id="unknown_end"),
        pytest.param(str(UUID(int=1)), f"there is no load {UUID(int=1)}", id="unknown_id"),
        pytest.param("bbb", "'bbb' is not a load_id", id="too_short"),
        pytest.param("seven%", "'seven%' is not a load_id", id="not_hexadecimal"),
    ],
)
async def test_a_load_that_is_unknown_or_ambiguous_is_refused_in_one_line(
    three_loads: PipelineHarness, text: str, message: str
) -> None:
    with pytest.raises(TerminalError) as caught:
        await resolve_load_id(three_loads.connection, text, three_loads.settings)

    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


async def test_a_load_that_the_log_does_not_have_is_an_error_and_any_other_is_returned(
    three_loads: PipelineHarness,
) -> None:
    load = await require_load(three_loads.connection, C, three_loads.settings)

    assert (load.load_id, load.source_file) == (C, "a.csv")
    with pytest.raises(TerminalError, match=f"there is no load {UUID(int=1)}"):
        await require_load(three_loads.connection, UUID(int=1), three_loads.settings)


async def test_a_meter_is_known_by_the_reference_tables_or_by_a_row_error(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,NOT-MAPPED,T1,60"))
    await pipeline.run()

    await require_meter(pipeline.connection, "M", pipeline.settings)
    await require_meter(pipeline.connection, "NOT-MAPPED", pipeline.settings)
    with pytest.raises(TerminalError, match="there is no meter 'X'"):
        await require_meter(pipeline.connection, "X", pipeline.settings)


async def test_rows_wait_only_when_their_code_has_become_known_and_until_they_are_loaded(
    pipeline: PipelineHarness,
) -> None:
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,N,T1,60", "2025-04-30 01:00,N,T1,61", "2025-04-30 00:00,X,T1,1"))
    await pipeline.run()

    async def waiting() -> int:
        return await count_requeueable_rows(pipeline.connection, Reason.UNMAPPED_CODE, pipeline.settings)

    unknown = await waiting()
    await pipeline.add_meter("N")
    known = await waiting()
    await pipeline.requeue()

    assert (unknown, known, await waiting()) == (0, 2, 0)


async def test_a_revision_that_changed_only_the_quality_shows_the_quality(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,M,T1,60"))
    await pipeline.run()
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,M,T1,60", "2025-04-30 00:00,M,T2,10"))
    await pipeline.run()
    (time,) = [row["time"] for row in await pipeline.connection.fetch("select time from core.measurements limit 1")]

    revisions = await list_revisions(
        pipeline.connection, "M", time, time.replace(hour=23), pipeline.settings, metric="T1"
    )

    assert [(row["old_value"], row["new_value"], row["old_quality"], row["new_quality"]) for row in revisions] == [
        (60, 60, 0, 1)
    ]


async def test_the_last_load_of_a_file_is_the_newest_that_ended_in_core(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,M,T1,60"))
    await pipeline.run()
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,M,T1,61"))
    (second,) = await pipeline.run()
    pipeline.put("a.csv", b"\xff\xfe\x00")
    await pipeline.run()

    assert await find_last_load(pipeline.connection, "2025-04-30/a.csv", pipeline.settings) == second["load_id"]
    assert await find_last_load(pipeline.connection, "2025-04-30/b.csv", pipeline.settings) is None


async def test_status_shows_the_newest_loads_and_keeps_its_json_keys(pipeline: PipelineHarness) -> None:
    for name in ("a.csv", "b.csv"):
        pipeline.put(name, long_csv(f"2025-04-30 00:00,{name},T1,60"))
        await pipeline.run()

    status = await show_status(pipeline.connection, pipeline.settings, loads=1)

    assert [load.source_file for load in status.last_loads] == ["2025-04-30/b.csv"]
    assert (status.row_errors_open, status.days_with_gaps) == (2, [])
    assert set(status.model_dump()) == {
        *("server_version", "extensions", "days_waiting_for_features", "row_errors_open", "last_loads"),
        *("days_with_gaps", "changed_layouts", "outdated_sources", "unfinished_loads", "held_loads"),
        *("meters_silent", "silent_examples"),
    }


async def test_status_counts_meters_that_have_sent_nothing_for_a_week_but_none_that_was_removed(
    pipeline: PipelineHarness,
) -> None:
    for number, code in enumerate(("SENDS", "SILENT", "LATE", "REMOVED", "NEW")):
        await pipeline.add_meter(code, itp=f"I{number}")
    await pipeline.add_period("REMOVED", removed="2025-04-29 00:00+03")
    await pipeline.add_period("NEW", installed="2025-04-25 00:00+03")
    await pipeline.add_meter("MOVED", itp="I5")
    await pipeline.add_period("MOVED", itp="I4", removed="2025-04-28 00:00+03")
    await pipeline.add_period("MOVED", itp="I5", installed="2025-04-28 00:00+03")
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,SENDS,T1,60", "2025-04-23 01:00,LATE,T1,60"))
    await pipeline.run()

    status = await show_status(pipeline.connection, pipeline.settings)

    assert (status.meters_silent, status.silent_examples) == (2, ["MOVED", "SILENT"])


async def test_sanity_checks_are_the_runbooks_queries_for_the_newest_load_with_rejects(
    pipeline: PipelineHarness,
) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,M,T1,x"))
    (rejected,) = await pipeline.run()
    pipeline.put("b.csv", long_csv("2025-04-30 00:00,M,T1,60"))
    await pipeline.run()
    await pipeline.connection.execute(
        "create schema if not exists features; create table features.time_attributes (ts timestamptz);"
        " create table features.ml_hourly_by_building (ts timestamptz)"
    )

    checks = {check.title: check for check in await sanity_checks(pipeline.connection, pipeline.settings)}

    raw_rows = checks["Raw rows of the last load with rejects"]
    assert str(rejected["load_id"]) in raw_rows.query
    assert (raw_rows.rows, checks["Its valid readings"].rows) == ([{"count": 1}], [{"count": 0}])
    assert [row["reason"] for row in checks["Top reasons"].rows] == ["bad_number"]
    assert len(checks["Load log"].rows) == 2
