"""The load log moves as schemas/load_states.py says: every statement, run on a row in every state."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Awaitable, Callable
from typing import NamedTuple, get_args, get_type_hints
from uuid import UUID, uuid4

import asyncpg
import pytest

from schemas.errors import ClaimLostError, FileError
from schemas.load_states import ALL_STATES, INSERTS, TRANSITIONS, LoadState, LoadStatus, LoadStep
from schemas.problems import FileProblem
from schemas.reasons import Reason
from schemas.settings import PROJECT_ROOT
from tasks.load.requeue_rows import requeue_rows
from tasks.operate.purge_stage import OldLoad, purge_loads
from tasks.warehouse.load_log import (
    MergeCounts,
    NewLoad,
    Run,
    StagedFile,
    ValidationCounts,
    adopt_loads,
    fail_claimed_loads,
    fail_dead_loads,
    fail_load,
    finish_load,
    finish_staging,
    finish_validation,
    hold_load,
    insert_loads,
    release_held_load,
    restart_failed_loads,
    supersede_held_loads,
)
from tests.harness import DAY, PipelineHarness, long_csv

NOW = dt.datetime(2025, 5, 1, tzinfo=dt.UTC)
Move = Callable[["Row", PipelineHarness], Awaitable[None]]


class Row(NamedTuple):
    """A load in a state; no two rows have anything in common."""

    load_id: UUID
    run: Run
    checksum: str
    state: LoadState
    rows_rejected: int


async def insert_row(pipeline: PipelineHarness, state: LoadState, rows_rejected: int) -> Row:
    """Insert a load in any state, whether the product would or not."""
    load_id = uuid4()
    row = Row(
        load_id,
        Run(uuid4(), secrets.randbits(62), DAY),
        hashlib.sha256(load_id.bytes).hexdigest(),
        state,
        rows_rejected,
    )
    await pipeline.connection.execute(
        """
        insert into quality.quality_load_log (
            load_id, content_id, source_file, checksum, business_date, status, step, flow_run_id, claim_key,
            rows_read, rows_rejected
        )
        values ($1::uuid, $1::uuid, $1::uuid || '.csv', $2, $3, $4, $5, $6, $7, $8, $8)
        """,
        *(load_id, row.checksum, DAY, state.status, state.step, row.run.flow_run_id, row.run.claim_key, rows_rejected),
    )
    return row


async def _finish_staging(row: Row, pipeline: PipelineHarness) -> None:
    file = StagedFile(row.load_id, [], raw_rows=0, lines={}, source_lines=None, message=None)
    await finish_staging(pipeline.connection, [file], row.run.claim_key, pipeline.settings)


async def _finish_validation(row: Row, pipeline: PipelineHarness) -> None:
    counts = ValidationCounts(row.load_id, row.rows_rejected, row.rows_rejected, 0, 0, None, None, None)
    await finish_validation(pipeline.connection, [counts], row.run.claim_key, pipeline.settings)


async def _finish_load(row: Row, pipeline: PipelineHarness) -> None:
    counts = MergeCounts(row.load_id, 0, 0, 0)
    await finish_load(pipeline.connection, [counts], row.run.claim_key, pipeline.settings)


async def _fail_load(row: Row, pipeline: PipelineHarness) -> None:
    error = FileError(FileProblem.ENCRYPTED)
    await fail_load(pipeline.connection, row.load_id, error, row.run.claim_key, pipeline.settings)


async def _fail_dead_load(row: Row, pipeline: PipelineHarness) -> None:
    await fail_claimed_loads(pipeline.connection, {row.load_id: row.run.claim_key}, pipeline.settings)


async def _fail_dead_loads(row: Row, pipeline: PipelineHarness) -> None:
    """Of all other loads the runs live."""
    keys = "from quality.quality_load_log where load_id <> $1"
    await pipeline.connection.fetch(f"select pg_advisory_lock(claim_key) {keys}", row.load_id)
    await fail_dead_loads(pipeline.connection, Run(uuid4(), 1, DAY), pipeline.settings)
    await pipeline.connection.fetch(f"select pg_advisory_unlock(claim_key) {keys}", row.load_id)


async def _adopt_loads(row: Row, pipeline: PipelineHarness) -> None:
    await adopt_loads(pipeline.connection, row.run._replace(claim_key=2), pipeline.settings)


async def _restart_failed_loads(row: Row, pipeline: PipelineHarness) -> None:
    await restart_failed_loads(pipeline.connection, [(row.checksum, None)], pipeline.settings)


async def _mark_purged(row: Row, pipeline: PipelineHarness) -> None:
    load = OldLoad(row.load_id, str(row.load_id), None, 0, must_have_file=False)
    await purge_loads(pipeline.connection, [load], NOW, pipeline.settings, dry_run=False)


async def _hold_load(row: Row, pipeline: PipelineHarness) -> None:
    error = FileError(FileProblem.HELD, changed=1, met=1, share="0.1", load_id=row.load_id)
    await hold_load(pipeline.connection, row.load_id, error, row.run.claim_key, pipeline.settings)


async def _release_load(row: Row, pipeline: PipelineHarness) -> None:
    await release_held_load(pipeline.connection, row.load_id, row.run, pipeline.settings)


async def _supersede_held_loads(row: Row, pipeline: PipelineHarness) -> None:
    await supersede_held_loads(pipeline.connection, row.run, [f"{row.load_id}.csv"], pipeline.settings)


MOVES: dict[str, Move] = {
    "finish_staging": _finish_staging,
    "finish_validation": _finish_validation,
    "finish_load": _finish_load,
    "fail_load": _fail_load,
    "fail_dead_load": _fail_dead_load,
    "fail_dead_loads": _fail_dead_loads,
    "adopt_loads": _adopt_loads,
    "restart_failed_loads": _restart_failed_loads,
    "mark_purged": _mark_purged,
    "hold_load": _hold_load,
    "release_load": _release_load,
    "supersede_held_loads": _supersede_held_loads,
}
MUST_MOVE = {"finish_staging", "finish_validation", "finish_load", "fail_load", "hold_load"}
"""Their callers have worked for the load: that it is no longer theirs must end the work."""


async def read_log(pipeline: PipelineHarness) -> dict[UUID, tuple[LoadState, str]]:
    """Return the state of each load, and the transaction that wrote it."""
    rows = await pipeline.connection.fetch("select load_id, status, step, xmin::text from quality.quality_load_log")
    return {row["load_id"]: (LoadState(LoadStatus(row["status"]), LoadStep(row["step"])), row["xmin"]) for row in rows}


@pytest.mark.parametrize(
    "statement",
    # PGlite shows no sessions that could hold a key.
    [pytest.param(name, marks=pytest.mark.sessions if name == "fail_dead_loads" else ()) for name in TRANSITIONS],
)
async def test_statement_makes_its_moves_and_leaves_every_other_state_as_it_is(
    pipeline: PipelineHarness, statement: str
) -> None:
    rows = [await insert_row(pipeline, state, rejected) for state in ALL_STATES for rejected in (0, 1)]
    moves = set()
    written = set()

    for row in rows:
        before = await read_log(pipeline)
        has_lost = False
        try:
            await MOVES[statement](row, pipeline)
        except ClaimLostError:
            has_lost = True
        after = await read_log(pipeline)

        changed = {load_id for load_id in after if after[load_id] != before[load_id]}
        assert changed <= {row.load_id}, "another load was written"
        assert has_lost == (statement in MUST_MOVE and not changed), row.state
        if changed:
            written.add(row.state)
            moves.add((row.state, after[row.load_id][0]))

    if statement == "mark_purged":  # it also writes when, in every state
        assert {move for move in moves if move[0] != move[1]} == TRANSITIONS[statement]
    else:
        assert moves == TRANSITIONS[statement]
        assert written == {before_state for before_state, _ in TRANSITIONS[statement]}


async def test_run_that_goes_on_after_a_kill_keeps_what_the_steps_before_had_to_say(pipeline: PipelineHarness) -> None:
    said = {}
    for status in (LoadStatus.RUNNING, LoadStatus.FAILED):
        row = await insert_row(pipeline, LoadState(status, LoadStep.STAGED), 0)
        named = "update quality.quality_load_log set message = 'said' where load_id = $1"
        await pipeline.connection.execute(named, row.load_id)
        await _adopt_loads(row, pipeline)
        found = "select message from quality.quality_load_log where load_id = $1"
        said[status] = await pipeline.connection.fetchval(found, row.load_id)

    assert said == {LoadStatus.RUNNING: "said", LoadStatus.FAILED: None}


async def state_of(pipeline: PipelineHarness, load_id: UUID) -> LoadState:
    return (await read_log(pipeline))[load_id][0]


async def test_insert_load_begins_only_as_the_type_of_a_new_load_allows(pipeline: PipelineHarness) -> None:
    run = Run(uuid4(), 1, DAY)
    states = set()
    for status in get_args(get_type_hints(NewLoad)["status"]):
        load = NewLoad(uuid4(), "2025-04-30/a.csv", status)
        await insert_loads(pipeline.connection, run, [load], pipeline.settings)
        states.add(await state_of(pipeline, load.load_id))

    assert states == INSERTS["insert_load"]


async def test_rows_from_stage_begin_as_staged(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,M,T1,60", "2025-04-30 00:00,LATE,T1,61"))
    await pipeline.run()
    await pipeline.add_meter("LATE")
    requeue = await pipeline.begin()

    await requeue_rows(pipeline.connection, requeue, pipeline.settings, reason=Reason.UNMAPPED_CODE)

    (requeued,) = await pipeline.log(requeue.flow_run_id)
    assert {await state_of(pipeline, requeued["load_id"])} == INSERTS["insert_requeue_load"]


def statements_that(pattern: str) -> set[str]:
    """Name the SQL files, and the modules with SQL in them, that hold a pattern."""
    files = [
        file for room in ("tasks", "flows", "schemas") for kind in ("sql", "py") for file in room_files(room, kind)
    ]
    return {name for name, text in files if re.search(pattern, text, re.DOTALL)}


def room_files(room: str, kind: str) -> list[tuple[str, str]]:
    migrations = PROJECT_ROOT / "schemas" / "migrations"
    return [
        (file.stem, file.read_text(encoding="utf-8"))
        for file in (PROJECT_ROOT / room).rglob(f"*.{kind}")
        if migrations not in file.parents
    ]


def test_no_other_statement_writes_status_or_step_of_the_load_log() -> None:
    writes = r"update \{quality\}\.quality_load_log\b((?!\bwhere\b).)*?[\s,](status|step) = "

    assert statements_that(writes) == set(TRANSITIONS)


def test_no_other_statement_inserts_into_the_load_log() -> None:
    assert statements_that(r"insert into \{quality\}\.quality_load_log\b") == set(INSERTS)


async def test_finish_load_refuses_a_content_that_was_loaded_meanwhile(pipeline: PipelineHarness) -> None:
    validated = LoadState(LoadStatus.RUNNING, LoadStep.VALIDATED)
    row = await insert_row(pipeline, validated, 0)
    twin = await insert_row(pipeline, LoadState(LoadStatus.SUCCESS, LoadStep.LOADED), 0)
    await pipeline.connection.execute(
        "update quality.quality_load_log set checksum = $2 where load_id = $1", twin.load_id, row.checksum
    )

    with pytest.raises(ClaimLostError):
        await _finish_load(row, pipeline)

    assert await state_of(pipeline, row.load_id) == validated


@pytest.mark.parametrize(
    "statement", ["finish_staging", "finish_validation", "finish_load", "fail_load", "fail_dead_load"]
)
async def test_statement_refuses_a_load_that_another_process_has_taken_over(
    pipeline: PipelineHarness, statement: str
) -> None:
    before = {state for state, _ in TRANSITIONS[statement]}
    for state in before:
        row = await insert_row(pipeline, state, 0)
        lost = row._replace(run=row.run._replace(claim_key=row.run.claim_key + 1))

        if statement in MUST_MOVE:
            with pytest.raises(ClaimLostError):
                await MOVES[statement](lost, pipeline)
        else:
            await MOVES[statement](lost, pipeline)

        assert await state_of(pipeline, row.load_id) == state


async def test_of_one_content_one_load_is_under_way_and_one_counts(pipeline: PipelineHarness) -> None:
    for state in (LoadState(LoadStatus.RUNNING, LoadStep.CLAIMED), LoadState(LoadStatus.SUCCESS, LoadStep.LOADED)):
        first, second = await insert_row(pipeline, state, 0), await insert_row(pipeline, state, 0)

        with pytest.raises(asyncpg.UniqueViolationError):
            await pipeline.connection.execute(
                "update quality.quality_load_log set checksum = $2 where load_id = $1", second.load_id, first.checksum
            )


async def test_database_refuses_a_status_and_a_step_that_do_not_exist(pipeline: PipelineHarness) -> None:
    row = await insert_row(pipeline, LoadState(LoadStatus.RUNNING, LoadStep.CLAIMED), 0)

    for column in ("status", "step"):
        with pytest.raises(asyncpg.CheckViolationError):
            await pipeline.connection.execute(
                f"update quality.quality_load_log set {column} = 'other' where load_id = $1", row.load_id
            )
