from __future__ import annotations

import datetime as dt

from flows.runtime.loop import loop_schedules
from flows.runtime.schedules import Schedule, describe_schedule, read_schedules
from schemas.settings import Settings


def test_schedules_are_those_of_prefect_yaml() -> None:
    assert {schedule.slug: schedule.is_hourly for schedule in read_schedules()} == {
        "hourly": True,
        "close-yesterday": False,
        "late-files": False,
    }


def test_schedule_in_words() -> None:
    assert describe_schedule(Schedule("hourly", "10 * * * *", {})) == "hourly at minute 10"
    assert describe_schedule(Schedule("night", "15 1 * * *", {"days_back": 1})) == "01:15 for the day before"
    assert describe_schedule(Schedule("week", "0 3 * * *", {"days_back": 7})) == "03:00 for 7 days before"
    assert describe_schedule(Schedule("noon", "0 12 * * *", {})) == "12:00"


def test_loop_looks_at_its_interval_instead_of_hourly_and_keeps_the_nightly_runs() -> None:
    interval, *nightly = loop_schedules(Settings(default_tz="Asia/Omsk", loop_interval_sec=42))

    assert interval.interval == dt.timedelta(seconds=42)
    assert [(one.slug, one.parameters) for one in nightly] == [
        (schedule.slug, schedule.parameters) for schedule in read_schedules() if not schedule.is_hourly
    ]
    assert {one.timezone for one in (interval, *nightly)} == {"Asia/Omsk"}
