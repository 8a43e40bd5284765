from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from schemas.raw_rows import raw_row_schema
from tasks.validate import row_error_buckets
from tasks.validate.row_error_buckets import Bucket, RowErrorBuckets, extend_buckets

Batches = list[tuple[int, pa.RecordBatch]]


def raw(*row_nums: int) -> pa.RecordBatch:
    cells = [f"cell {number}" for number in row_nums]
    arrays = [pa.array(row_nums, pa.int32()), pa.nulls(len(cells), pa.string()), pa.array(cells, pa.string())]
    return pa.record_batch(arrays, schema=raw_row_schema(["value"]))


def buckets_of(batches: Batches) -> list[Bucket]:
    buckets: list[Bucket] = []
    for table, batch in batches:
        extend_buckets(buckets, table, batch, readings=len(batch))
    return buckets


def errors_of(*rows: tuple[int, int]) -> pa.Table:
    count = len(rows)
    return pa.table(
        {
            "table": pa.array([table for table, _ in rows], pa.int32()),
            "row_num": pa.array([row_num for _, row_num in rows], pa.int32()),
            "column_name": pa.repeat("value", count),
            "cell": [f"A{row_num}" for _, row_num in rows],
            "meter_code": pa.repeat("M", count),
            "metric": pa.nulls(count, pa.string()),
            "raw_value": pa.nulls(count, pa.string()),
            "reason": pa.repeat("bad_number", count),
            "message": pa.repeat("исправьте", count),
        }
    )


def joined(batches: Batches, partitions: list[pa.Table], folder: Path) -> list[list[tuple[int, str, str]]]:
    """Join errors that came in partitions: table, row and cells of each error, bucket by bucket."""
    with RowErrorBuckets(buckets_of(batches), lambda number: folder / f"bucket{number}") as buckets:
        for errors in partitions:
            buckets.add(errors)
        return [
            [(row["table"], row["cell"], row["cells"]) for row in table.to_pylist()] for table in buckets.join(batches)
        ]


@pytest.fixture(params=[10**6, 1], ids=["in_memory", "on_disk"])
def _small_buckets(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_error_buckets, "_MIN_READINGS", 2)
    monkeypatch.setattr(row_error_buckets, "_MAX_ERRORS", request.param)


@pytest.mark.usefixtures("_small_buckets")
def test_errors_of_several_partitions_find_their_source_rows_in_any_order(tmp_path: Path) -> None:
    batches = [(0, raw(2, 3)), (0, raw(4, 5)), (0, raw(6, 7))]
    partitions = [errors_of((0, 7), (0, 2)), errors_of((0, 3), (0, 6)), errors_of((0, 6))]

    found = joined(batches, partitions, tmp_path)

    assert [sorted(bucket) for bucket in found] == [
        [(0, "A2", "cell 2"), (0, "A3", "cell 3")],
        [(0, "A6", "cell 6"), (0, "A6", "cell 6"), (0, "A7", "cell 7")],
    ]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("_small_buckets")
def test_the_same_row_number_in_two_tables_is_two_rows(tmp_path: Path) -> None:
    other = pa.record_batch(
        [pa.array([2, 3], pa.int32()), [None, None], ["x", "y"], ["z", None]], schema=raw_row_schema(["a", "b"])
    )
    batches = [(0, raw(2, 3)), (1, other)]

    found = joined(batches, [errors_of((1, 2), (0, 2))], tmp_path)

    assert found == [[(0, "A2", "cell 2")], [(1, "A2", "x\x1fz")]]


def test_small_tables_share_a_bucket_and_a_large_batch_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_error_buckets, "_MIN_READINGS", 3)

    buckets = buckets_of([(0, raw(2)), (1, raw(2)), (2, raw(2)), (3, raw(2, 3, 4)), (3, raw())])

    assert buckets == [Bucket(3, 3, 2 << 32 | 2), Bucket(2, 3, 3 << 32 | 4)]


def test_no_raw_row_is_read_where_nothing_was_rejected_and_none_behind_the_last_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_error_buckets, "_MIN_READINGS", 1)
    batches = [(0, raw(2)), (0, raw(3)), (0, raw(4))]
    read: list[int] = []

    def batches_read() -> Iterator[tuple[int, pa.RecordBatch]]:
        for table, batch in batches:
            read.append(batch.column("row_num")[0].as_py())
            yield table, batch

    with RowErrorBuckets(buckets_of(batches), lambda number: tmp_path / str(number)) as buckets:
        assert list(buckets.join(batches_read())) == []
        assert read == []

        buckets.add(errors_of((0, 3)))
        assert len(list(buckets.join(batches_read()))) == 1
        assert read == [2, 3]


def test_files_that_a_killed_process_left_are_replaced_and_all_are_deleted_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_error_buckets, "_MIN_READINGS", 1)
    monkeypatch.setattr(row_error_buckets, "_MAX_ERRORS", 0)
    batches = [(0, raw(2)), (0, raw(3))]
    (tmp_path / "0").write_bytes(b"left over")

    with RowErrorBuckets(buckets_of(batches), lambda number: tmp_path / str(number)) as buckets:
        buckets.add(errors_of((0, 2), (0, 3)))
        files = sorted(file.name for file in tmp_path.iterdir())
        cells = [table.column("cells").to_pylist() for table in buckets.join(batches)]

    assert (files, cells) == (["0", "1"], [["cell 2"], ["cell 3"]])
    assert list(tmp_path.iterdir()) == []
