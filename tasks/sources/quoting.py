"""Texts of a file as a draft shows them."""

from __future__ import annotations

import json

from tasks.sources.cells import plain_text
from tasks.sources.find_tables import FoundColumn

_MAX_LENGTH = 80


def quote(text: str | None) -> str:
    """Return a text in one line, quoted for YAML."""
    quoted = json.dumps(plain_text(text), ensure_ascii=False)
    return "".join(char if char.isprintable() else f"\\U{ord(char):08X}" for char in quoted)


def quote_pattern(pattern: str) -> str:
    """Return a regex quoted for YAML, its backslashes as they are where nothing in it needs an escape."""
    return "'" + pattern.replace("'", "''") + "'" if pattern.isprintable() else quote(pattern)


def example(column: FoundColumn) -> str:
    """Return the first sample of a column, quoted."""
    return quote(next(iter(column.samples), "")[:_MAX_LENGTH])
