"""A utility's own metric, unit and kind of meter: one entry each in a folder of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from schemas.settings import Settings
from tests.harness import PipelineHarness
from tests.integration.test_command import run

pytestmark = pytest.mark.files

METRIC = """\
steam_pressure:
  unit: psi
  kind: mean
  lowest: 10
  highest: 1000
  description: Pressure of the steam
  spellings: [давление пара]
"""
REGISTER = """\
steam_cumulative:
  unit: Гкал
  kind: register
  register_of: heat_energy
  description: Register of steam
"""
UNIT = "psi: {dimension: pressure, factor: 0.00689475729, spellings: [lbf/in2]}\n"
KIND = "steam:\n  title: пар\n  description: Steam\n  expected: [steam_pressure]\n"


@pytest.mark.slow
@pytest.mark.server
async def test_own_metric_reaches_core_report_and_dbt_by_one_entry(
    pipeline: PipelineHarness, settings: Settings, tmp_path: Path, state_of_machine: Path
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    for name, text in (("metrics", METRIC), ("units", UNIT), ("meter_kinds", KIND)):
        (own / f"{name}.yaml").write_text(text, encoding="utf-8")
    await pipeline.add_meter("S", kind="steam")
    hours = [
        f"2025-04-30 {hour:02d}:00,S,Давление пара,{value},{unit}"
        for hour, (value, unit) in enumerate([(6.89475729, "бар"), (100, "psi"), (5, "psi"), *[(100, "")] * 21])
    ]
    pipeline.put("a.csv", "timestamp,meter_code,metric,value,unit\n" + "\n".join(hours) + "\n")

    done = run("run", "--date", "2025-04-30", DEFINITIONS_DIR=str(own), STATE_DIR=str(state_of_machine))

    assert done.returncode == 0, done.stderr
    connection = pipeline.connection
    readings = await connection.fetch("select metric, unit, round(value::numeric, 6)::float from core.readings limit 2")
    buckets = await connection.fetch("select metric::text, sum(readings)::int from features.meter_hourly group by 1")
    staged = await connection.fetchval(
        "select count(*) from features_staging.stg_core__readings where metric like 'steam%'"
    )
    missing = await connection.fetchrow(
        "select readings_expected, readings_present from features.ml_daily_by_building where local_date = '2025-04-30'"
    )
    errors = await connection.fetch("select reason, metric from quality.quality_row_errors")
    (report,) = settings.artifacts_dir.rglob("*.json")
    totals = json.loads(report.read_text(encoding="utf-8"))["totals"]
    assert list(map(tuple, readings)) == [("steam_pressure", "psi", 100.0)] * 2
    assert (list(map(tuple, buckets)), staged) == ([("steam_pressure", 23)], 23)
    assert tuple(missing or ()) == (24, 23)
    assert list(map(tuple, errors)) == [("out_of_range", "steam_pressure")]
    assert totals["rows_loaded"] == 23


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("metrics", METRIC.replace("psi", "кубит"), "metrics.yaml: line 2: steam_pressure.unit: must be the name of a"),
        (
            "metrics",
            METRIC + "  colour: red\n",
            "metrics.yaml: line 8: steam_pressure.colour: there is no such key; known",
        ),
        (
            "metrics",
            METRIC.replace("давление пара", "T1"),
            "steam_pressure: one of its spellings is already that of T1",
        ),
        ("metrics", "1st: {}\n", "metrics.yaml: line 1: 1st"),
        (
            "metrics",
            METRIC + "  register_of: heat_energy\n",
            "steam_pressure: register_of: heat_energy: a register of unit psi has steps of a metric per interval",
        ),
        (
            "metrics",
            REGISTER.replace("heat_energy", "heat"),
            "steam_cumulative: register_of: heat: a register of unit Гкал has steps",
        ),
        (
            "metrics",
            REGISTER,
            "steam_cumulative: register_of: heat_energy already has the register heat_energy_cumulative",
        ),
        (
            "units",
            "psi: {dimension: pressure, factor: 0.1, spellings: [бар]}",
            "units.yaml: psi: another unit of pressure is spelled 'бap', too",
        ),
        ("units", "psi: [\n", "units.yaml: line "),
        (
            "meter_kinds",
            KIND.replace("steam_pressure", "T9"),
            "meter_kinds.yaml: line 4: steam.expected: must be metrics of",
        ),
    ],
)
def test_an_error_in_a_definition_is_one_line_with_file_line_and_key(
    settings: Settings, tmp_path: Path, name: str, text: str, said: str
) -> None:
    (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    if name == "metrics":
        (tmp_path / "units.yaml").write_text(UNIT, encoding="utf-8")

    done = run("db", "migrate", DEFINITIONS_DIR=str(tmp_path))

    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.strip().count("\n") == 0


def test_folder_of_definitions_must_be_there(settings: Settings) -> None:
    done = run("db", "migrate", DEFINITIONS_DIR="/nonexistent")

    assert (done.returncode, done.stderr.strip().count("\n")) == (1, 0)
    assert "DEFINITIONS_DIR=/nonexistent is not a folder" in done.stderr
