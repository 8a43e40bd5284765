"""Read a file of any kind into raw rows of text, as its mapping says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from schemas.errors import FileError
from schemas.mappings import SourceMapping
from schemas.settings import Settings
from tasks.read_files.csv_file import read_csv
from tasks.read_files.kinds import Kind, kind_of
from tasks.read_files.rows import RawTable
from tasks.read_files.workbook import read_workbook

__all__ = ["RawTable", "read_tables"]


def read_tables(path: Path, mapping: SourceMapping, *, relative_path: str, settings: Settings) -> Iterator[RawTable]:
    """Read the tables of a file; the content decides how, not the suffix.

    Raises:
        FileError: the file cannot be read or does not fit its mapping; says why and what to do.

    """
    kind = kind_of(path, settings)
    if kind is Kind.EMPTY:
        return
    if kind is Kind.TEXT:
        yield read_csv(path, mapping, relative_path=relative_path, settings=settings)
    elif kind is Kind.WORKBOOK:
        yield read_workbook(path, mapping, relative_path=relative_path, settings=settings)
    else:
        raise FileError(f"это {kind.value}: такой файл не читается, попросите csv или xlsx")
