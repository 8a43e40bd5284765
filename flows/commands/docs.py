"""`dataops docs`: the features explained, as static pages."""

from __future__ import annotations

import asyncio

from flows.commands.console import out
from flows.runtime.warehouse import migrate_warehouse, resolve_dsn
from schemas.settings import load_settings
from tasks.transform.run_dbt import write_docs


def docs() -> None:
    """Write the static dbt docs (models, columns with units, lineage) to artifacts/dbt_docs/."""
    settings = load_settings()
    asyncio.run(migrate_warehouse(settings))
    page = write_docs(asyncio.run(resolve_dsn(settings)), settings)
    out.print(f"{page}", highlight=False, soft_wrap=True)
