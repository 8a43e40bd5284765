"""Draft the keys of a mapping that say what was read: metric and unit of columns, or those of a long table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from schemas.metrics import METRICS, convert_to_own_unit, find_metric
from schemas.units import has_unit, is_unit
from tasks.sources.cells import is_number, plain_text
from tasks.sources.draft_identity import counts_lines, is_like_a_code
from tasks.sources.find_tables import FoundColumn
from tasks.sources.quoting import example, quote, quote_pattern
from tasks.sources.recognise_dates import OPEN
from tasks.sources.recognise_headers import CODE

# What suppliers call the quantities, beyond the spellings that are known for certain.
_LIKELY: tuple[tuple[str, str], ...] = (
    (r"накоп|итогом|показани|(^|\W)(register|reading|cumulative)", "consumption_cumulative"),
    (r"(^|\W)(t|т)1(?!\d)|темп.*(под|прям)|(под|прям).*(\bt\b|темп)", "T1"),
    (r"(^|\W)(t|т)2(?!\d)|темп.*обр|обр.*(\bt\b|темп)", "T2"),
    (r"пода[чю]|прям|(^|\W)(v|g)1(?!\d)", "flow_supply"),
    (r"обрат|(^|\W)(v|g)2(?!\d)", "flow_return"),
    (r"потребл|расход|объ[её]м|consumption|volume|usage", "consumption_period"),
    (r"наработк|(^|\W)внр", "running_hours"),
    # Where the unit is theirs alone.
    (r"supply", "flow_supply"),
    (r"(^|\W)return", "flow_return"),
    (r"supply|под|прям", "T1"),
    (r"(^|\W)return|обр", "T2"),
    (r"наруж|outdoor|(^|\W)t\s?нв", "outdoor_temperature"),
    (r"(^|\W)(m|м)1(?!\d)|под|прям|supply", "mass_supply"),
    (r"(^|\W)(m|м)2(?!\d)|обр|return", "mass_return"),
    (r"(^|\W)(p|р)1(?!\d)|под|прям|supply", "pressure_supply"),
    (r"(^|\W)(p|р)2(?!\d)|обр|return", "pressure_return"),
    (r"(^|\W)q(?!ual|uant)|тепл|heat", "heat_energy"),
    (r"электр|энерг|energy|usage", "electricity_consumption"),
)
_SAYS_METRIC = re.compile(r"(?i)параметр|показатель|канал|величин|metric|parameter|measure|channel|quantity|register")
_SAYS_UNIT = re.compile(r"(?i)(^|\W)(ед|изм)|размерн|unit|uom|measure|einheit|enhe[dt]|eenheid|jednost")
_OF_ANYTHING = re.compile(r"(?i)накоп|показани|потребл|register|reading|cumulative|consumption|usage")
_SAYS_WHAT = re.compile(r"(?i)объ[её]м|расход|вод[аеуы]|гвс|хвс|тепл|электр|энерг|volume|water|heat|energy")
_SAYS_VALUE = re.compile(r"(?i)знач|value|показ|reading|amount")
_IN_BRACKETS = re.compile(r"[(\[]([^()\[\]]+)[)\]]\s*$")
_MAX_NAMED = 10


class _Guess(NamedTuple):
    metric: str | None
    is_certain: bool
    unit_fits: bool
    """Whether the file has a unit, and the metric has it too."""


def find_metric_column(columns: Sequence[FoundColumn]) -> FoundColumn | None:
    """Return the column that names the metric of each row; None: this is no long table."""
    named = [column for column in columns if column.heading and column.samples]
    known = next((column for column in named if column.mostly(find_metric)), None)
    values = any(_SAYS_VALUE.search(column.heading) and column.mostly(is_number) for column in named)
    likely = (
        column for column in named if _SAYS_METRIC.search(column.heading) and not any(map(is_number, column.samples))
    )
    return known or (next(likely, None) if values else None)


def draft_long_columns(columns: Sequence[FoundColumn], metric: FoundColumn) -> Iterator[str]:
    """Write the keys of a long table's columns."""
    yield from _metric_lines(metric)
    values = [column for column in columns if column.heading and column.mostly(is_number)]
    values.sort(key=lambda column: not _SAYS_VALUE.search(column.heading))
    if not values:
        yield f"value: {OPEN}"
    elif _SAYS_VALUE.search(values[0].heading):
        yield f"value: {quote(values[0].heading)}  # such as {example(values[0])}"
    else:
        yield f"value: {OPEN}  # one of {', '.join(quote(column.heading) for column in values[:_MAX_NAMED])}"
    yield from _unit_lines([column for column in columns if column is not metric])


