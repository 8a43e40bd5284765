"""The account of a file: each line of a csv, each row of a workbook with a filled cell, has exactly one class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import IntEnum


class LineClass(IntEnum):
    """What a line is; the load log counts them by their names in lower case (`lines`)."""

    HEADER = 1
    READING = 2
    REPEATED_HEADER = 3
    UNITS = 4
    """Units or numbers of columns."""
    NOTE = 5
    """Titles, signatures and the like: no reading could be made of it."""
    TOTAL = 6
    COMMENT = 7
    """Comments and rules such as `----+----`."""
    BLANK = 8
    NOT_TAKEN = 9
    """The mapping says that it is not read: above `after`, below `until`, on another sheet."""
    UNDESCRIBED = 10
    """Of a table that the mapping does not describe."""
    EMPTY = 11
    """A row of a workbook that holds nothing: between filled ones, but no line of the file."""
    NOT_SELECTED = 12
    """It could be a reading, but `where` of no table selects it."""
    DELETED = 13
    """A record of a dBase table that is marked as deleted."""


_WORDS: dict[LineClass, str] = {
    LineClass.REPEATED_HEADER: "повторы шапки",
    LineClass.UNITS: "строки единиц и номеров столбцов",
    LineClass.NOTE: "примечания",
    LineClass.TOTAL: "итоговые строки",
    LineClass.COMMENT: "комментарии и линии",
    LineClass.BLANK: "пустые строки",
    LineClass.NOT_TAKEN: "не взяты по описанию источника",
    LineClass.NOT_SELECTED: "не отобраны по where",
    LineClass.DELETED: "удалённые записи",
    LineClass.UNDESCRIBED: "строки таблицы без описания",
    LineClass.EMPTY: "пустые строки",
}
"""The operators' words; header and readings are what a file is for."""


def line_counts(counts: Mapping[LineClass, int]) -> dict[str, int]:
    """Return the counts of lines as the load log has them."""
    return {kind.name.lower(): counts[kind] for kind in LineClass if counts.get(kind) and kind is not LineClass.EMPTY}


def describe_left_out(counts: Mapping[LineClass, int]) -> str:
    """Return the operators' words for the lines that are no readings; empty where there are none."""
    by_words: Counter[str] = Counter()
    for kind, words in _WORDS.items():
        by_words[words] += counts.get(kind, 0)
    return ", ".join(f"{words} {count}" for words, count in sorted(by_words.items()) if count)
