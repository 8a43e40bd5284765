from __future__ import annotations

import numpy as np

from schemas.lines import LineClass
from tasks.ingest.line_account import LineAccount


def mark(account: LineAccount, lines: dict[int, LineClass], spans: dict[int, int] | None = None) -> None:
    account.mark(np.array(list(lines)), np.array(list(lines.values())), spans)


def test_each_line_has_one_class_and_the_first_table_that_knows_it_says_which() -> None:
    account = LineAccount()
    mark(account, {1: LineClass.HEADER, 2: LineClass.READING, 3: LineClass.NOT_TAKEN})
    mark(account, {1: LineClass.NOTE, 3: LineClass.READING, 5_000: LineClass.NOTE})

    assert account.counts() == {LineClass.HEADER: 1, LineClass.READING: 2, LineClass.NOTE: 1}


def test_record_of_several_lines_counts_as_that_many() -> None:
    account = LineAccount()
    mark(account, {2: LineClass.READING, 5: LineClass.NOTE}, {2: 3})

    assert account.counts() == {LineClass.READING: 3, LineClass.NOTE: 1}


def test_undescribed_lines_are_known_to_the_next_table() -> None:
    account = LineAccount()
    mark(account, {7: LineClass.UNDESCRIBED, 8: LineClass.READING})

    assert account.is_of(np.array([6, 7, 8, 99_999]), LineClass.UNDESCRIBED).tolist() == [False, True, False, False]


def test_nothing_to_mark_is_nothing() -> None:
    account = LineAccount()
    mark(account, {})

    assert account.counts() == {}