def _metric_lines(metric: FoundColumn) -> Iterator[str]:
    yield f"metric: {quote(metric.heading)}  # such as {example(metric)}"
    if unknown := [text for text in dict.fromkeys(metric.samples) if not find_metric(text)]:
        words = ", ".join(f"{quote(word)}: {quote(OPEN)}" for word in unknown[:_MAX_NAMED])
        yield f"# metric: {{column: {quote(metric.heading)}, words: {{{words}}}}}  # no metric has these names"


def draft_interval_values(
    intervals: Sequence[FoundColumn], others: Sequence[FoundColumn], metric: FoundColumn | None
) -> Iterator[str]:
    """Write what the columns of a day's intervals hold; of a long table, a column says it."""
    yield from _unit_lines([column for column in others if column is not metric])
    if metric:
        yield from _metric_lines(metric)
        return
    units = {column.unit for column in intervals}
    held = FoundColumn(
        "", units.pop() if len(units) == 1 else None, [text for one in intervals for text in one.samples]
    )
    unit = f", unit: {quote(held.unit)}" if held.unit else ""
    yield f"value: {{metric: {quote(OPEN)}{unit}}}  # such as {example(held)}; {_choice(_fitting(held, set()))}"


def find_meter_columns(columns: Sequence[FoundColumn]) -> list[FoundColumn]:
    """Return the columns of numbers if all are headed by codes: then each is a meter's."""
    numbers = [
        column for column in columns if column.heading and not is_like_a_code(column) and column.mostly(is_number)
    ]
    return numbers if all(CODE.fullmatch(column.heading) for column in numbers) else []


def draft_meter_columns(meters: Sequence[FoundColumn], others: Sequence[FoundColumn]) -> Iterator[str]:
    """Write the columns of a table that has one for each meter, headed by its code."""
    yield from _unit_lines(others)
    yield "columns:"
    held = FoundColumn("", None, [text for column in meters for text in column.samples])
    meaning = f"{{metric: {quote(OPEN)}}}  # such as {example(held)}; {_choice(_fitting(held, set()))}"
    yield f"  {quote_pattern(f'(?P<meter>{CODE.pattern})')}: {meaning}"


def _unit_lines(columns: Sequence[FoundColumn]) -> Iterator[str]:
    if units := _unit_column(columns):
        yield f"unit: {quote(units.heading)}  # such as {example(units)}"
        return
    for column in filter(_holds_units, columns):
        yield f"# unit: {quote(column.heading)}  # such as {example(column)}; {OPEN} are these letters units?"


def _choice(fitting: Sequence[str]) -> str:
    return f"one of {', '.join(fitting)}" if 0 < len(fitting) <= _MAX_NAMED else "one of schemas/metrics.yaml"


def _unit_column(columns: Sequence[FoundColumn]) -> FoundColumn | None:
    """Return the column of units: a letter may be another word, such as W for a status, unless its heading says it."""
    return next(
        (
            column
            for column in filter(_holds_units, columns)
            if _SAYS_UNIT.search(column.heading) or all(len(text.strip()) > 1 for text in column.samples)
        ),
        None,
    )


def _holds_units(column: FoundColumn) -> bool:
    return bool(column.heading) and all(map(is_unit, column.samples)) and any(map(has_unit, column.samples))


def draft_metric_columns(columns: Sequence[FoundColumn]) -> Iterator[str]:
    """Write the columns of a day-sheet: live where name and unit fit each other, else as comments."""
    yield from _unit_lines(columns)
    yield "columns:"
    columns = _with_unit_of_rows(columns)
    used: set[str] = set()
    live: list[str] = []
    others: list[tuple[FoundColumn, _Guess]] = []
    for column in columns:
        guess = _guess(column)
        if not column.heading or counts_lines(column) or not _holds_values(column, guess):
            continue
        if guess.metric and guess.metric not in used and (guess.unit_fits or column.unit is None):
            used.add(guess.metric)
            live += _live_lines(column, guess)
        elif not is_like_a_code(column):
            others.append((column, guess))
    # Without any column that is known, those that can be one are asked for.
    asked = [column for column, guess in others if not live and not guess.metric and _fitting(column, used)]
    if len(asked) > _MAX_NAMED:
        asked = []
    yield from live
    if not live and not asked:
        yield f"  # {OPEN} no column holds a metric in a unit of it: without one, this table cannot be read"
        empty = [column for column in columns if column.heading and not column.samples]
        for column in empty[:_MAX_NAMED]:
            yield f"  # {quote(column.heading)}: {{metric: {quote(OPEN)}}}  # empty in all lines that were looked at"
    if len(others) > _MAX_NAMED:
        yield from _many(others)
        return
    for column, guess in others:
        yield from _open_lines(column, guess, used, is_live=any(column is one for one in asked))


