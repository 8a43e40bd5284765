from __future__ import annotations

import ast
from pathlib import Path

from schemas.settings import PROJECT_ROOT

UNIT = PROJECT_ROOT / "tests" / "unit"
# Modules without a separate unit test: why, and the test that covers them.
FLOWS = ("tasks in order and nothing else", "tests/integration/test_flows.py")
COMMAND = ("arguments, one call and what is printed", "tests/integration/test_command.py")
UNDO = ("tasks in order and nothing else", "tests/integration/test_command.py")
ELSEWHERE = {
    **{
        f"flows/{name}.py": FLOWS for name in ("load_day", "steps", "ingest", "validate", "load", "transform", "report")
    },
    **{f"flows/{name}.py": UNDO for name in ("release", "replay", "requeue", "rollback")},
    **{
        f"flows/commands/{name}.py": COMMAND
        for name in (
            *(
                "backfill",
                "db",
                "demo",
                "docs",
                "errors",
                "features",
                "purge",
                "reference",
                "release",
                "replay",
                "requeue",
            ),
            *("rollback", "run", "status", "up"),
        )
    },
    "flows/commands/__init__.py": ("tested as the whole command", "tests/unit/flows/commands/test_main.py"),
    "flows/commands/lazy_group.py": ("tested as the whole command", "tests/unit/flows/commands/test_start.py"),
    "flows/commands/sources.py": ("introduces steps to each other", "tests/integration/test_sources.py"),
    "flows/runtime/database_watch.py": ("ends the process", "tests/faults/test_embedded_server.py"),
    "flows/runtime/local_server.py": ("starts servers and workers", "tests/integration/test_prefect.py"),
    "flows/runtime/run_health.py": ("asks a Prefect server", "tests/integration/test_prefect.py"),
    "flows/runtime/loop.py": ("starts a server", "tests/integration/test_prefect.py"),
    "flows/runtime/warehouse.py": ("asks a database and a Prefect server", "tests/integration/test_warehouse.py"),
    "tasks/ingest/claim_files.py": ("SQL", "tests/integration/test_ingest.py"),
    "tasks/ingest/find_unchanged.py": ("SQL", "tests/integration/test_small_files.py"),
    "tasks/ingest/stage_claimed.py": ("SQL", "tests/integration/test_ingest.py"),
    "tasks/ingest/look_again.py": ("SQL", "tests/faults/test_claims.py"),
    "tasks/load/earlier_versions.py": ("SQL", "tests/integration/test_versions.py"),
    "tasks/load/hold_loads.py": ("part of a merge", "tests/integration/test_held_loads.py"),
    "tasks/load/release_load.py": ("SQL", "tests/integration/test_held_loads.py"),
    "tasks/load/settle_readings.py": ("SQL", "tests/integration/test_history.py"),
    "tasks/load/load_meters.py": ("SQL", "tests/integration/test_merge.py"),
    "tasks/load/merge_loads.py": ("SQL", "tests/integration/test_merge.py"),
    "tasks/ingest/pick_lines.py": ("part of a region", "tests/unit/tasks/ingest/test_read_region.py"),
    "tasks/ingest/read_rows.py": ("part of a region", "tests/unit/tasks/ingest/test_read_region.py"),
    "flows/runtime/stopping.py": ("part of an end", "tests/unit/flows/runtime/test_ending.py"),
    "tasks/ingest/restage_load.py": ("SQL", "tests/integration/test_replay.py"),
    "tasks/ingest/find_replayed.py": ("SQL", "tests/integration/test_flows.py"),
    "tasks/load/list_changes.py": ("SQL", "tests/integration/test_replay.py"),
    "tasks/operate/outdated_loads.py": ("SQL", "tests/integration/test_replay.py"),
    "flows/commands/preview_replay.py": ("SQL", "tests/integration/test_replay.py"),
    "flows/commands/replay_source.py": ("runs a flow", "tests/integration/test_flows.py"),
    "flows/restage.py": ("runs on a Prefect server", "tests/integration/test_flows.py"),
    "tasks/ingest/read_staged.py": ("SQL", "tests/integration/test_replay.py"),
    "tasks/load/requeue_rows.py": ("SQL", "tests/integration/test_requeue.py"),
    "tasks/operate/list_for_supplier.py": ("compares by SQL", "tests/integration/test_row_errors.py"),
    "tasks/operate/list_row_errors.py": ("SQL", "tests/integration/test_row_errors.py"),
    "tasks/operate/purge_stage.py": ("SQL", "tests/integration/test_purge.py"),
    "tasks/operate/trace_readings.py": ("SQL", "tests/integration/test_operate_lookups.py"),
    "tasks/report/build_report.py": ("collects and writes", "tests/integration/test_report.py"),
    "tasks/sources/node_paths.py": ("part of the drafts", "tests/unit/tasks/sources/test_find_node_rows.py"),
    "tasks/transform/build_features.py": ("SQL", "tests/integration/test_features.py"),
    "tasks/transform/track_changes.py": ("SQL", "tests/integration/test_features.py"),
    "tasks/transform/run_dbt.py": ("runs dbt on a database", "tests/integration/test_features.py"),
    "tasks/validate/parse_times.py": ("part of a reading", "tests/unit/tasks/validate/test_parse_readings.py"),
    "tasks/validate/problem_bits.py": ("part of a reading", "tests/unit/tasks/validate/test_row_errors.py"),
    "tasks/validate/store_outcomes.py": ("SQL", "tests/integration/test_validate_loads.py"),
    "tasks/warehouse/file_errors.py": ("SQL", "tests/integration/test_row_errors.py"),
    "tasks/warehouse/lost_copies.py": ("needs a connection to lose", "tests/faults/test_cut_copies.py"),
    "tasks/warehouse/migrate/aggregates.py": ("SQL", "tests/integration/test_aggregates.py"),
    "tasks/warehouse/migrate/stored_definitions.py": ("SQL", "tests/integration/test_database.py"),
    "tasks/warehouse/roles.py": ("SQL", "tests/integration/test_roles.py"),
    "flows/backfill.py": ("runs on a Prefect server", "tests/integration/test_prefect.py"),
    "flows/__main__.py": ("the process itself", "tests/integration/test_command.py"),
}


