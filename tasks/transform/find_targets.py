"""Look up what a refresh brings up to date: hourly and daily aggregates, then REFRESH_OBJECTS."""

from __future__ import annotations

from typing import NamedTuple

from schemas.errors import TerminalError
from schemas.settings import Settings
from tasks.warehouse.connection import Connection
from tasks.warehouse.statements import SHARED, Statements

sql = Statements(__file__)

_OWN = ("meter_hourly", "meter_daily", "meter_last_reading")  # each reads the one before


class Target(NamedTuple):
    """An object to refresh, as the catalog describes it."""

    name: str
    """schema.name"""
    kind: str
    """continuous_aggregate, rollup, materialized_view or view."""
    can_be_concurrent: bool
    is_own: bool

    @property
    def table(self) -> str:
        """The name without its schema."""
        return self.name.split(".")[1]

    @property
    def quoted(self) -> str:
        """The name as SQL quotes it."""
        return ".".join(f'"{item}"' for item in self.name.split("."))


async def find_targets(connection: Connection, settings: Settings) -> list[Target]:
    """Look up the product's own aggregates and REFRESH_OBJECTS, all of them before any is refreshed.

    Raises:
        TerminalError: an object does not exist or is not a view; all such are named.

    """
    has_timescale = bool(await connection.fetchval(*SHARED("has_timescale", settings)))
    own = [f"{settings.features_schema}.{name}" for name in _OWN]
    targets, unknown = [], []
    for name in [*own, *(name for name in settings.refresh_objects or () if name not in own)]:
        target = await _look_up(connection, name, settings, is_own=name in own, has_timescale=has_timescale)
        if target:
            targets.append(target)
        else:
            unknown.append(name)
    if unknown:
        raise TerminalError(
            f"REFRESH_OBJECTS: {', '.join(unknown)}: "
            "there is no continuous aggregate, materialised view or view of that name"
        )
    return targets


async def _look_up(
    connection: Connection, name: str, settings: Settings, *, is_own: bool, has_timescale: bool
) -> Target | None:
    row = await connection.fetchrow(*sql("select_refresh_target", settings, name=name))
    if row is None:
        return None
    is_continuous = has_timescale and await connection.fetchval(*sql("is_continuous_aggregate", settings, name=name))
    kinds = {"m": "materialized_view", "v": "view"} | ({"p": "rollup"} if is_own else {})
    kind = "continuous_aggregate" if is_continuous else kinds.get(row["kind"])
    return Target(name, kind, row["can_be_concurrent"], is_own) if kind else None
