"""Fill the features of a window of changed days: all models in one transaction, so that no reader sees half."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import asyncpg

from schemas.problems import StepProblem
from schemas.settings import Settings
from schemas.windows import Window
from tasks.transform.feature_statements import FeatureModel, FeatureStatements
from tasks.transform.run_dbt import DbtError
from tasks.warehouse.connection import Connection, is_transient
from tasks.warehouse.statements import Statements, number_parameters

sql = Statements(__file__)
_log = logging.getLogger("dataops.transform")

# The next model reads what this one has inserted: where statistics do not know the day, the planner expects one row of
# it and takes a nested loop. From so many rows on that costs more than to analyse the table.
_ROWS_TO_ANALYZE = 1_000


async def build_features(
    connection: Connection, statements: FeatureStatements, window: Window, settings: Settings, *, role: str | None
) -> None:
    """Delete and insert the features of the window's changed days, test them, and delete the record of the changes.

    Raises:
        DbtError: a model's statement failed, or a test of it; nothing has changed.

    """
    days = {"first_day": window.first, "last_day": window.last} | window.bounds(settings.zone)._asdict()
    async with connection.transaction():
        await connection.execute("set local plan_cache_mode = force_custom_plan")
        if role:
            await connection.execute(f'set local role "{role}"')
        for table in statements.window_tables:
            with _named(table.name):
                query = f"create temporary table {table.name} on commit drop as {table.query}"
                await connection.execute(*_bound(query, days))
                await connection.execute(f"analyze {table.name} ({', '.join(table.keys)})")
        for model in statements.models:
            with _named(model.name):
                await _fill(connection, model, statements.changed_days, days)
        for test in statements.tests:
            with _named(test.name):
                query = f"select count(*) from ({test.query}) as wrong"  # noqa: S608 - of the project's own files
                wrong = await connection.fetchval(*_bound(query, days))
            if wrong and test.severity == "error":
                raise DbtError(StepProblem.DBT_NODES_FAILED, nodes=test.name, error=f"{test.name}: {wrong} results")
            if wrong:
                _log.warning("%s in %s: %d results", test.name, window, wrong)
        await connection.execute("reset role")
        await finish_days(connection, window, settings)


async def finish_days(connection: Connection, window: Window, settings: Settings) -> None:
    """Delete the record of the window's changes that the transform has been working on."""
    await connection.execute(*sql("delete_finished_days", settings, zone=settings.default_tz, **window._asdict()))


async def _fill(connection: Connection, model: FeatureModel, changed_days: str, days: Mapping[str, object]) -> None:
    keys, columns = ", ".join(model.keys), ", ".join(model.columns)
    # By `ts`: of local dates there is no index.
    deletion = (
        f"delete from {model.relation} where ts >= :since and ts < :until"  # noqa: S608
        f" and ({keys}) in (select {keys} from {changed_days})"
    )
    await connection.execute(*_bound(deletion, days))
    insertion = f"insert into {model.relation} ({columns}) select {columns} from ({model.query}) as model"  # noqa: S608
    inserted = await connection.execute(*_bound(insertion, days))
    if int(inserted.rpartition(" ")[2]) >= _ROWS_TO_ANALYZE:
        await connection.execute(f"analyze {model.relation} ({keys})")


def _bound(statement: str, values: Mapping[str, object]) -> tuple[str, *tuple[object, ...]]:
    """Return a statement with numbered parameters, followed by those of the values that it takes."""
    numbered, names = number_parameters(statement)
    return numbered, *(values[name] for name in names)


@contextmanager
def _named(node: str) -> Iterator[None]:
    """Say which node an error comes from, unless another try may do."""
    try:
        yield
    except asyncpg.PostgresError as error:
        if is_transient(error):
            raise
        text = " ".join(str(error).split())
        raise DbtError(StepProblem.DBT_NODES_FAILED, nodes=node, error=f"{node}: {text}") from error
