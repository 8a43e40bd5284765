"""Write each source row as it was into stage, and keep the raw rows as Arrow while the run lives."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from schemas.layouts import TableLayout, fingerprint
from schemas.settings import Settings
from tasks.warehouse.copy import copy_tables
from tasks.warehouse.statements import Statements

if TYPE_CHECKING:
    import asyncpg

sql = Statements(__file__)

_SPOOL_SECONDS = 2 * 86_400
SEPARATOR = "\x1f"


class Staged(NamedTuple):
    """What a staged file came to."""

    raw_rows: int
    layouts: list[TableLayout]


class _Target(NamedTuple):
    load_id: UUID
    table_num: int
    spool: Path


def cells_of(batch: pa.RecordBatch) -> tuple[pa.Array, pa.Array]:
    """Give each row's cells joined by U+001F and, where a cell holds that or NUL, the row as JSON instead."""
    columns = batch.columns[1:]
    joined = pc.binary_join_element_wise(*columns, SEPARATOR, null_handling="replace", null_replacement="")
    data = joined.buffers()[2].to_pybytes()
    if data.count(SEPARATOR.encode()) == len(batch) * (len(columns) - 1) and b"\0" not in data:
        return joined, pa.nulls(len(batch), pa.string())
    counts = pc.count_substring(joined, SEPARATOR)
    odd = pc.or_(pc.not_equal(counts, len(columns) - 1), pc.match_substring(joined, "\0"))
    rows = batch.drop_columns("row_num").filter(odd).to_pylist()
    payloads = pa.array([json.dumps(row, ensure_ascii=False) for row in rows], pa.string())
    nothing = pa.nulls(len(batch), pa.string())
    return pc.if_else(odd, nothing, joined), pc.replace_with_mask(nothing, odd, payloads)


def raw_spool(load_id: UUID, table: int, settings: Settings) -> Path:
    """Give the path of the Arrow file with one table's raw rows."""
    return settings.state_dir / "spool" / f"{load_id}.{table}.arrow"


def clear_old_spool(settings: Settings, *, now: float) -> None:
    """Remove what failed loads left in the spool; a load that still needs it makes it again from stage."""
    for file in (settings.state_dir / "spool").glob("*"):
        if now - file.stat().st_mtime > _SPOOL_SECONDS:
            file.unlink(missing_ok=True)


async def stage_tables(
    connection: asyncpg.Connection,
    load_id: UUID,
    source_file: str,
    tables: Iterable[tuple[TableLayout, Iterator[pa.RecordBatch]]],
    settings: Settings,
    *,
    source: str,
) -> Staged:
    """Copy every row of a file's tables into stage, all or nothing.

    The Arrow files beside it only spare reading stage again; validation does without them.
    """
    layouts: list[TableLayout] = []
    rows = 0
    async with connection.transaction():
        for layout, batches in tables:
            spool = raw_spool(load_id, len(layouts), settings)
            spool.parent.mkdir(parents=True, exist_ok=True)
            target = _Target(load_id, len(layouts), spool)
            keys = [column.key for column in layout.columns]
            await connection.execute(
                sql.text("insert_raw_table", settings), load_id, len(layouts), source_file, layout.sheet, keys
            )
            rows += await _stage_table(connection, target, layout, batches, settings)
            layouts.append(layout)
        await connection.execute(
            sql.text("finish_staging", settings),
            load_id,
            rows,
            json.dumps([layout.model_dump() for layout in layouts], ensure_ascii=False),
            fingerprint(layouts),
            _remarks(layouts, rows),
            source,
        )
    return Staged(rows, layouts)


_RAW_ROWS = pa.schema(
    [
        ("load_id", pa.binary(16)),
        ("table_num", pa.int16()),
        ("row_num", pa.int32()),
        ("cells", pa.string()),
        ("payload", pa.string()),
    ]
)


async def _stage_table(
    connection: asyncpg.Connection,
    target: _Target,
    layout: TableLayout,
    batches: Iterator[pa.RecordBatch],
    settings: Settings,
) -> int:
    schema = pa.schema([("row_num", pa.int32()), *((column.key, pa.string()) for column in layout.columns)])
    rows = 0

    def raw_rows() -> Iterator[pa.Table]:
        nonlocal rows
        for batch in batches:
            writer.write_batch(batch)
            rows += len(batch)
            yield pa.table(
                [
                    pa.repeat(pa.scalar(target.load_id.bytes, pa.binary(16)), len(batch)),
                    pa.repeat(pa.scalar(target.table_num, pa.int16()), len(batch)),
                    batch.column("row_num"),
                    *cells_of(batch),
                ],
                schema=_RAW_ROWS,
            )

    with pa.OSFile(str(target.spool), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
        await copy_tables(connection, raw_rows(), of=_RAW_ROWS, into="raw_rows", schema=settings.stage_schema)
    return rows


def _remarks(layouts: list[TableLayout], rows: int) -> str | None:
    """Say in the log's message what is worth knowing of a file that loads: lines left out, new columns."""
    remarks = [] if rows else ["в файле нет ни одной строки с данными"]
    remarks += [note for layout in layouts for note in layout.notes]
    skipped: dict[str, int] = {}
    for layout in layouts:
        for kind, count in layout.skipped.items():
            skipped[kind] = skipped.get(kind, 0) + count
    if skipped:
        remarks.append("пропущено: " + ", ".join(f"{kind} {count}" for kind, count in sorted(skipped.items())))
    return "; ".join(remarks) or None
