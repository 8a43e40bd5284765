"""RUN_MODE=loop: the schedule served by this process, without work pool and worker."""

from __future__ import annotations

import datetime as dt

from prefect import aserve
from prefect.schedules import Cron, Interval

from flows.load_day import load_day
from flows.runtime.warehouse import open_migrated
from schemas.settings import Settings


async def serve_schedule(settings: Settings) -> None:
    """Serve load-day: every LOOP_INTERVAL_SEC for today, at 01:15 and 02:30 for the day before."""
    await open_migrated(settings)
    yesterday = {"days_back": 1}
    deployment = await load_day.ato_deployment(
        name="loop",
        schedules=[
            Interval(dt.timedelta(seconds=settings.loop_interval_sec), timezone=settings.default_tz),
            Cron("15 1 * * *", timezone=settings.default_tz, parameters=yesterday, slug="close-yesterday"),
            Cron("30 2 * * *", timezone=settings.default_tz, parameters=yesterday, slug="late-files"),
        ],
    )
    await aserve(deployment, limit=1)
