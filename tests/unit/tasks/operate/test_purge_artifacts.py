from __future__ import annotations

import os
from pathlib import Path

import pytest

from schemas.settings import Settings
from tasks.operate.purge_artifacts import purge_reports, purge_run_logs


def put(file: Path, *, written: float) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("x")
    os.utime(file, (written, written))
    return file


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate({"artifacts_dir": tmp_path})


def test_old_logs_of_runs_go_and_those_of_services_stay(settings: Settings, tmp_path: Path) -> None:
    logs = tmp_path / "run_logs"
    old = put(logs / "2025-04-30_20250430T051000_1.log", written=99)
    kept = [
        put(logs / "2025-04-30_20250430T061000_2.log", written=101),
        put(logs / "prefect-server.log", written=1),
        put(logs / ".gitkeep", written=1),
    ]

    would = purge_run_logs(settings, before=100, dry_run=True)
    done = purge_run_logs(settings, before=100, dry_run=False)

    assert would == done == [old]
    assert sorted(logs.iterdir()) == sorted(kept)


def test_report_goes_by_the_age_of_its_files_not_of_its_day(settings: Settings, tmp_path: Path) -> None:
    reports = tmp_path / "quality_reports"
    old = put(reports / "2025-04-29" / "report.html", written=99).parent
    put(reports / "2024-01-01" / "report.html", written=101)
    put(reports / "2024-01-01" / "report.json", written=99)
    put(reports / "kept" / "report.html", written=1)

    would = purge_reports(settings, before=100, dry_run=True)
    done = purge_reports(settings, before=100, dry_run=False)

    assert would == done == [old]
    assert sorted(folder.name for folder in reports.iterdir()) == ["2024-01-01", "kept"]
