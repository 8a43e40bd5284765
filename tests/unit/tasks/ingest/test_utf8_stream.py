from __future__ import annotations

import io

import pytest

from schemas.errors import FileError
from schemas.problems import FileProblem
from tasks.ingest.utf8_stream import BarStream, Utf8Stream


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251"])
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_text_of_any_encoding_is_read_as_utf_8_in_pieces_of_any_size(encoding: str, size: int) -> None:
    file = io.BytesIO("Дата;Час\n".encode(encoding))
    stream = Utf8Stream(file, encoding.removesuffix("-sig"))

    text = b"".join(iter(lambda: stream.read(size), b""))

    assert text.decode() == "Дата;Час\n"


@pytest.mark.parametrize("encoding", ["utf-8", "cp866"])
@pytest.mark.parametrize("size", [1, 2, 1000])
def test_bars_of_frames_are_delimiters_wherever_blocks_end(encoding: str, size: int) -> None:
    stream = BarStream(Utf8Stream(io.BytesIO("║Дата│–\n─│".encode(encoding, "replace")), encoding))

    text = b"".join(iter(lambda: stream.read(size), b""))

    assert text.decode().replace("?", "–") == "|Дата|–\n─|"


@pytest.mark.parametrize(
    ("content", "encoding", "problem", "offset"),
    [
        (b"abc\0", "utf-8", FileProblem.NUL_BYTE, 3),
        (b"abc\x98", "cp1251", FileProblem.BYTE_NOT_IN_ENCODING, 3),
        ("ab".encode("utf-16-le") + b"\x00\xd8", "utf-16-le", FileProblem.BYTE_NOT_IN_ENCODING, 4),
    ],
)
def test_byte_that_is_not_text_is_named(content: bytes, encoding: str, problem: FileProblem, offset: int) -> None:
    stream = Utf8Stream(io.BytesIO(content), encoding)

    with pytest.raises(FileError) as caught:
        list(iter(lambda: stream.read(1000), b""))

    assert (caught.value.problem, caught.value.data["offset"]) == (problem, offset)
