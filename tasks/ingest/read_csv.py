"""Read a csv of any usual encoding and delimiter as a stream: memory is bounded by the batch."""

from __future__ import annotations

import codecs
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from schemas.errors import FileError
from schemas.problems import FileProblem
from schemas.table_spec import TableSpec
from tasks.ingest.detect_dialect import MAX_CELL_BYTES, Dialect, cell_too_long, detect_dialect, split_rows
from tasks.ingest.find_header import wanted_columns
from tasks.ingest.number_lines import LineNumbers
from tasks.ingest.table_rows import LineBatch, Row
from tasks.ingest.utf8_stream import Utf8Stream
from tasks.warehouse.storage import LOCAL

_MAX_LINES_COMPARED = 60
_MAX_ERROR_LENGTH = 200


class CsvGrid:
    """A csv as a grid of text cells."""

    sheet = None
    epoch = 1900

    def __init__(self, file: Path, dialect: Dialect) -> None:
        self._file = file
        self._dialect = dialect

    @classmethod
    def open(cls, file: Path, specs: Sequence[TableSpec]) -> CsvGrid:
        """Find out encoding and delimiter: of several, those in which the mapping finds most columns.

        Raises:
            FileError: the text is damaged; names the byte.

        """
        return cls(file, detect_dialect(file, [wanted for spec in specs for wanted in wanted_columns(spec)]))

    def rows(self) -> Iterator[Row]:
        """Yield the lines from the top; a row of several lines comes in the last of them, after empty ones."""
        with LOCAL.open(self._file) as file:
            utf8 = io.BufferedReader(Utf8Stream(file, self._dialect.encoding))
            with io.TextIOWrapper(utf8, "utf-8", "replace", newline="") as text:
                yield from split_rows(text, self._dialect.delimiter)

    def used_columns(self, header_line: int, width: int) -> list[int]:
        """Return every column; where a delimiter ends each data line, the empty column behind it too."""
        widths: Counter[int] = Counter()
        for number, row in enumerate(self.rows(), start=1):
            if number > header_line + _MAX_LINES_COMPARED:
                break
            if number > header_line and any(row):
                widths[len(row)] += 1
        usual = widths.most_common(1)[0][0] if widths else width
        return list(range(max(usual, width) if usual > 1 else width))

    def batches_below(self, line: int, width: int) -> Iterator[LineBatch]:
        """Yield the lines below a line.

        Raises:
            FileError: the text is damaged; names the byte.

        """
        numbers = LineNumbers(line)
        with LOCAL.open(self._file) as file:
            stream = Utf8Stream(file, self._dialect.encoding)
            try:
                for batch in self._parse(stream, line, width, numbers):
                    yield numbers.number(batch)
                yield numbers.number_rest(width)
            except (pa.ArrowInvalid, UnicodeError) as error:
                raise numbers.refusal or self._find_cause(error) from None

    def _parse(self, stream: Utf8Stream, skip: int, width: int, numbers: LineNumbers) -> Iterator[pa.RecordBatch]:
        keys = [str(index) for index in range(width)]
        try:
            yield from pa.csv.open_csv(
                pa.PythonFile(stream, "r"),
                read_options=pa.csv.ReadOptions(
                    use_threads=False, block_size=MAX_CELL_BYTES, skip_rows=skip, column_names=keys
                ),
                parse_options=pa.csv.ParseOptions(
                    delimiter=self._dialect.delimiter,
                    newlines_in_values=True,
                    ignore_empty_lines=False,
                    invalid_row_handler=numbers.set_aside,
                ),
                convert_options=pa.csv.ConvertOptions(column_types={key: pa.string() for key in keys}),
            )
        except pa.ArrowInvalid as error:
            # pyarrow's errors have no codes. This one: there is nothing below the header.
            if "Empty CSV file" not in str(error) and "header" not in str(error):
                raise

    def _find_cause(self, error: Exception) -> FileError:
        """Return what is wrong with a csv that pyarrow refuses; it does not say which byte is not text."""
        if self._dialect.encoding == "utf-8" and (offset := self._first_not_utf8()) is not None:
            return FileError(FileProblem.BYTE_NOT_IN_ENCODING, offset=offset, encoding="utf-8")
        if "straddling" in str(error):  # a row longer than a block
            return cell_too_long(line=None)
        return FileError(FileProblem.CSV_UNREADABLE, error=str(error).splitlines()[0][:_MAX_ERROR_LENGTH])

    def _first_not_utf8(self) -> int | None:
        decoder = codecs.getincrementaldecoder("utf-8")()
        offset = 0
        with LOCAL.open(self._file) as file:
            while block := file.read(MAX_CELL_BYTES):
                pending = len(decoder.getstate()[0])
                try:
                    decoder.decode(block, final=len(block) < MAX_CELL_BYTES)
                except UnicodeDecodeError as error:
                    return offset - pending + error.start
                offset += len(block)
        return None
