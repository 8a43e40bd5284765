"""Find whose readings a table holds, where the codes are not in a column: constants, the path, the sheet, cells."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from xlsxwriter.utility import xl_cell_to_rowcol

from schemas.errors import FileError
from schemas.patterns import extract
from schemas.problems import FileProblem
from schemas.raw_rows import tidy_code
from schemas.table_spec import CODE_NAMES, SHEET_GROUP, FromColumn, TableSpec
from tasks.ingest.grids import Row

_MAX_TEXT_LENGTH = 60


def find_codes(spec: TableSpec, *, relative_path: str, sheet: str | None, rows: Iterator[Row]) -> dict[str, str | None]:
    """Return the code of the building, of the heat unit and of the meter; None where each row holds it, or nothing.

    Raises:
        FileError: the path, the sheet's name or the cell does not hold the code.

    """
    identity = spec.identity
    groups = identity.groups_of(path=relative_path, sheet=sheet or "") | {SHEET_GROUP: sheet or ""}
    codes: dict[str, str | None] = {}
    top_rows: list[Row] = []
    for name in CODE_NAMES:
        code = getattr(identity, name)
        if code is None or isinstance(code, FromColumn):
            codes[name] = None
        elif isinstance(code, str):
            codes[name] = _fill(code, groups)
        else:
            row, column = xl_cell_to_rowcol(code.cell)
            top_rows += itertools.islice(rows, max(row + 1 - len(top_rows), 0))
            cells = top_rows[row] if row < len(top_rows) else []
            codes[name] = _code_in_cell(code.cell, cells[column] if column < len(cells) else None, code.pattern)
    return codes


def _fill(template: str, groups: dict[str, str]) -> str:
    missing = [name for name in re.findall(r"\{(\w+)\}", template) if not groups.get(name)]
    if missing:
        raise FileError(FileProblem.CODE_NOT_IN_PATH, group=missing[0], template=template)
    return re.sub(r"\{(\w+)\}", lambda match: groups[match[1]], template)


def _code_in_cell(cell: str, text: str | None, pattern: str | None) -> str:
    code = extract(pattern, text)
    if not code:
        raise FileError(FileProblem.CODE_NOT_IN_CELL, cell=cell, text=(text or "")[:_MAX_TEXT_LENGTH])
    return tidy_code(code)
