from __future__ import annotations

from pathlib import Path

from tasks.operate.generate_samples.account import ExpectedFile, Sample


def test_loaded_is_what_was_neither_rejected_nor_a_duplicate() -> None:
    assert ExpectedFile(source_file="a.csv", read=10, rejected=3, duplicate=2).loaded == 5


def test_an_error_makes_a_file_partial_and_is_counted_by_reason() -> None:
    file = ExpectedFile(source_file="a.csv", read=10)

    file.add_error("bad_number")
    file.add_error("bad_number", rejected=4)

    assert (file.status, file.row_errors, file.rejected, file.loaded) == ("partial", {"bad_number": 2}, 5, 5)


def test_totals_add_up_over_all_files() -> None:
    files = [ExpectedFile(source_file="a.csv", read=10, suspect=1), ExpectedFile(source_file="b.csv", read=5)]
    sample = Sample(folder=Path(), files=files)

    assert (sample.total("read"), sample.total("loaded"), sample.total("suspect")) == (15, 15, 1)
