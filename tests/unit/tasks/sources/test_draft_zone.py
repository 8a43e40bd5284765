from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter

from schemas.settings import TimeZoneName
from tasks.sources.draft_zone import draft_zone

MOSCOW, BERLIN = ZoneInfo("Europe/Moscow"), ZoneInfo("Europe/Berlin")


def drafted(*headings: str, above: str = "", usual: ZoneInfo | None = MOSCOW) -> list[str]:
    return [*draft_zone(headings, [above], usual)]


@pytest.mark.parametrize(
    ("heading", "line"),
    [
        ("time_utc", 'time_zone: UTC  # the heading "time_utc" says so'),
        ("startUTC", 'time_zone: UTC  # the heading "startUTC" says so'),
        ("Time (GMT)", 'time_zone: UTC  # the heading "Time (GMT)" says so'),
        ("UTC+05:00", 'time_zone: Etc/GMT-5  # ??? the heading "UTC+05:00" says "UTC+05:00"'),
        ("t, UTC −3", 'time_zone: Etc/GMT+3  # ??? the heading "t, UTC −3" says "UTC −3"'),
        ("GMT+0530", 'time_zone: ???  # the heading "GMT+0530" says "GMT+0530": a zone such as Europe/Berlin'),
        ("cet_cest_time", 'time_zone: ???  # the heading "cet_cest_time" says "cet": a zone such as Europe/Berlin'),
        ("Local time EST", 'time_zone: ???  # the heading "Local time EST" says "EST": a zone such as Europe/Berlin'),
    ],
)
def test_heading_that_names_another_zone_is_drafted_and_only_utc_is_certain(heading: str, line: str) -> None:
    assert drafted("Дата", heading) == [line]


@pytest.mark.parametrize("zone", ["Etc/GMT-5", "Etc/GMT+3", "UTC", "Europe/Moscow"])
def test_drafted_zones_are_zones(zone: str) -> None:
    assert TypeAdapter(TimeZoneName).validate_python(zone) == zone


@pytest.mark.parametrize(
    "heading", ["Время", "Outcome", "wet weight", "Время (МСК)", "UTC+3", "Время MSK", "best", "Est."]
)
def test_heading_without_a_sign_or_with_that_of_the_usual_zone_asks_nothing(heading: str) -> None:
    assert drafted(heading) == []


def test_usual_zone_may_be_another_one() -> None:
    assert drafted("Zeit (MEZ/CET)", "CEST", usual=BERLIN) == []
    assert drafted("UTC+1", usual=BERLIN) == ['time_zone: Etc/GMT-1  # ??? the heading "UTC+1" says "UTC+1"']
    assert drafted("Время (МСК)", usual=BERLIN) == [
        'time_zone: Europe/Moscow  # ??? the heading "Время (МСК)" says "МСК"'
    ]


def test_text_above_is_a_proposal_where_no_heading_names_a_zone() -> None:
    assert drafted("Time", above="All times in UTC") == [
        'time_zone: UTC  # ??? the text above "All times in UTC" says so'
    ]
    assert drafted("Time (CET)", above="All times in UTC")[0].startswith("time_zone: ???  # the heading")
