"""Find loads by what an operator types: a whole load_id, or enough of its beginning or end."""

from __future__ import annotations

import re
from uuid import UUID

from schemas.errors import TerminalError
from schemas.settings import Settings
from tasks.warehouse.connection import Connection
from tasks.warehouse.load_log import LogRow, find_load
from tasks.warehouse.statements import Statements

sql = Statements(__file__)

_HEX_DIGITS = 32
_MIN_DIGITS = 4
_SHORT_DIGITS = 8


def short_load_id(load_id: UUID) -> str:
    """Return the last digits of a load_id: they are random, while ids of the same day begin alike."""
    return load_id.hex[-_SHORT_DIGITS:]


def is_load_id(text: str) -> bool:
    """Return True if a text is a load_id, or may be a part of one."""
    return bool(re.fullmatch(f"[0-9a-f]{{{_MIN_DIGITS},{_HEX_DIGITS}}}", _digits(text)))


def _digits(text: str) -> str:
    return text.strip().lower().replace("-", "")


async def resolve_load_id(connection: Connection, text: str, settings: Settings) -> UUID:
    """Return the id of the only load that a text names: its whole id, or the beginning or end of it.

    Raises:
        TerminalError: no load has such an id, several have, or the text is not part of an id.

    """
    digits = _digits(text)
    if not is_load_id(text):
        raise TerminalError(f"{text!r} is not a load_id: write at least {_MIN_DIGITS} of its last hexadecimal digits")
    if len(digits) == _HEX_DIGITS:
        return (await require_load(connection, UUID(hex=digits), settings)).load_id
    lowest, highest = (UUID(hex=digits.ljust(_HEX_DIGITS, fill)) for fill in "0f")
    query = sql("find_loads_by_digits", settings, digits=digits, lowest=lowest, highest=highest)
    matches = [row["load_id"] for row in await connection.fetch(*query)]
    if not matches:
        raise TerminalError(_no_such_load(text))
    if len(matches) > 1:
        raise TerminalError(f"several loads fit {text!r}, such as {matches[0]} and {matches[1]}: write more digits")
    return UUID(str(matches[0]))


async def require_load(connection: Connection, load_id: UUID, settings: Settings) -> LogRow:
    """Return a load of the log.

    Raises:
        TerminalError: there is no such load.

    """
    load = await find_load(connection, load_id, settings)
    if load is None:
        raise TerminalError(_no_such_load(load_id))
    return load


def _no_such_load(load: UUID | str) -> str:
    return f"there is no load {load}: dataops status lists the last ones"
