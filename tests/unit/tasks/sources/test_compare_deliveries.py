from __future__ import annotations

from typing import Any

from tasks.sources.cells import Row
from tasks.sources.check_files import FileCheck
from tasks.sources.compare_deliveries import Change, Delivery, compare_deliveries
from tasks.sources.find_tables import Sheet, find_tables

ROWS: list[Row] = [
    *(["Время", "T1, °C", "V, м3"], ["01.04.2025 00:00", "60", "1"]),
    *(["01.04.2025 01:00", "60", "1"], ["01.04.2025 02:00", "60", "1"]),
]


def delivery(found: list[Row], *, mapping: str | None = "acme", error: str | None = None, **read: Any) -> Delivery:
    table = {"rows": 3, "readings": 6, "unreadable": 0, "meters": ["M-1"], "lost": []} | read
    checked = FileCheck("a.csv", mapping, [] if error else [table], [], error)
    return Delivery([*find_tables(Sheet("Л", found))], checked)


def changes(found: list[Row], **read: Any) -> list[Change]:
    return compare_deliveries(delivery(ROWS), delivery(found, **read))


def test_equal_deliveries_have_no_changes() -> None:
    assert changes(ROWS) == []


def test_headings_that_came_and_went_and_moved() -> None:
    header, *lines = ROWS

    assert changes([["Время", "V, м3", "T1, °C"], *lines]) == [
        ("Л", "order of columns", "Время, T1, °C, V, м3", "Время, V, м3, T1, °C")
    ]
    assert changes([["Время", "T1, °C", "Объём, м3"], *lines]) == [("Л", "headings", "V, м3", "Объём, м3")]
    assert changes([["Отчёт"], header, *lines]) == [("Л", "line of the headings", "1", "2")]


def test_unit_interval_and_spelling_of_dates() -> None:
    header, *_ = ROWS
    half_hours: list[Row] = [[f"13/04/2025 0{n // 2}:{n % 2 * 3}0", "60", "1"] for n in range(4)]

    in_m3, in_litres = (
        delivery([["Время", "V"], [None, unit], *(row[:2] for row in ROWS[1:])]) for unit in ("м3", "л")
    )

    assert compare_deliveries(in_m3, in_litres) == [("Л", "unit of V", "м3", "л")]
    assert changes([header, *half_hours]) == [
        ("Л", "dates", "—", "day-first"),
        ("Л", "interval_minutes", "60", "30"),
    ]


def test_codes_rows_and_losses_are_those_that_the_mapping_reads() -> None:
    lost = [{"reason": "bad_number", "count": 1, "message": message} for message in ("не число", "не то")]

    assert changes(ROWS, rows=2, unreadable=2, meters=["M-2"], lost=lost) == [
        ("", "rows", "3", "2"),
        ("", "unreadable", "0", "2"),
        ("", "meters", "M-1", "M-2"),
        ("", "would be lost", "—", "bad_number 2"),
    ]


def test_delivery_that_is_no_longer_read_says_why() -> None:
    found = changes(ROWS, mapping=None, error="нет описания")

    assert found[:2] == [("", "mapping", "acme", "—"), ("", "error", "—", "нет описания")]
