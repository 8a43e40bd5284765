"""A mapping that was wrong leaves no wrong values behind: who is told, what a replay would change, and that it does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from flows.commands.preview_replay import preview_replay
from schemas.settings import Settings
from tasks.ingest.ingest_files import Request
from tasks.ingest.restage_load import restage_load
from tasks.operate.outdated_loads import find_outdated_loads
from tasks.operate.show_status import show_status
from tests import files
from tests.harness import DAY, PipelineHarness

WRONG = """
name: heat
match: [heat*]
layout: day-sheet
date: Дата
hour: Час
identity: {path: '(?P<meter>[A-Z]+)', meter: "{meter}"}
columns:
  V1: {metric: flow_return}
  T1: {metric: T1}
"""
RIGHT = WRONG.replace("flow_return", "flow_supply, unit: л/с").replace("[A-Z]+)", "[A-Z]+)-t")
"""Another metric and unit for V1, and another meter in the file's name."""
OTHER = """
---
name: others
match: ["*.csv"]
fallback: true
layout: long
"""
LINES = ["Отчёт за апрель;;;", "Дата;Час;V1;T1", "30.04.2025;0-1;1;60", "30.04.2025;1-2;2;61", "Итого;;3;"]
Values = dict[tuple[str, str, str], float]
BEFORE: Values = {
    ("A", "2025-04-29 21:00", "flow_return"): 1,
    ("A", "2025-04-29 22:00", "flow_return"): 2,
    ("A", "2025-04-29 21:00", "T1"): 60,
    ("A", "2025-04-29 22:00", "T1"): 61,
}
AFTER: Values = {
    ("B", "2025-04-29 21:00", "flow_supply"): 3.6,
    ("B", "2025-04-29 22:00", "flow_supply"): 7.2,
    ("B", "2025-04-29 21:00", "T1"): 60,
    ("B", "2025-04-29 22:00", "T1"): 61,
}
NAME = "heat A B-t.csv"


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    folder = tmp_path / "sources"
    folder.mkdir()
    settings = settings.model_copy(update={"sources_dir": folder})
    edit(settings, WRONG)
    return settings


@pytest.fixture
async def city(pipeline: PipelineHarness) -> PipelineHarness:
    for code in ("A", "B"):
        await pipeline.add_meter(code, kind="heat")
    return pipeline


def edit(settings: Settings, mapping: str) -> None:
    (settings.sources_dir / "heat.yaml").write_text(mapping + OTHER, encoding="utf-8")


async def outdated(pipeline: PipelineHarness, days: tuple[dt.date, dt.date] | None = None) -> list[UUID]:
    from schemas.mappings import load_mappings

    mapping = next(one for one in load_mappings(pipeline.settings.sources_dir) if one.name == "heat")
    loads = await find_outdated_loads(pipeline.connection, "heat", mapping, days, pipeline.settings)
    return [load.load_id for load in loads]


async def replay(pipeline: PipelineHarness, load_ids: Sequence[UUID]) -> list[asyncpg.Record]:
    """Replay loads in their place, from their files where these are, else from stage."""
    run = await pipeline.begin()
    rows = await pipeline.connection.fetch(
        "select load_id, checksum, source_file from quality.quality_load_log where load_id = any($1)", load_ids
    )
    await pipeline.ingest(run, Request(replay="in place", contents=[row["checksum"] for row in rows]))
    claimed = {row["checksum"] for row in await pipeline.log(run.flow_run_id)}
    for row in rows:
        if row["checksum"] not in claimed:
            await restage_load(pipeline.connection, row["load_id"], run, pipeline.settings, replay="in place")
    return await pipeline.finish(run)


