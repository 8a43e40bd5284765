"""Find a load by its id, or by as much of its beginning as is unique."""

from __future__ import annotations

import re
from uuid import UUID

from schemas.errors import TerminalError
from schemas.settings import Settings
from tasks.warehouse.connection import Connection
from tasks.warehouse.statements import Statements

sql = Statements(__file__)

_MIN_LENGTH = 4
_BEGINNING = re.compile(r"[0-9a-f]{1,8}(-[0-9a-f]{0,12}){0,4}", re.IGNORECASE)


def is_load_id(text: str) -> bool:
    """Return True if a text is a load_id, or may be the beginning of one."""
    return len(text) >= _MIN_LENGTH and len(text) <= 36 and bool(_BEGINNING.fullmatch(text))


async def resolve_load_id(connection: Connection, text: str, settings: Settings) -> UUID:
    """Return the id of the load that a text names.

    Raises:
        TerminalError: it is not a load_id, there is no such load, or there are several.

    """
    if not is_load_id(text):
        raise TerminalError(f"{text!r} is not a load_id (a UUID or its beginning): dataops status shows them")
    rows = await connection.fetch(*sql("find_loads_by_beginning", settings, beginning=text.lower()))
    if not rows:
        raise TerminalError(f"there is no load {text}: dataops status lists the last ones")
    if len(rows) > 1:
        raise TerminalError(f"several loads begin with {text}, such as {rows[0]['load_id']} and {rows[1]['load_id']}")
    load_id: UUID = rows[0]["load_id"]
    return load_id
