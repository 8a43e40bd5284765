from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from schemas.reference import ReferenceProblem
from tasks.operate.reference_periods import (
    DistrictPeriod,
    Line,
    MeterPeriod,
    check_periods,
    dated_problem,
    district_periods,
    last_lines,
    meter_periods,
    read_moment,
)

ZONE = ZoneInfo("Europe/Moscow")


def meter(number: int, code: str = "M", **cells: str) -> Line:
    empty = {"itp_code": "I", "kind": "heat", "interval_minutes": "60", "installed": "", "removed": ""}
    return Line(number, {"external_code": code, **empty, "register_digits": "", "register_step": "", **cells})


def building(number: int, since: str = "", district: str = "North") -> Line:
    return Line(number, {"external_code": "B", "address": "", "district_id": district, "since": since})


def local(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=ZONE)  # type: ignore[arg-type, misc]


def problems(table: str, *lines: Line) -> list[tuple[ReferenceProblem, int | None]]:
    return [(mistake.problem, mistake.line) for mistake in check_periods(table, lines, ZONE)]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("", None),
        ("2025-04-10", local(2025, 4, 10)),
        ("10.04.2025", local(2025, 4, 10)),
        ("10.04.2025 13:30", local(2025, 4, 10, 13, 30)),
        ("2025-04-10T13:30+05:00", local(2025, 4, 10, 11, 30)),
    ],
)
def test_a_date_is_its_first_moment_and_times_are_local(text: str, moment: dt.datetime | None) -> None:
    assert read_moment(text, ZONE) == moment


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        ("installed", "2025-04-10", None),
        ("removed", "04/10/2025", ReferenceProblem.BAD_DATE),
        ("since", "soon", ReferenceProblem.BAD_DATE),
        ("register_digits", "5", None),
        ("register_digits", "0", ReferenceProblem.BAD_DIGITS),
        ("register_digits", "16", ReferenceProblem.BAD_DIGITS),
        ("register_digits", "5.0", ReferenceProblem.BAD_DIGITS),
        ("register_step", "0,001", None),
        ("register_step", "0", ReferenceProblem.BAD_STEP),
        ("register_step", "nan", ReferenceProblem.BAD_STEP),
        ("register_step", "a", ReferenceProblem.BAD_STEP),
    ],
)
def test_cells_of_dated_columns_are_checked(column: str, value: str, problem: ReferenceProblem | None) -> None:
    assert dated_problem(column, value) == problem


def test_a_meter_of_one_line_without_dates_has_no_periods() -> None:
    assert meter_periods([meter(2)], ZONE) == []


def test_a_meter_of_one_line_is_where_core_says_while_it_is_there() -> None:
    line = meter(2, removed="2025-04-10", register_digits="5", register_step="0,01")

    assert meter_periods([line], ZONE) == [MeterPeriod("M", None, None, local(2025, 4, 10), 5, 0.01)]


def test_a_meter_is_at_a_place_until_it_is_at_the_next() -> None:
    lines = [meter(2, installed="2025-04-10 12:00", itp_code="J"), meter(3)]

    assert meter_periods(lines, ZONE) == [
        MeterPeriod("M", "I", None, local(2025, 4, 10, 12), None, None),
        MeterPeriod("M", "J", local(2025, 4, 10, 12), None, None, None),
    ]
    assert last_lines("meters", lines, ZONE) == [lines[0]]


def test_a_building_in_several_districts_has_periods_one_in_one_has_none() -> None:
    lines = [building(2), building(3, since="2025-04-10", district="")]

    assert district_periods(lines[:1], ZONE) == []
    assert district_periods(lines, ZONE) == [
        DistrictPeriod("B", None, "North"),
        DistrictPeriod("B", local(2025, 4, 10), None),
    ]
    assert last_lines("buildings", lines, ZONE) == [lines[1]]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([meter(2), meter(3)], [(ReferenceProblem.DUPLICATE_CODE, 3)]),
        ([meter(2), meter(3, code="N")], []),
        ([meter(2), meter(3, installed="2025-04-10")], []),
        ([meter(2, removed="2025-04-09"), meter(3, installed="2025-04-10")], []),
        ([meter(2, removed="2025-04-10"), meter(3, installed="2025-04-10")], []),
        ([meter(2, removed="2025-04-11"), meter(3, installed="2025-04-10")], [(ReferenceProblem.OVERLAPS, 3)]),
        (
            [meter(2, installed="2025-04-10", removed="2025-04-10")],
            [(ReferenceProblem.ENDS_BEFORE_IT_BEGINS, 2)],
        ),
        ([meter(2), meter(3, installed="2025-04-10", kind="gas")], [(ReferenceProblem.DIFFERENT_METER, 3)]),
        (
            [meter(2), meter(3, installed="2025-04-10", interval_minutes="30")],
            [(ReferenceProblem.DIFFERENT_METER, 3)],
        ),
    ],
)
def test_lines_of_a_meter_may_not_contradict_each_other(
    lines: list[Line], found: list[tuple[ReferenceProblem, int]]
) -> None:
    assert problems("meters", *lines) == found


def test_of_a_building_the_first_district_has_no_date() -> None:
    assert problems("buildings", building(2), building(3, since="2025-04-10")) == []
    assert problems("buildings", building(2, since="2025-04-10")) == [(ReferenceProblem.FIRST_IS_DATED, 2)]
    assert problems("buildings", building(2), building(3)) == [(ReferenceProblem.DUPLICATE_CODE, 3)]
