"""Look once more at the files that a run has left to other runs: some are loaded, some nobody loads any more."""

from __future__ import annotations

from schemas.load_states import LoadStatus
from schemas.problems import FileProblem, describe
from schemas.source_files import day_and_path
from tasks.warehouse.connection import Warehouse
from tasks.warehouse.load_log import Run
from tasks.warehouse.statements import Statements

sql = Statements(__file__)


async def look_again(run: Run, warehouse: Warehouse) -> list[str]:
    """Return the paths, below the day's folder, of files that another run was loading and has let go of.

    The log says of those that it has loaded meanwhile that they are loaded; what is still in its hands stays as it is.
    """
    settings = warehouse.settings
    released = []
    async with warehouse.connect() as connection:
        left = sql("find_files_in_progress", settings, flow_run_id=run.flow_run_id, in_progress=FileProblem.IN_PROGRESS)
        for file in await connection.fetch(*left):
            if file["status"] in (LoadStatus.SUCCESS, LoadStatus.PARTIAL):
                problem = FileProblem.ALREADY_LOADED
                message = describe(
                    problem,
                    source_file=file["loaded_as"],
                    load_id=file["loaded_by"],
                    finished_at=file["finished_at"],
                )
                explained = {"load_id": file["load_id"], "problem": problem, "message": message}
                await connection.execute(*sql("explain_skipped_file", settings, **explained))
            elif not file["is_under_way"]:
                released.append(day_and_path(file["source_file"])[1])
    return released