@pytest.mark.parametrize("is_there", [True, False], ids=["from_the_file", "from_stage"])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_edited_mapping_is_told_previewed_and_replayed(city: PipelineHarness, kind: str, is_there: bool) -> None:
    content = "\n".join(LINES) if kind == "csv" else files.xlsx([line.split(";") for line in LINES])
    path = city.put(NAME.replace("csv", kind), content)
    (wrong,) = await city.run()
    assert await city.values() == BEFORE
    assert not (await show_status(city.connection, city.settings)).outdated_sources

    edit(city.settings, RIGHT)
    if not is_there:
        path.unlink()

    (told,) = (await show_status(city.connection, city.settings)).outdated_sources
    assert (told.source, told.loads, told.first_day, told.last_day, told.mapping_changed) == ("heat", 1, DAY, DAY, True)
    (load_id,) = await outdated(city)
    assert load_id == wrong["load_id"]
    preview = await preview_replay(city.connection, DAY, [load_id], city.settings)
    (would,) = preview.loads
    assert (would.status, would.rows_inserted, would.rows_updated, would.rows_removed) == ("success", 4, 0, 4)
    changes = [(one.metric, one.change, one.readings, one.meter) for one in preview.changes[would.load_id]]
    assert changes == [
        ("T1", "gone", 2, "A"),
        ("T1", "new", 2, "B"),
        ("flow_return", "gone", 2, "A"),
        ("flow_supply", "new", 2, "B"),
    ]
    # It was undone.
    assert await city.values() == BEFORE
    assert await city.connection.fetchval("select count(*) from quality.quality_load_log") == 1
    assert not [*(city.settings.state_dir / "spool").glob("*")]

    (right,) = await replay(city, [load_id])

    assert await city.values() == AFTER
    assert (right["replay_of"], right["status"], right["rows_removed"]) == (load_id, "success", 4)
    assert "больше не даёт: 4" in right["message"]
    assert right["effective_at"] == wrong["effective_at"]
    assert not await outdated(city)
    assert not (await show_status(city.connection, city.settings)).outdated_sources

    await city.rollback(right["load_id"])
    assert await city.values() == BEFORE


async def test_next_run_does_not_load_a_file_beside_itself_for_an_edited_identity(city: PipelineHarness) -> None:
    city.put(NAME, "\n".join(LINES))
    await city.run()
    edit(city.settings, RIGHT)

    again = await city.run()

    assert (again, await city.values()) == ([], BEFORE)


async def test_replay_keeps_the_place_of_the_load_under_newer_files(city: PipelineHarness) -> None:
    city.put(NAME, "\n".join(LINES))
    await city.run()
    # A hand-made correction that came later, of a meter and hour that the right mapping reads, too.
    city.put("z.csv", "timestamp,meter_code,metric,value\n2025-04-30 00:00,B,T1,55\n")
    await city.run()
    edit(city.settings, RIGHT)

    (right,) = [row for row in await replay(city, await outdated(city)) if row["status"] != "skipped"]

    assert await city.values() == AFTER | {("B", "2025-04-29 21:00", "T1"): 55}
    assert (right["rows_inserted"], right["rows_updated"], right["rows_unchanged"]) == (3, 0, 1)


async def test_loads_of_one_day_or_of_all_are_found_and_those_of_other_sources_are_not(city: PipelineHarness) -> None:
    next_day = DAY + dt.timedelta(days=1)
    city.put(NAME, "\n".join(LINES))
    city.put("z.csv", "timestamp,meter_code,metric,value\n2025-04-30 00:00,B,T1,55\n")
    await city.run()
    city.put(NAME, "\n".join(LINES).replace("30.04", "01.05"), day=next_day)
    await city.run(next_day)
    edit(city.settings, RIGHT)

    assert len(await outdated(city)) == 2
    assert len(await outdated(city, (next_day, next_day))) == 1


async def test_mapping_that_is_only_written_otherwise_is_the_same(city: PipelineHarness) -> None:
    city.put(NAME, "\n".join(LINES))
    await city.run()
    reordered = WRONG.replace("date: Дата\nhour: Час\n", "hour: Час\ndate: Дата\ndescription: heat\nstamp: start\n")
    edit(city.settings, reordered.replace("[heat*]", "[heat*, warm*]"))

    assert not await outdated(city)


