from __future__ import annotations

from typing import Any

import pytest

from schemas.errors import FileError
from schemas.problems import FileProblem
from schemas.settings import Settings
from schemas.table_schema import MetricColumn, TableSchema
from schemas.table_spec import TableSpec
from tasks.ingest.bind_columns import bind, note_unmapped
from tasks.ingest.find_header import Header, Heading

PATTERNS = {
    "layout": "day-sheet",
    "timestamp": "t",
    "columns": {r"DMA (?P<dma>\S+) \(L/s\)": {"metric": "flow_supply", "unit": "л/с"}},
    "identity": {"path": "(?P<place>.)/", "building": "{place}", "meter": "{place}{dma}"},
}
DAY = {
    "layout": "day-sheet",
    "date": "t",
    "intervals": {"headings": r"(?P<start>\d.*)"},
    "value": {"metric": "T1"},
    "identity": {"meter": "M"},
}
MONTHS: dict[str, Any] = {"date": None, "interval": "month", "intervals": {"headings": "(?P<date>.+25)"}}


def bound(spec: dict[str, Any], *headings: str | Heading) -> TableSchema:
    found = [Heading(text) if isinstance(text, str) else text for text in ("t", *headings)]
    header = Header(1, 1, 1, found, frozenset(), 1, {})
    codes: dict[str, str | None] = {"building": "X", "itp": None, "meter": None}
    return bind(
        header,
        range(len(found)),
        TableSpec.model_validate(spec),
        sheet=None,
        codes=codes,
        settings=Settings(default_tz="UTC"),
        groups={"place": "X"},
    )


def starts(spec: dict[str, Any], *headings: str) -> list[str | None]:
    return [column.hour for column in bound(spec, *headings).metrics]


def problem(spec: dict[str, Any], *headings: str) -> FileProblem:
    with pytest.raises(FileError) as caught:
        bound(spec, *headings)
    assert isinstance(caught.value.problem, FileProblem)
    return caught.value.problem


def test_each_column_that_a_pattern_matches_is_a_meters_and_no_note_names_it() -> None:
    schema = bound(PATTERNS, "DMA  7\u00a0(L/s)", "DMA x", "DMA 8 (L/s)")

    assert schema.metrics == [
        MetricColumn(key="DMA 7 (L/s)", metric="flow_supply", unit="л/с", stated_unit="л/с", meter_code="X7"),
        MetricColumn(key="DMA 8 (L/s)", metric="flow_supply", unit="л/с", stated_unit="л/с", meter_code="X8"),
    ]
    assert (schema.building_code, schema.meter_code) == ("X", None)
    assert note_unmapped([schema]) == ["столбцы без описания, сохранены в сырье: C «DMA x»"]


def test_pattern_matches_one_line_of_a_header_of_two_where_it_matches_no_whole_heading() -> None:
    schema = bound(PATTERNS, Heading("Расход DMA 7 (L/s)", "DMA 7 (L/s)", "Расход"))

    assert [column.meter_code for column in schema.metrics] == ["X7"]


def test_what_is_said_of_hundreds_of_columns_is_stored_without_what_is_not_said() -> None:
    schema = bound(PATTERNS, *(f"DMA {number} (L/s)" for number in range(300)))

    assert len(schema.model_dump_json(include={"metrics"})) < 300 * 100
    assert TableSchema.model_validate_json(schema.model_dump_json()) == schema


def test_two_columns_of_the_same_readings_fail_the_table() -> None:
    assert problem(PATTERNS, "DMA 7 (L/s)", "DMA 7 (L/s)") is FileProblem.COLUMN_DOUBLED
    assert problem(DAY, *(f"{hour}:00" for hour in range(24)), "03:00") is FileProblem.COLUMN_DOUBLED


