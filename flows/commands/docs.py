"""`dataops docs`: the features explained, as static pages."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from flows.commands.console import out
from flows.warehouse import migrate_warehouse, open_connection, resolve_dsn
from schemas.settings import Settings, load_settings
from tasks.build_features import check_data, write_docs
from tasks.manage_roles import dbt_role

Test = Annotated[bool, typer.Option("--test", help="First run every dbt test over all days; slow on a large core.")]


def docs(*, test: Test = False) -> None:
    """Write the static dbt docs (models, columns with units, lineage) to artifacts/dbt_docs/."""
    settings = load_settings()
    asyncio.run(migrate_warehouse(settings))
    dsn = asyncio.run(resolve_dsn(settings))
    if test:
        check_data(dsn, settings, role=asyncio.run(_role(settings)))
    page = write_docs(dsn, settings)
    out.print(f"{page}", highlight=False, soft_wrap=True)


async def _role(settings: Settings) -> str | None:
    async with open_connection(settings) as connection:
        return await dbt_role(connection, settings)
