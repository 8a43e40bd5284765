"""Many small files: what a batch costs, who fails alone, and what is not written of files that are as they were."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from schemas.problems import FileProblem
from schemas.settings import Settings
from tasks.report.summarise_run import RunSummary, summarise_run
from tasks.warehouse.connection import Connection
from tasks.warehouse.storage import LOCAL
from tests import files
from tests.harness import DAY, PipelineHarness, long_csv

HEAD = ["timestamp", "meter_code", "metric", "value"]


async def put_many(pipeline: PipelineHarness, count: int, *, kind: str = "csv", prefix: str = "M") -> None:
    """Put files of an hour, each of a meter of its own."""
    for number in range(count):
        meter = f"{prefix}{number:03d}"
        await pipeline.add_meter(meter)
        row = [f"{DAY} 00:00", meter, "T1", number]
        content = files.xlsx([HEAD, row]) if kind == "xlsx" else long_csv(",".join(map(str, row)))
        pipeline.put(f"{number:03d}.{kind}", content)


async def summary_of(pipeline: PipelineHarness) -> tuple[list[asyncpg.Record], RunSummary]:
    """Run the day; return the rows of the run in the load log, and its summary."""
    run = await pipeline.begin()
    await pipeline.ingest(run)
    log = await pipeline.finish(run)
    return log, await summarise_run(pipeline.connection, run.flow_run_id, pipeline.settings)


@contextmanager
def statements(connection: Connection) -> Iterator[Counter[str]]:
    """Count the statements of a connection by their first words."""
    counts: Counter[str] = Counter()

    def count(record: Any) -> None:  # noqa: ANN401 - asyncpg's record of a query
        counts[" ".join(record.query.split()[:6])] += 1

    connection.add_query_logger(count)
    try:
        yield counts
    finally:
        connection.remove_query_logger(count)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_number_of_statements_does_not_grow_with_the_files(pipeline: PipelineHarness, kind: str) -> None:
    counts = []
    for number in (2, 3, 30):  # the first makes the driver look at types
        await pipeline.connection.execute("truncate quality.quality_load_log, core.measurements")
        await put_many(pipeline, number, kind=kind, prefix=f"of {number} ")
        with statements(pipeline.connection) as counted:
            log = await pipeline.run()
            await asyncio.sleep(0)  # the driver tells of its last statement a turn later
        assert [row["status"] for row in log] == ["success"] * number
        counts.append(counted)

    assert counts[1] == counts[2]


async def test_broken_workbooks_among_others_fail_alone_each_with_its_own_error(pipeline: PipelineHarness) -> None:
    await put_many(pipeline, 12, kind="xlsx")
    pipeline.put("003.xlsx", b"PK\3\4 broken")
    pipeline.put("007.xlsx", files.xlsx([["something", "else"], [1, 2]]))

    log, summary = await summary_of(pipeline)

    failed = {row["source_file"][-8:]: row["problem"] for row in log if row["status"] != "success"}
    assert failed == {"003.xlsx": FileProblem.DAMAGED, "007.xlsx": FileProblem.NO_MAPPING_NO_HEADER}
    assert (summary.loaded, len(summary.failed), len(await pipeline.values())) == (10, 2, 10)


async def test_file_that_the_database_refuses_leaves_the_others_of_its_batch_alone(pipeline: PipelineHarness) -> None:
    await put_many(pipeline, 8)
    await pipeline.connection.execute(
        "alter table stage.raw_rows add constraint refused check (cells not like '%M005%')"
    )

    log, _ = await summary_of(pipeline)

    assert [row["source_file"][-7:] for row in log if row["status"] == "failed"] == ["005.csv"]
    assert len(await pipeline.values()) == 7


async def test_file_as_its_load_has_left_it_writes_no_row_and_is_counted_all_the_same(
    pipeline: PipelineHarness,
) -> None:
    await put_many(pipeline, 5)
    first, loaded = await summary_of(pipeline)
    pipeline.put("002.csv", long_csv(f"{DAY} 00:00,M002,T1,99"))

    second, changed = await summary_of(pipeline)
    third, unchanged = await summary_of(pipeline)

    assert (len(first), loaded.files, loaded.skipped) == (5, 5, 0)
    assert ([row["source_file"] for row in second], changed.files, changed.skipped) == ([f"{DAY}/002.csv"], 5, 4)
    assert (third, unchanged.files, unchanged.loaded, unchanged.skipped) == ([], 5, 0, 5)


async def test_known_content_at_a_new_path_writes_one_row_once(pipeline: PipelineHarness) -> None:
    await put_many(pipeline, 1)
    await pipeline.run()
    pipeline.put("copy.csv", (pipeline.settings.raw_dir / str(DAY) / "000.csv").read_bytes())

    logs = [(await summary_of(pipeline)) for _ in range(2)]

    assert [[(row["source_file"], row["problem"]) for row in log] for log, _ in logs] == [
        [(f"{DAY}/copy.csv", FileProblem.ALREADY_LOADED)],
        [],
    ]
    assert [(summary.files, summary.skipped) for _, summary in logs] == [(2, 2), (2, 2)]


async def test_member_of_an_archive_that_is_as_it_was_writes_no_row(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.zip", files.zipped({"b.csv": long_csv(f"{DAY} 00:00,M,T1,1").encode()}))
    await pipeline.run()

    log, summary = await summary_of(pipeline)

    assert (log, summary.files, summary.skipped) == ([], 1, 1)


@pytest.mark.parametrize("how", ["row", "stage", "rollback", "older"])
async def test_what_is_not_as_its_load_has_left_it_gets_its_row(pipeline: PipelineHarness, how: str) -> None:
    await put_many(pipeline, 1)
    (loaded,) = await pipeline.run()
    if how == "row":
        await pipeline.connection.execute("delete from quality.quality_load_log")
    elif how == "stage":
        await pipeline.connection.execute("delete from stage.stage_raw_measurements")
    elif how == "rollback":
        await pipeline.rollback(loaded["load_id"])
    else:
        older = pipeline.settings.raw_dir / str(DAY) / "000.csv"
        content = older.read_bytes()
        pipeline.put("000.csv", long_csv(f"{DAY} 00:00,M000,T1,99"))
        await pipeline.run()
        older.write_bytes(content)

    (row,) = await pipeline.run()

    expected = {"row": "success", "stage": "success", "rollback": FileProblem.ROLLED_BACK}
    assert (row["problem"] or row["status"]) == expected.get(how, FileProblem.ALREADY_LOADED)


async def test_try_again_of_a_run_neither_logs_nor_counts_what_it_has_loaded_itself(pipeline: PipelineHarness) -> None:
    await put_many(pipeline, 2)
    run = await pipeline.begin()
    await pipeline.ingest(run)
    await pipeline.finish(run)

    await pipeline.ingest(run)

    summary = await summarise_run(pipeline.connection, run.flow_run_id, pipeline.settings)
    assert (summary.files, summary.loaded, summary.skipped) == (2, 2, 0)
    assert len(await pipeline.log(run.flow_run_id)) == 2


@pytest.mark.parametrize("trusts", [False, True])
async def test_file_is_not_read_again_only_if_a_setting_says_so(
    pipeline: PipelineHarness, monkeypatch: pytest.MonkeyPatch, trusts: bool
) -> None:
    pipeline = pipeline._replace(settings=pipeline.settings.model_copy(update={"trust_mtime": trusts}))
    await put_many(pipeline, 1)
    await pipeline.run()
    read: list[Path] = []
    checksum = LOCAL.checksum

    def watched(file: Path) -> str:
        read.append(file)
        return checksum(file)

    monkeypatch.setattr(LOCAL, "checksum", watched)

    log, summary = await summary_of(pipeline)

    assert (log, summary.skipped, bool(read)) == ([], 1, not trusts)


@pytest.mark.parametrize("trusts", [False, True])
async def test_change_that_leaves_size_and_time_is_found(pipeline: PipelineHarness, trusts: bool) -> None:
    pipeline = pipeline._replace(settings=pipeline.settings.model_copy(update={"trust_mtime": trusts}))
    await put_many(pipeline, 1)
    await pipeline.run()
    file = pipeline.settings.raw_dir / str(DAY) / "000.csv"
    stat = file.stat()
    file.write_bytes(file.read_bytes().replace(b"T1,0", b"T1,7"))
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (stat.st_size, stat.st_mtime_ns)

    (row,) = await pipeline.run()

    assert (row["status"], row["rows_updated"]) == ("success", 1)


def test_files_are_read_unless_a_setting_says_otherwise() -> None:
    assert not Settings(_env_file=None).trust_mtime
