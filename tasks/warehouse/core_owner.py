"""Who manages core: the pipeline's own migrations, or someone else, whose tables are never altered."""

from __future__ import annotations

from enum import StrEnum

from schemas.settings import Settings
from tasks.warehouse.connection import Connection
from tasks.warehouse.statements import Statements

sql = Statements(__file__)


class CoreOwner(StrEnum):
    """As the table of migrations records it, in version 0."""

    DATAOPS = "dataops"
    EXTERNAL = "foreign"


async def read_core_owner(connection: Connection, settings: Settings) -> CoreOwner:
    """Return who manages core in a database whose table of migrations exists."""
    return CoreOwner(await connection.fetchval(*sql("select_core_owner", settings)))
