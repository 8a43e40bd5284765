"""Take the accepted readings into core, each file all or nothing."""

from __future__ import annotations

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE

from flows.runtime.context import RETRY, PartResult, RunContext
from flows.runtime.progress import progress
from flows.runtime.warehouse import open_connection
from schemas.errors import RunFailedError
from schemas.settings import load_settings
from tasks.ingest.claim_files import fail_load
from tasks.load.merge_readings import Loaded, ParsedLoad, find_parsed, load
from tasks.warehouse.batches import each, group
from tasks.warehouse.connection import is_transient


@flow(name="load", flow_run_name="load/{context.day}", persist_result=False)
async def load_files(context: RunContext) -> PartResult:
    """Load every judged file of the run into core.

    Raises:
        RunFailedError: files that could not be loaded; the others are.

    """
    settings = load_settings()
    failed: dict[str, str] = {}
    async with open_connection(settings) as connection:
        loads = await find_parsed(connection, context.flow_run_id, settings)
    # Of two files that speak of the same meter and time the later one's values stand: these go in their order.
    for in_order, at_once in ((False, settings.files_at_once), (True, 1)):
        some = [one for one in loads if one.shares_readings is in_order]
        groups = group(some, rows=lambda one: one.readings)
        failed |= await each(groups, lambda one: load_group(one, context), at_once=at_once)
    if failed:
        raise RunFailedError.of(failed)
    return PartResult(loads=len(loads))


@task(name="load-files", task_run_name="load {loads[0].source_file} …", cache_policy=NO_CACHE, **RETRY)
async def load_group(loads: list[ParsedLoad], context: RunContext) -> dict[str, str]:
    """Load a group in one transaction; if that fails, or readings are shared, one by one, so that each fails alone."""
    if len(loads) == 1 or not any(one.shares_readings for one in loads):
        try:
            await _load(loads, context)
        except Exception as error:
            if is_transient(error):
                raise
            if len(loads) == 1:
                return await _fail(loads[0], error)
        else:
            return {}
    return {name: why for one in loads for name, why in (await load_group.fn([one], context)).items()}


async def _load(loads: list[ParsedLoad], context: RunContext) -> list[Loaded]:
    settings, log = load_settings(), get_run_logger()
    async with open_connection(settings) as connection, progress(f"{loads[0].source_file}: загрузка"):
        done = await load(connection, loads, context.claim_key, settings)
    for one, counts in zip(loads, done, strict=True):
        log.info(
            "loaded %r: %d inserted, %d updated, %d unchanged",
            one.source_file,
            counts.inserted,
            counts.updated,
            counts.unchanged,
        )
    return done


async def _fail(one: ParsedLoad, error: Exception) -> dict[str, str]:
    get_run_logger().exception("failed %r", one.source_file)
    settings = load_settings()
    async with open_connection(settings) as connection:
        await fail_load(connection, one.load_id, f"загрузка: {error}", settings)
    return {one.source_file: str(error)}
