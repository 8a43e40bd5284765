"""Read a csv of any usual encoding and delimiter as a stream: memory is bounded by the batch."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import charset_normalizer
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from schemas.errors import FileError
from schemas.problems import FileProblem
from schemas.table_spec import TableSpec
from tasks.ingest.detect_kind import is_utf16
from tasks.ingest.find_header import count_known, wanted_columns
from tasks.ingest.table_rows import Part, Row

_SAMPLE_BYTES = 1 << 18
_BLOCK_BYTES = 1 << 20
_LINES_TO_LOOK_AT = 60
_MOST_RAGGED = 100_000
_TOO_LONG = f"ячейка или строка длиннее {_BLOCK_BYTES >> 20} МБ, или кавычка не закрыта"
_DELIMITERS = ";,\t|"
_CYRILLIC = ("cp1251", "koi8-r", "cp866")
"""Likeliest first: utilities that do not write UTF-8 write cp1251."""
_AGAIN = "файл повреждён, запросите его ещё раз"
# The csv module's own limit of 128 kB a cell would refuse what pyarrow reads.
csv.field_size_limit(_BLOCK_BYTES)


class _Dialect(NamedTuple):
    encoding: str
    delimiter: str


class CsvGrid:
    """A csv as a grid of text cells."""

    sheet = None
    epoch = 1900

    def __init__(self, path: Path, dialect: _Dialect) -> None:
        self._path = path
        self._dialect = dialect

    @classmethod
    def open(cls, path: Path, specs: Sequence[TableSpec]) -> CsvGrid:
        """Find out encoding and delimiter: of several, those in which the mapping finds most columns.

        Raises:
            FileError: the text is damaged; names the byte.

        """
        with path.open("rb") as file:
            head = file.read(_SAMPLE_BYTES)
        wanted = [wanted for spec in specs for wanted in wanted_columns(spec)]

        def fit(dialect: _Dialect) -> int:
            text = io.StringIO(head.decode(dialect.encoding, "replace"), newline="")
            rows = list(itertools.islice(_rows(text, dialect.delimiter), _LINES_TO_LOOK_AT))
            if not wanted:  # nobody has said what the columns are: the most regular table wins
                return max(Counter(len(row) for row in rows if len(row) > 1).values(), default=0)
            return max((count_known(row, wanted) for row in rows), default=0)

        encodings = _encodings(path, head)
        best = max(
            (_Dialect(encoding, delimiter) for encoding in encodings for delimiter in _DELIMITERS),
            key=fit,
        )
        return cls(path, best)

    def rows(self) -> Iterator[Row]:
        """Give the lines from the top; a row of several lines stands in its last, after empty ones."""
        with (
            self._path.open("rb") as file,
            io.TextIOWrapper(
                io.BufferedReader(_Utf8(file, self._dialect.encoding)), "utf-8", "replace", newline=""
            ) as text,
        ):
            yield from _rows(text, self._dialect.delimiter)

    def places(self, header_line: int, width: int) -> list[int]:
        """Give every column; of a delimiter that ends each data line, the column behind it too."""
        widths: Counter[int] = Counter()
        for number, row in enumerate(self.rows(), start=1):
            if number > header_line + _LINES_TO_LOOK_AT:
                break
            if number > header_line and any(row):
                widths[len(row)] += 1
        usual = widths.most_common(1)[0][0] if widths else width
        return list(range(max(usual, width) if usual > 1 else width))

    def parts(self, after_line: int, width: int) -> Iterator[Part]:
        """Give the lines below a line.

        Raises:
            FileError: the text is damaged; names the byte.

        """
        lines = _Lines(after_line)
        with self._path.open("rb") as file:
            stream = _Utf8(file, self._dialect.encoding)
            try:
                for batch in self._open(stream, after_line, width, lines):
                    yield lines.part(batch)
                yield lines.rest(width)
            except (pa.ArrowInvalid, UnicodeError) as error:
                raise FileError(FileProblem.OTHER, text=lines.refused or self._what_is_broken(error)) from None

    def _open(self, stream: _Utf8, skip: int, width: int, lines: _Lines) -> Iterator[pa.RecordBatch]:
        keys = [str(place) for place in range(width)]
        try:
            yield from pa.csv.open_csv(
                pa.PythonFile(stream, "r"),
                read_options=pa.csv.ReadOptions(
                    use_threads=False, block_size=_BLOCK_BYTES, skip_rows=skip, column_names=keys
                ),
                parse_options=pa.csv.ParseOptions(
                    delimiter=self._dialect.delimiter,
                    newlines_in_values=True,
                    ignore_empty_lines=False,
                    invalid_row_handler=lines.set_aside,
                ),
                convert_options=pa.csv.ConvertOptions(column_types={key: pa.string() for key in keys}),
            )
        except pa.ArrowInvalid as error:
            if "Empty CSV file" not in str(error) and "header" not in str(error):  # nothing below the header
                raise

    def _what_is_broken(self, error: Exception) -> str:
        """Find the byte that is no text; pyarrow does not say where it is."""
        decoder = codecs.getincrementaldecoder("utf-8")()
        offset = 0
        if self._dialect.encoding == "utf-8":
            with self._path.open("rb") as file:
                while block := file.read(_BLOCK_BYTES):
                    kept = len(decoder.getstate()[0])
                    try:
                        decoder.decode(block, final=len(block) < _BLOCK_BYTES)
                    except UnicodeDecodeError as found:
                        return f"байт на позиции {offset - kept + found.start} не текст в utf-8: {_AGAIN}"
                    offset += len(block)
        if "straddling" in str(error):
            return f"csv не читается: {_TOO_LONG}: исправьте файл"
        return f"csv не читается ({str(error).splitlines()[0][:200]}): исправьте файл"


def _rows(text: io.TextIOBase, delimiter: str) -> Iterator[Row]:
    reader = csv.reader(text, delimiter=delimiter)
    before = 0
    try:
        for row in reader:
            yield from ([] for _ in range(reader.line_num - before - 1))
            before = reader.line_num
            yield [cell or None for cell in row]
    except csv.Error as error:
        why = _TOO_LONG if "field limit" in str(error) else str(error)
        raise FileError(
            FileProblem.OTHER, text=f"csv не читается, строка {reader.line_num}: {why}: исправьте файл"
        ) from None


def _encodings(path: Path, head: bytes) -> list[str]:
    """List the encodings in which the first unusual bytes of a file are text, likeliest first."""
    if utf16 := is_utf16(head):
        return [utf16]
    if (place := head.find(b"\0")) >= 0:
        raise FileError(FileProblem.OTHER, text=f"нулевой байт на позиции {place}: {_AGAIN}")
    start, sample = _first_not_ascii(path)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(sample)
    except UnicodeDecodeError as error:
        # Text that is UTF-8 almost everywhere is damaged UTF-8, not some other encoding.
        text = sample.decode("utf-8", "replace")
        if sum("а" <= letter <= "я" for letter in text.lower()) > 3 * text.count("�"):
            raise FileError(
                FileProblem.OTHER, text=f"байт на позиции {start + error.start} не текст в utf-8: {_AGAIN}"
            ) from None
        found = [encoding for encoding in _CYRILLIC if _decodes(sample, encoding)]
        if not found:
            raise FileError(
                FileProblem.OTHER, text=f"байт на позиции {start + error.start} не текст: {_AGAIN}"
            ) from None
        guess = charset_normalizer.from_bytes(sample, cp_isolation=found).best()
        return sorted(
            found,
            key=lambda encoding: guess is None or codecs.lookup(guess.encoding).name != codecs.lookup(encoding).name,
        )
    return ["utf-8"]


def _first_not_ascii(path: Path) -> tuple[int, bytes]:
    """Give a sample that tells the encoding, and where it begins: plain ASCII tells nothing."""
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            if not block.isascii():
                place = next(place for place, byte in enumerate(block) if byte > 127)
                file.seek(file.tell() - len(block) + place)
                return file.tell(), file.read(_SAMPLE_BYTES)
    return 0, b""


def _decodes(sample: bytes, encoding: str) -> bool:
    try:
        sample.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


class _Utf8(io.RawIOBase):
    """A file of any encoding as a stream of UTF-8 without a byte order mark; names the byte that is no text."""

    def __init__(self, file: io.BufferedIOBase | Any, encoding: str) -> None:  # noqa: ANN401
        self._file = file
        self._offset = 0
        self._rest = b""
        self._decoder = None if encoding == "utf-8" else codecs.getincrementaldecoder(encoding)()
        self._encoding = encoding
        if encoding == "utf-8" and file.read(3) != codecs.BOM_UTF8:
            file.seek(0)
        self._offset = file.tell()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any buffer
        wanted = len(buffer)
        if not self._rest:
            self._rest = self._next(wanted)
        given, self._rest = self._rest[:wanted], self._rest[wanted:]
        buffer[: len(given)] = given
        return len(given)

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes; pyarrow asks for a block at a time."""
        if size < 0:
            return self.readall()
        buffer = bytearray(size)
        done = 0
        while done < size and (count := self.readinto(memoryview(buffer)[done:])):
            done += count
        return bytes(buffer[:done])

    def _next(self, size: int) -> bytes:
        while block := self._file.read(size):
            text = block if self._decoder is None else self._decoded(block)
            if (place := text.find(b"\0")) >= 0:
                where = self._offset + place if self._decoder is None else self._offset
                raise FileError(FileProblem.OTHER, text=f"нулевой байт на позиции {where}: {_AGAIN}")
            self._offset += len(block)
            if text:
                return text
        if self._decoder is not None:
            self._decoded(b"", final=True)
        return b""

    def _decoded(self, block: bytes, *, final: bool = False) -> bytes:
        assert self._decoder is not None  # noqa: S101
        kept = len(self._decoder.getstate()[0])
        try:
            return self._decoder.decode(block, final).encode()
        except UnicodeError as error:
            place = self._offset - kept + getattr(error, "start", 0)
            raise FileError(
                FileProblem.OTHER, text=f"байт на позиции {place} не текст в {self._encoding}: {_AGAIN}"
            ) from None


