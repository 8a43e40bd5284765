from __future__ import annotations

import datetime as dt
from uuid import uuid4

from tasks.load.merge_readings import Span
from tasks.load.plan_merges import ValidatedLoad


def load(first: int | None, last: int | None) -> ValidatedLoad:
    start, end = (None if hour is None else dt.datetime(2025, 4, 30, hour, tzinfo=dt.UTC) for hour in (first, last))
    return ValidatedLoad(uuid4(), "a.csv", None, 1, start, end, is_released=False, shares_readings=False)


def test_span_covers_all_loads_and_passes_over_those_without_readings() -> None:
    span = Span.of([load(5, 6), load(None, None), load(2, 4), load(3, 9)])

    assert [time and time.hour for time in span] == [2, 9]


def test_loads_without_readings_have_no_span() -> None:
    assert Span.of([load(None, None)]) == (None, None)
