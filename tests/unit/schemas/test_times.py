from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from schemas.dates import NotATimeError
from schemas.hours import Stamp
from schemas.lengths import Calendar, length_of
from schemas.time_faults import TimeFault
from schemas.times import BETWEEN_MINUTES, AmbiguousTimeError, Times, read_interval

MOSCOW = ZoneInfo("Europe/Moscow")


def start(date: str, hour: str | None = None, tz: str | None = None, stamp: Stamp = "start") -> str:
    times = Times(MOSCOW, dt.timedelta(hours=1), stamp)
    return dt.datetime.fromtimestamp(read_interval(date, hour, tz, times).start / 1e6, MOSCOW).isoformat()


@pytest.mark.parametrize(
    "date",
    ["01.04.2025", "1.4.2025", "01.04.25", "2025-04-01", "2025-04-01T00:00:00", "45748", "45748.0"],
    ids=["text", "short", "two_digit_year", "iso", "date_cell_with_time", "serial", "serial_as_float"],
)
def test_every_spelling_of_a_date_is_the_same_day(date: str) -> None:
    assert start(date, "5-6") == "2025-04-01T05:00:00+03:00"


@pytest.mark.parametrize(
    ("hour", "expected"),
    [
        ("0-1", "00"),
        ("23-24", "23"),
        ("23-0", "23"),
        ("00:00-01:00", "00"),
        ("13:00:00", "13"),
        ("7", "07"),
        ("7.0", "07"),
        ("1:00 PM", "13"),
        ("1 p.m.", "13"),
        ("12:00 AM", "00"),
        ("12PM", "12"),
        ("12:00 AM - 1:00 AM", "00"),
    ],
)
def test_every_spelling_of_an_hour_is_its_interval_start(hour: str, expected: str) -> None:
    assert start("01.04.2025", hour) == f"2025-04-01T{expected}:00:00+03:00"


@pytest.mark.parametrize(("hour", "expected"), [("1", "00"), ("24:00", "23"), ("0-1", "00")])
def test_an_hour_that_names_the_end_is_moved_to_the_start(hour: str, expected: str) -> None:
    assert start("01.04.2025", hour, stamp="end") == f"2025-04-01T{expected}:00:00+03:00"


def test_first_of_april_is_not_read_as_fourth_of_january() -> None:
    assert start("01.04.2025 00:00").startswith("2025-04-01")


@pytest.mark.parametrize(
    ("date", "hour", "cell"),
    [
        ("04/01/2025", "0-1", "date"),
        ("31.02.2025", "0-1", "date"),
        ("12345", "0-1", "date"),
        ("01.04.0202", "0-1", "date"),
        ("3025-04-01", "0-1", "date"),
        ("", "0-1", "date"),
        ("01.04.2025", "2025-01-02", "hour"),
        ("01.04.2025", "24:00", "hour"),
        ("01.04.2025", "0-2", "hour"),
        ("01.04.2025", "25-26", "hour"),
        ("01.04.2025", "13:00 PM", "hour"),
        ("01.04.2025", "0:30 AM", "hour"),
        ("01.04.2025", "", "hour"),
        ("01.04.2025 05:00", "0-1", "date"),
    ],
)
def test_text_that_is_not_a_time_is_refused_and_its_cell_is_named(date: str, hour: str, cell: str) -> None:
    with pytest.raises(NotATimeError) as caught:
        start(date, hour)

    assert caught.value.cell == cell


@pytest.mark.parametrize("stamp", ["2014-10-26 01:30", "2011-03-27 02:30"], ids=["came_twice", "never_came"])
def test_hour_of_a_clock_change_is_refused_not_guessed(stamp: str) -> None:
    with pytest.raises(NotATimeError):
        start(stamp)


def test_an_offset_in_the_time_stamp_resolves_a_repeated_hour() -> None:
    first, second = start("2014-10-26T01:30+04:00"), start("2014-10-26T01:30+03:00")

    assert first != second


def test_zone_column_beats_the_suppliers_zone() -> None:
    assert start("2025-04-01 05:00", tz="Asia/Yekaterinburg") == "2025-04-01T03:00:00+03:00"


