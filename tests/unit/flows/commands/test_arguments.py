from __future__ import annotations

import datetime as dt

import pytest

from flows.commands.arguments import parse_date, parse_load, parse_time
from schemas.errors import TerminalError


def test_date_and_time_are_read_as_iso() -> None:
    assert parse_date("2024-02-29") == dt.date(2024, 2, 29)
    assert parse_time("2025-04-30 05:00") == dt.datetime(2025, 4, 30, 5)  # noqa: DTZ001 - local, as typed
    assert parse_time("2025-04-30T05:00+03:00").utcoffset() == dt.timedelta(hours=3)


@pytest.mark.parametrize("text", ["30.04.2025", "2025-02-29", "today", ""])
def test_what_is_not_a_date_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(TerminalError, match="is not a valid date: write it as 2025-04-30"):
        parse_date(text)


def test_what_is_not_a_time_is_refused_with_an_example() -> None:
    with pytest.raises(TerminalError, match="is not a valid time"):
        parse_time("5 o'clock")


def test_load_is_named_by_an_id_or_its_beginning() -> None:
    assert parse_load("01a2151d-6c18") == "01a2151d-6c18"
    with pytest.raises(TerminalError, match=r"'seven' is not a load_id \(a UUID"):
        parse_load("seven")
