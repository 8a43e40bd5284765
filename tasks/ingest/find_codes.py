"""Find whose readings a table holds, where the codes are not in a column: constants, the path, the sheet, cells."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from xlsxwriter.utility import xl_cell_to_rowcol

from schemas.errors import FileError
from schemas.patterns import extract
from schemas.problems import FileProblem
from schemas.raw_rows import tidy_code
from schemas.table_schema import CodePart
from schemas.table_spec import CODE_NAMES, SHEET_GROUP, TEMPLATE_NAME, FromColumn, TableSpec
from tasks.ingest.grids import Row

_MAX_TEXT_LENGTH = 60
Code = str | list[CodePart] | None


def find_codes(spec: TableSpec, *, relative_path: str, sheet: str | None, rows: Iterator[Row]) -> dict[str, Code]:
    """Return the code of the building, of the heat unit and of the meter; None where each row holds it, or nothing.

    Of a code that is put together from columns its parts, which name these by their headings.

    Raises:
        FileError: the path, the sheet's name or the cell does not hold the code.

    """
    identity = spec.identity
    groups = identity.groups_of(path=relative_path, sheet=sheet or "") | {SHEET_GROUP: sheet or ""}
    codes: dict[str, Code] = {}
    top_rows: list[Row] = []
    for name in CODE_NAMES:
        code = getattr(identity, name)
        if code is None or isinstance(code, FromColumn):
            codes[name] = None
        elif isinstance(code, str):
            headings = identity.headings_in(code)
            codes[name] = _split(code, groups, headings) if headings else _fill(code, groups)
        else:
            row, column = xl_cell_to_rowcol(code.cell)
            top_rows += itertools.islice(rows, max(row + 1 - len(top_rows), 0))
            cells = top_rows[row] if row < len(top_rows) else []
            codes[name] = _code_in_cell(code.cell, cells[column] if column < len(cells) else None, code.pattern)
    return codes


def _fill(template: str, groups: dict[str, str]) -> str:
    missing = [name for name in TEMPLATE_NAME.findall(template) if not groups.get(name)]
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
        else CodePart(text=_fill(f"{{{piece}}}", groups) if index % 2 else piece)
        for index, piece in pieces
        if piece
    ]


def _code_in_cell(cell: str, text: str | None, pattern: str | None) -> str:
    code = extract(pattern, text)
    if not code:
        raise FileError(FileProblem.CODE_NOT_IN_CELL, cell=cell, text=(text or "")[:_MAX_TEXT_LENGTH])
    return tidy_code(code)
