from __future__ import annotations

import re
from pathlib import Path

import pytest

from schemas.settings import PROJECT_ROOT, Settings
from tasks.warehouse.statements import Statements, fill_schemas

SETTINGS = Settings.model_validate({"core_schema": "c1"})
# Comments, literals and the bodies of blocks.
_NOT_CODE = re.compile(r"--[^\n]*|\$\$.*?\$\$|'[^']*'", re.DOTALL)
FILES = sorted(PROJECT_ROOT.glob("tasks/**/sql/*.sql"))


def statements(folder: Path, text: str) -> Statements:
    (folder / "sql").mkdir()
    (folder / "sql" / "query.sql").write_text(text)
    return Statements(str(folder / "module.py"))


def test_names_become_numbers_in_the_order_of_their_first_use_and_casts_stay(tmp_path: Path) -> None:
    sql = statements(tmp_path, "select :day::date from {core}.meters where id = :id and time >= :day")

    query = sql("query", SETTINGS, id=7, day="2025-04-30")

    assert query == ("select $1::date from c1.meters where id = $2 and time >= $1", "2025-04-30", 7)


@pytest.mark.parametrize("values", [{}, {"id": 1, "other": 2}], ids=["missing", "surplus"])
def test_value_that_is_missing_or_has_no_parameter_is_refused(tmp_path: Path, values: dict[str, int]) -> None:
    sql = statements(tmp_path, "select :id")

    with pytest.raises(TypeError, match=r"query\.sql takes id"):
        sql("query", SETTINGS, **values)


def test_schemas_are_filled_in_and_other_braces_are_not() -> None:
    assert fill_schemas("{core}.a {partition} '{}'", SETTINGS) == "c1.a {partition} '{}'"


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parents[1].name}/{file.stem}")
def test_file_is_one_statement_or_says_that_it_is_a_script(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    code = _NOT_CODE.sub("", text)

    is_script = ";" in code.strip().rstrip(";")

    assert is_script == text.startswith("-- A script: ")
