"""Find what a replay of loads has to read: their files, and those that only stage has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from schemas.settings import Settings
from schemas.source_files import day_and_path
from tasks.warehouse.connection import Connection
from tasks.warehouse.load_log import Run
from tasks.warehouse.statements import Statements

sql = Statements(__file__)


class ContentFiles(NamedTuple):
    """Where the contents of loads came from."""

    paths: list[str]
    """Below the day's folder."""
    contents: list[str]
    """Their checksums: a file that is another one by now is none of them."""


async def find_content_files(connection: Connection, load_ids: Sequence[UUID], settings: Settings) -> ContentFiles:
    """Find the files that loads have read."""
    rows = await connection.fetch(*sql("find_content_files", settings, load_ids=load_ids))
    paths = dict.fromkeys(day_and_path(row["source_file"])[1] for row in rows)
    return ContentFiles([*paths], [row["checksum"] for row in rows if row["checksum"]])


async def find_without_file(
    connection: Connection, load_ids: Sequence[UUID], run: Run, settings: Settings
) -> list[UUID]:
    """Find the loads whose content the run has not claimed: the file is gone, or is another one by now."""
    rows = await connection.fetch(*sql("find_without_file", settings, load_ids=load_ids, flow_run_id=run.flow_run_id))
    return [row["load_id"] for row in rows]
