"""Tell a table's readings from the other lines below its header: totals, repeated headers, units, notes, comments.

A line is one of these only if no reading could be made of it; in doubt it is a reading, and validation says what is
wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.dates import DateStyle, NotATimeError, read_timestamp
from schemas.lines import LineClass
from schemas.metrics import find_metric
from schemas.months import MONTH_WORD
from schemas.patterns import compile_pattern
from schemas.periods import read_period
from schemas.spellings import fold, fold_word
from schemas.units import is_line_of_units
from tasks.ingest.find_header import counts_columns
from tasks.ingest.grids import Row, line_text

_TOTALS = (
    r"(?i)^\s*((итого|всего|средн(ее|яя|ий|ие)|сумма|максимум|минимум|макс|мин|((sub|grand )?total|average)s?|summe"
    r"|maximum|minimum|gesamt(summe)?|mittelwert|summ?a|totaal|razem|celkem)([\s:.,;]|$)"
    r"|(max|min|mean|sum|i alt)[:.]?\s*$)"
)
"""Words that are names, too, only where they are alone: `Max` is none of a person."""
_ERROR_VALUE = r"#[A-ZА-ЯЁ/0-9]+[!?]?\s*$"
_OF_A_RULE = r"-=_+|*.~\s–—−─-╿"
"""Also the characters that frames are drawn with."""
_FORMULA = rf"=[{_OF_A_RULE}]*[^{_OF_A_RULE}]"
"""Not a rule of `=`."""
_LIKE_A_TIME = rf'^[\s"]*(\d|{_FORMULA}|{_ERROR_VALUE}|(?i:{MONTH_WORD})[\s,-]*\d)'
"""Behind a quotation mark too: one that is never closed does not make a note of a reading."""
_WORD = re.compile(r"\s*[^\W\d_]|[^\d=#]*$")
"""Of a cell that is neither a number nor an hour, however badly written."""
_NUMBER = re.compile(r"\s*[+\-−]?\d[\d\s]*([.,]\d*)?\s*")
_MONTH_OF_YEAR = rf"^\s*(?i:{MONTH_WORD})[\s,]*\d{{4}}"
_LIKE_A_CODE = r"^\s*[^\s\d]*\d\S*\s*$"
"""In a table without times: whose reading a line is."""
_LIKE_A_VALUE = rf"^\s*([+\-−]?[.,]?\d|{_FORMULA}|{_ERROR_VALUE})"
_MAX_IN_TITLE = 3
_LABEL = re.compile(r"\s*[^\W\d_]{3}[^\d]*")
_CODE_BESIDE = re.compile(r"(?i)\s*(№|n|no\.?)?\s*\d[\w/-]*\s*")
"""No date: that is the same for all meters."""
_DAY_OF_MONTH = re.compile(r"\D*\d{1,2}(\.0)?\D*")
_RULE = re.compile(rf"[{_OF_A_RULE}]+")


_FEW_WORDS = 200
_MAX_KNOWN = 10_000
_MAX_LENGTH = 40


class TableColumns(NamedTuple):
    """Where things are in the lines of tables that share a header; columns count from 0."""

    times: tuple[int, ...]
    """Time stamps, dates, or days of the month; empty if the header or the file says the times, and no row an hour."""
    hours: tuple[int, ...]
    values: tuple[int, ...]
    unheaded: tuple[int, ...]
    """Columns that the header does not name."""
    headings: tuple[frozenset[str], ...]
    """By column: the folded words over it, of each line of the header and of all together."""
    metrics: tuple[int, ...]
    """Names of metrics, in a long table."""
    style: DateStyle = DateStyle()
    has_days: bool = False
    """Whether its times are days of a month that is named elsewhere."""
    has_months: bool = False
    """Whether its intervals are months."""
    codes: tuple[int, ...] = ()
    """Whose readings the lines are."""
    filled_down: bool = False
    """Whether an empty time is that of the line above."""
    metric_words: frozenset[str] = frozenset()
    """The supplier's own words for metrics, folded."""
    titles: tuple[str, ...] = ()
    """Patterns of titles that say whose readings stand below them."""
    labels: frozenset[str] = frozenset()
    """Folded words that stand beside a number above the header: `Прибор №`, `222`."""


