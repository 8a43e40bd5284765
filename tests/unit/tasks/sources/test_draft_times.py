from __future__ import annotations

import pytest

from tasks.sources.draft_times import draft_times
from tasks.sources.find_tables import FoundColumn

HOURS = [f"01.04.2025 {hour:02}:00" for hour in range(24)]


def lines(**columns: list[str | None]) -> list[str]:
    found = [FoundColumn(heading.replace("_", " "), None, cells) for heading, cells in columns.items()]
    return draft_times(found).lines


def test_time_stamps_of_a_whole_day_leave_nothing_open() -> None:
    assert lines(Время=[*HOURS], V=["1"] * 24) == [
        'timestamp: "Время"  # such as "01.04.2025 00:00"',
        "stamp: start  # the times run from 00:00 to 23:00, whole days",
        "interval_minutes: 60  # 23 of 23 steps between times",
    ]


def test_spelling_that_needs_the_key_is_proposed_with_its_evidence() -> None:
    assert "dates: day-first  # 13/04/2025: no month is 13" in lines(Дата=["12/04/2025", "13/04/2025"])
    assert 'dates: "%Y%m%d%H%M"  # such as 202504130100' in lines(Дата=["202504130100"])
    ambiguous = next(line for line in lines(Дата=["01/04/2025", "02/04/2025"]) if line.startswith("dates:"))
    assert ambiguous.startswith("dates: ???  # day-first or month-first: both fit")


def test_several_columns_of_dates_are_all_listed_that_of_the_readings_first() -> None:
    drafted = lines(Номер=["35913"], Дата_поверки=["07.09.2020"], Дата_показания=["22.04.2025"])

    assert drafted[:3] == [
        "timestamp: ???  # several columns hold dates; which is that of the reading? one of",
        '# timestamp: "Дата показания"  # such as "22.04.2025"',
        '# timestamp: "Дата поверки"  # such as "07.09.2020"',
    ]


def test_start_and_end_are_one_interval() -> None:
    drafted = lines(End=["2025-04-01T00:30Z", "2025-04-01T01:00Z"], Start=["2025-04-01T00:00Z", "2025-04-01T00:30Z"])

    assert drafted[:3] == [
        'timestamp: "Start"  # such as "2025-04-01T00:00Z"',
        'stamp: start  # "End" holds the ends',
        "interval_minutes: 30  # 1 of 1 steps between times",
    ]
    assert drafted[3].startswith("# The times say where they stand in UTC")


def test_hours_in_a_column_of_their_own() -> None:
    ranges = lines(Дата=["01.04.2025"], Час=["0-1"])
    numbers = lines(Дата=["01.04.2025"] * 24, Час=[str(hour) for hour in range(1, 25)])
    midnight = lines(Дата=["01.04.2025"] * 2, Время=["23:00", "1900-01-01"])

    assert ranges[1:] == [
        'hour: "Час"  # such as "0-1"',
        "interval_minutes: 60  # from the start to the end of each hour's range",
    ]
    assert numbers[2] == midnight[2] == "stamp: end  # 24:00 is the end of a day's last interval"
    assert numbers[3] == "interval_minutes: 60  # 23 of 23 steps between times"


def test_positions_count_from_the_one_time_of_many_lines() -> None:
    starts: list[str | None] = [*["2025-03-31T22:00Z"] * 3, *["2025-04-01T22:00Z"] * 3]

    drafted = lines(Start=starts, Position=["1", "2", "3", "1", "2", "1"], Length=["PT1H"] * 6)
    rows = lines(Start=starts, Position=["1", "2", "3", "4", "5", "6"])

    assert drafted[:2] == [
        'date: "Start"  # such as "2025-03-31T22:00Z"',
        'interval_number: "Position"  # it counts the lines of each time from 1',
    ]
    assert drafted[2].startswith("interval_minutes: ???")
    assert rows[0].startswith("timestamp:")


def test_hours_are_seen_under_a_heading_of_any_language_where_dates_have_none() -> None:
    clocks: list[str | None] = ["00:15", "00:30", "00:45", "01:00"]

    drafted = lines(Data=["2025/04/01"] * 4, Trab=["1:00"] * 4, Uhrzeit=clocks)
    by_heading = lines(Data=["2025/04/01"] * 4, Trab=clocks[::-1], Время=clocks)

    assert drafted[:2] == ['date: "Data"  # such as "2025/04/01"', 'hour: "Uhrzeit"  # such as "00:15"']
    assert by_heading[1] == 'hour: "Время"  # such as "00:15"'
    assert lines(Data=[f"2025/04/01 {clock}" for clock in clocks], Trab=["1:00"] * 4)[0].startswith("timestamp:")


def test_clock_that_is_always_as_much_later_is_the_end() -> None:
    drafted = lines(Datum=["01.04.2025"] * 2, Od=["08:00", "08:15"], Do=["08:15", "08:30"])
    other = lines(Datum=["01.04.2025"] * 2, Od=["08:00", "08:15"], Do=["08:15", "09:30"])

    assert drafted[1:] == [
        'hour: "Od"  # such as "08:00"',
        'stamp: start  # "Do" holds the ends',
        'interval_minutes: 15  # from "Od" to "Do"',
    ]
    assert other[2].startswith("stamp: ???")