@pytest.mark.parametrize(
    ("changes", "headings", "expected"),
    [
        ({}, ["0:00", "1.00", "02:00-03:00"], ["00:00", "01:00", "02:00"]),
        ({"intervals": {"headings": "(?P<end>\\d.*)"}}, ["1:00", "23:00", "0:00"], ["00:00", "22:00", "23:00"]),
        (
            {"stamp": "end", "intervals": {"headings": r"(?P<hour>\d+)ч"}},
            ["1ч", "2ч", "24ч"],
            ["00:00", "01:00", "23:00"],
        ),
        ({"stamp": "end"}, ["1:00", "2:00"], ["01:00", "02:00"]),
        (
            {"interval_minutes": 30, "intervals": {"headings": r"(?P<hour>\d\d)(?P<minute>\d\d)"}},
            ["0000", "0030", "0100"],
            ["00:00", "00:30", "01:00"],
        ),
        ({"intervals": {"first": "A", "count": 24}}, [*"ABCDEFGHIJKLMNOPQRSUVWXYZ"], [str(n + 1) for n in range(24)]),
    ],
)
def test_headings_say_when_an_interval_starts(
    changes: dict[str, Any], headings: list[str], expected: list[str]
) -> None:
    assert starts(DAY | changes, *headings) == expected


@pytest.mark.parametrize(
    ("changes", "headings", "expected"),
    [
        ({}, ["0:00", "1:x"], FileProblem.INTERVAL_NOT_READ),
        ({"interval_minutes": 30}, ["0", "1"], FileProblem.INTERVAL_NOT_READ),
        ({"interval_minutes": 30}, ["0:00", "1:00"], FileProblem.INTERVALS_DO_NOT_FIT),
        ({"intervals": {"headings": "(?P<end>\\d.*)"}}, ["0:00", "1:00"], FileProblem.INTERVAL_NOT_READ),
        ({"intervals": {"headings": "(?P<number>\\d+)"}}, ["0", "1"], FileProblem.INTERVAL_NOT_READ),
        ({"intervals": {"headings": "(?P<number>\\d+)"}}, ["1", "48"], FileProblem.INTERVALS_DO_NOT_FIT),
        (
            {"date": None, "intervals": {"headings": "(?P<date>\\d.+)"}},
            ["01.04.2025 10:00"],
            FileProblem.INTERVAL_NOT_READ,
        ),
        ({"date": None, "intervals": {"headings": "(?P<date>\\d.+)"}}, ["32.04.2025"], FileProblem.INTERVAL_NOT_READ),
        ({"date": None, "intervals": {"headings": "(?P<date>.+)"}}, ["Январь 2025"], FileProblem.INTERVAL_NOT_READ),
        (MONTHS, ["01.01.25–31.03.25"], FileProblem.INTERVAL_NOT_READ),
        (MONTHS, ["Январь 25"], FileProblem.INTERVAL_NOT_READ),
    ],
)
def test_heading_that_says_no_interval_of_a_day_fails_the_table(
    changes: dict[str, Any], headings: list[str], expected: FileProblem
) -> None:
    assert problem(DAY | changes, *headings) is expected


def test_months_may_be_columns() -> None:
    schema = bound(DAY | MONTHS, "Январь 2025", "02.2025", "01.03.25–31.03.25")

    assert [column.date for column in schema.metrics] == ["2025-01-01", "2025-02-01", "2025-03-01"]


def test_date_and_hour_may_stand_in_one_heading() -> None:
    schema = bound(
        DAY | {"date": None, "intervals": {"headings": r"(?P<date>\S+) (?P<start>\S+)"}},
        "01.04.2025 00:00",
        "01.04.2025 01:00",
        "02.04.2025 00:00",
    )

    assert [(column.date, column.hour) for column in schema.metrics] == [
        ("01.04.2025", "00:00"),
        ("01.04.2025", "01:00"),
        ("02.04.2025", "00:00"),
    ]


def test_hour_is_told_from_its_second_one_where_the_table_has_a_column_for_it() -> None:
    spec = DAY | {"intervals": {"headings": r"(?P<start>\d\d:\d\d)(?P<again>\*)?"}}

    with_it = bound(spec, "01:00", "02:00", "02:00*").metrics
    without = bound(spec, "01:00", "02:00").metrics

    assert [column.is_again for column in with_it] == [None, False, True]
    assert [column.is_again for column in without] == [None, None]


def test_total_among_columns_that_are_counted_is_no_interval() -> None:
    counted = DAY | {"intervals": {"first": "A", "count": 24}}
    hours = [*"ABCDEFGHIJKLMNOPQRSUVWX"]

    assert problem(counted, *hours, "Итого, м3") is FileProblem.TOO_FEW_COLUMNS
    assert problem(counted, *hours) is FileProblem.TOO_FEW_COLUMNS
