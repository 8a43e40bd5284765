from __future__ import annotations

import pyarrow as pa
import pytest

from schemas.reasons import Reason
from schemas.table_schema import Column, TableSchema
from tasks.ingest.select_rows import RowSelection


def selection(*where: tuple[str, tuple[str, ...]]) -> RowSelection:
    columns = [Column(key=key, heading=key, letter=letter) for key, letter in (("Вид", "A"), ("Тип", "B"))]
    schema = TableSchema(
        table_format="long", header_row=1, columns=columns, time_zone="UTC", interval_minutes=60, where=[*where]
    )
    return RowSelection(schema)


KINDS = pa.array(["ГВС", "гвс  №2", "ХВС", None, "1.1", "11"], pa.string())
TYPES = pa.array(["м3", None, "м3", "м3", None, None], pa.string())


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ([("Вид", ("ГВС*",))], [0, 1]),
        ([("Вид", ("гвс", "Х?С"))], [0, 2]),
        ([("Вид", ("",))], [3]),
        ([("Вид", ("", "ХВС"))], [2, 3]),
        ([("Вид", ("*",))], [0, 1, 2, 4, 5]),
        ([("Вид", ("1.1",))], [4]),
        ([("Вид", ("1.*",))], [4]),
        ([("Вид", ("ГВС*",)), ("Тип", ("м³",))], [0]),
        ([("Вид", ("ГВС*",)), ("Вид", ("*№*",))], [1]),
    ],
)
def test_row_fits_if_each_cell_fits_a_glob(where: list[tuple[str, tuple[str, ...]]], rows: list[int]) -> None:
    assert selection(*where).fits([KINDS, TYPES]).nonzero()[0].tolist() == rows


@pytest.mark.parametrize("glob", ["*.TE101.*", "ITP1.TE101.*", "itp1.*", "ITP1.TE101.PV"])
def test_points_of_a_code_are_those_of_a_glob(glob: str) -> None:
    tags = pa.array(["ITP1.TE101.PV", "ITP1.TE1017", "ITP10"], pa.string())

    assert selection(("Вид", (glob,))).fits([tags, tags])[0]
    assert not selection(("Вид", (glob,))).fits([tags, tags])[2]


def test_without_a_condition_nothing_is_selected() -> None:
    assert not selection()
    assert selection(("Вид", ("*",)))


def test_line_whose_cells_may_be_those_of_other_columns_is_in_doubt() -> None:
    problems = pa.array([None, Reason.SURPLUS_CELL, Reason.MISSING_COLUMN, Reason.MISSING_COLUMN, None, None])

    doubt = selection(("Вид", ("ГВС*",))).is_in_doubt([KINDS, TYPES], problems)

    assert doubt.tolist() == [False, True, False, True, False, False]  # the fourth ends before the cell that counts
