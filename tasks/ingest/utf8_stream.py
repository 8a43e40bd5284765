"""A file of any encoding as a stream of UTF-8."""

from __future__ import annotations

import codecs
import io
from typing import Any

from schemas.errors import FileError
from schemas.problems import FileProblem


class Utf8Stream(io.RawIOBase):
    """A file of any encoding as UTF-8 without a byte order mark.

    Raises:
        FileError: on reading a byte that is not text; names it.

    """

    def __init__(self, file: io.BufferedIOBase, encoding: str) -> None:
        self._file = file
        self._unread = b""
        self._decoder = None if encoding == "utf-8" else codecs.getincrementaldecoder(encoding)()
        self._encoding = encoding
        if encoding == "utf-8" and file.read(3) != codecs.BOM_UTF8:
            file.seek(0)
        self._offset = file.tell()

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any buffer
        """Read at most as many bytes as the buffer holds."""
        wanted = len(buffer)
        if not self._unread:
            self._unread = self._next_text(wanted)
        read, self._unread = self._unread[:wanted], self._unread[wanted:]
        buffer[: len(read)] = read
        return len(read)

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes; pyarrow asks for a block at a time."""
        if size < 0:
            return self.readall()
        buffer = bytearray(size)
        done = 0
        while done < size and (count := self.readinto(memoryview(buffer)[done:])):
            done += count
        return bytes(buffer[:done])

    def _next_text(self, size: int) -> bytes:
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
