"""What people type as a date, a time or a load, and what is said when it is none of them."""

from __future__ import annotations

import datetime as dt

from schemas.errors import TerminalError
from tasks.operate.resolve_load_id import is_load_id


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


def parse_load(text: str) -> str:
    """Check that a text may name a load: by its load_id, or a part of it.

    Raises:
        TerminalError: it can not.

    """
    if not is_load_id(text):
        raise TerminalError(f"{text!r} is not a load_id (a UUID or some of its digits): dataops status shows them")
    return text
