"""Find the validated loads of a run, and decide what is merged concurrently and what in order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from schemas.settings import Settings
from tasks.warehouse.batches import batch_by_size
from tasks.warehouse.connection import Connection, Warehouse
from tasks.warehouse.load_log import Run
from tasks.warehouse.statements import Statements

sql = Statements(__file__)


class ValidatedLoad(NamedTuple):
    """A load that is validated and waits to be merged into core."""

    load_id: UUID
    source_file: str
    checksum: str | None
    """None: rows from stage, not a file."""
    readings: int
    """Accepted ones."""
    first_time: datetime | None
    last_time: datetime | None
    is_released: bool
    """It is merged however much it changes: a person says so, or its rows have waited in stage. Its place among the
    loads is an earlier one."""
    shares_readings: bool
    """Another load of the run has readings of the same meter in the same span of time."""


class MergePlan(NamedTuple):
    """What is merged concurrently, and what one after the other, after it."""

    side_by_side: list[list[ValidatedLoad]]
    in_order: list[list[ValidatedLoad]]
    """Of two files with the same meter and time the later one's values count: each is a batch by itself."""

    @classmethod
    def of(cls, loads: Sequence[ValidatedLoad]) -> MergePlan:
        """Put loads into batches; those that share readings keep their order."""
        independent = [load for load in loads if not load.shares_readings]
        return cls(
            side_by_side=list(batch_by_size(independent, rows=lambda load: load.readings)),
            in_order=[[load] for load in loads if load.shares_readings],
        )


async def find_validated_loads(connection: Connection, run: Run, settings: Settings) -> list[ValidatedLoad]:
    """Find the loads of a run that are validated and not yet in core, in the order of their files."""
    rows = await connection.fetch(*sql("find_validated_loads", settings, claim_key=run.claim_key))
    return [ValidatedLoad(**row) for row in rows]


async def plan_merges(run: Run, warehouse: Warehouse) -> MergePlan:
    """Plan the merges of the run's validated loads."""
    async with warehouse.connect() as connection:
        return MergePlan.of(await find_validated_loads(connection, run, warehouse.settings))
