"""The `dataops` command: one module a group of commands."""

from __future__ import annotations

import sys

import typer

from flows.commands.console import fail
from flows.runtime.prefect_api import configure_prefect
from schemas.errors import DataopsError
from schemas.settings import load_settings


def main() -> None:
    """Run the command; what the user can act on is one line on stderr and exit code 1."""
    try:
        # Prefect reads its settings when it is imported, which the commands' modules do.
        configure_prefect(load_settings())
        _app()()
    except (DataopsError, OSError) as error:  # a full disk, a folder that may not be read
        sys.exit(fail(error))


def _app() -> typer.Typer:
    from flows.commands import (
        backfill,
        db,
        demo,
        docs,
        errors,
        history,
        purge,
        reference,
        requeue,
        run,
        sample,
        sources,
        status,
        up,
    )

    app = typer.Typer(
        name="dataops",
        help="Day-sheets of water and heat meters into PostgreSQL/TimescaleDB.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    for command in (
        *(run.run, backfill.backfill, status.status, errors.errors, requeue.requeue),
        *(history.replay, history.rollback, history.revisions, history.trace, docs.docs, purge.purge),
        *(up.up, up.deploy, up.down, sample.sample, demo.demo),
    ):
        app.command()(command)
    for name, group in (("db", db.app), ("reference", reference.app), ("sources", sources.app)):
        app.add_typer(group, name=name)
    return app
