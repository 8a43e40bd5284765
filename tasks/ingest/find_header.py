"""Find a table's header by its words, and bind its columns to what the mapping says they mean."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from schemas.errors import FileError
from schemas.mappings import DRAFT
from schemas.metrics import METRICS, factor_to_own_unit, fold
from schemas.problems import FileProblem
from schemas.settings import Settings
from schemas.table_schema import Column, MetricColumn, TableSchema
from schemas.table_spec import CODE_NAMES, LONG_FIELDS, LONG_REQUIRED, FromColumn, TableSpec
from tasks.ingest.table_rows import Row

_LINES_TO_LOOK_AT = 60
_MOST_LINES_BELOW = 3


class Heading(NamedTuple):
    """What stands over a column; of a two-line header both cells joined, and each alone."""

    text: str
    lower: str = ""
    upper: str = ""


class Header(NamedTuple):
    """Where a header stands; lines count from 1."""

    line: int
    """Its last line."""
    headings: list[Heading]
    words: frozenset[str]
    """Folded cells of all its lines."""
    ends: int
    """The last line before the data: units and column numbers may stand between."""
    units: dict[int, str]
    """Place of a column → its unit, from a line of units below the header."""


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


def place_of(letters: str) -> int:
    """Give the place, from 0, of a column that Excel names by letters."""
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - ord("A") + 1
    return place - 1


def wanted_columns(spec: TableSpec) -> list[_Wanted]:
    """List the columns that a table needs or knows."""
    named = {field: getattr(spec, field) for field in ("timestamp", "date", "hour", "tz", "metric", "value", "unit")}
    codes = {name: getattr(spec.identity, name) for name in CODE_NAMES}
    named |= {f"{name}_code": code.column for name, code in codes.items() if isinstance(code, FromColumn)}
    own = [_Wanted(field, (heading,), required=True) for field, heading in named.items() if heading]
    if spec.table_format == "day-sheet":
        return [*own, *(_Wanted(f"metric:{heading}", (heading,), required=True) for heading in spec.columns)]
    known = {wanted.field for wanted in own} | {f"{name}_code" for name, code in codes.items() if code}
    if spec.date:
        known.add("timestamp")
    rest = [
        _Wanted(field, spellings, field in LONG_REQUIRED)
        for field, spellings in LONG_FIELDS.items()
        if field not in known
    ]
    return [*own, *rest]


def count_known(row: Sequence[str | None], wanted: Sequence[_Wanted]) -> int:
    """Count the needed columns that a line names."""
    cells = {fold(cell) for cell in row if cell}
    return sum(one.required and any(fold(name) in cells for name in one.spellings) for one in wanted)


def find_header(rows: Iterator[Row], spec: TableSpec) -> Header:
    """Find the header: the given line, or the line (or two) with most of the wanted headings.

    Raises:
        FileError: no line looks like the header.

    """
    wanted = wanted_columns(spec)
    first, rows = _below_text(rows, spec.after)
    if spec.header_row is not None:
        head = list(itertools.islice(rows, max(spec.header_row - first + 1 + _MOST_LINES_BELOW, 0)))
        place = spec.header_row - first
        if not 0 <= place < len(head):
            raise FileError(
                FileProblem.OTHER, text=f"в файле нет строки {spec.header_row}, где по описанию источника стоит шапка"
            )
        return _with_lines_below(_one_line(head, place, first), head[place + 1 :])
    head = list(itertools.islice(rows, _LINES_TO_LOOK_AT))
    best, most = None, 0
    for place in range(len(head)):
        for header in (_one_line(head, place, first), *_two_lines(head, place, first)):
            names = [name for heading in header.headings for name in heading]
            # Of several as good the first is taken, and one line before two.
            if (known := count_known(names, wanted)) > most:
                best, most = header, known
    if best is None:
        needed = ", ".join(f"«{one.spellings[0]}»" for one in wanted if one.required)
        raise FileError(
            FileProblem.OTHER, text=f"шапка не найдена: ни в одной из первых строк нет столбцов {needed[:500]}; {DRAFT}"
        )
    return _with_lines_below(best, head[best.line - first + 1 :])


def _below_text(rows: Iterator[Row], after: str | None) -> tuple[int, Iterator[Row]]:
    """Go to the line below the one with a text; gives that line's number and the rest."""
    if after is None:
        return 1, rows
    text = fold(after)
    for number, row in enumerate(rows, start=1):
        if any(cell and text in fold(cell) for cell in row):
            return number + 1, rows
    raise FileError(
        FileProblem.OTHER,
        text=f"в файле нет строки с текстом «{after}», под которой по описанию источника стоит таблица",
    )


