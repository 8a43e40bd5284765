"""Claiming files, staging their rows, and failing them by cause: what these steps leave in the database."""

from __future__ import annotations

import json
from pathlib import Path

import asyncpg
import pytest

from schemas.mappings import SourceMapping
from schemas.problems import FileProblem
from tasks.ingest.claim_files import Candidate, Claim, Replay, claim
from tasks.ingest.find_files import RawFile, raw_file
from tasks.ingest.ingest_files import Request, ingest_files, prepare_ingest
from tasks.warehouse.load_log import Run
from tasks.warehouse.spool import Spool, read_stream
from tests import files
from tests.harness import DAY, PipelineHarness, long_csv

OF_BUILDING = {
    "name": "of-building",
    "match": ["*.csv"],
    "layout": "long",
    "identity": {"path": "(?P<name>.+)", "building": "{name}"},
}


def put(pipeline: PipelineHarness, name: str, content: bytes | str) -> RawFile:
    path = pipeline.put(name, content)
    return raw_file(path, relative_path=name, source_file=f"{DAY}/{name}")


async def claimed(
    pipeline: PipelineHarness,
    run: Run,
    file: RawFile,
    *,
    mapping: SourceMapping | None = None,
    replay: Replay | None = None,
) -> Claim:
    (found,) = await claim(pipeline.connection, run, [Candidate(file, mapping)], pipeline.settings, replay=replay)
    return found


async def log(pipeline: PipelineHarness) -> list[tuple[str, str, str | None]]:
    rows = await pipeline.connection.fetch(
        "select source_file, status, problem from quality.quality_load_log order by load_id"
    )
    return [(row["source_file"].removeprefix(f"{DAY}/"), row["status"], row["problem"]) for row in rows]


async def test_new_content_is_claimed_and_the_same_content_of_another_file_is_skipped(
    pipeline: PipelineHarness,
) -> None:
    run = await pipeline.begin()

    first = await claimed(pipeline, run, put(pipeline, "a.csv", "x"))
    second = await claimed(pipeline, run, put(pipeline, "b.csv", "x"))
    other_building = await claimed(
        pipeline, run, put(pipeline, "c.csv", "x"), mapping=SourceMapping.model_validate(OF_BUILDING)
    )

    assert (first.skipped_as, second.skipped_as, other_building.skipped_as) == (None, FileProblem.SAME_CONTENT, None)
    assert await log(pipeline) == [
        ("a.csv", "running", None),
        ("b.csv", "skipped", "same_content"),
        ("c.csv", "running", None),
    ]


async def test_claim_of_a_dead_run_is_taken_over(pipeline: PipelineHarness) -> None:
    file = put(pipeline, "a.csv", "x")
    dead = (await pipeline.begin())._replace(claim_key=1)
    await claimed(pipeline, dead, file)

    taken = await claimed(pipeline, await pipeline.begin(), file)

    assert taken.skipped_as is None
    assert await log(pipeline) == [("a.csv", "failed", "interrupted"), ("a.csv", "running", None)]


