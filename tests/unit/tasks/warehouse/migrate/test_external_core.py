"""What is missing by what the catalog says; the catalog itself is in tests/integration/test_external_core.py."""

from __future__ import annotations

from typing import Any

from schemas.settings import Settings
from tasks.warehouse.migrate.external_core import Missing, in_words, missing_columns, wanted_privileges

SETTINGS = Settings()
TABLES = {
    "buildings": ("id", "external_code", "district_id"),
    "itp": ("id", "external_code", "building_id"),
    "meters": ("id", "external_code", "itp_id", "kind", "interval_minutes"),
    "measurements": ("time", "meter_id", "metric", "value", "quality", "load_id", "inserted_at", "updated_at"),
    "measurement_revisions": (
        *("time", "meter_id", "metric", "old_value", "new_value", "old_quality", "new_quality", "old_load_id"),
        *("load_id", "replaced_at", "change", "old_since"),
    ),
}
TYPES = {"time": "timestamp with time zone", "load_id": "uuid", "old_load_id": "uuid"}


def core(**changes: Any) -> Any:  # noqa: ANN401 - stands in for the catalog
    """What the catalog says of a complete core; a change replaces a column's row, None removes it."""
    existing = {
        table: {column: {"type": TYPES.get(column, "bigint"), "must_be_given": False} for column in columns}
        for table, columns in TABLES.items()
    }
    for column, row in changes.items():
        if row is None:
            del existing["measurements"][column]
        else:
            existing["measurements"][column] = {"type": "bigint", "must_be_given": False} | row
    return existing


def test_complete_core_lacks_nothing() -> None:
    assert list(missing_columns(core(), SETTINGS)) == []


def test_missing_table_is_created_with_its_key() -> None:
    existing = core()
    del existing["measurements"]

    (missing,) = missing_columns(existing, SETTINGS)

    assert missing.text == "there is no table core.measurements"
    assert missing.query.startswith("create table core.measurements (time timestamptz not null, ")
    assert missing.query.endswith(", unique (meter_id, time, metric))")


def test_added_column_is_not_required_of_existing_rows() -> None:
    assert list(missing_columns(core(value=None, quality=None), SETTINGS)) == [
        Missing(
            "there is no column core.measurements.value",
            "alter table core.measurements add column value double precision",
        ),
        Missing(
            "there is no column core.measurements.quality",
            "alter table core.measurements add column quality smallint not null default 0",
        ),
    ]


def test_unknown_column_that_must_be_given_and_wrong_types_are_listed() -> None:
    missing = list(missing_columns(core(load_id={"type": "text"}, source={"must_be_given": True}), SETTINGS))

    assert [item.query for item in missing] == [
        "alter table core.measurements alter column load_id type uuid using load_id::uuid",
        "alter table core.measurements alter column source drop not null",
    ]


def test_message_ends_with_sql_that_can_be_run() -> None:
    text = in_words([Missing("there is no table a", "create table a ()"), Missing("b", "grant b")], SETTINGS)

    assert "the schema core is managed externally" in text
    assert text.endswith("\n  -- there is no table a\n  create table a ();\n  -- b\n  grant b;")


def test_loader_writes_readings_and_only_reads_the_reference() -> None:
    wanted = wanted_privileges({"loader": "me"})

    assert ("me", "measurements", "DELETE") in wanted
    assert [privilege for _, table, privilege in wanted if table == "meters"] == ["SELECT"]
    assert {privilege for *_, privilege in wanted_privileges({"reader": "r", "dbt": "d"})} == {"SELECT"}
