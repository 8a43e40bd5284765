from __future__ import annotations

import datetime as dt
import re
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from schemas.dates import NotATimeError
from schemas.settings import PROJECT_ROOT
from schemas.time_faults import TIME_FAULTS, TimeFault
from schemas.times import Times, read_interval

TIMES = Times(ZoneInfo("Europe/Berlin"), dt.timedelta(hours=1), "start")
HALVES: dict[str, Any] = {"interval": dt.timedelta(minutes=30)}
CASES = [
    ("", None, {}, TimeFault.EMPTY),
    (" ", None, {}, TimeFault.EMPTY),
    ("", "0-1", {}, TimeFault.EMPTY),
    ("01.04.2025", "", {}, TimeFault.EMPTY),
    ("01.04.2025", "", {"counts_intervals": True}, TimeFault.EMPTY),
    ("", "0-1", {"date": "2025-04"}, TimeFault.EMPTY),
    ("авария", None, {}, TimeFault.NOT_A_DATE),
    ("12345678901", None, {}, TimeFault.NOT_A_DATE),
    ("1.5", "0-1", {"date": "2025-04"}, TimeFault.NOT_A_DATE),
    ("13/04/2025", None, {}, TimeFault.SEVERAL_DATES),
    ("04/13/2025 01:00", None, {}, TimeFault.SEVERAL_DATES),
    ("13-Apr-25", None, {}, TimeFault.SEVERAL_DATES),
    ("20250413", None, {}, TimeFault.SEVERAL_DATES),
    ("2025-04-01 01:00-02:00", None, {}, TimeFault.SEVERAL_DATES),
    ("01.04.2025", None, {"dates": "%Y%m%d"}, TimeFault.OTHER_STYLE),
    ("01.04.2025", None, {"dates": "epoch-seconds"}, TimeFault.OTHER_STYLE),
    ("31.02.2025", None, {}, TimeFault.NO_SUCH_DATE),
    ("2025-02-29 01:00", None, {}, TimeFault.NO_SUCH_DATE),
    ("2025-02-29 24:00", None, {}, TimeFault.NO_SUCH_DATE),
    ("04/13/2025", None, {"dates": "day-first"}, TimeFault.NO_SUCH_DATE),
    ("31", "0-1", {"date": "2025-04"}, TimeFault.NO_SUCH_DATE),
    ("13.2025", None, {}, TimeFault.NO_SUCH_DATE),
    ("31.02.2025 – 01.03.2025", None, {}, TimeFault.NO_SUCH_DATE),
    ("апрель 2025", None, {"any_period": False}, TimeFault.PERIOD),
    ("2025-04", None, {"any_period": False}, TimeFault.PERIOD),
    ("01.04.25–30.04.25", None, {"any_period": False}, TimeFault.PERIOD),
    ("01.04.2025 00:00 - 00:30", None, {"any_period": False}, TimeFault.PERIOD),
    ("13.2025", None, {"any_period": False}, TimeFault.NO_SUCH_DATE),
    ("01.04.0202", None, {}, TimeFault.YEAR),
    ("3025-04-01", "0-1", {}, TimeFault.YEAR),
    ("01.04.2025 25:00", None, {}, TimeFault.OUTSIDE_DAY),
    ("01.04.2025 01:60", None, {}, TimeFault.OUTSIDE_DAY),
    ("01.04.2025 13:00 PM", None, {}, TimeFault.OUTSIDE_DAY),
    ("01.04.2025", "25-26", {}, TimeFault.OUTSIDE_DAY),
    ("01.04.2025", "24:00", {}, TimeFault.OUTSIDE_DAY),
    ("30.03.2025", "24", {"counts_intervals": True}, TimeFault.OUTSIDE_DAY),
    ("01.04.2025 00:00 - 25:00", None, {}, TimeFault.OUTSIDE_DAY),
    ("01.04.2025", "ночь", {}, TimeFault.NOT_AN_HOUR),
    ("01.04.2025", "1-2-3", {}, TimeFault.NOT_AN_HOUR),
    ("13.04.2025 1", None, {}, TimeFault.NOT_AN_HOUR),
    ("01.04.2025", "0-2", {}, TimeFault.HOUR_OF_OTHER_LENGTH),
    ("01.04.2025", "0.3", {}, TimeFault.HOUR_OF_OTHER_LENGTH),
    ("01.04.2025", "7", HALVES, TimeFault.BARE_NUMBER),
    ("01.04.2025 05:00", "0-1", {}, TimeFault.CLOCK_BESIDE_HOUR),
    ("30.03.2025 02:30", None, {}, TimeFault.NEVER_CAME),
    ("30.03.2025", "2-3", {}, TimeFault.NEVER_CAME),
    ("26.10.2025 02:30", None, {}, TimeFault.CAME_TWICE),
    ("26.10.2025", "2-3", {}, TimeFault.CAME_TWICE),
]


@pytest.mark.parametrize(("date", "hour", "changes", "fault"), CASES)
def test_time_that_is_refused_says_why(date: str, hour: str | None, changes: dict[str, Any], fault: TimeFault) -> None:
    with pytest.raises(NotATimeError) as caught:
        read_interval(date, hour, None, TIMES._replace(**changes))

    assert caught.value.fault is fault
    assert caught.value.cell != "hour" or hour is not None
    assert str(caught.value) == TIME_FAULTS[fault].english


@pytest.mark.parametrize(
    ("end", "fault"),
    [
        ("", TimeFault.EMPTY),
        ("01/04/2025", TimeFault.SEVERAL_DATES),
        ("31.04.2025", TimeFault.NO_SUCH_DATE),
        ("01.04.2025", TimeFault.INTERVAL),
        ("01.05.2026", TimeFault.INTERVAL),
    ],
)
def test_end_of_an_interval_that_is_refused_says_why(end: str, fault: TimeFault) -> None:
    with pytest.raises(NotATimeError) as caught:
        read_interval("01.04.2025", None, None, TIMES, end=end)

    assert (caught.value.cell, caught.value.fault) == ("interval", fault)


def test_zone_that_nobody_knows_is_told() -> None:
    with pytest.raises(NotATimeError) as caught:
        read_interval("01.04.2025", None, "Mars/Base", TIMES)

    assert caught.value.fault is TimeFault.UNKNOWN_ZONE


def test_each_fault_has_words_of_its_own_that_say_what_to_do() -> None:
    assert set(TIME_FAULTS) == set(TimeFault)
    for language in (0, 1):
        texts = [words[language] for words in TIME_FAULTS.values()]
        assert len({*texts}) == len(TimeFault)
        assert all(": " in text for text in texts)
    assert all(
        re.search("[а-я]", words.russian) and not re.search("[а-я]", words.english) for words in TIME_FAULTS.values()
    )


@pytest.mark.parametrize(("name", "language"), [("runbook.ru.md", 0), ("runbook.md", 1)])
def test_runbooks_list_each_fault_with_the_words_of_the_catalogue(name: str, language: int) -> None:
    text = (PROJECT_ROOT / "docs" / name).read_text(encoding="utf-8")

    for words in TIME_FAULTS.values():
        what, _, advice = words[language].partition(": ")
        assert f"| {what} | {advice} |" in text
