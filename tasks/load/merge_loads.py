"""Merge a batch of validated loads into core: together, and if that fails each alone."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from schemas.problems import Language, Step
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
    held: dict[str, str] = {}

    async def merge(loads: Sequence[ValidatedLoad]) -> None:
        async with warehouse.connect() as connection:
            merged = await merge_together(connection, loads, run.claim_key, warehouse.settings)
        names = {load.load_id: load.source_file for load in loads}
        for counts in merged.counts:
            _log.info(
                "loaded %r: %d inserted, %d updated, %d unchanged",
                names[counts.load_id],
                counts.inserted,
                counts.updated,
                counts.unchanged,
            )
        for load_id, why in merged.held.items():
            _log.warning("held %r: %s", names[load_id], why.describe(Language.ENGLISH))
            held[names[load_id]] = str(why)

    async def fail(load: ValidatedLoad, error: Exception) -> BatchResult:
        return await fail_alone(load.load_id, load.source_file, error, run, warehouse, step=Step.LOAD, log=_log)

    result = await together_or_each_alone(loads, merge, fail)
    return BatchResult(result.files, result.failed | held)
