from __future__ import annotations

import string

import pytest

from schemas.reference import COLUMNS, PARENTS, Cell, ReferenceMistake, ReferenceProblem

DATA = {name: name for name in ("why", "path", "offset", "actual", "expected", "first_line", "parent_table")} | {
    "other": "gas",
    "installed": "2025-04-10",
}


@pytest.mark.parametrize("problem", ReferenceProblem)
def test_every_problem_has_words_for_the_operators(problem: ReferenceProblem) -> None:
    text = str(ReferenceMistake("itp.csv", problem, DATA, 2, Cell("external_code", "I1")))

    assert text.startswith("itp.csv, строка 2, столбец external_code, значение 'I1': ")
    assert set(text) - set(string.printable)


def test_a_mistake_of_the_whole_file_names_no_line() -> None:
    text = str(ReferenceMistake("itp.csv", ReferenceProblem.NOT_READABLE, {"why": "gone", "path": "/x/itp.csv"}))

    assert text == "itp.csv: файл не читается: нужен /x/itp.csv\ngone"


def test_a_parent_is_a_table_that_is_loaded_before() -> None:
    tables = list(COLUMNS)

    assert all(column in COLUMNS[table] for table, (column, _) in PARENTS.items())
    assert all(tables.index(parent) < tables.index(table) for table, (_, parent) in PARENTS.items())
