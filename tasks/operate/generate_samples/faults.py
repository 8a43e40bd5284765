"""Deliberate faults: each changes a file's rows and records in its account what they should load to."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from tasks.operate.generate_samples.account import ExpectedFile
from tasks.operate.generate_samples.day_sheets import Row

_SUPPLY, _HOT, _T2 = 0, 2, 4
_PERIOD = 1
_VALUE = 5


def spoil_hot_rows(rows: list[Row], expected: ExpectedFile) -> None:
    """Put in a bad number, a missing value, and a T1 − T2 far from its norm."""
    rows[3].cells[_SUPPLY] = "сбой"
    expected.add_error("bad_number")
    rows[6].cells[_HOT] = None
    expected.add_error("missing_value")
    rows[15].cells[_T2] = 25.0
    expected.suspect += 2


def spoil_cold_rows(rows: list[Row], expected: ExpectedFile) -> None:
    """Put in a negative volume, a repeated row, and a row that is repeated with another value."""
    rows[14].cells[_PERIOD] = -0.05
    expected.add_error("negative")
    rows.append(dataclasses.replace(rows[5]))
    expected.duplicate += len(rows[5].cells)
    other = dataclasses.replace(rows[8], cells=list(rows[8].cells))
    other.cells[_PERIOD] = 9.99
    rows.append(other)
    expected.duplicate += 1  # the register is the same in both
    for _ in range(2):
        expected.add_error("conflicting_duplicate")
    expected.raw_rows += 2
    expected.read += 2 * len(other.cells)


def spoil_long_rows(rows: list[list[Any]], expected: ExpectedFile) -> None:
    """Put in an unknown building and an impossible temperature."""
    t1 = next(row for row in rows if row[4] == "T1" and row[0].endswith("T10:00"))
    t1[_VALUE] = 400.0
    expected.add_error("out_of_range")
    rows.append([rows[0][0], "X-9999", "X-9999-ITP", "X-9999-GVS", "flow_supply", 1.23, "м3/ч"])
    expected.add_error("unmapped_code")
    expected.raw_rows += 1
    expected.read += 1


def truncate(path: Path) -> None:
    """Leave the first half of a file, as a broken transfer does."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def copy_beside(path: Path) -> Path:
    """Copy a file byte by byte, under a name that sorts after the original's."""
    copy = path.with_name(f"{path.stem}_копия{path.suffix}")
    copy.write_bytes(path.read_bytes())
    return copy
