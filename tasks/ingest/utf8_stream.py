"""A file of any encoding as a stream of UTF-8."""

from __future__ import annotations

import codecs
import io
import re
from pathlib import Path

from schemas.errors import FileError
from schemas.problems import FileProblem
from tasks.warehouse.storage import LOCAL

_BLOCK_BYTES = 1 << 20
BARS = re.compile("│|┃|║".encode())
_PARTS_OF_BARS = {bar.encode()[:count] for bar in "│┃║" for count in (1, 2)}


class Utf8Stream:
    """A file of any encoding as UTF-8 without a byte order mark.

    Raises:
        FileError: on reading a byte that is not text; names it.

    """

    def __init__(self, file: io.BufferedIOBase, encoding: str) -> None:
        self._file = file
        self._decoder = None if encoding == "utf-8" else codecs.getincrementaldecoder(encoding)()
        self._encoding = encoding
        if encoding == "utf-8" and file.read(3) != codecs.BOM_UTF8:
            file.seek(0)
        self._offset = file.tell()

    def read(self, size: int) -> bytes:
        """Return the text of about the next `size` bytes; none at the end."""
        while block := self._file.read(size):
            text = block if self._decoder is None else self._decode(self._decoder, block)
            if (index := text.find(b"\0")) >= 0:
                raise FileError(
                    FileProblem.NUL_BYTE, offset=self._offset + index if self._decoder is None else self._offset
                )
            self._offset += len(block)
            if text:
                return text
        if self._decoder is not None:
            self._decode(self._decoder, b"", final=True)
        return b""

    def _decode(self, decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool = False) -> bytes:
        pending = len(decoder.getstate()[0])
        try:
            return decoder.decode(block, final).encode()
        except UnicodeError as error:
            offset = self._offset - pending + getattr(error, "start", 0)
            raise FileError(FileProblem.BYTE_NOT_IN_ENCODING, offset=offset, encoding=self._encoding) from None


class BarStream:
    """A text in UTF-8 in which the bars of frames (`│`) are the delimiter `|`."""

    def __init__(self, source: Utf8Stream) -> None:
        self._source = source
        self._rest = b""

    def read(self, size: int) -> bytes:
        """Return the text of about the next `size` bytes; none at the end."""
        while block := self._source.read(size):
            data = self._rest + block
            end = next((len(data) - count for count in (2, 1) if data[-count:] in _PARTS_OF_BARS), len(data))
            data, self._rest = data[:end], data[end:]
            if data:
                return BARS.sub(b"|", data)
        rest, self._rest = self._rest, b""
        return rest


def find_not_utf8(file: Path) -> int | None:
    """Return where a file is no UTF-8: the stream hands that on as it is, and who refuses it names no byte."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    offset = 0
    with LOCAL.open(file) as stream:
        while block := stream.read(_BLOCK_BYTES):
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(block, final=len(block) < _BLOCK_BYTES)
            except UnicodeDecodeError as error:
                return offset - pending + error.start
            offset += len(block)
    return None
