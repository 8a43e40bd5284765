from __future__ import annotations

from tasks.report.summarise_run import RunSummary


def test_summary_in_words_counts_files_and_readings() -> None:
    summary = RunSummary(
        files=5, loaded=2, skipped=1, readings_read=10, readings_inserted=4, readings_updated=1, readings_unchanged=1,
        readings_rejected=2, readings_duplicate=2, readings_suspect=3, failed={"a.csv": "why", "b.csv": "why"},
    )  # fmt: skip

    assert str(summary) == (
        "5 files: 2 loaded, 1 skipped, 2 failed; 10 readings: 4 inserted, 1 updated, 1 unchanged, 2 rejected, "
        "2 duplicate, 3 suspect"
    )
