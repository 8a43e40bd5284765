"""Find a table's header by its words, and bind its columns to what the mapping says they mean."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import NamedTuple

from schemas.errors import FileError
from schemas.layouts import Column, MetricColumn, TableLayout
from schemas.mappings import LONG_FIELDS, LONG_REQUIRED, Code, FromCell, FromColumn, SourceMapping
from schemas.metrics import fold
from schemas.settings import Settings

Rows = Sequence[Sequence[str | None]]
_LINES_TO_LOOK_AT = 60


class Header(NamedTuple):
    """Where the header stands and its headings, left to right; `line` counts from 1."""

    line: int
    headings: list[str]


class _Wanted(NamedTuple):
    """A column that the mapping needs or knows."""

    field: str
    spellings: tuple[str, ...]
    required: bool


def letter_of(place: int) -> str:
    """Give Excel's name of the column at a place that counts from 0."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _wanted(mapping: SourceMapping) -> list[_Wanted]:
    identity = {
        f"{name}_code": code.column
        for name in ("building", "itp", "meter")
        if isinstance(code := getattr(mapping.identity, name), FromColumn)
    }
    if mapping.layout == "long":
        constant = {f"{name}_code" for name in ("building", "itp", "meter") if getattr(mapping.identity, name)}
        return [
            _Wanted(field, spellings, field in LONG_REQUIRED and field not in constant)
            for field, spellings in LONG_FIELDS.items()
            if field not in constant - set(identity)
        ]
    times = {"timestamp": mapping.timestamp, "date": mapping.date, "hour": mapping.hour}
    named = {field: heading for field, heading in (times | identity).items() if heading}
    return [
        *(_Wanted(field, (heading,), required=True) for field, heading in named.items()),
        *(_Wanted(f"metric:{heading}", (heading,), required=True) for heading in mapping.columns),
    ]


def count_known(row: Sequence[str | None], mapping: SourceMapping) -> int:
    """Count the columns that the mapping needs and the row names."""
    cells = {fold(cell) for cell in row if cell}
    return sum(any(fold(name) in cells for name in wanted.spellings) for wanted in _wanted(mapping) if wanted.required)


def find_header(rows: Rows, mapping: SourceMapping) -> Header:
    """Find the header: the given line, or the line (or two) with most of the wanted headings.

    Raises:
        FileError: no line looks like the header.

    """
    if mapping.header_row is not None:
        if mapping.header_row > len(rows):
            raise FileError(f"в файле нет строки {mapping.header_row}, где по описанию {mapping.name} стоит шапка")
        return Header(mapping.header_row, [cell or "" for cell in rows[mapping.header_row - 1]])
    candidates = []
    for place, row in enumerate(rows[:_LINES_TO_LOOK_AT]):
        candidates.append(Header(place + 1, [cell or "" for cell in row]))
        if place:
            candidates.append(Header(place + 1, _joined(rows[place - 1], row)))
    best = max(candidates, key=lambda header: count_known(header.headings, mapping), default=None)
    if best is None or count_known(best.headings, mapping) == 0:
        needed = ", ".join(wanted.spellings[0] for wanted in _wanted(mapping) if wanted.required)
        raise FileError(f"шапка не найдена: ни в одной из первых строк нет столбцов {needed}")
    return best


def _joined(upper: Sequence[str | None], lower: Sequence[str | None]) -> list[str]:
    """Join a two-line header; a merged upper cell stands over the empty ones to its right."""
    joined, above = [], ""
    for place in range(max(len(upper), len(lower))):
        above = (upper[place] if place < len(upper) else None) or above
        below = (lower[place] if place < len(lower) else None) or ""
        joined.append(f"{above} {below}".strip() if below else above)
    return joined


