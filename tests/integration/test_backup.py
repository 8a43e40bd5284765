"""The runbook's backup and restore, step by step."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import asyncpg
import pytest
from pydantic import SecretStr

from tasks.warehouse.connection import libpq_environment
from tasks.warehouse.embedded_home import program
from tasks.warehouse.migrate import migrate
from tests.databases import Databases, new_database
from tests.harness import PipelineHarness, long_csv

CONTENT = """
    select md5(concat(
        (select string_agg(t::text, E'\n' order by t::text) from core.readings as t),
        (select string_agg(t::text, E'\n' order by t::text) from core.measurement_revisions as t),
        (select string_agg(t::text, E'\n' order by t::text) from quality.quality_load_log as t),
        (select string_agg(t::text, E'\n' order by t::text) from quality.quality_row_errors as t),
        (select string_agg(t::text, E'\n' order by t::text) from quality.changed_days as t),
        (select string_agg(t::text, E'\n' order by t::text) from stage.stage_raw_measurements as t),
        (select string_agg(t::text, E'\n' order by t::text) from stage.stage_parsed_measurements as t)
    ))
"""


def client(name: str, url: str, *arguments: str) -> None:
    done = subprocess.run(
        [str(program(name)), *arguments],
        env=os.environ | libpq_environment(url),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.sessions
async def test_restored_database_is_the_same_skips_what_it_knows_and_goes_on(
    pipeline: PipelineHarness, databases: Databases, empty_template: str | None, tmp_path: Path
) -> None:
    assert pipeline.settings.database_url
    await pipeline.add_meter("M")
    for value in (1, 2):
        pipeline.put(
            "a.csv", long_csv(f"2025-04-30 00:00,M,T1,{value}", "2025-03-30 00:00,M,T1,1", "2025-04-30 00:00,?,T1,1")
        )
        await pipeline.run()
    dump = tmp_path / "warehouse.dump"
    client("pg_dump", pipeline.settings.database_url.get_secret_value(), "-Fc", "-f", str(dump))
    before = await pipeline.connection.fetchval(CONTENT)

    with new_database(databases, empty_template) as url:
        connection = await asyncpg.connect(url)
        if empty_template:
            await connection.execute("select timescaledb_pre_restore()")
        client("pg_restore", url, "--no-owner", "--no-privileges", "-d", url.rpartition("/")[2], str(dump))
        if empty_template:
            await connection.execute("select timescaledb_post_restore()")
        restored = PipelineHarness(connection, pipeline.settings.model_copy(update={"database_url": SecretStr(url)}))
        after = await connection.fetchval(CONTENT)
        report = await migrate(connection, restored.settings)
        again = await restored.run()
        readings = await restored.digest()
        restored.put("b.csv", long_csv("2025-04-30 01:00,M,T1,3", "2025-06-01 00:00,M,T1,3"))
        *_, loaded = await restored.run()
        kind = await connection.fetchval("select relkind::text from pg_class where oid = 'core.measurements'::regclass")
        await connection.close()

    assert after == before
    assert report.applied == []
    assert again == []
    assert readings == await pipeline.digest()
    assert (loaded["status"], loaded["rows_inserted"]) == ("success", 2)
    assert kind == ("r" if empty_template else "p")
