"""RUN_MODE=loop: the schedule served by this process, without work pool and worker."""

from __future__ import annotations

import datetime as dt

from prefect import aserve
from prefect.schedules import Cron, Interval, Schedule

from flows.load_day import load_day
from flows.runtime.schedules import read_schedules
from flows.runtime.warehouse import open_migrated
from schemas.settings import Settings


async def serve_schedule(settings: Settings) -> None:
    """Serve load-day: every LOOP_INTERVAL_SEC instead of hourly, and the other schedules of prefect.yaml."""
    await open_migrated(settings)
    deployment = await load_day.ato_deployment(name="loop", schedules=loop_schedules(settings))
    await aserve(deployment, limit=1)


def loop_schedules(settings: Settings) -> list[Schedule]:
    """Return the schedules to serve."""
    zone = settings.default_tz
    interval = Interval(dt.timedelta(seconds=settings.loop_interval_sec), timezone=zone)
    others = [schedule for schedule in read_schedules() if not schedule.is_hourly]
    return [
        interval,
        *(
            Cron(schedule.cron, timezone=zone, parameters=schedule.parameters, slug=schedule.slug)
            for schedule in others
        ),
    ]
