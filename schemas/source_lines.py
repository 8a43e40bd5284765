"""The lines of a file that are no rows in stage: with them stage can be read by another mapping than the file was."""

from __future__ import annotations

from pydantic import BaseModel, Field


class GridLines(BaseModel):
    """Of one sheet, or of a csv."""

    sheet: str | None
    epoch: int
    counts_blank_lines: bool
    lines: dict[int, list[str | None]] = Field(default_factory=dict)
    """Headers and what is above them, by their numbers."""


class SourceLines(BaseModel):
    """What stage has of a file beside its rows, and what it has not."""

    grids: list[GridLines] = Field(default_factory=list)
    left_out: int = 0
    """Lines that could be readings to another mapping, and are not in stage."""
    cut: str | None = None
    """What cells they are to the mapping that has cut them out of the file (`SourceMapping.cut`)."""
