"""The schedules of load-day, as prefect.yaml defines them."""

from __future__ import annotations

import datetime as dt
from typing import Any, NamedTuple

from ruamel.yaml import YAML

from schemas.settings import PROJECT_ROOT

_EVERY_HOUR = "*"


class Schedule(NamedTuple):
    """When load-day runs, in the utility's time zone, and for which day."""

    slug: str
    cron: str
    parameters: dict[str, Any]

    @property
    def is_hourly(self) -> bool:
        """Whether it runs every hour."""
        return self.cron.split()[1] == _EVERY_HOUR


def read_schedules() -> list[Schedule]:
    """Read the schedules of the deployment `load-day/day`."""
    content = YAML(typ="safe").load(PROJECT_ROOT / "prefect.yaml")
    (deployment,) = (deployment for deployment in content["deployments"] if deployment["name"] == "day")
    return [
        Schedule(schedule["slug"], schedule["cron"], schedule.get("parameters", {}))
        for schedule in deployment["schedules"]
    ]


def describe_schedule(schedule: Schedule) -> str:
    """Return a schedule in words: `hourly at minute 10`, `01:15 for the day before`."""
    minute, hour, *_ = schedule.cron.split()
    if schedule.is_hourly:
        return f"hourly at minute {minute}"
    days_back = schedule.parameters.get("days_back", 0)
    day = {0: "", 1: " for the day before"}.get(days_back, f" for {days_back} days before")
    return f"{dt.time(int(hour), int(minute)):%H:%M}{day}"
