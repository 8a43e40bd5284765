from __future__ import annotations

import pytest

from schemas.errors import MappingError
from schemas.mappings import read_mappings
from schemas.table_spec import TableSpec

PATTERNS = r"""name: a
match: ["*.csv"]
layout: day-sheet
timestamp: t
columns:
  'DMA (?P<dma>\S+) T1': {metric: T1}
  'DMA (?P<dma>\S+) T2': {metric: T2}
identity:
  path: '(?P<place>[^/]+)/'
  meter: "{place}-{dma}"
"""
INTERVALS = r"""name: a
match: ["*.csv"]
layout: day-sheet
date: day
intervals: {headings: '(?P<start>\d\d:\d\d)'}
value: {metric: flow_supply, unit: л/с}
identity: {meter: {column: id}}
"""


def table(document: str) -> TableSpec:
    (mapping,) = read_mappings("a.yaml", document.encode())
    return mapping.tables[0]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("(?P<dma>\\S+) T1", "(?P<dma>\\S+ T1", "line 5: columns: must be a regular expression as RE2 reads it"),
        ("{place}-{dma}", "{place}-{dm}", "line 8: identity: must be templates over groups that every key"),
        ("{place}-{dma}", "{place}", "each pattern one (the groups of path, sheet and columns (dma, place, sheet))"),
        ("(?P<dma>\\S+) T2", "(?P<other>\\S+) T2", "must be templates over groups that every key of columns has"),
        ("'DMA (?P<dma>\\S+) T2'", "T2", "must be templates over groups that every key of columns has"),
        ("(?P<place>", "(?P<dma>", "must be groups of other names in columns than in path and sheet, not dma"),
    ],
)
def test_pattern_over_headings_and_the_codes_fit_each_other(old: str, new: str, said: str) -> None:
    table(PATTERNS)

    with pytest.raises(MappingError) as caught:
        table(PATTERNS.replace(old, new))

    assert said in str(caught.value)


def test_a_group_that_may_be_missing_has_a_default() -> None:
    assert table(PATTERNS + '  defaults: {dma: "1"}\n').identity.groups_of(path="X/a.csv") == {"dma": "1", "place": "X"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (r"{headings: '(?P<start>\d\d:\d\d)'}", "{first: H1}", "line 5: intervals: must be either headings, a pattern"),
        ("{headings:", "{first: H1, count: 24, headings:", "intervals: must be either headings, a pattern, or first"),
        (r"{headings: '(?P<start>\d\d:\d\d)'}", "{first: H1, count: 48}", "as many as a day has, of 60 minutes each"),
        ("(?P<start>", "(?P<begin>", "must be a pattern with groups among again, date, end"),
        ("(?P<start>", "(?P<start>.)(?P<number>", "must be a pattern with one of the groups start, end, hour"),
        ("(?P<start>", "(?P<start>.)(?P<minute>", "must be a pattern with the group hour beside minute"),
        ("(?P<start>", "(?P<number>.)(?P<again>", "must be a pattern with start, end or hour beside again"),
        ("(?P<start>", "(", "must be a pattern with one of the groups"),
        ("date: day\n", "", "must be intervals with either a group date, or date"),
        ("date: day", "timestamp: day", "must be intervals with either a group date, or date"),
        ("(?P<start>", "(?P<date>", "must be intervals with either a group date, or date"),
        ("date: day", "date: day\nhour: h", "must be intervals without hour, interval_number and interval"),
        ("date: day", "date: day\ninterval: i", "must be intervals without hour, interval_number and interval"),
        ("value: {metric: flow_supply, unit: л/с}\n", "", "must be either columns, or intervals and value"),
        ("date: day", "date: day\ncolumns: {T1: {metric: T1}}", "must be either columns, or intervals and value"),
        ("value: {metric: flow_supply, unit: л/с}", "value: amount", "must be layout: long where metric and value"),
        ("unit: л/с", "unit: кг", "must be a unit that fits flow_supply"),
        ("layout: day-sheet", "layout: long", "must be layout: day-sheet where value says a metric"),
    ],
)
def test_intervals_are_said_once_and_with_what_they_hold(old: str, new: str, said: str) -> None:
    table(INTERVALS)

    with pytest.raises(MappingError) as caught:
        table(INTERVALS.replace(old, new))

    assert said in str(caught.value)


def test_dates_in_headings_may_have_hours_in_rows_or_beside_them() -> None:
    across = INTERVALS.replace("(?P<start>", "(?P<date>").replace("date: day\n", "")

    assert table(across).intervals
    assert table(across + "hour: h\n").hour == "h"
    assert table(across + "interval_number: n\ninterval: i\n").interval_number == "n"
    assert table(across.replace("(?P<date>", "(?P<date>.+) (?P<hour>")).intervals