def bind(
    header: Header,
    mapping: SourceMapping,
    *,
    sheet: str | None,
    relative_path: str,
    cell: Callable[[str], str | None],
    settings: Settings,
) -> TableLayout:
    """Bind the header's columns to their meanings; `cell` gives the text of a cell such as B3.

    Raises:
        FileError: a needed column is missing or doubled, with the nearest match; or an identity is.

    """
    columns = _columns(header.headings)
    found = {wanted.field: _column_of(wanted, columns, mapping) for wanted in _wanted(mapping)}
    keys = {field: column.key for field, column in found.items() if column}
    codes = _codes(mapping, relative_path, cell)
    known = set(keys.values())
    new = [column.heading for column in columns if column.key not in known and column.heading]
    return TableLayout(
        layout=mapping.layout,
        sheet=sheet,
        header_row=header.line,
        columns=columns,
        timestamp_column=keys.get("timestamp"),
        date_column=keys.get("date"),
        hour_column=keys.get("hour"),
        tz_column=keys.get("tz"),
        time_zone=mapping.time_zone or settings.default_tz,
        interval_minutes=mapping.interval_minutes,
        stamp=mapping.stamp,
        register_read_at=mapping.register_read_at,
        **{f"{name}_code": code for name, code in codes.items()},
        **{f"{name}_column": keys.get(f"{name}_code") for name in ("building", "itp", "meter")},
        metrics=[
            MetricColumn(key=keys[f"metric:{heading}"], metric=meaning.metric, unit=meaning.unit)
            for heading, meaning in mapping.columns.items()
        ],
        metric_column=keys.get("metric"),
        value_column=keys.get("value"),
        unit_column=keys.get("unit"),
        notes=[f"столбцы без описания, сохранены в сырье: {', '.join(new)}"] if new else [],
    )


def _columns(headings: Sequence[str]) -> list[Column]:
    width = max((place + 1 for place, heading in enumerate(headings) if heading.strip()), default=0)
    columns: list[Column] = []
    taken: set[str] = {"row_num"}
    for place, heading in enumerate(headings[:width]):
        name = " ".join(heading.split()) or letter_of(place)
        key, number = name, 1
        while key in taken:
            number += 1
            key = f"{name} ({number})"
        taken.add(key)
        columns.append(Column(key=key, heading=heading.strip(), letter=letter_of(place)))
    return columns


def _column_of(wanted: _Wanted, columns: Sequence[Column], mapping: SourceMapping) -> Column | None:
    names = {fold(spelling) for spelling in wanted.spellings}
    found = [column for column in columns if fold(column.heading) in names]
    if len(found) > 1:
        places = ", ".join(f"{column.letter} «{column.heading}»" for column in found)
        raise FileError(f"столбец «{wanted.spellings[0]}» встречается несколько раз ({places}): оставьте один")
    if found or not wanted.required:
        return found[0] if found else None
    headings = [column.heading for column in columns if column.heading]
    near = difflib.get_close_matches(fold(wanted.spellings[0]), [fold(heading) for heading in headings], 1, 0.5)
    hint = next((f", похожий: «{heading}»" for heading in headings if near and fold(heading) == near[0]), "")
    raise FileError(
        f"нет столбца «{wanted.spellings[0]}»{hint}; есть: {', '.join(headings)[:300]}. "
        f"Исправьте шапку файла или описание источника {mapping.name}"
    )


def _codes(mapping: SourceMapping, relative_path: str, cell: Callable[[str], str | None]) -> dict[str, str | None]:
    identity = mapping.identity
    values = mapping.path_groups(relative_path)

    def code(name: str, spelled: Code | None) -> str | None:
        if spelled is None or isinstance(spelled, FromColumn):
            return None
        if isinstance(spelled, FromCell):
            if not (text := cell(spelled.cell)):
                raise FileError(f"ячейка {spelled.cell} пуста, а по описанию {mapping.name} в ней код ({name})")
            return text.strip()
        return spelled.format_map(values)

    return {name: code(name, getattr(identity, name)) for name in ("building", "itp", "meter")}