class Line(NamedTuple):
    """A line that is no reading."""

    number: int
    kind: LineClass
    cells: Row


class Classified(NamedTuple):
    """The classes of some lines."""

    classes: np.ndarray
    """LineClass of each."""
    texts: dict[int, Row]
    """Index → cells of each line that is neither blank nor a reading at first sight."""


def is_total(text: str | None) -> bool:
    """Return True if a text begins with the word of a total."""
    return text is not None and re.match(_TOTALS, text) is not None


def classify(columns: Sequence[pa.Array], table: TableColumns) -> Classified:
    """Classify lines given as an array a column, blank cells null."""
    readings = _certain_readings(columns, table)
    blank = pc.is_null(pc.coalesce(*columns)).to_numpy(zero_copy_only=False)
    classes = np.where(blank, LineClass.BLANK, LineClass.READING).astype(np.uint8)
    texts = dict(_rows(columns, np.flatnonzero(~readings & ~blank)))
    for index, cells in texts.items():
        classes[index] = classify_line(cells, table)
    for index in texts:
        if classes[index] == LineClass.REPEATED_HEADER:
            _set_titles_above(index, classes, texts, table)
    return Classified(classes, texts)


def _set_titles_above(header: int, classes: np.ndarray, texts: dict[int, Row], table: TableColumns) -> None:
    """Take what stands right above a repeated header for its title where it has a word for a time: `Прибор №`, `2`."""
    above = header - 1
    while above in texts and classes[above] in (LineClass.READING, LineClass.NOTE):
        times = [cell for index in table.times if (cell := texts[above][index])]
        if classes[above] == LineClass.READING:
            if (
                not times
                or any(re.search(r"\d", cell) for cell in times)
                or sum(map(bool, texts[above])) > _MAX_IN_TITLE
            ):
                return
            classes[above] = LineClass.NOTE
        above -= 1


def _certain_readings(columns: Sequence[pa.Array], table: TableColumns) -> np.ndarray:
    """Find the lines with a time and a value, or with a time that a value belongs to."""
    if not table.times:
        return _certain_without_times(columns, table)
    like_a_time = _any(_test_words(columns[index], _matching(_LIKE_A_TIME)) for index in table.times)
    filled = _any(_filled(columns[index]) for index in table.values)
    if table.hours:
        hours = [columns[index] for index in table.hours]
        totals = _any(_test_words(hour, _matching(_TOTALS)) for hour in hours)
        expect_value = _any(_filled(hour) for hour in hours)
    else:
        totals = np.zeros(len(filled), dtype=bool)
        expect_value = np.zeros(len(filled), dtype=bool)
        if not filled.all():
            is_time = [_test_words(columns[index], _are_times(table), where=~filled) for index in table.times]
            expect_value = _any(is_time)
            # The name of a month alone on a line is a title, but not where months have values.
            months = _any(_test_words(columns[index], _matching(_MONTH_OF_YEAR)) for index in table.times)
            expect_value |= months & bool((months & filled).any())
        if table.filled_down:
            # A date alone on its line is the heading of those below.
            others = [column for index, column in enumerate(columns) if index not in table.times]
            expect_value &= _any(map(_filled, others))
    certain: np.ndarray = like_a_time & (filled | expect_value) & ~totals
    return certain | _continue_above(columns, table) if table.filled_down else certain


def _certain_without_times(columns: Sequence[pa.Array], table: TableColumns) -> np.ndarray:
    """Find the lines with a code and a value that is a number."""
    certain = _hold_numbers(columns, table)
    if table.codes:
        certain &= _any(_filled(columns[index]) for index in table.codes)
    return certain


