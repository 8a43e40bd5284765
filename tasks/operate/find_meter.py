"""Find out whether a meter's code is known."""

from __future__ import annotations

from schemas.errors import TerminalError
from schemas.settings import Settings
from tasks.warehouse.connection import Connection
from tasks.warehouse.statements import Statements

sql = Statements(__file__)


async def require_meter(connection: Connection, code: str, settings: Settings) -> None:
    """Make sure that a code is a meter's, or was found in a file.

    Raises:
        TerminalError: it is neither.

    """
    if not await connection.fetchval(*sql("is_known_meter", settings, meter_code=code)):
        raise TerminalError(f"there is no meter {code!r} in core.meters, and no row error names it")
