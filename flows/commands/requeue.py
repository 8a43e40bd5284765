"""`dataops requeue`: rows that waited for their code."""

from __future__ import annotations

import asyncio

from flows.commands.console import AsJson, out, print_json
from flows.prefect_api import serving
from flows.requeue import requeue as requeue_flow
from schemas.settings import load_settings


def requeue(*, as_json: AsJson = False) -> None:
    """Load rows rejected as unmapped_code whose codes the reference tables know by now; no file is needed."""
    with serving(load_settings()):
        summary = asyncio.run(requeue_flow())
    if as_json:
        print_json(summary.model_dump())
    else:
        out.print(str(summary), highlight=False, soft_wrap=True)