def test_unknown_zone_is_refused() -> None:
    with pytest.raises(NotATimeError):
        start("2025-04-01 05:00", tz="Mars/Base")


@pytest.mark.parametrize(("minutes", "hour"), [(30, "7"), (30, "7.0"), (15, "0"), (1440, "1")])
def test_number_alone_is_no_hour_where_the_interval_is_not_one(minutes: int, hour: str) -> None:
    times = Times(MOSCOW, dt.timedelta(minutes=minutes), "start")

    with pytest.raises(NotATimeError):
        read_interval("01.04.2025", hour, None, times)


@pytest.mark.parametrize(
    ("hour", "expected"),
    [("0.25", "06"), ("0,5", "12"), ("0.9583333333333334", "23"), ("0.041666666666666664", "01")],
)
def test_fraction_of_a_day_is_the_time_that_a_workbook_shows(hour: str, expected: str) -> None:
    assert start("01.04.2025", hour) == f"2025-04-01T{expected}:00:00+03:00"


def test_fraction_that_is_no_whole_interval_is_refused() -> None:
    with pytest.raises(NotATimeError):
        start("01.04.2025", "0.3")


@pytest.mark.parametrize("hour", ["1900-01-01", "1900-01-01T00:00:00", "1904-01-02"])
def test_first_day_of_a_workbook_as_an_hour_is_the_end_of_the_day(hour: str) -> None:
    assert start("01.04.2025", hour, stamp="end") == "2025-04-01T23:00:00+03:00"
    with pytest.raises(NotATimeError):
        start("01.04.2025", hour)


def local(date: str, minutes: int, zone: str, stamp: Stamp = "end", hour: str | None = None) -> tuple[str, str, bool]:
    """Start and end of an interval on the local clock, and whether it is a whole number of intervals after midnight."""
    clock = ZoneInfo(zone)
    found = read_interval(date, hour, None, Times(clock, dt.timedelta(minutes=minutes), stamp))
    start, end = (dt.datetime.fromtimestamp(micros / 1e6, clock) for micros in found[:2])
    return f"{start:%m-%d %H:%M}", f"{end:%m-%d %H:%M}", found.minute != BETWEEN_MINUTES and not found.minute % minutes


@pytest.mark.parametrize(
    ("date", "minutes", "zone", "expected"),
    [
        ("31.03.2025 00:00", 1440, "Europe/Berlin", ("03-30 00:00", "03-31 00:00", True)),
        ("27.10.2025 00:00", 1440, "Europe/Berlin", ("10-26 00:00", "10-27 00:00", True)),
        ("30.03.2025 12:00", 720, "Europe/Berlin", ("03-30 00:00", "03-30 12:00", True)),
        ("26.10.2025 12:00", 720, "Europe/Berlin", ("10-26 00:00", "10-26 12:00", True)),
        ("30.03.2025 08:00", 480, "Europe/Berlin", ("03-30 00:00", "03-30 08:00", True)),
        ("2025-03-30T22:00:00Z", 1440, "Europe/Berlin", ("03-30 00:00", "03-31 00:00", True)),
        ("26.04.2025 00:00", 1440, "Africa/Cairo", ("04-25 01:00", "04-26 00:00", True)),
        ("03.11.2025 00:00", 1440, "America/Havana", ("11-02 00:00", "11-03 00:00", True)),
        ("06.04.2025 02:30", 30, "Australia/Lord_Howe", ("04-06 02:00", "04-06 02:30", True)),
        ("05.10.2025 03:00", 30, "Australia/Lord_Howe", ("10-05 02:30", "10-05 03:00", True)),
    ],
)
def test_days_and_parts_of_days_are_those_of_the_local_clock(
    date: str, minutes: int, zone: str, expected: tuple[str, str, bool]
) -> None:
    assert local(date, minutes, zone) == expected


