"""Read a csv of any usual encoding and delimiter as a stream: memory is bounded by the batch."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from schemas.errors import FileError
from schemas.layouts import RAGGED, TableLayout
from schemas.mappings import SourceMapping
from schemas.settings import Settings
from tasks.read_files.header import Header, bind, count_known, find_header
from tasks.read_files.rows import RawTable, leave_out_lines, row_schema

_SAMPLE_BYTES = 1 << 18
_BLOCK_BYTES = 1 << 20
_LINES_TO_LOOK_AT = 60


class _Dialect(NamedTuple):
    encoding: str
    delimiter: str


def read_csv(path: Path, mapping: SourceMapping, *, relative_path: str, settings: Settings) -> RawTable:
    """Read a csv by the mapping.

    Raises:
        FileError: the text is damaged (names the byte), or the header does not fit.

    """
    encoding = _encoding(path)
    lines = _sample(path, encoding)
    delimiter = max(
        ";,\t|", key=lambda mark: max((count_known(row, mapping) for row in _split(lines, mark)), default=0)
    )
    rows = _split(lines, delimiter)
    header = find_header(rows, mapping)
    layout = bind(
        Header(header.line, header.headings),
        mapping,
        sheet=None,
        relative_path=relative_path,
        cell=lambda _: None,
        settings=settings,
    )
    return RawTable(layout, _batches(path, layout, _Dialect(encoding, delimiter)))


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        sample = file.read(_SAMPLE_BYTES)
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if (place := sample.find(b"\0")) >= 0:
        raise FileError(f"нулевой байт на позиции {place}: файл повреждён, запросите его ещё раз")
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(sample)
    except UnicodeDecodeError as error:
        # Utilities that do not write UTF-8 write cp1251; a few undefined bytes there mean damage.
        try:
            sample.decode("cp1251")
        except UnicodeDecodeError:
            raise FileError(f"байт на позиции {error.start} не текст ни в UTF-8, ни в cp1251") from None
        return "cp1251"
    return "utf-8"


def _sample(path: Path, encoding: str) -> list[str]:
    with path.open(encoding="utf-8-sig" if encoding == "utf-8" else encoding, errors="replace", newline="") as file:
        text = file.read(_SAMPLE_BYTES)
    return text.splitlines()[:_LINES_TO_LOOK_AT]


def _split(lines: list[str], delimiter: str) -> list[list[str]]:
    return list(csv.reader(lines, delimiter=delimiter))


def _batches(path: Path, layout: TableLayout, dialect: _Dialect) -> Iterator[pa.RecordBatch]:
    ragged: list[tuple[int, str]] = []

    def set_aside(row: Any) -> str:  # noqa: ANN401 - pyarrow's InvalidRow
        ragged.append((row.number, row.text))
        return "skip"

    keys = [column.key for column in layout.columns]
    try:
        with path.open("rb") as file:
            if dialect.encoding == "utf-8" and file.read(3) != codecs.BOM_UTF8:
                file.seek(0)
            reader = _open(file, keys, layout.header_row, dialect, set_aside)
            if reader is None:
                return
            number = layout.header_row + 1
            for batch in reader:
                numbers, number = _row_numbers(batch, number, ragged)
                arrays = [pa.array(numbers, pa.int32()), *batch.columns]
                yield leave_out_lines(pa.RecordBatch.from_arrays(arrays, schema=row_schema(layout)), layout)
    except (pa.ArrowInvalid, UnicodeError) as error:
        raise FileError(_what_is_broken(path, dialect.encoding, error)) from None
    if ragged:
        yield _ragged_rows(ragged, layout)


def _open(file: Any, keys: list[str], skip: int, dialect: _Dialect, set_aside: Any) -> Any:  # noqa: ANN401 - pyarrow has no types
    try:
        return pa.csv.open_csv(
            file,
            read_options=pa.csv.ReadOptions(
                use_threads=False,
                block_size=_BLOCK_BYTES,
                skip_rows=skip,
                column_names=keys,
                encoding=dialect.encoding,
            ),
            parse_options=pa.csv.ParseOptions(
                delimiter=dialect.delimiter,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=set_aside,
            ),
            convert_options=pa.csv.ConvertOptions(column_types={key: pa.string() for key in keys}),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV file" in str(error) or "header" in str(error):  # nothing below the header
            return None
        raise


def _row_numbers(batch: pa.RecordBatch, first: int, ragged: list[tuple[int, str]]) -> tuple[np.ndarray, int]:
    """Count a batch's rows as lines of the file: ragged rows and line breaks in cells count too."""
    aside = {number for number, _ in ragged}
    numbers = np.arange(first, first + len(batch) + len(aside))
    numbers = numbers[~np.isin(numbers, list(aside))][: len(batch)] if aside else numbers[: len(batch)]
    breaks = np.zeros(len(batch), dtype=np.int64)
    for column in batch.columns:
        if pc.any(pc.match_substring(column, "\n")).as_py():
            breaks += pc.fill_null(pc.count_substring(column, "\n"), 0).to_numpy(zero_copy_only=False)
    following = int(numbers[-1]) + 1 + int(breaks.sum()) if len(numbers) else first
    return numbers + np.cumsum(breaks) - breaks, following


def _ragged_rows(ragged: list[tuple[int, str]], layout: TableLayout) -> pa.RecordBatch:
    """Keep rows with too few or too many cells whole: which cell is which would be a guess."""
    nothing = pa.nulls(len(ragged), pa.string())
    whole = pa.array([f"{RAGGED}{text}" for _, text in ragged], pa.string())
    arrays = [
        pa.array([number for number, _ in ragged], pa.int32()),
        *([nothing] * (len(layout.columns) - 1)),
        whole,
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=row_schema(layout))


def _what_is_broken(path: Path, encoding: str, error: Exception) -> str:
    """Find the byte that is no text; pyarrow does not say where it is."""
    decoder = codecs.getincrementaldecoder(encoding)()
    offset = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            try:
                decoder.decode(block)
            except UnicodeDecodeError as found:
                place = offset + found.start
                return f"байт на позиции {place} не текст в {encoding}: файл повреждён, запросите его ещё раз"
            offset += len(block)
    return f"csv не читается: {error}"
