from __future__ import annotations

import time

import pytest

from schemas.errors import FileError
from schemas.problems import FileProblem
from schemas.table_schema import CodePart
from schemas.table_spec import TableSpec
from tasks.ingest.find_codes import Code, find_codes
from tasks.ingest.grids import Row

ROWS: list[Row] = [["Прибор", "ВКТ-7 № 00123"], [], [None, '="0017"']]


def codes(identity: dict[str, object]) -> dict[str, Code]:
    spec = TableSpec.model_validate({"layout": "long", "identity": identity})
    return find_codes(spec, relative_path="D-0007/a.xlsx", sheet="Прибор 3", rows=iter(ROWS), header_line=4)


def test_codes_are_constants_or_come_from_the_path_the_sheet_and_cells() -> None:
    found = codes(
        {
            "path": r"(?P<house>D-\d+)/",
            "building": "{house}",
            "itp": "{house}-{sheet}",
            "meter": {"cell": "B1", "pattern": r"№\s*(\d+)"},
        }
    )

    assert found == {"building": "D-0007", "itp": "D-0007-Прибор 3", "meter": "00123"}


def test_code_above_is_in_the_last_line_above_the_header_that_matches() -> None:
    rows: list[Row] = [["Прибор №", "1"], ["Прибор №", "2"], ["итого", None, "5"], ["Дата"], ["Прибор №", "3"]]
    spec = TableSpec.model_validate({"layout": "long", "identity": {"meter": {"above": r"Прибор № (\d+)"}}})

    assert find_codes(spec, relative_path="", sheet=None, rows=iter(rows), header_line=4)["meter"] == "2"
    with pytest.raises(FileError) as caught:
        find_codes(spec, relative_path="", sheet=None, rows=iter(rows), header_line=1)
    assert caught.value.problem is FileProblem.CODE_NOT_ABOVE


def test_cells_are_found_in_any_order_and_a_formula_of_a_text_is_the_text() -> None:
    assert codes({"building": {"cell": "B3"}, "meter": {"cell": "A1"}}) == {
        "building": "0017",
        "itp": None,
        "meter": "Прибор",
    }


@pytest.mark.parametrize(
    "identity",
    [
        {"meter": {"cell": "A1", "pattern": "(a+)+$"}},
        {"path": "(?P<code>(a+)+)$", "meter": "{code}"},
        {"sheet": "(?P<code>(a+)+)$", "meter": "{code}"},
    ],
    ids=["cell", "path", "sheet"],
)
def test_pattern_of_a_mapping_cannot_hang_a_run(identity: dict[str, object]) -> None:
    text = "a" * 27 + "!"
    spec = TableSpec.model_validate({"layout": "long", "identity": identity})
    started = time.monotonic()

    with pytest.raises(FileError):
        find_codes(spec, relative_path=text, sheet=text, rows=iter([[text]]), header_line=2)

    assert time.monotonic() - started < 2, f"matching {len(text)} characters"


def test_code_in_a_column_is_left_to_the_rows() -> None:
    assert codes({"meter": {"column": "Прибор"}}) == {"building": None, "itp": None, "meter": None}


@pytest.mark.parametrize(
    ("identity", "problem", "data"),
    [
        (
            {"path": r"^(?P<flat>кв\d+)/", "meter": "{flat}-M"},
            FileProblem.CODE_NOT_IN_PATH,
            {"group": "flat", "template": "{flat}-M"},
        ),
        ({"meter": {"cell": "A2"}}, FileProblem.CODE_NOT_IN_CELL, {"cell": "A2", "text": ""}),
        ({"meter": {"cell": "ZZ99"}}, FileProblem.CODE_NOT_IN_CELL, {"cell": "ZZ99", "text": ""}),
        (
            {"meter": {"cell": "A1", "pattern": r"\d+"}},
            FileProblem.CODE_NOT_IN_CELL,
            {"cell": "A1", "text": "Прибор"},
        ),
    ],
)
def test_code_that_is_not_there_fails_the_table(
    identity: dict[str, object], problem: FileProblem, data: dict[str, object]
) -> None:
    with pytest.raises(FileError) as caught:
        codes(identity)

    assert (caught.value.problem, caught.value.data) == (problem, data)


def test_code_from_columns_is_split_into_texts_and_headings_and_groups_are_filled_in() -> None:
    found = codes({"path": r"(?P<house>D-\d+)/", "meter": "{house}-{Кв. №}/{sheet}{Вид}", "building": "{house}"})

    assert found == {
        "building": "D-0007",
        "itp": None,
        "meter": [
            CodePart(text="D-0007"),
            CodePart(text="-"),
            CodePart(column="Кв. №"),
            CodePart(text="/"),
            CodePart(text="Прибор 3"),
            CodePart(column="Вид"),
        ],
    }