async def test_content_in_core_is_skipped_until_it_is_replayed(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    file = put(pipeline, "a.csv", long_csv("2025-04-30 00:00,M,T1,60"))
    (loaded,) = await pipeline.run()
    run = await pipeline.begin()

    known = await claimed(pipeline, run, file)
    replayed = await claimed(pipeline, run, file, replay="latest")

    assert known.skipped_as is FileProblem.ALREADY_LOADED
    assert f"load_id {loaded['load_id']}" in (known.message or "")
    assert (replayed.skipped_as, (replayed.replaces or {"load_id": None})["load_id"]) == (None, loaded["load_id"])


async def test_rolled_back_content_is_skipped_with_the_command_to_load_it_again(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    file = put(pipeline, "a.csv", long_csv("2025-04-30 00:00,M,T1,60"))
    (loaded,) = await pipeline.run()
    await pipeline.rollback(loaded["load_id"])

    known = await claimed(pipeline, await pipeline.begin(), file)

    assert known.skipped_as is FileProblem.ROLLED_BACK
    assert f"dataops replay {loaded['load_id']}" in (known.message or "")


@pytest.mark.sessions
async def test_content_that_a_living_run_loads_is_left_to_it(pipeline: PipelineHarness) -> None:
    assert pipeline.settings.database_url
    file = put(pipeline, "a.csv", "x")
    other = await asyncpg.connect(pipeline.settings.database_url.get_secret_value())
    living = PipelineHarness(other, pipeline.settings)
    await claimed(living, await living.begin(), file)

    known = await claimed(pipeline, await pipeline.begin(), file)

    await other.close()
    assert known.skipped_as is FileProblem.IN_PROGRESS


async def test_every_row_is_staged_as_it_is_and_kept_in_the_spool(pipeline: PipelineHarness) -> None:
    pipeline.put("a.csv", 'ts;meter;metric;value;note\n30.04.2025;M;T1;60,5;"a\x1fb"\nbad;;;1;\nИтого;;;60;\n')
    run = await pipeline.begin()

    await pipeline.ingest(run)

    (load,) = await pipeline.log(run.flow_run_id)
    rows = await pipeline.connection.fetch(
        "select row_num, payload from stage.stage_raw_measurements where load_id = $1 order by row_num",
        load["load_id"],
    )
    payload = {"ts": "30.04.2025", "meter": "M", "metric": "T1", "value": "60,5", "note": "a\x1fb"}
    assert json.loads(rows[0]["payload"]) == payload
    assert [row["row_num"] for row in rows] == [2, 3]
    assert (load["status"], load["step"], load["raw_rows"], load["message"]) == (
        "running",
        "staged",
        2,
        "столбцы без описания, сохранены в сырье: E «note»; пропущено: итоговые строки 1",
    )
    spool = Spool(pipeline.settings).raw(load["load_id"], 0)
    spooled = [row for batch in read_stream(spool) for row in batch.to_pylist()]
    assert spooled[0] == {"row_num": 2, "row_problem": None} | payload


async def test_second_attempt_of_a_run_goes_on_behind_what_is_staged(pipeline: PipelineHarness) -> None:
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,M,T1,60"))
    run = await pipeline.begin()

    await pipeline.ingest(run)
    await pipeline.ingest(run)

    assert await log(pipeline) == [("a.csv", "running", None)]
    assert await pipeline.connection.fetchval("select count(*) from stage.stage_raw_measurements") == 1


async def test_only_the_files_that_are_asked_for_are_ingested(pipeline: PipelineHarness) -> None:
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,M,T1,60"))
    pipeline.put("b.zip", files.zipped({"one.csv": b"1", "two.csv": b"2"}))
    run, request = await pipeline.begin(), Request(only=["b.zip/two.csv"])

    day = await prepare_ingest(run, request, pipeline.warehouse)
    for batch in day.batches:
        await ingest_files(batch, day.mappings, run, request, pipeline.warehouse)

    assert [name for name, *_ in await log(pipeline)] == ["b.zip/two.csv"]


@pytest.fixture
def broken_files(pipeline: PipelineHarness) -> None:
    header = "timestamp,meter_code,metric,value\n"
    contents: dict[str, bytes | str] = {
        "1.csv": header + "a,M,T1,\0\n",
        "2.csv": header + "b,M,T1,\0\n",
        "3.csv": "one,two\n1,2\n",
        "4.csv": b"%PDF-1.7",
        "5.xlsx": files.xlsx([["a"]])[:-100],
        "6.zip": files.zipped({"b.csv": files.zipped({"c.csv": b"x"})}),
        "7.csv": "timestamp,meter_code,metric,value,val\na,M,T1,1,2\n",
        "8.csv": "timestamp,meter_code,metric,valeu\na,M,T1,1\n",
    }
    for name, content in contents.items():
        pipeline.put(name, content)


@pytest.mark.usefixtures("broken_files")
async def test_failed_files_can_be_counted_by_their_cause(pipeline: PipelineHarness) -> None:
    await pipeline.run()

    counts = await pipeline.connection.fetch(
        "select problem, count(*) as files from quality.quality_load_log where status = 'failed' group by problem"
    )
    assert {row["problem"]: row["files"] for row in counts} == {
        FileProblem.NUL_BYTE: 2,
        FileProblem.NO_MAPPING_NO_HEADER: 1,
        FileProblem.WRONG_KIND: 1,
        FileProblem.DAMAGED: 1,
        FileProblem.NESTED_ARCHIVE: 1,
        FileProblem.COLUMN_DOUBLED: 1,
        FileProblem.COLUMN_RENAMED: 1,
    }


@pytest.mark.sessions
async def test_spool_of_a_dead_run_is_cleared_by_the_next_and_that_of_a_living_one_stays(
    pipeline: PipelineHarness,
) -> None:
    assert pipeline.settings.database_url
    connections = [await asyncpg.connect(pipeline.settings.database_url.get_secret_value()) for _ in range(2)]
    for number, connection in enumerate(connections):
        pipeline.put(f"{number}.csv", long_csv(f"2025-04-30 00:00,M,T1,{number}"))
        harness = PipelineHarness(connection, pipeline.settings)
        await harness.ingest(await harness.begin())
    spool = Spool(pipeline.settings)
    dead, living = connections
    (log,) = await pipeline.connection.fetch(
        "select load_id from quality.quality_load_log where source_file like '%/1.csv' and status = 'running'"
    )
    await dead.close()

    await prepare_ingest(await pipeline.begin(), Request(), pipeline.warehouse)

    assert spool.load_ids() == {log["load_id"]}
    await living.close()


async def test_file_that_only_the_last_resort_takes_says_which_mapping_fits_but_for_its_name(
    pipeline: PipelineHarness, real_files: Path
) -> None:
    content = (real_files / "Посуточная ведомость ОДПУ ГВС.xlsx").read_bytes()
    pipeline.put("Отчёт за апрель.xlsx", content)
    pipeline.put("B/посуточная_ведомость__ОДПУ_ГВС.xlsx", content)
    run = await pipeline.begin()

    await pipeline.ingest(run)

    by_name, renamed = sorted(await pipeline.log(run.flow_run_id), key=lambda row: row["source_file"])
    assert (by_name["status"], by_name["source"]) == ("running", "odpu-gvs")
    assert (renamed["status"], renamed["problem"]) == ("failed", FileProblem.FITS_BUT_FOR_NAME)
    assert "подходит: odpu-gvs" in renamed["message"]
