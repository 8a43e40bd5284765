"""`dataops docs`: the features explained, as static pages."""

from __future__ import annotations

import asyncio

from flows.commands.console import out, waiting
from flows.runtime.warehouse import open_migrated
from schemas.settings import load_settings


def docs() -> None:
    """Write the static dbt docs (models, columns with units, lineage) to artifacts/dbt_docs/."""
    from tasks.transform.run_dbt import write_docs

    settings = load_settings()
    warehouse = asyncio.run(open_migrated(settings))
    with waiting("dbt writes its pages"):
        page = write_docs(warehouse.dsn, settings)
    out.print(f"{page}", highlight=False, soft_wrap=True)
