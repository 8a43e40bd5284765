"""What a replay would change in core: the steps of a run in one transaction, which is rolled back."""

from __future__ import annotations

import datetime as dt
import logging
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple
from uuid import UUID, uuid4

from schemas.load_states import LoadStatus
from schemas.settings import Settings
from tasks.ingest.find_replayed import find_content_files, find_without_file
from tasks.ingest.ingest_files import Request, ingest_files, prepare_ingest
from tasks.ingest.restage_load import restage_loads
from tasks.load.list_changes import Change, LoadResult, list_changes, list_results
from tasks.load.merge_loads import merge_loads
from tasks.load.plan_merges import plan_merges
from tasks.validate.validate_loads import find_staged_batches, validate_loads
from tasks.warehouse.connection import Connection, OneConnection
from tasks.warehouse.load_log import Run
from tasks.warehouse.spool import Spool


class Preview(NamedTuple):
    """What a replay of some loads of a day would do."""

    loads: list[LoadResult]
    """As the load log would have them."""
    changes: dict[UUID, list[Change]]
    """Of each of them."""
    failed: dict[str, str]
    """Source file → why stage could not give it."""


async def preview_replay(connection: Connection, day: dt.date, load_ids: Sequence[UUID], settings: Settings) -> Preview:
    """Replay loads of a day in their place, say what that changes, and undo it; merges of runs wait meanwhile."""
    run = Run(uuid4(), secrets.randbits(62), day)
    # The isolation of a merge with core, which cannot have another one inside.
    transaction = connection.transaction(isolation="repeatable_read")
    await transaction.start()
    loads: list[LoadResult] = []
    try:
        with _saying_nothing():
            failed = await _replay(OneConnection.of(connection, settings), run, load_ids)
        loads = await list_results(connection, run, settings)
        ended = [load.load_id for load in loads if load.status in (LoadStatus.SUCCESS, LoadStatus.PARTIAL)]
        changes = {load_id: await list_changes(connection, load_id, settings) for load_id in ended}
    finally:
        await transaction.rollback()
        Spool(settings).delete([load.load_id for load in loads], now=0)
    return Preview(loads, changes, failed)


async def _replay(warehouse: OneConnection, run: Run, load_ids: Sequence[UUID]) -> dict[str, str]:
    """Take the steps of a run; return what stage could not give."""
    settings = warehouse.settings
    async with warehouse.connect() as connection:
        files = await find_content_files(connection, load_ids, settings)
        request = Request(files.paths, "in place", files.contents)
        day = await prepare_ingest(run, request, warehouse)
        for batch in day.batches:
            await ingest_files(batch, day.mappings, run, request, warehouse)
        without_file = await find_without_file(connection, load_ids, run, settings)
        restaged = await restage_loads(connection, without_file, run, settings, replay="in place")
    for staged in await find_staged_batches(run, warehouse):
        await validate_loads(staged, run, warehouse)
    plan = await plan_merges(run, warehouse)
    for validated in [*plan.side_by_side, *plan.in_order]:
        await merge_loads(validated, run, warehouse)
    return dict(restaged.failed)


@contextmanager
def _saying_nothing() -> Iterator[None]:
    """Keep the steps' log from the terminal: what they would say is in the preview."""
    log = logging.getLogger("dataops")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)
