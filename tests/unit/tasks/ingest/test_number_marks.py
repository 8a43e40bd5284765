from __future__ import annotations

import pyarrow as pa
import pytest

from tasks.ingest.number_marks import NumberMarks


@pytest.mark.parametrize(
    ("batches", "doubtful"),
    [
        ([["987.5", "1,000"]], ","),
        ([["987.5"] * 3, ["1,000"]], ","),
        ([["987,5", "1.000"]], "."),
        ([["1,234", "1.234"]], ",."),
        ([["12.5", "12,5"]], ",."),
        ([["1,000", "1,5"]], None),
        ([["1.000", "1.5"]], None),
        ([["1.5", "н.д.", "ок, да", None]], None),
        ([[None, None], []], None),
    ],
)
def test_mark_is_doubtful_where_a_column_has_both_and_the_other_is_the_decimal_one(
    batches: list[list[str | None]], doubtful: str | None
) -> None:
    marks = NumberMarks()
    for cells in batches:
        plain = pa.array(["1,000"] * len(cells), pa.string())
        marks.add({"before": plain, "value": pa.array(cells, pa.string()), "behind": plain})

    assert marks.doubtful() == ({"value": doubtful} if doubtful else {})
