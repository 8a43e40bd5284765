"""Find loads that would be read otherwise today: their mapping, or the rules, have changed since."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from pydantic import BaseModel

from schemas.digests import rules_digest
from schemas.mappings import Mappings, SourceMapping
from schemas.settings import Settings
from tasks.warehouse.connection import Connection
from tasks.warehouse.statements import Statements

sql = Statements(__file__)


class OutdatedSource(BaseModel):
    """Loads of a source that count, and would be read otherwise today."""

    source: str
    loads: int
    first_day: dt.date
    last_day: dt.date
    mapping_changed: bool
    """Else only the rules have: metrics, units, and the settings that readings are validated with."""


class OutdatedLoad(BaseModel):
    """A load that counts, and would be read otherwise today."""

    load_id: UUID
    business_date: dt.date
    source_file: str


async def find_outdated_sources(connection: Connection, mappings: Mappings, settings: Settings) -> list[OutdatedSource]:
    """Count the loads that each source's mapping, or the rules, would read otherwise.

    Of a source without a mapping nothing is said while mappings have errors: it may be one of those.
    """
    digests = {mapping.name: mapping.digest for mapping in mappings.usable}
    rows = await connection.fetch(
        *sql(
            "find_outdated_sources",
            settings,
            names=[*digests],
            digests=[*digests.values()],
            rules_digest=rules_digest(settings),
            are_all=not mappings.errors,
        )
    )
    return [OutdatedSource(**row) for row in rows]


async def find_outdated_loads(
    connection: Connection,
    source: str,
    mapping: SourceMapping | None,
    days: tuple[dt.date, dt.date] | None,
    settings: Settings,
) -> list[OutdatedLoad]:
    """Find the loads of a source that its mapping, or the rules, would read otherwise, in the order of their days.

    `mapping`: the one of that name; None: there is none any more. `days`: the first and the last; None: all.
    """
    first_day, last_day = days or (dt.date.min, dt.date.max)
    rows = await connection.fetch(
        *sql(
            "find_outdated_loads",
            settings,
            source=source,
            mapping_digest=mapping and mapping.digest,
            rules_digest=rules_digest(settings),
            first_day=first_day,
            last_day=last_day,
        )
    )
    return [OutdatedLoad(**row) for row in rows]


async def has_loads_of(connection: Connection, source: str, settings: Settings) -> bool:
    """Return True if a file was ever loaded by the mapping of a name."""
    return bool(await connection.fetchval(*sql("has_loads_of", settings, source=source)))