@pytest.mark.parametrize(
    ("date", "minutes", "is_on_grid"),
    [
        ("01.04.2025 05:00:01", 60, False),
        ("01.04.2025 05:30", 60, False),
        ("01.04.2025 05:30", 30, True),
        ("01.04.2025 10:00", 1440, False),
        ("01.04.2025 03:00", 120, False),
        ("2025-04-01T05:00:00+05:30", 60, False),
    ],
)
def test_time_is_on_the_grid_of_its_interval_or_not(date: str, minutes: int, is_on_grid: bool) -> None:
    assert local(date, minutes, "Europe/Moscow", "start")[2] is is_on_grid


@pytest.mark.parametrize(
    ("day", "number", "expected"),
    [
        ("01.04.2025", "1", "04-01 00:00"),
        ("01.04.2025", "48", "04-01 23:30"),
        ("30.03.2025", "46", "03-30 23:30"),
        ("26.10.2025", "50.0", "10-26 23:30"),
    ],
)
def test_numbered_intervals_count_from_midnight_through_clock_changes(day: str, number: str, expected: str) -> None:
    times = Times(ZoneInfo("Europe/Berlin"), dt.timedelta(minutes=30), "end", counts_intervals=True)

    instant = read_interval(day, number, None, times).start

    assert f"{dt.datetime.fromtimestamp(instant / 1e6, times.zone):%m-%d %H:%M}" == expected


@pytest.mark.parametrize(
    ("moment", "number", "minutes", "expected"),
    [
        ("2025-03-29T23:00Z", "1", 60, "03-30 00:00"),
        ("2025-03-29T23:00Z", "23", 60, "03-30 23:00"),
        ("2025-10-25T22:00Z", "4", 60, "10-26 02:00"),
        ("2025-10-26T00:00+02:00", "25", 60, "10-26 23:00"),
        ("01.04.2025 06:00", "24", 60, "04-02 05:00"),
        ("2025-03-28T23:00Z", "3", 1440, "03-31 00:00"),
        ("2025-03-28T23:00Z", "0", 60, None),
        ("26.10.2025 02:00", "2", 60, None),
    ],
)
def test_numbered_intervals_count_from_a_moment_where_the_date_is_one(
    moment: str, number: str, minutes: int, expected: str | None
) -> None:
    times = Times(ZoneInfo("Europe/Berlin"), dt.timedelta(minutes=minutes), "end", counts_intervals=True)

    if expected is None:
        with pytest.raises(NotATimeError):
            read_interval(moment, number, None, times)
        return
    found = read_interval(moment, number, None, times)

    assert f"{dt.datetime.fromtimestamp(found.start / 1e6, times.zone):%m-%d %H:%M}" == expected
    assert found.end - found.start >= 60 * 60 * 1_000_000


@pytest.mark.parametrize(
    ("day", "number"), [("01.04.2025", "49"), ("30.03.2025", "47"), ("01.04.2025", "0"), ("01.04.2025", "x")]
)
def test_interval_that_the_day_does_not_have_is_refused(day: str, number: str) -> None:
    times = Times(ZoneInfo("Europe/Berlin"), dt.timedelta(minutes=30), "end", counts_intervals=True)

    with pytest.raises(NotATimeError):
        read_interval(day, number, None, times)


def of_calendar(calendar: Calendar, date: str, stamp: Stamp = "start") -> tuple[str, str, int, int]:
    """Start and end of a calendar interval on the local clock, its minute of the day, its length."""
    clock = ZoneInfo("Europe/Berlin")
    length = length_of(calendar)
    found = read_interval(date, None, None, Times(clock, length.span, stamp, months=length.months, calendar=calendar))
    start, end = (dt.datetime.fromtimestamp(micros / 1e6, clock) for micros in found[:2])
    return f"{start:%m-%d %H:%M}", f"{end:%m-%d %H:%M}", found.minute, found.length


