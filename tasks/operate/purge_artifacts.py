"""Delete old logs of runs and old quality reports."""

from __future__ import annotations

import shutil
from pathlib import Path

from schemas.settings import Settings, date_of_folder

# 2025-04-30_20250430T051000_….log; the logs of server and workers are written as long as these run.
_RUN_LOGS = "????-??-??_*.log"


def purge_run_logs(settings: Settings, *, before: float, dry_run: bool) -> list[Path]:
    """Delete logs of runs that were last written before a moment; gives them."""
    old = [file for file in (settings.artifacts_dir / "run_logs").glob(_RUN_LOGS) if file.stat().st_mtime < before]
    if not dry_run:
        for file in old:
            file.unlink(missing_ok=True)
    return sorted(old)


def purge_reports(settings: Settings, *, before: float, dry_run: bool) -> list[Path]:
    """Delete the reports of days that were last written before a moment; gives their folders.

    It is the report's own age that counts: yesterday's backfill of last year has written a new one.
    """
    folders = (settings.artifacts_dir / "quality_reports").glob("????-??-??")
    old = [folder for folder in folders if date_of_folder(folder) and _last_written(folder) < before]
    if not dry_run:
        for folder in old:
            shutil.rmtree(folder)
    return sorted(old)


def _last_written(folder: Path) -> float:
    return max((file.stat().st_mtime for file in folder.iterdir()), default=folder.stat().st_mtime)
