"""Give every staged reading its verdict: valid, suspect or rejected with its reason."""

from __future__ import annotations

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE

from flows.runtime.context import RETRY, PartResult, RunContext
from flows.runtime.progress import progress
from flows.runtime.warehouse import open_connection
from schemas.errors import RunFailedError
from schemas.settings import load_settings
from tasks.ingest.claim_files import fail_load
from tasks.ingest.stage_rows import cells_of, raw_spool
from tasks.load.merge_readings import accepted_spool
from tasks.validate.partition_readings import Spool
from tasks.validate.validate_loads import StagedLoad, find_staged, judge_loads
from tasks.warehouse.batches import each, group
from tasks.warehouse.connection import is_transient


@flow(name="validate", flow_run_name="validate/{context.day}", persist_result=False)
async def validate(context: RunContext) -> PartResult:
    """Judge every staged load of the run.

    Raises:
        RunFailedError: loads that could not be judged; the others are.

    """
    settings = load_settings()
    async with open_connection(settings) as connection:
        loads = await find_staged(connection, context.flow_run_id, settings)
    groups = group(loads, rows=lambda load: load.readings)
    failed = await each(groups, validate_loads, at_once=settings.files_at_once)
    if failed:
        raise RunFailedError.of(failed)
    return PartResult(loads=len(loads))


@task(name="validate-loads", task_run_name="validate {loads[0].source_file} …", cache_policy=NO_CACHE, **RETRY)
async def validate_loads(loads: list[StagedLoad]) -> dict[str, str]:
    """Judge a group of loads together; if that fails, one by one, so that each fails alone."""
    try:
        await _judge(loads)
    except Exception as error:
        if is_transient(error):
            raise
        if len(loads) == 1:
            return await _fail(loads[0], error)
        return {name: why for load in loads for name, why in (await validate_loads.fn([load])).items()}
    return {}


async def _judge(loads: list[StagedLoad]) -> None:
    settings, log = load_settings(), get_run_logger()
    spool = Spool(
        raw=lambda load_id, table: raw_spool(load_id, table, settings),
        accepted=lambda load_id: accepted_spool(load_id, settings),
        cells=cells_of,
    )
    async with (
        open_connection(settings) as connection,
        progress(f"{loads[0].source_file}: проверка") as report,
    ):
        verdicts = await judge_loads(connection, loads, spool, settings, progress=report)
    for load, verdict in zip(loads, verdicts, strict=True):
        log.info(
            "judged %r: %d readings, %d rejected, %d duplicate, %d suspect",
            load.source_file,
            verdict.read,
            verdict.rejected,
            verdict.duplicate,
            verdict.suspect,
        )


async def _fail(load: StagedLoad, error: Exception) -> dict[str, str]:
    get_run_logger().exception("failed %r", load.source_file)
    settings = load_settings()
    async with open_connection(settings) as connection:
        await fail_load(connection, load.load_id, f"проверка: {error}", settings)
    return {load.source_file: str(error)}
