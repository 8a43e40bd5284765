"""What people type as a date or a time, and what is said when it is neither."""

from __future__ import annotations

import datetime as dt

from schemas.errors import TerminalError


def parse_date(text: str) -> dt.date:
    """Read a date as people type it.

    Raises:
        TerminalError: the text is not an ISO date.

    """
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise TerminalError(f"{text!r} is not a valid date: write it as 2025-04-30") from None


def parse_time(text: str) -> dt.datetime:
    """Read a timestamp as people type it; without an offset it is local time.

    Raises:
        TerminalError: the text is not an ISO time.

    """
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        raise TerminalError(f"{text!r} is not a valid time: write it as '2025-04-30 05:00'") from None