class _Lines:
    """Numbers parsed rows as lines of the file: ragged rows and line breaks in cells count too."""

    def __init__(self, after_line: int) -> None:
        self._row = after_line + 1
        self._breaks = 0
        self._ragged: list[tuple[int, str]] = []
        self.refused: str | None = None
        """Why the file is not read to its end: pyarrow passes no error of ours on."""

    def set_aside(self, row: Any) -> str:  # noqa: ANN401 - pyarrow's InvalidRow
        """Take a row with too few or too many cells from the parser, which reads ahead of the batches."""
        if len(self._ragged) == _MOST_RAGGED:
            self.refused = (
                f"в {_MOST_RAGGED} строках число ячеек не то, что в шапке (строка {row.number}: "
                f"{row.actual_columns}, в шапке {row.expected_columns}): исправьте файл"
            )
            return "error"
        self._ragged.append((row.number, row.text))
        return "skip"

    def part(self, batch: pa.RecordBatch) -> Part:
        """Give a batch with its line numbers, and the ragged rows that stand before its last row."""
        pending = np.array([number for number, _ in self._ragged], dtype=np.int64)
        rows = np.arange(self._row, self._row + len(batch) + len(pending))
        rows = rows[~np.isin(rows, pending)][: len(batch)]
        among = int(np.searchsorted(pending, rows[-1])) if len(rows) else 0
        ragged, self._ragged = self._ragged[:among], self._ragged[among:]
        self._row = int(rows[-1]) + 1 if len(rows) else self._row
        breaks = np.zeros(len(batch), dtype=np.int64)
        for column in batch.columns:
            if b"\n" in column.buffers()[2].to_pybytes():  # a look at all bytes at once is cheap
                breaks += pc.fill_null(pc.count_substring(column, "\n"), 0).to_numpy(zero_copy_only=False)
        inner = np.array([text.count("\n") for _, text in ragged], dtype=np.int64)
        order = np.argsort(np.concatenate([rows, pending[:among]]), kind="stable")
        all_breaks = np.concatenate([breaks, inner])
        so_far = np.empty(len(order), dtype=np.int64)
        so_far[order] = self._breaks + np.cumsum(all_breaks[order])
        self._breaks = int(so_far[order[-1]]) if len(order) else self._breaks
        # A row of several lines stands in its first.
        before = so_far - all_breaks
        return Part(
            pa.array(rows + before[: len(batch)], pa.int32()),
            list(batch.columns),
            [(number + int(before[len(batch) + place]), text) for place, (number, text) in enumerate(ragged)],
        )

    def rest(self, width: int) -> Part:
        """Give the ragged rows behind the last batch."""
        return self.part(
            pa.RecordBatch.from_arrays([pa.array([], pa.string())] * width, [str(place) for place in range(width)])
        )._replace(ragged=self._numbered_rest())

    def _numbered_rest(self) -> list[tuple[int, str]]:
        numbered = []
        for number, text in self._ragged:
            numbered.append((number + self._breaks, text))
            self._breaks += text.count("\n")
        return numbered
