"""Columns that one key of a mapping names together: by a pattern over headings, or as the intervals of a day."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.patterns import Regex, compile_pattern
from schemas.spec_types import Strict, Text

_HOUR_GROUPS = ("start", "end", "hour", "number")
_GROUPS = frozenset({*_HOUR_GROUPS, "minute", "date", "again"})


def is_pattern(heading: str) -> bool:
    """Return True if a key of `columns` is a pattern over headings: it names what of a heading is a code."""
    return "(?P<" in heading


def groups_in(heading: str) -> frozenset[str]:
    """Return the named groups of a key of `columns`; a heading has none."""
    return frozenset(compile_pattern(heading).groupindex) if is_pattern(heading) else frozenset()


class IntervalColumns(Strict):
    """Columns that are the intervals of a day, or days: their headings say which, or they are numbered from 1."""

    headings: Regex | None = None
    """Pattern of a whole heading; its groups say when an interval is (`_GROUPS`)."""
    first: Text | None = None
    """Heading of the day's first interval; the others are to its right."""
    count: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _is_one_of_two(self) -> Self:
        if (self.first is None) != (self.count is None) or (self.headings is None) == (self.first is None):
            raise ValueError("either headings, a pattern, or first, a heading, and count, the number of columns")
        if unknown := self.groups - _GROUPS:
            raise ValueError(f"a pattern with groups among {', '.join(sorted(_GROUPS))}, not {', '.join(unknown)}")
        if self.headings and (len(self.groups.intersection(_HOUR_GROUPS)) > 1 or not (self.has_hour or self.has_date)):
            raise ValueError(
                "a pattern with one of the groups start, end, hour (and minute) or number alone, or with date"
            )
        if "minute" in self.groups and "hour" not in self.groups:
            raise ValueError("a pattern with the group hour beside minute")
        if "again" in self.groups and (self.is_numbered or not self.has_hour):
            raise ValueError("a pattern with start, end or hour beside again: the hour that comes twice")
        return self

    @property
    def groups(self) -> frozenset[str]:
        """The groups of the pattern."""
        return frozenset(compile_pattern(self.headings or "").groupindex)

    @property
    def has_date(self) -> bool:
        """Whether the headings say the day."""
        return "date" in self.groups

    @property
    def is_numbered(self) -> bool:
        """Whether the intervals of a day are numbered from 1."""
        return self.first is not None or "number" in self.groups

    @property
    def has_hour(self) -> bool:
        """Whether the columns say the interval within the day."""
        return self.first is not None or bool(self.groups.intersection(_HOUR_GROUPS))
