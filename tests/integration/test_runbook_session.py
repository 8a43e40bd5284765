"""The runbooks' session of a new supplier is what the terminal shows: draft, answer, check, load."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from schemas.settings import PROJECT_ROOT
from tests.harness import PipelineHarness

DATAOPS = str(Path(sys.executable).with_name("dataops"))
NAME = "vodokanal 2025-04-01.csv"
# A terminal without colours.
TERMINAL = {"FORCE_COLOR": "1", "TERM": "dumb", "COLUMNS": "110", "LINES": "50"}


class Session(NamedTuple):
    """The blocks of the page, in its order."""

    file: str
    new: str
    draft: str
    answer: str
    check: str
    load: str


@pytest.fixture(params=["runbook.md", "runbook.ru.md"])
def session(request: pytest.FixtureRequest) -> Session:
    page = (PROJECT_ROOT / "docs" / request.param).read_text(encoding="utf-8")
    (section,) = re.findall(r"^## (?:A new supplier|Новый поставщик)\n(.*?)^## ", page, re.MULTILINE | re.DOTALL)
    return Session(*re.findall(r"^```\w+\n(.*?)^```", section, re.MULTILINE | re.DOTALL))


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PROJECT_ROOT / "schemas" / "sources", tmp_path / "sources"))


def typed(console: str, sources: Path, day: Path) -> str:
    """Run the last command of a block; return the block with what the terminal shows now."""
    commands = re.findall(r"^\$ .*\n", console, re.MULTILINE)
    done = subprocess.run(
        [DATAOPS, *shlex.split(commands[-1].removeprefix("$ dataops "))],
        env=os.environ | TERMINAL | {"SOURCES_DIR": str(sources), "RAW_DIR": str(day.parent)},
        cwd=day,
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    shown = done.stdout.replace(f"{sources}/", "")
    return "".join([*commands, *(f"{line.rstrip()}\n" for line in shown.splitlines())])


def test_draft_and_check_of_the_page_are_what_the_terminal_shows(
    session: Session, sources: Path, tmp_path: Path
) -> None:
    day = tmp_path / "2025-04-01"
    day.mkdir()
    (day / NAME).write_text(session.file, encoding="utf-8")

    assert typed(session.new, sources, day) == session.new
    assert (sources / "vodokanal.yaml.draft").read_text(encoding="utf-8") == session.draft
    (sources / "vodokanal.yaml").write_text(session.answer, encoding="utf-8")
    assert typed(session.check, sources, day) == session.check


async def test_load_of_the_page_reads_as_many_readings_as_it_says(
    session: Session, sources: Path, pipeline: PipelineHarness
) -> None:
    (sources / "vodokanal.yaml").write_text(session.answer, encoding="utf-8")
    await pipeline.add_meter("4711")
    pipeline.put(NAME, session.file)
    own = PipelineHarness(pipeline.connection, pipeline.settings.model_copy(update={"sources_dir": sources}))

    (log,) = await own.run()

    read, inserted, rejected = (
        int(re.findall(rf"(\d+) {word}", session.load)[0]) for word in ("readings", "inserted", "rejected")
    )
    assert (log["rows_read"], log["rows_loaded"], log["rows_rejected"]) == (read, inserted, rejected) == (6, 5, 1)
