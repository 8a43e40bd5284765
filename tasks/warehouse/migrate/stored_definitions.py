"""The database knows the metrics and kinds of meters of the YAML files: they are added and changed, never dropped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.meter_kinds import METER_KINDS
from schemas.metrics import METRICS
from schemas.settings import Settings
from tasks.warehouse.connection import Connection
from tasks.warehouse.statements import Statements

sql = Statements(__file__)

_METRIC_COLUMNS = ("unit", "kind", "lowest", "highest", "register_of", "description")
_KIND_COLUMNS = ("title", "description")
_MAX_NAMED = 5


async def find_changed_definitions(connection: Connection, settings: Settings) -> list[str]:
    """List the metrics and kinds of meters that the database does not know as they are."""
    metrics = await connection.fetch(*sql("select_metrics", settings))
    kinds = await connection.fetch(*sql("select_meter_kinds", settings))
    expected = {row["kind"]: set(row["metrics"]) for row in kinds}
    return [
        *_changed(METRICS, {row["metric"]: row for row in metrics}, _METRIC_COLUMNS),
        *_changed(METER_KINDS, {row["kind"]: row for row in kinds}, _KIND_COLUMNS),
        *(name for name, kind in METER_KINDS.items() if name in expected and expected[name] != set(kind.expected)),
    ]


def _changed(wanted: Mapping[str, Any], stored: Mapping[str, Any], columns: tuple[str, ...]) -> list[str]:
    return [
        name
        for name, definition in wanted.items()
        if name not in stored or any(stored[name][column] != getattr(definition, column) for column in columns)
    ]


async def store_definitions(connection: Connection, settings: Settings, *, core_is_external: bool) -> list[str]:
    """Bring the database up to the YAML files; returns what was done."""
    if not (changed := await find_changed_definitions(connection, settings)):
        return []
    if not core_is_external:
        for row in await connection.fetch(*sql("select_missing_labels", settings, metrics=list(METRICS))):
            # Labels are the names of metrics, which the YAML's reader has checked: this takes no parameters.
            await connection.execute(f"alter type {row['type']} add value if not exists '{row['label']}'")
    async with connection.transaction():
        await connection.execute(*sql("upsert_metrics", settings, **_columns(METRICS, _METRIC_COLUMNS)))
        await connection.execute(*sql("upsert_meter_kinds", settings, **_columns(METER_KINDS, _KIND_COLUMNS)))
        pairs = [(name, metric) for name, kind in METER_KINDS.items() for metric in kind.expected]
        kinds, metrics = [list(column) for column in zip(*pairs, strict=True)] if pairs else ([], [])
        await connection.execute(*sql("delete_expected_metrics", settings))
        await connection.execute(*sql("insert_expected_metrics", settings, kinds=kinds, metrics=metrics))
    more = len(changed) - _MAX_NAMED
    names = f"{', '.join(changed[:_MAX_NAMED])}{f' and {more} more' if more > 0 else ''}"
    return [f"metrics and kinds of meters are known as in the YAML files: {names}"]


def _columns(definitions: Mapping[str, Any], columns: tuple[str, ...]) -> dict[str, list[Any]]:
    values = {column: [getattr(definition, column) for definition in definitions.values()] for column in columns}
    return {"names": list(definitions), **values}