def _one_line(head: list[Row], place: int, first: int) -> Header:
    headings = [Heading((cell or "").strip()) for cell in head[place]]
    return Header(first + place, headings, _words(head[place]), first + place, {})


def _two_lines(head: list[Row], place: int, first: int) -> Iterator[Header]:
    """Join a line with the one above; a merged upper cell stands over the empty ones to its right."""
    if place == 0:
        return
    upper, lower = head[place - 1], head[place]
    headings, above = [], ""
    for up, low in itertools.zip_longest(upper, lower):
        above = (up or "").strip() or above
        below = (low or "").strip()
        joined = f"{above} {below}".strip() if below else (up or "").strip()
        headings.append(Heading(joined, below, (up or "").strip()))
    yield Header(first + place, headings, _words(upper) | _words(lower), first + place, {})


def _words(row: Row) -> frozenset[str]:
    return frozenset(fold(cell) for cell in row if cell)


def _with_lines_below(header: Header, below: list[Row]) -> Header:
    """Step over lines of units and of column numbers that stand between header and data."""
    for row in below[:_MOST_LINES_BELOW]:
        filled = {place: cell.strip() for place, cell in enumerate(row) if cell and cell.strip()}
        if filled and all(_is_unit(cell) for cell in filled.values()):
            header = header._replace(units=filled)
        elif not _counts_columns(list(filled.values())):
            break
        header = header._replace(ends=header.ends + 1, words=header.words | _words(row))
    return header


def _is_unit(text: str) -> bool:
    return not text[0].isdigit() and any(
        factor_to_own_unit(metric, text, interval_hours=1) is not None for metric in METRICS.values()
    )


def _counts_columns(cells: list[str]) -> bool:
    return len(cells) > 2 and [cell.removesuffix(".0") for cell in cells] == [str(n + 1) for n in range(len(cells))]


def bind(
    header: Header,
    places: Sequence[int],
    spec: TableSpec,
    *,
    sheet: str | None,
    codes: dict[str, str | None],
    settings: Settings,
) -> TableSchema:
    """Bind the columns at `places` to their meanings; `codes` are those that stand in no column.

    Raises:
        FileError: a needed column is missing or doubled, with the nearest match; or its unit is another.

    """
    columns = _Columns.of(header, places, spec)
    found = {wanted.field: columns.find(wanted) for wanted in wanted_columns(spec)}
    keys = {field: column.key for field, column in found.items() if column}
    _check_units(header, spec, found)
    known = set(keys.values())
    new = [f"{one.letter} «{one.heading}»" for one in columns.columns if one.key not in known and one.heading]
    return TableSchema(
        table_format=spec.table_format,
        sheet=sheet,
        header_row=header.line,
        columns=columns.columns,
        timestamp_column=keys.get("timestamp"),
        date_column=keys.get("date"),
        hour_column=keys.get("hour"),
        tz_column=keys.get("tz"),
        time_zone=spec.time_zone or settings.default_tz,
        interval_minutes=spec.interval_minutes,
        stamp=spec.stamp,
        register_read_at=spec.register_read_at,
        **{f"{name}_code": code for name, code in codes.items()},
        **{f"{name}_column": keys.get(f"{name}_code") for name in CODE_NAMES},
        metrics=[
            MetricColumn(key=keys[f"metric:{heading}"], metric=meaning.metric, unit=meaning.unit)
            for heading, meaning in spec.columns.items()
        ],
        metric_column=keys.get("metric"),
        value_column=keys.get("value"),
        unit_column=keys.get("unit"),
        notes=[f"столбцы без описания, сохранены в сырье: {_shortened(new)}"] if new else [],
    )


def _shortened(names: list[str]) -> str:
    more = f" и ещё {len(names) - 20}" if len(names) > 20 else ""
    return ", ".join(name[:60] for name in names[:20]) + more