def _with_unit_of_rows(columns: Sequence[FoundColumn]) -> list[FoundColumn]:
    """Return columns whose headings name a metric with the unit that a column of units has in each line."""
    units = _unit_column(columns)
    if units is None or len(of_rows := {*units.samples}) > 1:
        return [*columns]
    (unit,) = of_rows
    named = [column for column in columns if column.unit is None and column is not units and _guess(column).metric]
    return [column._replace(unit=unit) if any(column is one for one in named) else column for column in columns]


def _holds_values(column: FoundColumn, guess: _Guess) -> bool:
    """Return True if a column holds numbers, or some where its heading names a metric or a unit."""
    is_named = bool(guess.metric or column.unit)
    return column.mostly(is_number) or (is_named and any(map(is_number, column.samples)))


def _many(others: Sequence[tuple[FoundColumn, _Guess]]) -> Iterator[str]:
    """Write so many columns in one line: they are hours, days or meters side by side."""
    first, second, last = others[0][0], others[1][0], others[-1][0]
    names = f"{quote(first.heading)}, {quote(second.heading)} … {quote(last.heading)}"
    yield f"  # {len(others)} columns of numbers, {names}, such as {example(first)}: {OPEN}"
    yield "  # one metric each, a meter each, or hours side by side (intervals: {headings: …})?"


def _live_lines(column: FoundColumn, guess: _Guess) -> Iterator[str]:
    metric = METRICS[guess.metric or ""]
    meaning = f"{{metric: {guess.metric}{f', unit: {quote(column.unit)}' if guess.unit_fits else ''}}}"
    doubt = "" if guess.is_certain else "; ??? a guess"
    question = "" if guess.unit_fits else f"; ??? unit: without one it is {metric.unit}"
    yield f"  {quote(column.heading)}: {meaning}  # such as {example(column)}{doubt}{question}"
    if metric.kind == "register":
        yield "  # ??? register_read_at: start  # beside `columns`: a register read at the start or the end"


def _open_lines(column: FoundColumn, guess: _Guess, used: set[str], *, is_live: bool) -> Iterator[str]:
    """Write a column that no metric is proposed for, and why."""
    fitting = _fitting(column, used)
    name, unit = quote(column.heading), plain_text(column.unit)
    doubt = f"; {unit} is no unit of {guess.metric}" if guess.metric and unit and not guess.unit_fits else ""
    if not fitting:
        why = doubt or f"; {unit} is no unit of a metric without a column"
        yield f"  # {name}: not read  # such as {example(column)}{why}"
        return
    if not unit and (unknown := _IN_BRACKETS.search(column.heading)):
        doubt = f"; the unit {quote(unknown[1])} is not known"
    meaning = f"{{metric: {quote(OPEN)}{f', unit: {quote(unit)}' if unit else ''}}}"
    yield f"  {'' if is_live else '# '}{name}: {meaning}  # such as {example(column)}{doubt}; {_choice(fitting)}"


def _fitting(column: FoundColumn, used: set[str]) -> list[str]:
    return [name for name in METRICS if name not in used and (column.unit is None or _unit_fits(name, column.unit))]


def _guess(column: FoundColumn) -> _Guess:
    """Return the metric that a heading names, whether the name is known, and whether the unit is one of its own."""
    words = re.split(r"[,(\[]", column.heading)[0].strip()
    for text in (column.heading, words, words.removesuffix(column.unit or " ").strip()):
        if known := find_metric(text):
            return _Guess(known, True, _unit_fits(known, column.unit))
    likely = [metric for pattern, metric in _LIKELY if re.search(pattern, words.lower())]
    if column.unit is None and _OF_ANYTHING.search(words) and not _SAYS_WHAT.search(words):
        likely = []
    fitting = next((metric for metric in likely if _unit_fits(metric, column.unit)), None)
    metric = fitting or next(iter(likely), None)
    return _Guess(metric, False, fitting is not None)


def _unit_fits(metric: str, unit: str | None) -> bool:
    return unit is not None and convert_to_own_unit(metric, unit, interval_hours=1) is not None
