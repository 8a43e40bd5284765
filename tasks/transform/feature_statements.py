"""What fills the features: dbt's models, compiled once into statements that a transform runs over a window of days."""

from __future__ import annotations

import hashlib
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, SecretStr, ValidationError

from schemas.meter_kinds import METER_KINDS
from schemas.metrics import METRICS
from schemas.problems import StepProblem
from schemas.settings import Settings
from tasks.transform.run_dbt import DbtError, compile_project, project_checksum, target_folder

MATERIALIZATION = "changed_days"
_KEPT_UP_TO_DATE = (MATERIALIZATION, "view", "ephemeral")


class FeatureModel(BaseModel):
    """A model that the transform fills; `query` names the parameters first_day and last_day."""

    name: str
    relation: str
    """As SQL quotes it."""
    keys: list[str]
    """What names a building-day, or the coarser day, in the model and in stg_quality__changed_days."""
    columns: list[str]
    query: str


class WindowTable(BaseModel):
    """A temporary table that the models of a window read; to everyone else it is a view."""

    name: str
    keys: list[str]
    """What the models join it by."""
    query: str


class FeatureTest(BaseModel):
    """A data test of each build; what its query returns is wrong."""

    name: str
    query: str
    severity: Literal["error", "warn"]


class FeatureStatements(BaseModel):
    """All of them, each model after those that it reads."""

    changed_days: str
    """The relation of the building-days that a transform works on."""
    window_tables: list[WindowTable]
    models: list[FeatureModel]
    tests: list[FeatureTest]


class _Compiled(BaseModel):
    made_from: str
    statements: FeatureStatements


def compiled_statements(dsn: SecretStr, settings: Settings) -> FeatureStatements:
    """Return the statements of this project and these settings; dbt compiles them once for each.

    Blocks: call it in a thread.

    Raises:
        DbtError: dbt cannot compile a model, or nobody would fill it.

    """
    file = statements_file(settings)
    made_from = _made_from(settings)
    try:
        compiled = _Compiled.model_validate_json(file.read_bytes())
    except (FileNotFoundError, ValidationError):
        compiled = None
    if compiled is None or compiled.made_from != made_from:
        compiled = _Compiled(made_from=made_from, statements=_from_nodes(compile_project(dsn, settings)))
        partial = file.with_suffix(".part")
        partial.write_text(compiled.model_dump_json(), encoding="utf-8")
        partial.replace(file)
    return compiled.statements


def statements_file(settings: Settings) -> Path:
    """Return where the compiled statements are kept."""
    return target_folder(settings).parent / "feature_statements.json"


def fingerprint(statements: FeatureStatements, settings: Settings) -> str:
    """Name what all features depend on beside their readings; when it changes, everything is rebuilt."""
    expected = "; ".join(f"{name}: {', '.join(kind.expected)}" for name, kind in METER_KINDS.items())
    registers = "; ".join(f"{name} of {metric.register_of}" for name, metric in METRICS.items() if metric.register_of)
    digest = hashlib.sha256(statements.model_dump_json(exclude={"tests"}).encode()).hexdigest()
    return f"{settings.default_tz} {settings.day_start} {settings.day_end} {expected} {registers} {digest}"


def _made_from(settings: Settings) -> str:
    schemas = " ".join(settings.schemas.values())
    return f"{project_checksum()} {schemas} {settings.default_tz} {settings.day_start} {settings.day_end}"


def _from_nodes(nodes: list[Any]) -> FeatureStatements:
    by_id = {node.unique_id: node for node in nodes}

    window_tables = {node.relation_name: node.name for node in nodes if node.meta.get("per_window")}

    def without_database(node: Any, sql: str) -> str:  # noqa: ANN401 - dbt's
        for relation, name in window_tables.items():
            sql = sql.replace(relation, f"pg_temp.{name}")
        return sql.replace(f'"{node.database}".', "")

    for node in nodes:
        if node.resource_type == "model" and node.config.materialized not in _KEPT_UP_TO_DATE:
            error = f"{node.name}: nobody fills a model materialized as {node.config.materialized}: use changed_days"
            raise DbtError(StepProblem.DBT_NODES_FAILED, nodes=node.name, error=error)
    # Sorted: dbt lists nodes in any order, and an order of its own would look like changed features to `fingerprint`.
    read_by = {key: sorted(by_id[key].depends_on_nodes) for key in sorted(by_id)}
    order = TopologicalSorter(read_by).static_order()
    ordered = [by_id[key] for key in order if key in by_id]
    return FeatureStatements(
        changed_days=next(
            without_database(node, node.relation_name) for node in ordered if node.name == "stg_quality__changed_days"
        ),
        window_tables=[
            WindowTable(name=node.name, keys=node.meta["per_window"], query=without_database(node, node.compiled_code))
            for node in ordered
            if node.relation_name in window_tables
        ],
        models=[
            FeatureModel(
                name=node.name,
                relation=without_database(node, node.relation_name),
                keys=node.config.unique_key,
                columns=list(node.columns),
                query=without_database(node, node.compiled_code),
            )
            for node in ordered
            if node.config.materialized == MATERIALIZATION
        ],
        tests=[
            FeatureTest(
                name=node.name, query=without_database(node, node.compiled_code), severity=node.config.severity.lower()
            )
            for node in ordered
            if node.resource_type == "test"
        ],
    )
