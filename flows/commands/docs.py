"""`dataops docs`: the features explained, as static pages."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from flows.commands.console import out, waiting
from flows.runtime.warehouse import open_migrated
from schemas.settings import load_settings
from tasks.warehouse.connection import Warehouse
from tasks.warehouse.roles import dbt_role

Test = Annotated[bool, typer.Option("--test", help="First run every dbt test over all days; slow on a large core.")]


def docs(*, test: Test = False) -> None:
    """Write the static dbt docs (models, columns with units, lineage) to artifacts/dbt_docs/."""
    from tasks.transform.run_dbt import check_data, write_docs

    settings = load_settings()
    warehouse = asyncio.run(open_migrated(settings))
    if test:
        with waiting("dbt tests"):
            check_data(warehouse.dsn, settings, role=asyncio.run(_role(warehouse)))
    with waiting("dbt writes its pages"):
        page = write_docs(warehouse.dsn, settings)
    out.print(f"{page}", highlight=False, soft_wrap=True)


async def _role(warehouse: Warehouse) -> str | None:
    async with warehouse.connect() as connection:
        return await dbt_role(connection, warehouse.settings)
