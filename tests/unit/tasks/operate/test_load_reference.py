from __future__ import annotations

from tasks.operate.load_reference import TableCounts, to_records
from tasks.operate.reference_periods import Line


def test_empty_cells_are_null_and_minutes_are_numbers() -> None:
    building = Line(2, {"external_code": "B", "address": "", "district_id": "Южный"})
    meter = Line(2, {"kind": "heat", "interval_minutes": "30", "itp_code": "I", "external_code": "M"})

    assert to_records("buildings", [building]) == [("B", None, "Южный")]
    assert to_records("meters", [meter]) == [("M", "I", "heat", 30)]


def test_rows_of_the_file_are_those_added_changed_and_left_alone() -> None:
    assert TableCounts(inserted=1, updated=2, unchanged=4).total == 7
