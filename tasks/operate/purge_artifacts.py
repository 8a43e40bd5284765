"""Delete old logs of runs and old quality reports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from schemas.settings import Settings, date_of_folder
from tasks.warehouse.storage import LOCAL

# 2025-04-30_20250430T051000_….log; the logs of server and workers are written to as long as these run.
_RUN_LOGS = "????-??-??_*.log"
_REPORT_FOLDERS = "????-??-??"


def purge_run_logs(settings: Settings, *, before: float, dry_run: bool) -> list[Path]:
    """Delete the logs of runs that were last written before a timestamp; return them."""
    folder = settings.artifacts_dir / "run_logs"
    logs = [file for file in LOCAL.list_files(folder) if file.parent == folder and fnmatch(file.name, _RUN_LOGS)]
    old = [file for file in logs if _last_written([file]) < before]
    if not dry_run:
        for file in old:
            LOCAL.delete(file)
    return old


def purge_reports(settings: Settings, *, before: float, dry_run: bool) -> list[Path]:
    """Delete the reports of days that were last written before a timestamp; return their folders.

    The report's own age counts: yesterday's backfill of last year has written a new one.
    """
    old = [folder for folder, files in _reports(settings) if _last_written(files) < before]
    if not dry_run:
        for folder in old:
            LOCAL.delete_folder(folder)
    return old


def _reports(settings: Settings) -> Iterator[tuple[Path, list[Path]]]:
    """Yield the folder of each day's report with its files."""
    reports = settings.artifacts_dir / "quality_reports"
    by_folder: dict[Path, list[Path]] = defaultdict(list)
    for file in LOCAL.list_files(reports):
        if file.parent != reports:
            by_folder[reports / file.relative_to(reports).parts[0]].append(file)
    for folder, files in by_folder.items():
        if fnmatch(folder.name, _REPORT_FOLDERS) and date_of_folder(folder):
            yield folder, files


def _last_written(files: list[Path]) -> float:
    """Return when the newest of the files was written, in seconds since 1970 UTC."""
    return max((stat.modified for file in files if (stat := LOCAL.stat(file))), default=0)
