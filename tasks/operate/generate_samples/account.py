"""What a generated file should load to: the other half of a test of the whole pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel


class ExpectedFile(BaseModel):
    """One file; counts are readings, as in the load log. `read` = loaded + rejected + duplicate."""

    source_file: str
    status: Literal["success", "partial", "failed", "skipped"] = "success"
    raw_rows: int = 0
    read: int = 0
    rejected: int = 0
    duplicate: int = 0
    suspect: int = 0
    row_errors: dict[str, int] = {}
    """Reason → rows of quality_row_errors."""

    @property
    def loaded(self) -> int:
        """Readings of the file that end up in core."""
        return self.read - self.rejected - self.duplicate

    def add_error(self, reason: str, *, rejected: int = 1) -> None:
        """Count one row error and the readings that it rejects."""
        self.row_errors[reason] = self.row_errors.get(reason, 0) + 1
        self.rejected += rejected
        self.status = "partial"


class Sample(BaseModel):
    """The files that a call has written."""

    folder: Path
    reference: Path | None = None
    """Reference data, if the city is larger than the one of `data/reference`."""
    files: list[ExpectedFile]

    def total(self, count: Literal["raw_rows", "read", "loaded", "rejected", "duplicate", "suspect"]) -> int:
        """Add up one count over all files."""
        return sum(getattr(file, count) for file in self.files)