def _modules() -> list[Path]:
    """Find the modules that have functions; a package's `__init__.py` counts as well."""
    return [
        path.relative_to(PROJECT_ROOT)
        for room in ("schemas", "tasks", "flows")
        for path in sorted((PROJECT_ROOT / room).rglob("*.py"))
        if _has_functions(path)
    ]


def _has_functions(path: Path) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in ast.walk(tree))


def _is_wrapper(module: Path) -> bool:
    """Prefect's tasks in three lines, which the tests of flows run."""
    return module.name in ("prefect_task.py", "prefect_tasks.py")


def _unit_test(module: Path) -> Path:
    name = module.parent.name if module.name == "__init__.py" else module.stem
    return UNIT / module.parent / f"test_{name.strip('_')}.py"


def test_every_module_has_a_unit_test_or_a_reason() -> None:
    missing = [
        module.as_posix()
        for module in _modules()
        if not _is_wrapper(module) and module.as_posix() not in ELSEWHERE and not _unit_test(module).is_file()
    ]

    assert missing == [], "\n" + "\n".join(missing)


def test_exceptions_are_needed_and_name_a_test() -> None:
    modules = {module.as_posix(): module for module in _modules()}

    for name, (_, covered_by) in ELSEWHERE.items():
        assert name in modules, f"{name} does not exist or has no functions"
        assert not _unit_test(modules[name]).is_file(), f"{name} has a unit test now"
        assert (PROJECT_ROOT / covered_by).is_file(), f"{name}: {covered_by} does not exist"
