"""Find whose readings a table holds, where the codes are not in a column: constants, the path, the sheet, cells."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

from xlsxwriter.utility import xl_cell_to_rowcol

from schemas.errors import FileError
from schemas.patterns import extract
from schemas.problems import FileProblem
from schemas.raw_rows import tidy_code
from schemas.table_schema import CodePart
from schemas.table_spec import (
    CODE_NAMES,
    SHEET_GROUP,
    TEMPLATE_NAME,
    FromAbove,
    FromColumn,
    TableSpec,
    names_in_template,
)
from tasks.ingest.grids import Row, line_text

_MAX_TEXT_LENGTH = 60
Code = str | list[CodePart] | None


def find_codes(
    spec: TableSpec, *, relative_path: str, sheet: str | None, rows: Iterator[Row], header_line: int
) -> dict[str, Code]:
    """Return the code of the building, of the heat unit and of the meter; None where rows or headings hold it.

    Of a code that is put together from columns its parts, which name these by their headings. `header_line` is the
    first one of the header.

    Raises:
        FileError: the path, the sheet's name, the cell or the lines above the header do not hold the code.

    """
    identity = spec.identity
    groups = find_groups(spec, relative_path=relative_path, sheet=sheet)
    codes: dict[str, Code] = {}
    top_rows: list[Row] = []
    for name in CODE_NAMES:
        code = getattr(identity, name)
        if code is None or isinstance(code, FromColumn):
            codes[name] = None
        elif isinstance(code, str):
            headings = spec.headings_in(code)
            if spec.column_groups.intersection(names_in_template(code)):
                codes[name] = None
            else:
                codes[name] = _split(code, groups, headings) if headings else fill(code, groups)
        elif isinstance(code, FromAbove):
            top_rows += itertools.islice(rows, max(header_line - 1 - len(top_rows), 0))
            codes[name] = _code_above(code.above, top_rows[: header_line - 1])
        else:
            row, column = xl_cell_to_rowcol(code.cell)
            top_rows += itertools.islice(rows, max(row + 1 - len(top_rows), 0))
            cells = top_rows[row] if row < len(top_rows) else []
            codes[name] = _code_in_cell(code.cell, cells[column] if column < len(cells) else None, code.pattern)
    return codes


def find_groups(spec: TableSpec, *, relative_path: str, sheet: str | None) -> dict[str, str]:
    """Return what the path and the sheet say for the groups of templates."""
    return spec.identity.groups_of(path=relative_path, sheet=sheet or "") | {SHEET_GROUP: sheet or ""}


def fill(template: str, groups: Mapping[str, str], *, heading: str | None = None) -> str:
    """Return the code that a template gives with these groups, some of them of a heading.

    Raises:
        FileError: a group is missing.

    """
    missing = [name for name in names_in_template(template) if not groups.get(name)]
    if missing and heading is not None:
        raise FileError(FileProblem.CODE_NOT_IN_HEADING, group=missing[0], template=template, column=heading)
    if missing:
        raise FileError(FileProblem.CODE_NOT_IN_PATH, group=missing[0], template=template)
    return TEMPLATE_NAME.sub(lambda match: groups[match[1]], template)


def _split(template: str, groups: dict[str, str], headings: Sequence[str]) -> list[CodePart]:
    """Return the parts of a template: texts, the groups filled in, and columns."""
    # Splitting by a pattern with a group gives texts and names in turn.
    pieces = enumerate(TEMPLATE_NAME.split(template))
    return [
        CodePart(column=piece)
        if index % 2 and piece in headings
        else CodePart(text=fill(f"{{{piece}}}", groups) if index % 2 else piece)
        for index, piece in pieces
        if piece
    ]


def _code_above(pattern: str, rows: Sequence[Row]) -> str:
    lines = (line_text(row) for row in reversed(rows))
    if code := next(filter(None, (extract(pattern, line) for line in lines)), None):
        return tidy_code(code)
    raise FileError(FileProblem.CODE_NOT_ABOVE, regex=pattern)


def _code_in_cell(cell: str, text: str | None, pattern: str | None) -> str:
    code = extract(pattern, text)
    if not code:
        raise FileError(FileProblem.CODE_NOT_IN_CELL, cell=cell, text=(text or "")[:_MAX_TEXT_LENGTH])
    return tidy_code(code)
