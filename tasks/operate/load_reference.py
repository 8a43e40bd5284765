"""Load buildings, ITPs and meters into core: all of them, or none and a list of what is wrong."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg
import pyarrow as pa
from pydantic import BaseModel

from schemas.reference import COLUMNS, PARENTS, Cell, ReferenceMistake, ReferenceProblem
from schemas.settings import Settings
from tasks.operate.read_reference import Line, Reference, ReferenceFilesError
from tasks.warehouse.connection import Connection, fetch_one
from tasks.warehouse.copy import copy_table
from tasks.warehouse.statements import Statements

sql = Statements(__file__)


class TableCounts(BaseModel):
    """Rows of one reference table."""

    inserted: int
    updated: int
    unchanged: int

    @property
    def total(self) -> int:
        """Rows of the file."""
        return self.inserted + self.updated + self.unchanged


class ReferenceCounts(BaseModel):
    """What a load of the reference data did."""

    buildings: TableCounts
    itp: TableCounts
    meters: TableCounts


async def load_reference(connection: Connection, reference: Reference, settings: Settings) -> ReferenceCounts:
    """Upsert the reference data by external_code in one transaction; codes that the files lack are kept.

    Raises:
        ReferenceFilesError: a row names a building or ITP that neither the files nor core have.

    """
    async with connection.transaction():
        await connection.execute(*sql("lock_reference", settings))
        for table, lines in reference.items():
            await connection.execute(*sql(f"create_reference_{table}", settings))
            await copy_table(connection, to_arrow(table, lines), into=f"reference_{table}", schema=None)
        if unknown := await connection.fetch(*sql("find_unknown_parents", settings)):
            raise ReferenceFilesError(_name_unknown(reference, unknown))
        counts = {table: await fetch_one(connection, *sql(f"upsert_{table}", settings)) for table in reference}
    return ReferenceCounts.model_validate({table: dict(row) for table, row in counts.items()})


def to_arrow(table: str, lines: Sequence[Line]) -> pa.Table:
    """Return the lines as a table; an empty cell is null."""
    columns: dict[str, pa.Array] = {}
    for name in COLUMNS[table]:
        texts = pa.array([line.cells[name] or None for line in lines], pa.string())
        columns[name] = texts.cast(pa.int32()) if name == "interval_minutes" else texts
    return pa.table(columns)


def _name_unknown(reference: Reference, unknown: Sequence[asyncpg.Record]) -> list[ReferenceMistake]:
    numbers = {table: {line.cells["external_code"]: line.number for line in reference[table]} for table in PARENTS}
    mistakes = []
    for table, code, parent_code in unknown:
        column, parent_table = PARENTS[table]
        mistakes.append(
            ReferenceMistake(
                f"{table}.csv",
                ReferenceProblem.UNKNOWN_PARENT,
                {"parent_table": parent_table},
                numbers[table][code],
                Cell(column, parent_code),
            )
        )
    return sorted(mistakes, key=lambda mistake: (mistake.file, mistake.line))