def _continue_above(columns: Sequence[pa.Array], table: TableColumns) -> np.ndarray:
    """Find the lines with a value, and with an hour, whose time is that of a line above."""
    certain = _hold_numbers(columns, table)
    certain &= ~_any(_filled(columns[index]) for index in table.times)
    if table.hours:
        certain &= _any(_test_words(columns[index], _matching(_LIKE_A_TIME)) for index in table.hours)
    return certain


def _hold_numbers(columns: Sequence[pa.Array], table: TableColumns) -> np.ndarray:
    """Find the lines with a number among their values, and without the word of a total."""
    numbers = _any(_test_words(columns[index], _matching(_LIKE_A_VALUE)) for index in table.values)
    for index in set(range(len(columns))) - set(table.values):
        numbers &= ~_test_words(columns[index], _matching(_TOTALS))
    return numbers


def _any(masks: Iterable[np.ndarray]) -> np.ndarray:
    result: np.ndarray = np.logical_or.reduce([*masks])
    return result


def _filled(column: pa.Array) -> np.ndarray:
    return np.asarray(pc.is_valid(column).to_numpy(zero_copy_only=False))


def _test_words(
    column: pa.Array, test: Callable[[pa.Array], pa.Array], *, where: np.ndarray | None = None
) -> np.ndarray:
    """Test each different text once; an empty cell does not pass."""
    indexes = None if where is None else pa.array(np.flatnonzero(where))
    words = (column if indexes is None else column.take(indexes)).dictionary_encode()
    passed = pc.fill_null(test(words.dictionary).take(words.indices), False).to_numpy(zero_copy_only=False)
    if where is None:
        return np.asarray(passed)
    result = np.zeros(len(column), dtype=bool)
    result[where] = passed
    return result


@lru_cache(maxsize=100)
def _matching(pattern: str) -> Callable[[pa.Array], pa.Array]:
    """Return the test for a pattern; dates and hours, which the files of a day have in common, are tested once."""
    known: dict[str, bool] = {}

    def test(words: pa.Array) -> pa.Array:
        if len(words) > _FEW_WORDS:
            return pc.match_substring_regex(words, pattern)
        texts = words.to_pylist()
        found = {text: known.get(text) for text in texts}
        if new := [text for text, passed in found.items() if passed is None and text is not None]:
            matches = pc.match_substring_regex(pa.array(new, pa.string()), pattern).to_pylist()
            found |= dict(zip(new, matches, strict=True))
            if len(known) > _MAX_KNOWN:
                known.clear()
            known.update((text, passed) for text, passed in zip(new, matches, strict=True) if len(text) < _MAX_LENGTH)
        return pa.array([found[text] for text in texts], pa.bool_())

    return test


def _are_times(table: TableColumns) -> Callable[[pa.Array], pa.Array]:
    return lambda words: pa.array([_is_time_of(word, table) for word in words.to_pylist()], pa.bool_())


def _is_time_of(text: str, table: TableColumns) -> bool:
    if table.has_days:
        return _DAY_OF_MONTH.fullmatch(text) is not None
    # The name of a month alone on a line is a title, where intervals are no months.
    return _is_time(text, table.style) or ((table.has_months or text[:1].isdigit()) and _is_period(text, table.style))


def _is_time(text: str, style: DateStyle) -> bool:
    try:
        read_timestamp(text, style)
    except NotATimeError:
        return re.match(_FORMULA, text.lstrip()) is not None
    return True


def _is_period(text: str, style: DateStyle) -> bool:
    try:
        read_period(text, style)
    except NotATimeError:
        return False
    return True


def _rows(columns: Sequence[pa.Array], indexes: np.ndarray) -> list[tuple[int, Row]]:
    taken = pa.array(indexes)
    cells = [column.take(taken).to_pylist() for column in columns]
    return [(index, list(row)) for index, row in zip(indexes.tolist(), zip(*cells, strict=True), strict=True)]


