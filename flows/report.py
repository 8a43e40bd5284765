"""Report on the day: HTML and JSON in the artifacts folder, a table and a link in the Prefect UI."""

from __future__ import annotations

from prefect import flow, get_client, get_run_logger
from prefect.artifacts import LinkArtifact, TableArtifact
from prefect.client.schemas.actions import ArtifactCreate
from pydantic import BaseModel

from flows.runtime.context import RunContext
from flows.runtime.run_log import naming_artifacts_dir
from schemas.report import FileLine, Report
from tasks.report.prefect_task import build_report_task
from tasks.report.wording import headline
from tasks.report.write import Written


class Reported(BaseModel):
    """Where the report is and what it counts."""

    html: str
    json_file: str
    verdict: str
    files: int
    rows_loaded: int
    rows_rejected: int


# Its result is not persisted: a retry in the UI skips subflows with a persisted result, and a report on the
# first attempt would hide the files that the second one has loaded.
@flow(name="report", flow_run_name="report/{context.day}", persist_result=False)
async def report(context: RunContext) -> Reported:
    """Write the quality report of the day and publish it as Prefect artifacts.

    Raises:
        TerminalError: ARTIFACTS_DIR is not writable.

    """
    with naming_artifacts_dir(context.settings):
        found, written = await build_report_task(context.run, context.warehouse)
    words = headline(found)
    await _publish(found, written, words, context)
    get_run_logger().info("%s; report: %s", words, written.html)
    return Reported(
        html=str(written.html),
        json_file=str(written.json),
        verdict=found.verdict,
        files=found.totals.files,
        rows_loaded=found.totals.rows_loaded,
        rows_rejected=found.totals.rows_rejected,
    )


async def _publish(found: Report, written: Written, words: str, context: RunContext) -> None:
    """Publish the artifacts as those of the day's run, on whose page people look for them."""
    key = f"quality-{context.day}"
    # Browsers do not open file: links from a page of the server: the path is there to be copied.
    artifacts = (
        TableArtifact(key=key, description=words, table=[_line(file) for file in found.files]),
        LinkArtifact(key=f"{key}-report", description=words, link=written.html.as_uri(), link_text=str(written.html)),
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


def _line(file: FileLine) -> dict[str, str | int]:
    return {
        "файл": file.source_file,
        "состояние": file.status,
        "прочитано": file.rows_read,
        "загружено": file.rows_loaded,
        "отклонено": file.rows_rejected,
        "под вопросом": file.rows_suspect,
        "повторов": file.rows_duplicate,
        "сообщение": file.message or "",
    }
