"""Commands start at once: what is heavy is imported by what needs it."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest
import typer

from flows.commands import COMMANDS
from schemas.settings import PROJECT_ROOT

HEAVY = {"prefect", "pandas", "pyarrow", "dbt", "sqlalchemy"}
QUICK = ("status", "errors", "trace", "revisions", "rollback", "requeue", "reference")


def heavy_modules_after(code: str) -> set[str]:
    """Names of the heavy packages that a new process has imported after it ran the code."""
    report = "import sys; print('LOADED', *{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True, cwd=PROJECT_ROOT
    )
    return HEAVY & set(done.stdout.rpartition("LOADED")[2].split())


def test_help_imports_nothing_heavy_and_no_settings() -> None:
    code = (
        "from typer.testing import CliRunner\nfrom flows.commands import build_app\n"
        "done = CliRunner().invoke(build_app(), ['--help'])\nassert 'backfill' in done.output and not done.exit_code\n"
        "import sys\nassert 'schemas.settings' not in sys.modules"
    )

    assert heavy_modules_after(code) == set()


def test_reference_data_is_loaded_without_anything_heavy() -> None:
    assert heavy_modules_after("import tasks.operate.load_reference") == set()


@pytest.mark.parametrize("name", QUICK)
def test_module_of_a_quick_command_imports_nothing_heavy(name: str) -> None:
    assert heavy_modules_after(f"import {COMMANDS[name].target.partition(':')[0]}") == set()


def test_no_module_of_a_command_imports_prefect_before_its_settings_are_set() -> None:
    modules = sorted({entry.target.partition(":")[0] for entry in COMMANDS.values()})

    assert "prefect" not in heavy_modules_after(f"import {', '.join(modules)}")


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_what_the_command_says_of_itself(name: str) -> None:
    module, _, attribute = COMMANDS[name].target.partition(":")
    target = getattr(import_module(module), attribute)

    said = target.info.help if isinstance(target, typer.Typer) else target.__doc__.partition("\n")[0]

    assert COMMANDS[name].summary == said
