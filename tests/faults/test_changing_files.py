"""Files that change while a run reads them: what is in core is the content whose digest the load log has."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemas.problems import FileProblem
from tests import files
from tests.harness import DAY, PipelineHarness, long_csv

pytestmark = pytest.mark.files

HOURS = [(f"2025-04-30 {hour:02d}:00", 40.0 + hour) for hour in range(24)]
WHOLE = long_csv(*(f"{time},M,T1,{value}" for time, value in HOURS)).encode()
OTHER = long_csv(*(f"{time},M,T1,{value + 0.5}" for time, value in HOURS)).encode()
LONGER = WHOLE + b"2025-05-01 00:00,M,T1,99\n"
CUT = WHOLE[: len(WHOLE) // 2]

STEPS = {
    "before_it_is_opened": "tasks.ingest.ingest_files.unpack",
    "before_its_checksum": "tasks.ingest.unpack_archives.raw_file",
    "before_it_is_claimed": "tasks.ingest.ingest_files.claim",
    "before_it_is_read": "tasks.ingest.stage_claimed.read_tables",
    "before_it_is_staged": "tasks.ingest.stage_claimed.stage_files",
}


def replaced(file: Path) -> None:
    new = file.with_name("new.tmp")
    new.write_bytes(OTHER)
    new.replace(file)


CHANGES: dict[str, Callable[[Path], object]] = {
    "appended_to": lambda file: file.write_bytes(LONGER),
    "written_over": lambda file: file.write_bytes(OTHER),
    "replaced": replaced,
    "cut": lambda file: file.write_bytes(CUT),
    "removed": lambda file: file.unlink(),
}


def before(step: str, act: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Do something the first time that a step is reached."""
    owner, _, name = STEPS[step].rpartition(".")
    module = importlib.import_module(owner)
    original = getattr(module, name)
    acts = [act]

    def acting(*args: Any, **kwargs: Any) -> object:
        if acts:
            acts.pop()()
        return original(*args, **kwargs)

    monkeypatch.setattr(module, name, acting)


def readings_of(content: bytes) -> dict[tuple[str, str, str], float]:
    """Return the readings that a content holds as `PipelineHarness.values` does; the last line may be cut short."""
    rows = [line.split(",") for line in content.decode().splitlines()[1:] if line.count(",") == 3]
    utc = {time: f"2025-04-{29 if hour < 3 else 30} {(hour - 3) % 24:02d}:00" for hour, (time, _) in enumerate(HOURS)}
    utc["2025-05-01 00:00"] = "2025-04-30 21:00"
    return {("M", utc[time], "T1"): float(value) for time, _, _, value in rows if value}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("step", STEPS)
async def test_file_that_changes_fails_alone_or_loads_as_it_was_read_and_the_next_run_has_it_right(
    pipeline: PipelineHarness, step: str, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pipeline.add_meter("M")
    await pipeline.add_meter("N")
    file = pipeline.put("a.csv", WHOLE)
    pipeline.put("b.csv", long_csv("2025-04-30 00:00,N,T1,1"))
    before(step, lambda: CHANGES[change](file), monkeypatch)

    first, other = await pipeline.run()
    in_core = {key: value for key, value in (await pipeline.values()).items() if key[0] == "M"}
    file.write_bytes(WHOLE)
    await pipeline.run()

    assert other["status"] == "success"
    contents = {hashlib.sha256(content).hexdigest(): content for content in (WHOLE, OTHER, LONGER, CUT)}
    if first["status"] in ("success", "partial"):
        assert in_core == readings_of(contents[first["checksum"]])
    else:
        assert (first["status"], in_core) == ("failed", {})
        assert first["problem"] in (FileProblem.VANISHED, FileProblem.CHANGED_WHILE_READ)
    after = {key: value for key, value in (await pipeline.values()).items() if key[0] == "M"}
    whole = readings_of(WHOLE)
    assert {key: after[key] for key in whole} == whole


@pytest.mark.parametrize("step", STEPS)
async def test_file_that_is_cut_and_comes_back_during_the_run_is_whole_in_core(
    pipeline: PipelineHarness, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upload in place: half of it is there when the file is read, and the same bytes as before afterwards."""
    await pipeline.add_meter("M")
    file = pipeline.put("a.csv", WHOLE)
    before(step, lambda: file.write_bytes(CUT), monkeypatch)
    run = await pipeline.begin()
    await pipeline.ingest(run)

    file.write_bytes(WHOLE)
    await pipeline.finish(run)
    await pipeline.run()

    assert await pipeline.values() == readings_of(WHOLE)


async def test_workbook_that_is_replaced_while_it_is_parsed_is_read_as_it_was(
    pipeline: PipelineHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def book(shift: float) -> bytes:
        head = ["timestamp", "meter_code", "metric", "value"]
        return files.xlsx([head, *([time, "M", "T1", value + shift] for time, value in HOURS)])

    await pipeline.add_meter("M")
    first = book(0)
    file = pipeline.put("a.xlsx", first)
    before("before_it_is_read", lambda: file.write_bytes(book(0.5)), monkeypatch)

    (log,) = await pipeline.run()

    assert (log["status"], log["checksum"]) == ("success", hashlib.sha256(first).hexdigest())
    assert await pipeline.values() == readings_of(WHOLE)


async def test_file_that_may_not_be_read_leaves_the_others_of_its_batch_alone(
    pipeline: PipelineHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pipeline.add_meter("M")
    for number in range(3):
        pipeline.put(f"{number}.csv", long_csv(f"2025-04-{number + 1:02d} 00:00,M,T1,{number}"))

    def refuse() -> None:  # root may read anything: the system's answer is made here
        raise PermissionError(13, "Permission denied")

    before("before_its_checksum", refuse, monkeypatch)

    log = await pipeline.run()

    assert [row["problem"] for row in log] == [FileProblem.NOT_READABLE, None, None]
    assert "Permission denied" in log[0]["message"]
    assert len(await pipeline.values()) == 2


async def test_file_that_vanishes_leaves_the_others_of_its_batch_alone(
    pipeline: PipelineHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pipeline.add_meter("M")
    for number in range(22):
        pipeline.put(f"{number:02d}.csv", long_csv(f"2025-04-{number + 1:02d} 00:00,M,T1,{number}"))
    gone = pipeline.settings.raw_dir / str(DAY) / "03.csv"
    before("before_it_is_opened", gone.unlink, monkeypatch)

    log = await pipeline.run()

    assert {row["source_file"]: row["problem"] for row in log if row["status"] != "success"} == {
        f"{DAY}/03.csv": FileProblem.VANISHED
    }
    assert len(await pipeline.values()) == 21
