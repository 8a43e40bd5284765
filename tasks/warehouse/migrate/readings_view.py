"""core.readings names the unit of every metric, also of those that came after the migration that created it."""

from __future__ import annotations

from schemas.errors import TerminalError
from schemas.metrics import METRICS, unit_case
from schemas.settings import Settings
from tasks.warehouse.connection import Connection
from tasks.warehouse.statements import Statements

sql = Statements(__file__)


async def update_readings_view(connection: Connection, settings: Settings) -> list[str]:
    """Replace core.readings where it lacks the unit of a metric; returns what was done.

    Raises:
        TerminalError: a metric has no migration that adds it to the type.

    """
    metrics = list(METRICS)
    if missing := await connection.fetch(*sql("select_missing_labels", settings, metrics=metrics)):
        advice = "; ".join(f"alter type {{core}}.metric add value '{row['label']}'" for row in missing)
        raise TerminalError(f"METRICS has metrics that core does not know: add a migration with `{advice}`")
    units = {row["metric"]: row["unit"] for row in await connection.fetch(*sql("select_view_units", settings))}
    others = units.pop(None, None)
    if all(units.get(metric.name, others) == metric.unit for metric in METRICS.values()):
        return []
    await connection.execute(sql.text("replace_readings", settings).replace("{unit}", unit_case("m.metric")))
    return [f"{settings.core_schema}.readings names the units of all metrics"]
