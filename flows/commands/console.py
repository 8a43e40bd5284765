"""What a person or a machine reads: tables and bars on a terminal, plain text in a pipe, JSON on request."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from flows.runtime.stopping import Stopped, heed_signals
from schemas.errors import DataopsError, RunFailedError
from schemas.problems import ERROR, Language

T = TypeVar("T")

_MIN_TRACKED = 5

out = Console(soft_wrap=False)
err = Console(stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


def fail(error: Exception | str) -> int:
    """Print an error as one readable message on stderr, in the language of its readers; return the exit code."""
    language = error.language if isinstance(error, DataopsError) else Language.ENGLISH
    text = str(error)
    if isinstance(error, RunFailedError):
        text = error.line
        for detail in error.details:
            err.print(detail, markup=False, highlight=False, soft_wrap=True)
    err.print(f"[bold red]{ERROR[language]}:[/] {escape(text)}", highlight=False, soft_wrap=True)
    return 1


@contextmanager
def failing_in_one_line() -> Iterator[None]:
    """End the process with one line on stderr where the user can act on what went wrong, or has stopped it."""
    heed_signals()
    try:
        yield
    except (DataopsError, OSError) as error:  # a full disk, a folder that may not be read
        sys.exit(fail(error))
    except Stopped as stopped:
        fail(str(stopped))
        sys.exit(stopped.exit_code)
    except Exception as error:
        from tasks.warehouse.connection import is_transient

        if not is_transient(error):
            raise
        sys.exit(fail(str(error).partition("\n")[0]))  # the database has gone, or has no space left


def visible(value: object) -> str:
    """Return a value as text with control and direction characters escaped: file names are hostile."""
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
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in names:
        numeric = bool(rows) and all(isinstance(row[name], (int, float)) for row in rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold", no_wrap=numeric)
    for row in rows:
        table.add_row(*(Text(visible(row[name])) for name in names))
    out.print(table)


def log_lines(loads: Iterable[Mapping[str, Any]], zone: ZoneInfo) -> list[dict[str, object]]:
    """Return rows of the load log as few columns; on a terminal the id is its last digits, which commands accept."""
    from tasks.operate.resolve_load_id import short_load_id

    return [
        {
            "started": f"{load['started_at'].astimezone(zone):%d.%m %H:%M}",
            "file": load["source_file"],
            "status": load["status"],
            **{name: load[f"rows_{name}"] for name in ("read", "loaded", "rejected", "duplicate", "suspect")},
            "load_id": short_load_id(load["load_id"]) if out.is_terminal else str(load["load_id"]),
            "message": load["message"],
        }
        for load in loads
    ]


def print_json(value: object) -> None:
    """Print any record as JSON; dates and ids as text."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


@contextmanager
def track(items: Sequence[T], unit: str) -> Iterator[Iterable[T]]:
    """Yield the items for one loop over them, with a progress bar on a terminal where there are several."""
    from rich.progress import Progress

    with Progress(console=err, transient=True, disable=not err.is_terminal or len(items) < _MIN_TRACKED) as bar:
        yield bar.track(items, description=unit)


def waiting(what: str) -> AbstractContextManager[object]:
    """Show on a terminal what the command is waiting for; results are not mixed with it: it is on stderr."""
    return err.status(Text(what)) if err.is_terminal else nullcontext()


@contextmanager
def failure_as_json(*, as_json: bool) -> Iterator[None]:
    """Print the summary of a failed run for machines; the error follows on stderr as it does without."""
    try:
        yield
    except RunFailedError as error:
        if as_json and error.summary:
            print_json(error.summary)
        raise