def test_end_may_be_the_last_minute_of_an_interval() -> None:
    starts: list[str | None] = ["00:00", "00:15", "00:30"]
    ends: list[str | None] = ["00:14", "00:29", "00:44"]

    drafted = lines(Datum=["01.04.2025"] * 3, START=starts, END=ends)

    assert drafted[3] == 'interval_minutes: 15  # from "START" to the last minute in "END"'


def test_dates_of_something_else_are_asked_about_also_alone() -> None:
    drafted = lines(Поверка=["01.04.2025", "02.04.2025"])

    assert drafted[0].startswith("timestamp: ???")
    assert drafted[1] == '# timestamp: "Поверка"  # such as "01.04.2025"'


def test_clock_that_is_the_same_in_all_lines_is_asked_about() -> None:
    assert '# hour: "Tijd"  # such as "23:45"; ??? is it theirs? then date, not timestamp' in lines(
        Datum=["01.04.2025", "02.04.2025"], Tijd=["23:45"] * 2
    )


def test_length_of_a_day_is_doubted_where_a_day_s_hours_may_stand_side_by_side() -> None:
    days: list[str | None] = ["01.04.2025", "02.04.2025"]

    numbers: dict[str, list[str | None]] = {letter: ["1", "2"] for letter in "abcdefghijklmnopqrstuvwx"}

    drafted = lines(День=days, **numbers)

    assert drafted[2].startswith("interval_minutes: 1440  # ")
    assert drafted[2].endswith("??? 24 columns of numbers side by side: are they intervals of the day?")
    assert "???" not in lines(День=days, a=["1", "2"])[2]


@pytest.mark.parametrize(("count", "interval"), [(48, "30"), (50, "30"), (96, "15"), (41, "???")])
def test_numbers_above_24_count_the_intervals_of_a_day(count: int, interval: str) -> None:
    drafted = lines(Date=["2025-04-01"] * count, Period=[str(number + 1) for number in range(count)])

    assert drafted[1] == f'interval_number: "Period"  # such as "1"; they count to {count}'
    assert drafted[2].startswith(f"interval_minutes: {interval}  # ")
    assert not any(line.startswith("stamp:") for line in drafted)


def test_length_of_each_interval_may_have_a_column() -> None:
    drafted = lines(start=["2025-04-01T00:00", "2025-04-01T01:00"], resolution=["PT1H", "PT15M"])

    assert 'interval: "resolution"  # such as "PT1H"' in drafted
    assert not any(line.startswith("interval_minutes") for line in drafted)


def test_lengths_that_are_not_what_times_are_apart_are_no_minutes() -> None:
    drafted = lines(start=["2025-04-01T00:00", "2025-04-01T01:00"], duration=["3600", "3600"])

    assert drafted[2] == "interval_minutes: 60  # 1 of 1 steps between times"
    assert not any(line.startswith("interval:") for line in drafted)


def test_word_among_lengths_is_passed_over() -> None:
    drafted = lines(start=[f"2025-04-01T0{hour}:00" for hour in range(6)], resolution=[*["60"] * 5, "?"])

    assert 'interval: "resolution"  # such as "60"' in drafted


def test_moment_that_is_the_same_in_each_line_is_not_the_date_beside_hours() -> None:
    clocks: list[str | None] = ["00:00", "00:30"]

    drafted = lines(Записано=["02.04.2025 06:15"] * 2, День=["01.04.2025"] * 2, Час=clocks)

    assert drafted[:2] == ['date: "День"  # such as "01.04.2025"', 'hour: "Час"  # such as "00:00"']


def test_date_given_once_a_day_holds_for_the_lines_below_it_and_is_asked_about() -> None:
    drafted = lines(Дата=["01.04.2025", None, "02.04.2025", None], Час=["0-1", "1-2", "0-1", "1-2"])

    assert drafted[-1].startswith('# fill_down: "Дата"  # ??? 2 of 4 lines have no date')
    assert "interval_minutes: 60" in drafted[2]
    clock = lines(Дата=["01.04.2025", None, None], Час=["00:00", "00:30", "01:00"])
    assert "interval_minutes: 30  # 2 of 2 steps between times" in clock


def test_order_is_said_where_times_tell_it() -> None:
    drafted = lines(time_utc=[*HOURS[::-1]])

    assert "# The newest time stands first; lines may come in any order." in drafted


def test_periods_say_their_length_and_calendar_intervals_are_named() -> None:
    assert lines(Период=["Апрель 2025", "Май 2025"])[1:] == ["# Each cell is a period, which says its own length."]
    assert lines(t=["01.03.2025", "01.04.2025"])[1:] == [
        "interval: month  # the times are 31 days apart",
        "stamp: ???  # start or end of the month",
    ]
    assert lines(t=["01.03.2025", "08.03.2025"])[1].startswith("interval: week")


def test_no_dates_at_all_are_a_question() -> None:
    assert lines(V=["1"]) == ["timestamp: ???  # no column with a heading holds dates: date and hour, or timestamp"]
