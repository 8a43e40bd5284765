"""How dbt's nodes become statements; those of the real models are in tests/integration/test_features.py."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic import SecretStr

from schemas.settings import Settings
from tasks.transform import feature_statements
from tasks.transform.feature_statements import FeatureModel, FeatureStatements, FeatureTest, WindowTable, fingerprint
from tasks.transform.run_dbt import DbtError


def node(
    name: str,
    *reads: str,
    materialized: str = "changed_days",
    resource_type: str = "model",
    per_window: Sequence[str] = (),
    query: str | None = None,
) -> SimpleNamespace:
    relation = f'"base"."features"."{name}"'
    return SimpleNamespace(
        unique_id=name,
        name=name,
        database="base",
        relation_name=relation,
        resource_type=resource_type,
        depends_on_nodes=[*reads],
        columns={"local_date": None, "value": None},
        compiled_code=query or f"select * from {relation}",
        meta={"per_window": [*per_window]},
        config=SimpleNamespace(materialized=materialized, unique_key=["local_date"], severity="WARN"),
    )


DAYS = node("stg_quality__changed_days", "source.days", materialized="view")


def compiled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *nodes: SimpleNamespace) -> FeatureStatements:
    monkeypatch.setattr(feature_statements, "compile_project", lambda *_: [*nodes])
    return feature_statements.compiled_statements(SecretStr("postgresql://h/base"), Settings(state_dir=tmp_path))


def test_models_come_after_those_that_they_read_and_name_no_database(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tmp_path.joinpath("dbt").mkdir()
    test = node("is_right", "daily", resource_type="test", materialized="test")

    found = compiled(monkeypatch, tmp_path, test, node("daily", "hourly", DAYS.name), node("hourly", DAYS.name), DAYS)

    hourly = FeatureModel(
        name="hourly",
        relation='"features"."hourly"',
        keys=["local_date"],
        columns=["local_date", "value"],
        query='select * from "features"."hourly"',
    )
    assert found.changed_days == '"features"."stg_quality__changed_days"'
    assert (found.models[0], found.models[1].name) == (hourly, "daily")
    assert found.tests == [FeatureTest(name="is_right", query='select * from "features"."is_right"', severity="warn")]


def test_statements_are_the_same_in_whatever_order_dbt_lists_the_nodes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tmp_path.joinpath("dbt").mkdir()
    nodes = [DAYS, node("hourly", DAYS.name), node("daily", "hourly", DAYS.name), node("by_district", "hourly")]
    nodes.append(node("summary", "by_district", "daily"))

    found = compiled(monkeypatch, tmp_path, *nodes)
    feature_statements.statements_file(Settings(state_dir=tmp_path)).unlink()
    for model in nodes:
        model.depends_on_nodes.reverse()

    assert compiled(monkeypatch, tmp_path, *reversed(nodes)) == found


def test_table_of_a_window_is_made_once_and_read_in_the_place_of_its_view(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tmp_path.joinpath("dbt").mkdir()
    counted = node(
        "counted", DAYS.name, materialized="view", per_window=["building_id"], query='select 1 from "base"."core"."m"'
    )
    reading = node("hourly", "counted", query=f"select * from {counted.relation_name}")

    found = compiled(monkeypatch, tmp_path, reading, counted, DAYS)

    assert found.window_tables == [WindowTable(name="counted", keys=["building_id"], query='select 1 from "core"."m"')]
    assert [model.query for model in found.models] == ["select * from pg_temp.counted"]


def test_model_that_nobody_would_fill_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(DbtError, match=r"^own: nobody fills a model materialized as table: use changed_days$"):
        compiled(monkeypatch, tmp_path, DAYS, node("own", materialized="table"))


def test_fingerprint_changes_with_the_sql_of_a_model_and_with_settings() -> None:
    def of(query: str, **changes: object) -> str:
        model = FeatureModel(name="m", relation="m", keys=[], columns=[], query=query)
        statements = FeatureStatements(changed_days="days", window_tables=[], models=[model], tests=[])
        return fingerprint(statements, Settings().model_copy(update=changes))

    assert of("select 1") == of("select 1")
    assert (
        len({of("select 1"), of("select 2"), of("select 1", day_start=3), of("select 1", default_tz="Asia/Omsk")}) == 4
    )
