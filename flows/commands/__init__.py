"""The `dataops` command: one module a group of commands."""

from __future__ import annotations

import sys

import typer

from flows.commands.console import fail
from schemas.errors import DataopsError

app = typer.Typer(
    name="dataops",
    help="Day-sheets of water and heat meters into PostgreSQL/TimescaleDB.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command; what the user can act on is one line on stderr and exit code 1."""
    try:
        app()
    except DataopsError as error:
        sys.exit(fail(error))
