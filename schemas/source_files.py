"""How the load log names a file: its day, a slash, and its path below the day's folder (`source_file`)."""

from __future__ import annotations

from datetime import date


def source_file_of(day: date, relative_path: str) -> str:
    """Return the name of a file in the load log."""
    return f"{day.isoformat()}/{relative_path}"


def day_and_path(source_file: str) -> tuple[date, str]:
    """Return the day of a file that the load log names, and its path below the day's folder."""
    day, _, path = source_file.partition("/")
    return date.fromisoformat(day), path
