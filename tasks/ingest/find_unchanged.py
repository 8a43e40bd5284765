"""Find the files of a day that are as they were when they were loaded; nothing is written of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from schemas.errors import FileError
from schemas.mappings import Mappings, SourceMapping
from schemas.problems import FileProblem
from schemas.settings import Settings
from schemas.source_files import day_and_path
from tasks.warehouse.connection import Connection, Warehouse
from tasks.warehouse.load_log import Run
from tasks.warehouse.statements import Statements

sql = Statements(__file__)
_KNOWN = [FileProblem.ALREADY_LOADED, FileProblem.SAME_CONTENT]


class Content(NamedTuple):
    """What is known of a file's content: its checksum, or else what the system says of the file."""

    checksum: str | None = None
    file_stat: str | None = None


class Unchanged(NamedTuple):
    """Files that are as they were."""

    names: set[str]
    """As the load log has them."""
    number: int
    """How many of them there are of which this run has no row in the load log."""


async def find_unchanged(
    connection: Connection, run: Run, contents: Mapping[str, Content], mappings: Mappings, settings: Settings
) -> Unchanged:
    """Find those of some files, by their names in the load log, whose last attempt says already what a new one would.

    That is a load of the same content at this path that counts; or a row that says that it is skipped as known, unless
    a mapping says by now that it is of someone else. Whatever else is known of a file is for a claim to decide.
    """
    query = sql(
        "find_unchanged_files",
        settings,
        source_files=[*contents],
        checksums=[content.checksum for content in contents.values()],
        file_stats=[content.file_stat for content in contents.values()],
        business_date=run.business_date,
        flow_run_id=run.flow_run_id,
        known=_KNOWN,
    )
    rows = await connection.fetch(*query) if contents else []
    unchanged = [
        row for row in rows if not row["is_skipped"] or _identity_of(row["source_file"], mappings) == row["identity"]
    ]
    return Unchanged({row["source_file"] for row in unchanged}, sum(not row["is_of_run"] for row in unchanged))


def _identity_of(source_file: str, mappings: Mappings) -> str | FileError | None:
    """Return whose readings path and mapping say that a file holds now; an error: its name does not decide."""
    path = day_and_path(source_file)[1]

    def cannot_tell(_: Sequence[SourceMapping]) -> Sequence[SourceMapping]:
        raise FileError(FileProblem.NO_MAPPING)

    try:
        return mappings.match(path, cannot_tell).path_identity(path)
    except FileError as error:
        return error


async def record_unchanged(run: Run, files: int, warehouse: Warehouse) -> None:
    """Record how many files the run has found unchanged: the load log does not have them."""
    if files:
        async with warehouse.connect() as connection:
            found = {"flow_run_id": run.flow_run_id, "business_date": run.business_date, "files": files}
            await connection.execute(*sql("record_unchanged_files", warehouse.settings, **found))
