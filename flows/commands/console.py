"""What a person or a machine reads: tables and bars on a terminal, plain text in a pipe, JSON on request."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from schemas.errors import RunFailedError

_SHORT = 60

out = Console(soft_wrap=False)
err = Console(stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


def fail(error: Exception) -> int:
    """Print an error as one readable message on stderr; gives the exit code."""
    err.print(f"[bold red]error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
    return 1


def visible(value: object) -> str:
    """Give a value as text with control and direction characters escaped: file names are hostile."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{round(value, 9) + 0.0:.10g}"  # 20.4 and 0, not 20.400000000000006 and -2.8e-17
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in str(value))


def heading(text: str) -> None:
    """Print a heading."""
    if out.is_terminal:
        out.rule(Text(text), align="left")
    else:
        out.print(f"# {text}", markup=False, highlight=False, soft_wrap=True)


def print_table(title: str, rows: Sequence[Mapping[str, object]], columns: Iterable[str] | None = None) -> None:
    """Print records as a table; tab-separated lines without a terminal."""
    names = list(columns) if columns is not None else list(rows[0]) if rows else []
    if not out.is_terminal:
        out.print(f"# {title}", markup=False, highlight=False, soft_wrap=True)
        for line in [names, *([visible(row[name]) for name in names] for row in rows)]:
            typer.echo("\t".join(line))  # rich would turn tabs into spaces
        return
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in names:
        numeric = bool(rows) and all(isinstance(row[name], (int, float)) for row in rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold", no_wrap=numeric)
    for row in rows:
        table.add_row(*(Text(visible(row[name])) for name in names))
    out.print(table)


def log_lines(loads: Iterable[Mapping[str, Any]], zone: ZoneInfo) -> list[dict[str, object]]:
    """Give rows of the load log as few narrow columns; why a file was skipped is cut short."""
    return [
        {
            "started": f"{load['started_at'].astimezone(zone):%d.%m %H:%M}",
            "file": load["source_file"],
            "status": load["status"],
            **{name: load[f"rows_{name}"] for name in ("read", "loaded", "rejected", "duplicate", "suspect")},
            "message": _shortened(load["message"] or "", load["status"]),
        }
        for load in loads
    ]


def _shortened(message: str, status: str) -> str:
    return message if status == "failed" or len(message) < _SHORT else f"{message[:_SHORT]}…"


def print_json(value: object) -> None:
    """Print any record as JSON; dates and ids as text."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


@contextmanager
def failure_as_json(*, as_json: bool) -> Iterator[None]:
    """Print what a run that fails came to, for machines; the error follows on stderr as it does without."""
    try:
        yield
    except RunFailedError as error:
        if as_json and error.summary:
            print_json(error.summary)
        raise
