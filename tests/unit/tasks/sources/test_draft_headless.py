from __future__ import annotations

from tasks.sources.draft_headless import draft_headless
from tasks.sources.find_headless import find_headless
from tasks.sources.find_tables import Sheet


def drafted(*lines: str) -> list[str]:
    found = find_headless(Sheet(None, [[cell or None for cell in line.split(",")] for line in lines]))
    assert found
    return [*draft_headless(found, None)]


def test_columns_have_letters_and_no_metric_is_guessed_from_them() -> None:
    lines = drafted("20250401,7.5,W-17", "20250402,8.5,W-17")

    assert lines[1].startswith("header: none")
    assert lines[2:4] == ['timestamp: "A"  # such as "20250401"', "dates: day-first  # such as 20250401"]
    assert '  # meter: {column: "C"}  # such as "W-17"; the same in each line' in lines
    assert lines[-1] == '  B: {metric: "???"}  # such as "7.5"; one of schemas/metrics.yaml'


def test_lines_of_other_types_may_say_meter_unit_and_metric() -> None:
    hours = ",".join(map(str, range(100, 124)))

    lines = drafted("100,x", "200,W-17,kWh,E1", f"300,20250401,{hours}", f"300,20250402,{hours}")

    assert 'where: {A: "300"}  # other lines begin with "100", "200"' in lines
    assert 'intervals: {first: "C", count: 24}' in lines
    assert '  # meter: {column: B, of: {A: "200"}}  # such as "W-17"; on a line above' in lines
    assert '# unit: {column: C, of: {A: "200"}}  # such as "kWh"' in lines
    doubt = "does it say what was measured? layout: long"
    assert f'# metric: {{column: D, of: {{A: "200"}}}}  # such as "E1"; {doubt}' in lines
