from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa

from schemas.problems import FileProblem
from tasks.ingest.number_lines import LineNumbers


class InvalidRow(NamedTuple):
    """As pyarrow hands it over."""

    number: int
    text: str
    expected_columns: int = 2
    actual_columns: int = 3


def batch(*cells: str) -> pa.RecordBatch:
    return pa.record_batch({"0": pa.array(cells, pa.string())})


def test_ragged_rows_and_line_breaks_in_cells_count_as_lines() -> None:
    numbers = LineNumbers(after_line=1)
    numbers.set_aside(InvalidRow(3, "x\ny"))
    numbers.set_aside(InvalidRow(6, "behind"))

    first = numbers.number(batch("a", "b\nb", "c"))
    rest = numbers.number_rest(1)

    assert (first.numbers.to_pylist(), first.ragged) == ([2, 5, 7], [(3, "x\ny")])
    assert (rest.numbers.to_pylist(), rest.ragged) == ([], [(8, "behind")])


def test_numbers_go_on_from_batch_to_batch() -> None:
    numbers = LineNumbers(after_line=3)
    numbers.number(batch("a\na", "b"))

    assert numbers.number(batch("c")).numbers.to_pylist() == [7]


def test_too_many_ragged_rows_refuse_the_file() -> None:
    numbers = LineNumbers(after_line=1)
    answers = {numbers.set_aside(InvalidRow(line, "")) for line in range(2, 100_002)}

    assert (answers, numbers.refusal) == ({"skip"}, None)
    assert numbers.set_aside(InvalidRow(100_002, "")) == "error"
    assert numbers.refusal
    assert numbers.refusal.problem is FileProblem.TOO_MANY_RAGGED_LINES
    assert numbers.refusal.data == {"max_lines": 100_000, "line": 100_002, "cells": 3, "header_cells": 2}
