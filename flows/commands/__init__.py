"""The `dataops` command: one module a command or a group of them."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable

import typer
from typer.exceptions import TyperException

from flows.commands.console import fail, failing_in_one_line
from flows.commands.lazy_group import Entry, lazy_group
from schemas.errors import in_plain_words

COMMANDS: dict[str, Entry] = {
    "run": Entry(
        "flows.commands.run:run",
        "Load one day's files from RAW_DIR, then features and report; exit code 1 if any file failed.",
    ),
    "backfill": Entry(
        "flows.commands.backfill:backfill",
        "Load every day from START to END; repeated after a failure it does the failed days only.",
    ),
    "status": Entry(
        "flows.commands.status:status",
        "Show the last loads, days with gaps, schedules, and the versions of database and extensions.",
    ),
    "errors": Entry(
        "flows.commands.errors:errors",
        "Show open row errors: file, sheet, cell, value, reason and what to do.",
    ),
    "requeue": Entry(
        "flows.commands.requeue:requeue",
        "Load rejected rows that have become loadable, from stage: no file is needed.",
    ),
    "replay": Entry(
        "flows.commands.replay:replay",
        "Load a file, a load, a day, or what an edited mapping would read otherwise, though it is loaded already.",
    ),
    "rollback": Entry(
        "flows.commands.rollback:rollback",
        "Undo a load: core is as if it had never been loaded, except readings that a later load rewrote.",
    ),
    "revisions": Entry(
        "flows.commands.provenance:revisions",
        "Show who changed which reading of a meter, when, from what file and cell.",
    ),
    "trace": Entry(
        "flows.commands.provenance:trace",
        "Show file, sheet, row and cell that a reading in core came from, and what it was before.",
    ),
    "docs": Entry(
        "flows.commands.docs:docs",
        "Write the static dbt docs (models, columns with units, lineage) to artifacts/dbt_docs/.",
    ),
    "release": Entry(
        "flows.commands.release:release",
        "Load a file that is held because it changes more readings than HOLD_CHANGED_SHARE.",
    ),
    "purge": Entry(
        "flows.commands.purge:purge",
        "Delete stage rows, resolved row errors, run logs and reports older than KEEP_…_DAYS.",
    ),
    "up": Entry(
        "flows.commands.up:up",
        "Start database, Prefect server, work pool, schedules and workers; safe to repeat.",
    ),
    "deploy": Entry(
        "flows.commands.up:deploy",
        "Register work pool, schedules and database with the Prefect server that PREFECT_API_URL names.",
    ),
    "down": Entry("flows.commands.up:down", "Stop workers and Prefect server."),
    "sample": Entry(
        "flows.commands.sample:sample",
        "Make days of raw files of a small city, and say what they should load to.",
    ),
    "demo": Entry(
        "flows.commands.demo:demo",
        "Make sample days, load them, and show the load log, the top reasons and where the report is.",
    ),
    "db": Entry("flows.commands.db:app", "The warehouse's database."),
    "features": Entry("flows.commands.features:app", "Features: what the models of dbt/ make of core."),
    "reference": Entry("flows.commands.reference:app", "Reference data: buildings, itp, meters."),
    "sources": Entry("flows.commands.sources:app", "Source mappings: which files are accepted and how they are read."),
}


def main() -> None:
    """Run the command; what the user can act on is one line on stderr and exit code 1, or 2 for a wrong call."""
    gc.disable()  # what start-up makes stays: looking for garbage in it is a tenth of its time
    with failing_in_one_line():
        try:
            sys.exit(build_app(_prepare)(standalone_mode=False))
        except TyperException as error:
            if message := error.format_message():  # without one it has printed the help
                fail(in_plain_words(message))
            sys.exit(error.exit_code)


def build_app(prepare: Callable[[], None] | None = None) -> typer.Typer:
    """Return the whole command; `prepare` is called before any of its commands does its work."""
    app = typer.Typer(
        cls=lazy_group(COMMANDS),
        name="dataops",
        help="Day-sheets of water and heat meters into PostgreSQL/TimescaleDB.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    app.callback()(prepare or _do_nothing)
    return app


def _prepare() -> None:
    """Set what Prefect reads when a command imports it."""
    from flows.runtime.prefect_api import configure_prefect
    from schemas.settings import load_settings

    configure_prefect(load_settings())
    gc.enable()


def _do_nothing() -> None: ...
