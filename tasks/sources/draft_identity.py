"""Draft the keys of a mapping that say whose readings a table holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from xlsxwriter.utility import xl_rowcol_to_cell

from tasks.sources.cells import is_number, without_dates
from tasks.sources.find_tables import FoundColumn, FoundTable
from tasks.sources.quoting import example, quote
from tasks.sources.recognise_dates import OPEN, is_date

_LIKE_A_CODE = re.compile(
    r"(?i)прибор|сч[её]тчик|зав\b|завод|№|номер|здани|адрес|\bитп\b|\bкод|абонент|объект|лицев|л/с|кв\.|\bдом\b"
    r"|(?<![a-z])(code|meter|serial|id|device|sensor|mpan|nmi|building|house|household|site|address|unit_id|lclid)(?![a-z])"
    r"|(meter|device|sensor|building|site)[ _]?(id|code|no|number)|\w+ID$"
)
_OF_BUILDING = re.compile(r"(?i)здани|дом\b|адрес|объект|building|house|site|address")
_OF_ITP = re.compile(r"(?i)\bитп\b|heat.?unit|(?<![a-z])itp")
_NUMBER_OF_LINE = re.compile(r"(?i)n|№|no\.?|#|(№\s*)?п\s*/\s*п|row|line|index|строка")
_IS_TOTAL = re.compile(r"(?i)\s*(итог|всего|сумм|средн|макс|мин|total|sum|average|max|min)")
_FRACTION = re.compile(r"\s*-?\d+[.,]\d*[1-9]\d*\s*")
_MAX_EXAMPLE_LENGTH = 80
_MAX_CELLS = 12
_MAX_IN_PREAMBLE = 2


def is_like_a_code(column: FoundColumn) -> bool:
    """Return True if a column's heading says that it holds codes, not values of a unit, and no cell has a fraction."""
    if counts_lines(column) or column.unit:
        return False
    return bool(_LIKE_A_CODE.search(column.heading)) and not any(map(_FRACTION.fullmatch, column.samples))


def counts_lines(column: FoundColumn) -> bool:
    """Return True if a column only numbers the lines."""
    return bool(_NUMBER_OF_LINE.fullmatch(column.heading.strip()))


def draft_identity(
    table: FoundTable, columns: Sequence[FoundColumn], meters: Sequence[FoundColumn] = ()
) -> Iterator[str]:
    """Write the section `identity`: what in the file may say whose readings it holds.

    `columns` are not yet taken; `meters` are headed by codes.
    """
    yield "identity:"
    yield "  # Whose readings: a constant, a part of the path, a cell above the table, or a column. Such as"
    yield "  # path: '(?P<building>[A-Z]-\\d+)/'   then   meter: \"{building}-GVS\""
    if meters:
        yield f'  # meter: "{{meter}}"  # of the heading of each column, such as {quote(meters[0].heading)}'
    yield from _cells_above(table)
    for column in columns:
        if column.heading and column.samples and (is_like_a_code(column) or _are_words(column)):
            different = len(set(column.samples))
            counted = "the same in each line" if different == 1 else f"{different} different ones"
            yield f"  # {_name_of(column)}: {{column: {quote(column.heading)}}}  # such as {example(column)}; {counted}"
    yield f"  meter: {OPEN}  # one of the above, or a constant; building and itp likewise"


def _name_of(column: FoundColumn) -> str:
    if _OF_ITP.search(column.heading):
        return "itp"
    return "building" if _OF_BUILDING.search(column.heading) else "meter"


def _are_words(column: FoundColumn) -> bool:
    """Return True if a column holds words with digits, such as W-1: what else would they be."""
    return column.mostly(lambda text: bool(re.search(r"\d", text)) and bool(re.search(r"[^\W\d_]", text))) and not (
        column.mostly(is_number)
    )


def _cells_above(table: FoundTable) -> Iterator[str]:
    found = 0
    for row, cells in reversed([*enumerate(table.above)]):
        if row < table.begins and sum(map(bool, cells)) > _MAX_IN_PREAMBLE:
            continue  # a line of an earlier table
        for column, cell in enumerate(cells):
            if not cell or found == _MAX_CELLS or not re.search(r"\d", without_dates(cell)):
                continue
            if is_date(cell, in_time_column=False):
                continue
            label = next((text for text in reversed(cells[:column]) if text), "")
            if _IS_TOTAL.match(label):
                continue
            found += 1
            mark = next((mark for mark in "№:" if mark in cell), None)
            pattern = f", pattern: '{mark}\\s*(\\S+)'" if mark else ""
            shown = (
                f"{quote(label)} {quote(cell[:_MAX_EXAMPLE_LENGTH])}" if label else quote(cell[:_MAX_EXAMPLE_LENGTH])
            )
            yield f"  # meter: {{cell: {xl_rowcol_to_cell(row, column)}{pattern}}}  # {shown}"
