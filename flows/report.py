"""Report on the day: a page and JSON in the artifacts folder, a table and a link in Prefect."""

from __future__ import annotations

import datetime as dt

from prefect import flow, get_run_logger
from prefect.artifacts import acreate_link_artifact, acreate_table_artifact
from pydantic import BaseModel

from flows.run_context import RunContext
from flows.warehouse import open_connection
from schemas.report import FileReport
from schemas.settings import load_settings
from tasks.build_report import collect, write


class Reported(BaseModel):
    """Where the report lies and how many files it holds."""

    html: str
    files: int


@flow(name="report", flow_run_name="report/{context.day}", persist_result=True)
async def report(context: RunContext) -> Reported:
    """Write the quality report of the day and publish it as Prefect artifacts."""
    settings = load_settings()
    async with open_connection(settings) as connection:
        found = await collect(connection, context.day, settings, now=dt.datetime.now(dt.UTC))
    written = write(found, settings)
    key = f"quality-{context.day}"
    await acreate_table_artifact([_line(file) for file in found.files], key=key, description=found.verdict)
    await acreate_link_artifact(
        written.html.as_uri(), link_text="Отчёт о качестве данных", key=f"{key}-report", description=found.verdict
    )
    get_run_logger().info("%s; report: %s", found.verdict, written.html)
    return Reported(html=str(written.html), files=len(found.files))


def _line(file: FileReport) -> dict[str, str | int]:
    return {
        "файл": file.source_file,
        "итог": file.status,
        "прочитано": file.rows_read,
        "загружено": file.rows_loaded,
        "отклонено": file.rows_rejected,
        "дубликаты": file.rows_duplicate,
        "под вопросом": file.rows_suspect,
        "сообщение": file.message or "",
    }