def labels_among(rows: Iterable[Row]) -> frozenset[str]:
    """Return the words that stand beside a number in lines of few cells."""
    lines = [[cell for cell in row if cell] for row in rows]
    return frozenset(
        fold(line[0])
        for line in lines
        if 1 < len(line) <= _MAX_IN_TITLE
        and _LABEL.fullmatch(line[0])
        and not is_total(line[0])
        and any(map(_CODE_BESIDE.fullmatch, line[1:]))
    )


def repeats_label(texts: Sequence[str], table: TableColumns) -> bool:
    """Return True for a line that begins with a label from above the header, and a number beside it."""
    return bool(table.labels & labels_among([[*texts]]))


def _is_title(texts: Sequence[str], titles: Sequence[str]) -> bool:
    return any(compile_pattern(title).search(line_text(texts)) for title in titles)


def classify_line(cells: Row, table: TableColumns) -> LineClass:
    """Classify a line that is not blank, and no reading at first sight."""
    filled = {index: cell for index, cell in enumerate(cells) if cell is not None}
    texts = list(filled.values())
    times, hours, values = ([cells[index] for index in indexes] for indexes in (table.times, table.hours, table.values))
    codes = [] if table.times else [cells[index] for index in table.codes]
    has_time = _has_time(times, hours, codes, table)
    if _is_comment(texts):
        return LineClass.COMMENT
    if any(map(is_total, [*times, *hours, *codes])) or (not has_time and is_total(texts[0])):
        return LineClass.TOTAL
    if not has_time and (
        repeats_label(texts, table) or (len(texts) <= _MAX_IN_TITLE and _is_title(texts, table.titles))
    ):
        return LineClass.NOTE
    if not (has_time and table.times) and repeats_header(filled, table):
        return LineClass.REPEATED_HEADER
    if is_line_of_units(texts) or counts_columns(texts):
        return LineClass.UNITS
    names = [cells[index] or "" for index in table.metrics]
    if any(find_metric(name) or fold_word(name) in table.metric_words for name in names):
        return LineClass.READING
    has_value = any(values)
    lacks_hour = bool(hours) and not any(hours)
    if not has_value and (not has_time or lacks_hour or not (hours or codes)):
        return LineClass.NOTE
    is_wordy = all(cell is None or _WORD.match(cell) for cell in [*hours, *values])
    return LineClass.NOTE if not has_time and is_wordy else LineClass.READING


def _has_time(times: Row, hours: Row, codes: Row, table: TableColumns) -> bool:
    """Return True if a line says when its reading is of; in a table without times, whose it is."""
    if not table.times:
        return any(cell and re.match(_LIKE_A_CODE, cell) for cell in codes)
    said = hours if table.filled_down and not any(times) else times
    return any(cell and re.match(_LIKE_A_TIME, cell) for cell in said)


def classify_title(cells: Row, style: DateStyle) -> LineClass:
    """Classify a line above a header: one that begins with a date and holds a number is of another table."""
    texts = [cell for cell in cells if cell and not cell.isspace()]
    if not texts:
        return LineClass.BLANK
    if _is_comment(texts):
        return LineClass.COMMENT
    is_data = _is_time(texts[0], style) and any(_NUMBER.fullmatch(text) for text in texts[1:])
    return LineClass.UNDESCRIBED if is_data else LineClass.NOTE


def repeats_header(filled: dict[int, str], table: TableColumns) -> bool:
    """Return True if each cell of a line is a word that the header has over the same column."""
    return all(index < len(table.headings) and fold(cell) in table.headings[index] for index, cell in filled.items())


def _is_comment(texts: Sequence[str]) -> bool:
    first = texts[0].lstrip()
    if first.startswith("#") and not re.match(_ERROR_VALUE, first):
        return True
    return all(_RULE.fullmatch(text) for text in texts) and any(len(text.strip()) > 2 for text in texts)