@pytest.mark.parametrize(
    ("calendar", "date", "stamp", "expected"),
    [
        ("month", "01.02.2025", "start", ("02-01 00:00", "03-01 00:00", 0, 28 * 1440)),
        ("month", "01.04.2025", "end", ("03-01 00:00", "04-01 00:00", 0, 31 * 1440)),
        ("month", "01.11.2025", "end", ("10-01 00:00", "11-01 00:00", 0, 31 * 1440)),
        ("month", "02.02.2025", "start", ("02-02 00:00", "03-02 00:00", BETWEEN_MINUTES, 28 * 1440)),
        ("week", "24.03.2025", "start", ("03-24 00:00", "03-31 00:00", 0, 7 * 1440)),
        ("week", "31.03.2025", "end", ("03-24 00:00", "03-31 00:00", 0, 7 * 1440)),
        ("week", "25.03.2025", "start", ("03-25 00:00", "04-01 00:00", BETWEEN_MINUTES, 7 * 1440)),
        ("day", "31.03.2025 00:00", "end", ("03-30 00:00", "03-31 00:00", 0, 1440)),
    ],
)
def test_calendar_intervals_are_whole_local_days_weeks_and_months(
    calendar: Calendar, date: str, stamp: Stamp, expected: tuple[str, str, int, int]
) -> None:
    assert of_calendar(calendar, date, stamp) == expected


def test_month_that_ends_on_a_day_that_others_do_not_have_ends_on_that_day() -> None:
    assert of_calendar("month", "31.05.2025", "end") == ("04-30 00:00", "05-31 00:00", BETWEEN_MINUTES, 31 * 1440)


def test_day_that_is_stamped_in_its_course_keeps_the_time_for_registers() -> None:
    assert local("31.03.2025 07:00", 1440, "Europe/Berlin") == ("03-30 07:00", "03-31 07:00", False)
    assert local("31.03.2025 07:00", 1440, "Europe/Berlin", "start") == ("03-31 07:00", "04-01 07:00", False)


@pytest.mark.parametrize(
    ("date", "end", "hours", "length"),
    [
        ("30.03.2025 01:00 - 03:00", None, 1, 60),
        ("30.03.2025 01:00 - 02:00", None, 1, 60),
        ("26.10.2025 01:00 - 02:00", None, 1, 60),
        ("26.10.2025 - 26.10.2025", None, 25, 1440),
        ("Март 2025", None, 743, 31 * 1440),
        ("30.03.2025", "31.03.2025", 23, 1440),
        ("2025-03-30T00:00Z", "2025-03-30T00:30Z", 0.5, 30),
    ],
)
def test_interval_between_two_times_has_its_own_length(date: str, end: str | None, hours: float, length: int) -> None:
    times = Times(ZoneInfo("Europe/Berlin"), dt.timedelta(hours=1), "end")

    found = read_interval(date, None, None, times, end=end)

    assert ((found.end - found.start) / 3.6e9, found.length) == (hours, length)


@pytest.mark.parametrize("end", ["01.04.2025", "31.03.2025", "01.05.2026", "?", "01.04.2025 00:00:30"])
def test_end_that_is_not_after_the_start_is_refused(end: str) -> None:
    times = Times(MOSCOW, dt.timedelta(hours=1), "start")

    with pytest.raises(NotATimeError) as caught:
        read_interval("01.04.2025", None, None, times, end=end)

    assert caught.value.cell == "interval"


