"""A Prefect progress artifact for work that takes long; nothing for work that does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from prefect.artifacts import acreate_progress_artifact, aupdate_progress_artifact

_SECONDS = 2.0


@asynccontextmanager
async def progress(description: str) -> AsyncIterator[Callable[[float], None]]:
    """Show how far a long file has come; gives a function that takes the done share, 0 to 1."""
    share = 0.0

    def report(done: float) -> None:
        nonlocal share
        share = max(share, min(done, 1.0))

    async def show() -> None:
        await asyncio.sleep(_SECONDS)
        artifact_id = await acreate_progress_artifact(progress=100 * share, description=description)
        try:
            while True:
                await asyncio.sleep(_SECONDS)
                await aupdate_progress_artifact(artifact_id, progress=100 * share)
        finally:
            await asyncio.shield(aupdate_progress_artifact(artifact_id, progress=100 * share))

    shown = asyncio.create_task(show())
    try:
        yield report
    finally:
        shown.cancel()
        with suppress(asyncio.CancelledError):
            await shown
