"""Load buildings, ITPs and meters into core: all of them, or none and a list of what is wrong."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg
from pydantic import BaseModel

from schemas.reference import COLUMNS, PARENTS, Cell, ReferenceMistake, ReferenceProblem
from schemas.settings import Settings
from tasks.operate.read_reference import Line, Reference, ReferenceFilesError
from tasks.warehouse.connection import Connection, fetch_one
from tasks.warehouse.lost_copies import Turn, run_copy
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
            copying = connection.copy_records_to_table(
                f"reference_{table}", records=to_records(table, lines), columns=COLUMNS[table]
            )
            await run_copy(connection, copying, Turn())
        if unknown := await connection.fetch(*sql("find_unknown_parents", settings)):
            raise ReferenceFilesError(_name_unknown(reference, unknown))
        counts = {table: await fetch_one(connection, *sql(f"upsert_{table}", settings)) for table in reference}
    return ReferenceCounts.model_validate({table: dict(row) for table, row in counts.items()})


def to_records(table: str, lines: Sequence[Line]) -> list[tuple[str | int | None, ...]]:
    """Return the lines as rows of the table's columns, an empty cell as null; too few for Arrow to pay off."""
    return [tuple(_to_value(name, line.cells[name]) for name in COLUMNS[table]) for line in lines]


def _to_value(column: str, text: str) -> str | int | None:
    if not text:
        return None
    return int(text) if column == "interval_minutes" else text


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
