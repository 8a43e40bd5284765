"""What follows the commit: refresh of aggregates and views, features by dbt, over what changed."""

from __future__ import annotations

from prefect import flow

from flows.runtime.context import RunContext
from tasks.transform.transform_changes import Transformed, transform_changes


@flow(name="transform", flow_run_name="transform", persist_result=False)
async def transform(context: RunContext) -> Transformed:
    """Bring aggregates and features up to every change that no earlier transform has finished.

    A failure leaves the record of changes as it is: the next run completes it.
    """
    return await transform_changes(context.warehouse)
