from __future__ import annotations

import datetime as dt

import pytest

from tasks.sources.recognise_dates import OPEN, PLAIN, Dates, is_date, is_period, recognise, says_time


def found(*samples: str | None, in_time_column: bool = False) -> Dates | None:
    return recognise(samples, in_time_column=in_time_column)


def key(*samples: str | None, in_time_column: bool = False) -> str | None:
    dates = found(*samples, in_time_column=in_time_column)
    return dates.key if dates else None


@pytest.mark.parametrize(
    "text",
    [
        *("2025-04-13T01:00:00+03:00", "2025-04-13 1:00", "2025/04/13 01:00", "2025-04-13 01:00:00.000 UTC"),
        *("13.04.2025 01:00", "13. 4. 2025 01:00:00", "13.04.2025, 01:00", "13.04.25 1:00", "13.04.2025 г. 01:00"),
    ],
)
def test_unambiguous_date_needs_no_key_and_is_the_time_on_the_wall(text: str) -> None:
    dates = found(text)

    assert dates
    assert (dates.key, dates.times) == (PLAIN, [dt.datetime(2025, 4, 13, 1)])  # noqa: DTZ001


@pytest.mark.parametrize(
    ("texts", "expected", "evidence"),
    [
        (("03/04/2025 00:00", "13/04/2025 00:00"), "day-first", "13/04/2025 00:00: no month is 13"),
        (("04-03-2025", "04-13-2025"), "month-first", "04-13-2025: no month is 13"),
        (("4/13/2025 1:00 PM",), "month-first", "4/13/2025 1:00 PM: no month is 13"),
        (("13-Apr-25", "14-Apr-25"), "day-first", "such as 13-Apr-25"),
        (("04.13.2025",), "month-first", "04.13.2025: no month is 13"),
        (("5 мая 25", "May 6 25"), "day-first", "such as 5 мая 25"),
        (("с 13/04/2025 по 14/04/2025",), "day-first", None),
        (("2025-04-01", "13/04/2025"), "day-first", "13/04/2025: no month is 13"),
        (("13 апреля 2025 г.", "April 14, 2025", "Май 2025"), PLAIN, "such as 13 апреля 2025 г."),
        (("13.04.2025 01:00 - 13.04.2025 02:00", "13.04.2025 01:00 – 02:00"), PLAIN, None),
    ],
)
def test_order_of_day_and_month_is_proposed_where_a_date_proves_it(
    texts: tuple[str, ...], expected: str, evidence: str | None
) -> None:
    dates = found(*texts)

    assert dates
    assert dates.key == expected
    assert evidence is None or dates.evidence == evidence


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        (("03/04/2025", "05/06/2025"), "both fit each of the dates"),
        (("05/05/2025",), "both fit each of the dates"),
        (("13/04/2025", "13-Apr-25", "04/13/2025", "04/14/2025"), "written in several ways"),
    ],
)
def test_what_no_date_proves_is_asked(texts: tuple[str, ...], why: str) -> None:
    dates = found(*texts)

    assert dates
    assert dates.key == OPEN
    assert why in dates.evidence


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1744495200", "epoch-seconds"),
        ("1744495200000", "epoch-milliseconds"),
        ("20250413", "day-first"),
        ("13042025", "day-first"),
        ("04132025", "month-first"),
        ("13-04-25", "day-first"),
        ("2025041301", "%Y%m%d%H"),
        ("202504130100", "%Y%m%d%H%M"),
        ("04.2025", PLAIN),
        ("45760", PLAIN),
        ("45760.25", PLAIN),
    ],
)
def test_bare_number_is_a_date_only_in_a_column_of_times(text: str, expected: str) -> None:
    assert key(text, in_time_column=True) == expected
    assert key(text) is None


@pytest.mark.parametrize("text", ["0-1", "12.5", "1,5", "W-1", "01-02-03", "31/02/2025", "13/13/2025", "Apr-25"])
def test_other_texts_are_no_dates(text: str) -> None:
    assert not is_date(text, in_time_column=False)


def test_time_with_an_offset_that_may_be_the_end_of_a_range_is_none_as_for_the_reader() -> None:
    assert key("2025-04-13 01:00-02:00", in_time_column=True) is None


def test_midnight_may_be_written_as_24_of_the_day_before() -> None:
    dates = found("13/04/2025 24:00", "13.04.2025 24:00")

    assert dates
    assert (dates.key, dates.times) == ("day-first", [dt.datetime(2025, 4, 14)] * 2)  # noqa: DTZ001


def test_half_of_the_day_is_read() -> None:
    dates = found("4/13/2025 1:00 PM", "4/13/2025 12:30 AM", "4/13/2025 12:30 p.m.")

    assert dates
    assert [f"{time:%H:%M}" for time in dates.times if time] == ["13:00", "00:30", "12:30"]


def test_few_other_cells_do_not_hide_the_dates_and_empty_ones_have_no_time() -> None:
    dates = found("13/04/2025", "14/04/2025", "15/04/2025", "16/04/2025", None, "Итого")

    assert dates
    assert (dates.key, dates.times[4:]) == ("day-first", [None, None])
    assert dates.evidence == "13/04/2025: no month is 13; 1 of 5 cells are none"
    assert key("13/04/2025", "Итого") is None


def test_offset_is_seen_only_where_each_time_has_one() -> None:
    assert found("2025-04-13T01:00:00Z", "2025-04-13 01:00+03:00").has_offset  # type: ignore[union-attr]
    assert not found("2025-04-13T01:00:00Z", "2025-04-13 01:00").has_offset  # type: ignore[union-attr]
    assert found("1744495200", in_time_column=True).has_offset  # type: ignore[union-attr]


def test_period_says_its_own_length() -> None:
    assert all(map(is_period, ["Апрель 2025", "04.2025", "13.04.2025 01:00 - 13.04.2025 02:00"]))
    assert not any(map(is_period, ["13 апреля 2025", "13.04.2025 01:00"]))


@pytest.mark.parametrize("heading", ["Дата показания", "Время", "utc_timestamp", "Date-time", "Период", "start_time"])
def test_heading_says_that_a_column_holds_times(heading: str) -> None:
    assert says_time(heading)


@pytest.mark.parametrize("heading", ["Номер книги", "dt °C", "Value", "Расход", "Updates"])
def test_heading_of_something_else_does_not(heading: str) -> None:
    assert not says_time(heading)