@pytest.mark.parametrize(
    ("date", "hour", "end", "end_hour", "expected"),
    [
        ("01.04.2025", "01:30", "01.04.2025", "02:15", ("04-01 01:30", 45)),
        ("01.04.2025", "23", "02.04.2025", "0", ("04-01 23:00", 60)),
        ("01.04.2025", "23:00", "01.04.2025", "24:00", ("04-01 23:00", 60)),
        ("01.04.2025", "23:00", "01.04.2025", "1900-01-01", ("04-01 23:00", 60)),
        ("01.04.2025", "0.0625", None, "0,09375", ("04-01 01:30", 45)),
        ("01.04.2025", "23:30", None, "00:00", ("04-01 23:30", 30)),
        ("01.04.2025", "00:00", None, "00:00", ("04-01 00:00", 1440)),
        ("01.04.2025 23:30", None, "02.04.2025", "01:00", ("04-01 23:30", 90)),
        ("01.04.2025 10:30", None, None, "11:00", ("04-01 10:30", 30)),
        ("01.04.2025", "22:00", "03.04.2025", None, ("04-01 22:00", 1560)),
        ("29.03.2025", "12:00", "30.03.2025", "12:00", ("03-29 12:00", 1440)),
        ("30.03.2025", "01:00", "30.03.2025", "03:00", ("03-30 01:00", 60)),
        ("26.10.2025", "2:00", None, "3:00", TimeFault.CAME_TWICE),
        ("30.03.2025", "2:00", None, "3:00", TimeFault.NEVER_CAME),
        ("01.04.2025", "1-2", "01.04.2025", "2", TimeFault.NOT_AN_HOUR),
        ("01.04.2025", "", "01.04.2025", "2", TimeFault.EMPTY),
        ("01.04.2025", "2", "01.04.2025", "", TimeFault.EMPTY),
        ("01.04.2025", "2", "", "3", TimeFault.EMPTY),
        ("01.04.2025", "2", "31.04.2025", "3", TimeFault.NO_SUCH_DATE),
        ("01.04.2025", "2", "01.04.2025 03:00", "3", TimeFault.CLOCK_BESIDE_HOUR),
        ("01.04.2025", "2", "01.04.2025", "2", TimeFault.INTERVAL),
        ("01.04.2025", "2", None, "1", TimeFault.INTERVAL),
        ("01.04.2025", "2", None, "25", TimeFault.OUTSIDE_DAY),
    ],
)
def test_interval_may_start_and_end_in_two_columns_each(
    date: str, hour: str | None, end: str | None, end_hour: str | None, expected: tuple[str, int] | TimeFault
) -> None:
    zone = ZoneInfo("Europe/Berlin")
    times = Times(zone, dt.timedelta(hours=1), "start")

    if isinstance(expected, TimeFault):
        with pytest.raises(NotATimeError) as caught:
            read_interval(date, hour, None, times, end=end, end_hour=end_hour)
        assert caught.value.fault is expected
        return

    found = read_interval(date, hour, None, times, end=end, end_hour=end_hour)

    assert (f"{dt.datetime.fromtimestamp(found.start / 1e6, zone):%m-%d %H:%M}", found.length) == expected


@pytest.mark.parametrize(("hour", "end"), [("02:45", "02:00"), ("02:30", "02:15"), ("02:00", "02:00")])
def test_interval_may_end_in_the_hour_that_comes_again(hour: str, end: str) -> None:
    times = Times(ZoneInfo("Europe/Berlin"), dt.timedelta(hours=1), "start")

    found = read_interval("26.10.2025", hour, None, times, end_hour=end, fold=0)

    assert found.length == (int(end[3:]) - int(hour[3:])) % 60 or 60
    assert dt.datetime.fromtimestamp(found.end / 1e6, dt.UTC).strftime("%H:%M") == f"01:{end[3:]}"
    for fold, fault in ((None, TimeFault.CAME_TWICE), (1, TimeFault.INTERVAL)):
        with pytest.raises(NotATimeError) as caught:
            read_interval("26.10.2025", hour, None, times, end_hour=end, fold=fold)
        assert caught.value.fault is fault


def test_number_alone_is_no_end_where_the_interval_is_not_an_hour() -> None:
    times = Times(MOSCOW, dt.timedelta(minutes=30), "start")

    with pytest.raises(NotATimeError) as caught:
        read_interval("01.04.2025", "00:30", None, times, end_hour="1")

    assert (caught.value.cell, caught.value.fault) == ("end_hour", TimeFault.BARE_NUMBER)


@pytest.mark.parametrize(
    ("date", "stamp", "minutes", "expected"),
    [
        ("01.04.2025 01:02", "start", 60, "04-01 01:00:00"),
        ("01.04.2025 00:58", "start", 60, "04-01 01:00:00"),
        ("01.04.2025 01:02:01", "start", 60, "04-01 01:02:01"),
        ("01.04.2025 23:59:59", "end", 60, "04-01 23:00:00"),
        ("01.04.2025 23:59:59", "end", 1440, "04-01 00:00:00"),
        ("01.04.2025 00:17", "start", 15, "04-01 00:15:00"),
    ],
)
def test_stamp_near_the_grid_is_moved_to_it(date: str, stamp: Stamp, minutes: int, expected: str) -> None:
    times = Times(MOSCOW, dt.timedelta(minutes=minutes), stamp, snap=dt.timedelta(minutes=2))

    found = read_interval(date, None, None, times)

    assert f"{dt.datetime.fromtimestamp(found.start / 1e6, MOSCOW):%m-%d %H:%M:%S}" == expected


