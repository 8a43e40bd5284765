from __future__ import annotations

import pyarrow as pa
import pytest

from schemas.raw_rows import raw_row_schema, tidy_code, tidy_codes


def test_raw_rows_have_their_line_and_a_text_a_column() -> None:
    schema = raw_row_schema(["Дата", "T1"])

    assert schema == pa.schema(
        [("row_num", pa.int32()), ("row_problem", pa.string()), ("Дата", pa.string()), ("T1", pa.string())]
    )


@pytest.mark.parametrize(
    ("code", "tidy"),
    [
        (" M-1 ", "M-1"),
        ('="5414000012"', "5414000012"),
        ('="007"', "007"),
        ("00123", "00123"),
        ('="', '="'),
        ('a="b"', 'a="b"'),
    ],
)
def test_code_is_what_a_person_reads(code: str, tidy: str) -> None:
    assert tidy_code(code) == tidy
    assert tidy_codes(pa.array([code, None])).to_pylist() == [tidy, None]
