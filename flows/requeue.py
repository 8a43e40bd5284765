"""Load rows that waited in stage for their code, after the reference tables were mended."""

from __future__ import annotations

import datetime as dt
from uuid import UUID, uuid4

from prefect import flow, get_run_logger, runtime

from flows.load import load_files
from flows.run_context import RunContext
from flows.transform import transform
from flows.validate import validate
from flows.warehouse import migrate_warehouse, open_connection
from schemas.settings import load_settings
from tasks.claim_files import new_load_id, take_claim_key
from tasks.requeue_rows import requeue_rows
from tasks.summarise_run import RunSummary, summarise_run


@flow(name="requeue", flow_run_name="requeue", persist_result=False)
async def requeue() -> RunSummary:
    """Load every waiting row whose code is known by now; the files are not needed."""
    settings = load_settings()
    await migrate_warehouse(settings)
    flow_run_id = UUID(str(runtime.flow_run.id)) if runtime.flow_run.id else uuid4()
    async with open_connection(settings) as connection:
        key = await take_claim_key(connection)
        loads = await requeue_rows(connection, flow_run_id, key, settings, new_load_id=new_load_id)
        get_run_logger().info("rows of %d loads have become loadable", len(loads))
        context = RunContext(flow_run_id=flow_run_id, claim_key=key, day=dt.datetime.now(settings.zone).date())
        if loads:
            await validate(context)
            await load_files(context)
            await transform()
        return await summarise_run(connection, flow_run_id, settings)
