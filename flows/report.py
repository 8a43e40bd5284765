"""Report on the day: HTML and JSON in the artifacts folder, a table and a link in the Prefect UI."""

from __future__ import annotations

from collections.abc import Mapping

from prefect import flow, get_client, get_run_logger
from prefect.artifacts import LinkArtifact, TableArtifact
from prefect.client.schemas.actions import ArtifactCreate
from pydantic import BaseModel

from flows.runtime.context import RunContext
from flows.runtime.run_log import naming_artifacts_dir
from schemas.problems import Step
from schemas.report import Report
from tasks.report.prefect_task import build_report_task
from tasks.report.wording import headline, table_row
from tasks.report.write import ReportFiles


class Reported(BaseModel):
    """The files of the report, and what it counts."""

    html: str
    json_file: str
    verdict: str
    files: int
    rows_loaded: int
    rows_rejected: int


# Its result is not persisted: a retry in the UI skips subflows with a persisted result, and then the report on the
# first attempt would be shown for the files that the second one has loaded.
@flow(name="report", flow_run_name="report/{context.day}", persist_result=False)
async def report(context: RunContext, failed_steps: Mapping[Step, str] = {}) -> Reported:
    """Write the quality report of the day and publish it as Prefect artifacts.

    Args:
        context: The run.
        failed_steps: Steps before it that failed whatever their files, with the operators' words for why.

    Raises:
        StepError: ARTIFACTS_DIR is not writable.

    """
    with naming_artifacts_dir(context.settings):
        day_report, files = await build_report_task(context.run, context.warehouse, failed_steps)
    summary = headline(day_report)
    await _publish(day_report, files, summary, context)
    get_run_logger().info("report of %s: %s", context.day, files.html)
    return Reported(
        html=str(files.html),
        json_file=str(files.json),
        verdict=day_report.verdict,
        files=day_report.totals.files,
        rows_loaded=day_report.totals.rows_loaded,
        rows_rejected=day_report.totals.rows_rejected,
    )


async def _publish(day_report: Report, files: ReportFiles, summary: str, context: RunContext) -> None:
    """Publish the artifacts under the day's run, on whose page people look for them."""
    key = f"quality-{context.day}"
    table = [table_row(file) for file in day_report.files]
    # No browser opens a file: link on a page of a server, so the path is shown for copying.
    link, path = files.html.as_uri(), str(files.html)
    artifacts = (
        TableArtifact(key=key, description=summary, table=table),
        LinkArtifact(key=f"{key}-report", description=summary, link=link, link_text=path),
    )
    async with get_client() as client:
        for artifact in artifacts:
            await client.create_artifact(
                ArtifactCreate(
                    type=artifact.type,
                    key=artifact.key,
                    description=artifact.description,
                    data=await artifact.aformat(),
                    flow_run_id=context.flow_run_id,
                )
            )
