"""Merge a batch of validated loads into core: together, and if that fails each alone."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from schemas.problems import Step
from tasks.load.merge_readings import merge_together
from tasks.load.plan_merges import ValidatedLoad
from tasks.warehouse.batches import BatchResult, together_or_each_alone
from tasks.warehouse.connection import Warehouse
from tasks.warehouse.load_log import Run, fail_alone

_log = logging.getLogger("dataops.load")


async def merge_loads(loads: Sequence[ValidatedLoad], run: Run, warehouse: Warehouse) -> BatchResult:
    """Merge a batch of loads in one transaction; if that fails, each alone, so that only what is broken fails.

    Raises:
        Exception: a transient one, which a retry may cure.

    """

    async def merge(loads: Sequence[ValidatedLoad]) -> None:
        async with warehouse.connect() as connection:
            merged = await merge_together(connection, loads, run.claim_key, warehouse.settings)
        for load, counts in zip(loads, merged, strict=True):
            _log.info(
                "loaded %r: %d inserted, %d updated, %d unchanged",
                load.source_file,
                counts.inserted,
                counts.updated,
                counts.unchanged,
            )

    async def fail(load: ValidatedLoad, error: Exception) -> BatchResult:
        return await fail_alone(load.load_id, load.source_file, error, run, warehouse, step=Step.LOAD, log=_log)

    return await together_or_each_alone(loads, merge, fail)
