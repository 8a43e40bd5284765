from __future__ import annotations

import pyarrow as pa

from schemas.missing_words import hold_no_value

CELLS = pa.array([None, "-", "ОШ.Д.", "-999", "-999.0", "-9", "0", "обрыв", "н/д", "-999 м3"], pa.string())


def test_a_cell_without_a_value_is_empty_or_has_a_word_of_the_mapping() -> None:
    assert hold_no_value(CELLS, ()).nonzero()[0].tolist() == [0]
    assert hold_no_value(CELLS, ("-", "Ош.д.")).nonzero()[0].tolist() == [0, 1, 2]
    assert hold_no_value(CELLS, ("-999",)).nonzero()[0].tolist() == [0, 3, 4]


def test_cells_may_all_be_numbers_or_none() -> None:
    assert not hold_no_value(pa.array(["1", "2.5"], pa.string()), ("-",)).any()
    assert hold_no_value(pa.nulls(2, pa.string()), ("-",)).all()
