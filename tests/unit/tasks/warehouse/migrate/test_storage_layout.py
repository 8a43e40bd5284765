"""Decisions from the catalog's facts; the catalog itself is in tests/integration/test_timescale.py."""

from __future__ import annotations

import datetime as dt

import pytest

from schemas.settings import Settings
from tasks.warehouse.migrate.aggregates import AggregateKind
from tasks.warehouse.migrate.storage_layout import StorageFacts, describe_layout

HYPERTABLE = StorageFacts(
    core_kind="r",
    has_timescale=True,
    has_community=True,
    has_whole_hours=True,
    aggregate_kind=AggregateKind.CONTINUOUS,
    owns_core=True,
    chunk_interval=dt.timedelta(days=2),
    compression_enabled=False,
    policies={"policy_retention": "3 years"},
)
PLAIN = StorageFacts(
    core_kind="p",
    has_timescale=False,
    has_community=False,
    has_whole_hours=True,
    aggregate_kind=AggregateKind.ROLLUP,
    owns_core=True,
    chunk_interval=None,
    compression_enabled=False,
    policies={},
)
ASKING = Settings.model_validate({"compress_after_days": 30, "keep_months": 36})


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({}, AggregateKind.CONTINUOUS),
        ({"owns_core": False}, AggregateKind.ROLLUP),
        ({"chunk_interval": None}, AggregateKind.ROLLUP),
        ({"has_community": False}, AggregateKind.ROLLUP),
        ({"has_whole_hours": False}, AggregateKind.ROLLUP),
    ],
    ids=["all", "external_core", "table", "license_apache", "zone_of_half_hours"],
)
def test_aggregates_are_continuous_only_where_everything_allows_it(
    change: dict[str, object], wanted: AggregateKind
) -> None:
    assert HYPERTABLE._replace(**change).wanted_aggregates is wanted  # type: ignore[arg-type]


def test_layout_is_told_in_words() -> None:
    assert describe_layout(HYPERTABLE, ASKING) == ("hypertable", "continuous aggregates", 2, None, "3 years", [])
    plain = describe_layout(PLAIN, Settings())
    assert plain == ("partitioned table", "roll-up tables", None, None, None, [])
    assert describe_layout(PLAIN._replace(core_kind="r"), Settings()).measurements == "table"


def test_settings_that_do_nothing_are_named_with_the_reason() -> None:
    plain = describe_layout(PLAIN, ASKING).hints
    external = describe_layout(HYPERTABLE._replace(owns_core=False), ASKING).hints

    assert [hint.partition(" ")[0] for hint in plain] == ["COMPRESS_AFTER_DAYS=30", "KEEP_MONTHS=36"]
    assert all("not a hypertable" in hint for hint in plain)
    assert all("core is managed externally" in hint for hint in external)


def test_table_that_could_be_a_hypertable_is_pointed_out_to_its_owner_alone() -> None:
    could = PLAIN._replace(has_timescale=True)

    assert "dataops db migrate" in describe_layout(could, Settings()).hints[0]
    assert describe_layout(could._replace(owns_core=False), Settings()).hints == []
