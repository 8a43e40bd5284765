"""Load buildings, ITPs and meters into core: all of them, or none and a list of what is wrong."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import asyncpg
from pydantic import BaseModel

from schemas.errors import TerminalError
from schemas.reference import COLUMNS, PARENTS, Cell, ReferenceMistake, ReferenceProblem
from schemas.settings import Settings
from schemas.windows import local_midnight
from tasks.operate.read_reference import Reference, ReferenceFilesError
from tasks.operate.reference_periods import Line, district_periods, last_lines, meter_periods
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
        """Codes of the file."""
        return self.inserted + self.updated + self.unchanged


class ReferenceChange(BaseModel):
    """What the reference data says otherwise of a code that it knew."""

    table_name: str
    code: str
    column_name: str
    before: str | None
    after: str | None


class ReferenceCounts(BaseModel):
    """What a load of the reference data did."""

    buildings: TableCounts
    itp: TableCounts
    meters: TableCounts
    retired: int
    """Meters that the files lack and that count as removed from now on."""
    changes: list[ReferenceChange]


async def load_reference(
    connection: Connection, reference: Reference, settings: Settings, *, retire_from: dt.date | None = None
) -> ReferenceCounts:
    """Upsert the reference data by external_code in one transaction; codes that the files lack are kept.

    `retire_from`: meters that the files lack have been removed when this day began.

    Raises:
        ReferenceFilesError: a row names a building or ITP that neither the files nor core have.
        TerminalError: all meters would be retired, for the files have none.

    """
    zone = settings.zone
    if retire_from and not reference["meters"]:
        raise TerminalError("meters.csv has no meter: nothing is retired; leave out --retire, or fill the file")
    async with connection.transaction():
        await connection.execute(*sql("lock_reference", settings))
        for table, lines in reference.items():
            await _copy(connection, f"reference_{table}", to_records(table, last_lines(table, lines, zone)), settings)
        await _copy(connection, "reference_meter_periods", meter_periods(reference["meters"], zone), settings)
        await _copy(connection, "reference_district_periods", district_periods(reference["buildings"], zone), settings)
        if unknown := await connection.fetch(*sql("find_unknown_parents", settings)):
            raise ReferenceFilesError(_name_unknown(reference, unknown))
        changes = await connection.fetch(*sql("select_reference_changes", settings))
        upserted = {table: await fetch_one(connection, *sql(f"upsert_{table}", settings)) for table in reference}
        changes += await _store_periods(connection, settings)
        retired = await _retire(connection, settings, retire_from) if retire_from else 0
    new = {table: frozenset(row["inserted"]) for table, row in upserted.items()}
    # What the files say of a new code is no change.
    found = [ReferenceChange(**dict(row)) for row in changes if row["code"] not in new[row["table_name"]]]
    counts = {}
    for table, row in upserted.items():
        inserted, updated = len(new[table]), len({change.code for change in found if change.table_name == table})
        counts[table] = TableCounts(inserted=inserted, updated=updated, unchanged=row["codes"] - inserted - updated)
    return ReferenceCounts(**counts, retired=retired, changes=found)


async def _copy(connection: Connection, table: str, records: Sequence[tuple[object, ...]], settings: Settings) -> None:
    await connection.execute(*sql(f"create_{table}", settings))
    await run_copy(connection, connection.copy_records_to_table(table, records=records), Turn())


async def _store_periods(connection: Connection, settings: Settings) -> list[asyncpg.Record]:
    """Bring the periods of the files' codes to what the files say; returns what has changed."""
    await connection.execute(*sql("create_changed_periods", settings, zone=settings.default_tz))
    for kind in ("meter", "district"):
        await connection.execute(*sql(f"delete_{kind}_periods", settings))
        await connection.execute(*sql(f"insert_{kind}_periods", settings))
    changes: list[asyncpg.Record] = await connection.fetch(*sql("select_changed_periods", settings))
    return changes


async def _retire(connection: Connection, settings: Settings, day: dt.date) -> int:
    query = sql("retire_meters", settings, removed=local_midnight(day, settings.zone))
    return int(await connection.fetchval(*query))


def to_records(table: str, lines: Sequence[Line]) -> list[tuple[str | int | None, ...]]:
    """Return the lines as rows of the table's columns, an empty cell as null; too few for Arrow to pay off."""
    return [tuple(_to_value(name, line.cells[name]) for name in COLUMNS[table]) for line in lines]


def _to_value(column: str, text: str) -> str | int | None:
    if not text:
        return None
    return int(text) if column == "interval_minutes" else text


def _name_unknown(reference: Reference, unknown: Sequence[asyncpg.Record]) -> list[ReferenceMistake]:
    numbers = {
        table: {(line.code, line.cells[column]): line.number for line in reference[table]}
        for table, (column, _) in PARENTS.items()
    }
    mistakes = []
    for table, code, parent_code in unknown:
        column, parent_table = PARENTS[table]
        mistakes.append(
            ReferenceMistake(
                f"{table}.csv",
                ReferenceProblem.UNKNOWN_PARENT,
                {"parent_table": parent_table},
                numbers[table][code, parent_code],
                Cell(column, parent_code),
            )
        )
    return sorted(mistakes, key=lambda mistake: (mistake.file, mistake.line))
