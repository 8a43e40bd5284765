"""Summarise what a run did, from the load log: what the run itself remembers does not count."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel

from schemas.load_states import LoadStatus
from schemas.problems import FileProblem, RunFailure, Step, describe
from schemas.settings import Settings
from tasks.warehouse.connection import Connection, fetch_one
from tasks.warehouse.statements import Statements

sql = Statements(__file__)


class RunSummary(BaseModel):
    """Files and readings of one run, and the files and steps that failed with their reasons."""

    files: int = 0
    loaded: int = 0
    skipped: int = 0
    readings_read: int = 0
    readings_inserted: int = 0
    readings_updated: int = 0
    readings_unchanged: int = 0
    readings_rejected: int = 0
    readings_duplicate: int = 0
    readings_suspect: int = 0
    readings_requeued: int = 0
    """Of those read: had waited in stage, such as for their code."""
    failed: dict[str, str] = {}
    not_in_core: list[str] = []
    """Those of `failed` that were read without fault: they are held, or none of their readings can be loaded."""
    unfinished: dict[str, str] = {}
    in_progress: dict[str, str] = {}
    """Files that another run is loading."""
    failed_steps: dict[Step, str] = {}
    """Steps that failed whatever their files, with their errors."""

    def __str__(self) -> str:
        steps = f"; failed steps: {', '.join(self.failed_steps)}" if self.failed_steps else ""
        return (
            f"{self.files} files: {self.loaded} loaded, {self.skipped} skipped, {len(self.failed)} failed"
            f"{f', {len(self.in_progress)} in other runs' if self.in_progress else ''}; "
            f"{self.readings_read} readings: {self.readings_inserted} inserted, "
            f"{self.readings_updated} updated, {self.readings_unchanged} unchanged, "
            f"{self.readings_rejected} rejected, "
            f"{self.readings_duplicate} duplicate, {self.readings_suspect} suspect"
            f"{f'; {self.readings_requeued} of them had waited in stage' if self.readings_requeued else ''}{steps}"
        )


async def summarise_run(connection: Connection, flow_run_id: UUID, settings: Settings) -> RunSummary:
    """Summarise the attempts of one flow run; of several attempts at a file the last one counts."""
    of_run = {"flow_run_id": flow_run_id, "left": [FileProblem.IN_PROGRESS, FileProblem.STILL_HELD]}
    counts = await fetch_one(connection, *sql("summarise_run", settings, **of_run))
    summary = RunSummary(**counts)
    for row in await connection.fetch(*sql("find_failed_files", settings, **of_run)):
        name, message = row["source_file"], row["message"] or ""
        if row["status"] == LoadStatus.PARTIAL:
            summary.failed[name] = RunFailure.NOTHING_LOADED.format(message=message)
        elif row["status"] == LoadStatus.RUNNING:
            summary.unfinished[name] = describe(FileProblem.UNFINISHED)
        else:
            (summary.in_progress if row["problem"] == FileProblem.IN_PROGRESS else summary.failed)[name] = message
        if name in summary.failed and row["status"] != LoadStatus.FAILED:
            summary.not_in_core.append(name)
    return summary