class _Columns(NamedTuple):
    """The columns of a table and the names by which each can be found, best first."""

    columns: list[Column]
    names: list[tuple[str, ...]]
    """Per column, folded."""
    in_block: list[bool]

    @classmethod
    def of(cls, header: Header, places: Sequence[int], spec: TableSpec) -> _Columns:
        first, last = (place_of(letters) for letters in spec.block.split(":")) if spec.block else (0, 1 << 30)
        columns, taken = [], {"row_num"}
        headings = [header.headings[place] if place < len(header.headings) else Heading("") for place in places]
        counts: dict[str, int] = {}
        for place, heading in zip(places, headings, strict=True):
            name = key = " ".join(heading.text.split()) or letter_of(place)
            while key in taken:
                counts[name] = counts.get(name, 1) + 1
                key = f"{name} ({counts[name]})"
            taken.add(key)
            columns.append(Column(key=key, heading=heading.text, letter=letter_of(place)))
        names = [tuple(fold(name) for name in heading) for heading in headings]
        return cls(columns, names, [first <= place <= last for place in places])

    def find(self, wanted: _Wanted) -> Column | None:
        """Find a column: inside the block before outside, by the whole heading before a part of it."""
        spellings = {fold(spelling) for spelling in wanted.spellings}
        is_time = wanted.field in {"timestamp", "date", "hour", "tz"}
        for inside in (True, False) if is_time else (True,):
            for part in range(len(Heading._fields)):
                found = [
                    column
                    for column, names, within in zip(self.columns, self.names, self.in_block, strict=True)
                    if within == inside and names[part] in spellings
                ]
                if len(found) > 1:
                    places = ", ".join(f"{column.letter} «{column.heading}»" for column in found)
                    raise FileError(
                        FileProblem.OTHER,
                        text=f"столбец «{wanted.spellings[0]}» встречается несколько раз ({places}): оставьте один",
                    )
                if found:
                    return found[0]
        if wanted.required:
            raise self._missing(wanted)
        return None

    def _missing(self, wanted: _Wanted) -> FileError:
        headings = {fold(column.heading): column.heading for column in self.columns if column.heading}
        near = difflib.get_close_matches(fold(wanted.spellings[0]), list(headings)[:500], 1, 0.5)
        hint = f", похожий: «{headings[near[0]]}»" if near else ""
        there = ", ".join(f"«{heading}»" for heading in headings.values())
        there = f"{there[:300]}…" if len(there) > 300 else there
        return FileError(
            FileProblem.OTHER,
            text=f"нет столбца «{wanted.spellings[0]}»{hint}; есть: {there}. Исправьте шапку файла или описание источника",  # noqa: E501
        )


def _check_units(header: Header, spec: TableSpec, found: dict[str, Column | None]) -> None:
    """Refuse a column whose unit below the header is not the mapping's: nothing is read by the old one."""
    for heading, meaning in spec.columns.items():
        column = found[f"metric:{heading}"]
        unit = header.units.get(place_of(column.letter)) if column else None
        factors = [factor_to_own_unit(METRICS[meaning.metric], text, interval_hours=1) for text in (unit, meaning.unit)]
        if unit and factors[0] != factors[1]:
            raise FileError(
                FileProblem.OTHER,
                text=f"столбец «{heading}»: в файле единица «{unit}», а в описании источника "
                f"«{meaning.unit or METRICS[meaning.metric].unit}»: исправьте описание или файл",
            )


def codes_of(spec: TableSpec, *, relative_path: str, sheet: str | None, rows: Iterator[Row]) -> dict[str, str | None]:
    """Find the codes that stand in no column: constants, parts of the path or the sheet's name, cells.

    Raises:
        FileError: the part or the cell is not there.

    """
    identity = spec.identity
    values = identity.groups_of(path=relative_path, sheet=sheet or "") | {"sheet": sheet or ""}
    found: dict[str, str | None] = {}
    cells: list[Row] = []
    for name in CODE_NAMES:
        code = getattr(identity, name)
        if code is None or isinstance(code, FromColumn):
            found[name] = None
        elif isinstance(code, str):
            found[name] = _filled(code, values)
        else:
            letters = code.cell.rstrip("0123456789")
            line = code.cell.removeprefix(letters)
            cells += itertools.islice(rows, max(int(line) - len(cells), 0))
            row = cells[int(line) - 1] if int(line) <= len(cells) else []
            text = row[place_of(letters)] if place_of(letters) < len(row) else None
            found[name] = _code_in_cell(code.cell, text, code.pattern)
    return found


def _filled(template: str, values: dict[str, str]) -> str:
    missing = [name for name in re.findall(r"\{(\w+)\}", template) if not values.get(name)]
    if missing:
        raise FileError(
            FileProblem.OTHER,
            text=f"ни в пути файла, ни в имени листа нет части «{missing[0]}», из которой берётся код {template}: "
            "переименуйте файл или исправьте identity в описании источника",
        )
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], template)


def _code_in_cell(cell: str, text: str | None, pattern: str | None) -> str:
    match = re.search(pattern or r"\S(?:.*\S)?", text or "", re.DOTALL if pattern is None else 0)
    code = (match[1] if match.re.groups else match[0]) if match else None
    if not code:
        raise FileError(
            FileProblem.OTHER,
            text=f"в ячейке {cell} нет кода (там «{(text or '')[:60]}»): "
            "заполните её или исправьте identity в описании источника",
        )
    return code.removesuffix(".0") if re.fullmatch(r"\d+\.0", code) else code
