from __future__ import annotations

import datetime as dt
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import pyarrow as pa
import pytest

from schemas.readings import ACCEPTED
from schemas.settings import Settings
from tasks.warehouse.spool import AcceptedWriter, Spool, StreamWriter, read_stream

LOAD = UUID(int=1)
SCHEMA = pa.schema([("a", pa.int32())])


def test_every_kind_of_file_of_a_load_has_its_own_path(tmp_path: Path) -> None:
    spool = Spool(Settings(state_dir=tmp_path))

    paths = [
        *(spool.raw(LOAD, number) for number in (0, 1)),
        spool.accepted(LOAD),
        *(spool.partition(LOAD, number) for number in (0, 1)),
        *(spool.row_errors(LOAD, number) for number in (0, 1)),
    ]

    assert len(set(paths)) == len(paths)
    assert {path.parent for path in paths} == {tmp_path / "spool"}


def test_a_stream_is_read_batch_by_batch_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "a.arrow"

    with StreamWriter(path, SCHEMA) as writer:
        writer.write(pa.record_batch([[1, 2]], schema=SCHEMA))
        writer.write(pa.table([[3]], schema=SCHEMA))

    assert [batch.column("a").to_pylist() for batch in read_stream(path)] == [[1, 2], [3]]


def test_a_stream_that_was_not_finished_has_no_name(tmp_path: Path) -> None:
    path = tmp_path / "a.arrow"

    def write_and_fail() -> None:
        with StreamWriter(path, SCHEMA) as writer:
            writer.write(pa.record_batch([[1]], schema=SCHEMA))
            raise RuntimeError("the reader failed")

    with pytest.raises(RuntimeError, match="the reader failed"):
        write_and_fail()

    assert not path.exists()


def test_a_load_without_accepted_readings_leaves_an_empty_stream(tmp_path: Path) -> None:
    with AcceptedWriter(tmp_path / "accepted"):
        pass

    assert pa.Table.from_batches(read_stream(tmp_path / "accepted"), schema=ACCEPTED).num_rows == 0


def test_readings_of_hundreds_of_loads_do_not_open_as_many_files(tmp_path: Path) -> None:
    before = len([*Path("/proc/self/fd").iterdir()])
    row = {"time": dt.datetime(2025, 4, 30, tzinfo=dt.UTC), "meter_id": 1, "metric": "T1", "value": 1.0, "quality": 0}
    rows = pa.Table.from_pylist([row], ACCEPTED)

    with ExitStack() as stack:
        writers = [stack.enter_context(AcceptedWriter(tmp_path / str(number))) for number in range(300)]
        for writer in writers:
            writer.write(rows)
        opened = len([*Path("/proc/self/fd").iterdir()]) - before

    assert opened < 10
    assert pa.Table.from_batches(read_stream(tmp_path / "299")) == rows


def test_files_of_given_loads_and_those_older_than_two_days_are_deleted(tmp_path: Path) -> None:
    spool = Spool(Settings(state_dir=tmp_path))
    dead, other = spool.raw(LOAD, 0), spool.partition(UUID(int=2), 3)
    for path in (dead, other):
        with StreamWriter(path, SCHEMA):
            pass
    (dead.parent / "notes.txt").write_text("not ours")
    modified = other.stat().st_mtime
    assert spool.load_ids() == {LOAD, UUID(int=2)}

    spool.delete([LOAD], now=modified + 2 * 86_400 - 60)
    assert (dead.exists(), other.exists()) == (False, True)

    spool.delete([], now=modified + 2 * 86_400 + 60)
    assert not other.exists()