def test_hour_that_comes_twice_is_the_one_that_is_asked_for() -> None:
    times = Times(ZoneInfo("Europe/Berlin"), dt.timedelta(hours=1), "start")

    first, second = (read_interval("26.10.2025", "2-3", None, times, fold=fold).start for fold in (0, 1))

    assert second - first == 3_600_000_000
    with pytest.raises(AmbiguousTimeError):
        read_interval("26.10.2025", "2-3", None, times)
    with pytest.raises(NotATimeError):
        read_interval("30.03.2025", "2-3", None, times, fold=0)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("1", "04-01"),
        ("01 вт", "04-01"),
        ("вт, 01", "04-01"),
        ("30.0", "04-30"),
        ("31", None),
        ("1.5", None),
        ("", None),
    ],
)
def test_day_of_the_month_completes_the_date_of_the_file(cell: str, expected: str | None) -> None:
    times = Times(MOSCOW, dt.timedelta(hours=1), "start", date="2025-04", dates="month-first")

    if expected:
        found = read_interval(cell, "0-1", None, times)
        assert f"{dt.datetime.fromtimestamp(found.start / 1e6, MOSCOW):%m-%d}" == expected
    else:
        with pytest.raises(NotATimeError):
            read_interval(cell, "0-1", None, times)


@pytest.mark.parametrize(
    ("date", "hour", "stamp", "zone", "expected"),
    [
        ("26.10.2025", "2A", "start", "Europe/Berlin", "2025-10-26 00:00"),
        ("26.10.2025", "2B", "start", "Europe/Berlin", "2025-10-26 01:00"),
        ("26.10.2025", "02:00 А", "start", "Europe/Berlin", "2025-10-26 00:00"),  # in Russian letters
        ("26.10.2025", "2:00В", "start", "Europe/Berlin", "2025-10-26 01:00"),
        ("26.10.2025 02:00a", None, "start", "Europe/Berlin", "2025-10-26 00:00"),
        ("26.10.2025 02:00B", None, "start", "Europe/Berlin", "2025-10-26 01:00"),
        ("26.10.2025", "3A", "end", "Europe/Berlin", "2025-10-26 00:00"),
        ("26.10.2025", "3B", "end", "Europe/Berlin", "2025-10-26 01:00"),
        ("02.11.2025", "2A", "end", "America/New_York", "2025-11-02 05:00"),
        ("02.11.2025", "2B", "end", "America/New_York", "2025-11-02 06:00"),
        ("26.10.2025", "1A", "start", "Europe/Berlin", None),
        ("26.10.2025", "3B", "start", "Europe/Berlin", None),
        ("27.10.2025", "2A", "start", "Europe/Berlin", None),
        ("30.03.2025", "2B", "start", "Europe/Berlin", None),
        ("26.10.2025", "2A", "start", "Europe/Moscow", None),
        ("2025-10-26T02:00+02:00A", None, "start", "Europe/Berlin", None),
    ],
)
def test_mark_tells_the_first_from_the_second_time_of_an_hour(
    date: str, hour: str | None, stamp: Stamp, zone: str, expected: str | None
) -> None:
    times = Times(ZoneInfo(zone), dt.timedelta(hours=1), stamp)
    if expected is None:
        with pytest.raises(NotATimeError) as refused:
            read_interval(date, hour, None, times)
        assert refused.value.fault is TimeFault.MARKED_ONCE
    else:
        start = read_interval(date, hour, None, times).start
        assert f"{dt.datetime.fromtimestamp(start / 1e6, dt.UTC):%Y-%m-%d %H:%M}" == expected