async def test_other_rules_are_told_as_such(city: PipelineHarness) -> None:
    city.put(NAME, "\n".join(LINES))
    await city.run()
    settings = city.settings.model_copy(update={"delta_t_max": 30.0})

    (told,) = (await show_status(city.connection, settings)).outdated_sources

    assert (told.source, told.mapping_changed) == ("heat", False)


async def test_stage_without_all_lines_is_not_read_by_another_mapping(city: PipelineHarness) -> None:
    edit(city.settings, WRONG.replace("columns:", "where: {Тип: a}\ncolumns:"))
    content = "\n".join([LINES[1] + ";Тип", LINES[2] + ";a", LINES[3] + ";b"])
    path = city.put(NAME, content)
    (wrong,) = await city.run()
    values = await city.values()
    edit(city.settings, RIGHT)
    path.unlink()

    (failed,) = await replay(city, [wrong["load_id"]])

    assert (failed["status"], failed["problem"]) == ("failed", "not_all_in_stage")
    assert await city.values() == values
    city.put(NAME, content)
    await replay(city, [wrong["load_id"]])
    assert await city.values() == AFTER


async def test_stage_is_not_read_by_a_mapping_that_cuts_lines_elsewhere(city: PipelineHarness) -> None:
    fixed = WRONG.replace("columns:", "positions: [1, 12, 16, 19]\ncolumns:")
    edit(city.settings, fixed)
    content = "\n".join("{:<11}{:<4}{:<3}{}".format(*line.split(";")).rstrip() for line in LINES[1:])
    path = city.put(NAME, content)
    (first,) = await city.run()
    assert await city.values() == BEFORE
    path.unlink()

    edit(city.settings, fixed.replace("16, 19", "16, 20"))
    (failed,) = await replay(city, [first["load_id"]])
    edit(city.settings, fixed.replace("flow_return", "flow_supply, unit: л/с").replace("[A-Z]+)", "[A-Z]+)-t"))
    (replayed,) = await replay(city, [first["load_id"]])

    assert (failed["status"], failed["problem"]) == ("failed", "not_all_in_stage")
    assert replayed["status"] == "success"
    assert await city.values() == AFTER


async def test_mapping_that_does_not_fit_the_file_changes_nothing(city: PipelineHarness) -> None:
    city.put(NAME, "\n".join(LINES))
    (wrong,) = await city.run()
    edit(city.settings, RIGHT.replace("V1:", "V2:"))

    preview = await preview_replay(city.connection, DAY, [wrong["load_id"]], city.settings)
    (failed,) = await replay(city, [wrong["load_id"]])

    assert [(load.status, load.load_id in preview.changes) for load in preview.loads] == [("failed", False)]
    assert (failed["status"], failed["problem"]) == ("failed", "column_renamed")
    assert await city.values() == BEFORE


async def test_file_that_is_another_one_by_now_is_left_alone_and_stage_is_read(city: PipelineHarness) -> None:
    city.put(NAME, "\n".join(LINES))
    (wrong,) = await city.run()
    city.put(NAME, "\n".join(LINES).replace(";60", ";70"))
    edit(city.settings, RIGHT)

    (right,) = await replay(city, [wrong["load_id"]])

    assert (right["replay_of"], right["checksum"]) == (wrong["load_id"], wrong["checksum"])
    assert await city.values() == AFTER


async def test_file_of_an_archive_is_read_from_the_archive(city: PipelineHarness) -> None:
    city.put("heat A B-t.zip", files.zipped({NAME: "\n".join(LINES).encode(), "heat C.csv": b"x"}))
    (*_, wrong) = sorted(await city.run(), key=lambda row: row["status"])
    edit(city.settings, RIGHT)

    preview = await preview_replay(city.connection, DAY, [wrong["load_id"]], city.settings)

    assert [(load.source_file, load.status) for load in preview.loads] == [(f"{DAY}/heat A B-t.zip/{NAME}", "success")]
    assert "стейдж" not in (preview.loads[0].message or "")
