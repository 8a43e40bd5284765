"""Servers on which each test gets a separate database: PostgreSQL, TimescaleDB, or PGlite where there is neither."""

from __future__ import annotations

import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import psycopg2
from psycopg2 import sql

BRIDGE = Path(__file__).parent / "timescale"


class Databases(Protocol):
    """A server to make databases on; all have unguessable names, and only what was made here is dropped."""

    has_sessions: bool
    """Whether several sessions can be at work in one database."""
    is_of_this_run: bool
    """Whether the processes that share the tests share it, and nobody has it afterwards."""

    def create(self, template: str | None = None) -> str:
        """Create a database, empty or as a copy of another that nobody uses; returns its URL."""

    def drop(self, url: str) -> None:
        """Drop a database that was created here."""

    def settle(self, url: str) -> None:
        """Make a database a template: nobody may connect to it any more."""


@contextmanager
def new_database(databases: Databases, template: str | None = None) -> Iterator[str]:
    """Yield the URL of a new database that exists as long as the block."""
    url = databases.create(template)
    try:
        yield url
    finally:
        databases.drop(url)


class Server:
    """A PostgreSQL server that several sessions can use at once."""

    has_sessions = True

    def __init__(self, dsn: str, *, is_of_this_run: bool = False) -> None:
        self.is_of_this_run = is_of_this_run
        self._dsn = dsn
        self._made: set[str] = set()
        self._admin = psycopg2.connect(dsn)
        self._admin.autocommit = True

    def close(self) -> None:
        if not self.is_of_this_run:
            for url in [*self._made]:
                self.drop(url)
        self._admin.close()

    def create(self, template: str | None = None) -> str:
        name = f"test_{secrets.token_hex(8)}"
        copied = template and template.rpartition("/")[2]
        self._execute("create database {} template {}", name, copied or "template0")
        url = f"{self._dsn.rpartition('/')[0]}/{name}"
        self._made.add(url)
        return url

    def drop(self, url: str) -> None:
        self._made.remove(url)
        self._execute("drop database {} with (force)", url.rpartition("/")[2])

    def settle(self, url: str) -> None:
        name = url.rpartition("/")[2]
        self._execute("alter database {} allow_connections false", name)
        with self._admin.cursor() as cursor:
            # TimescaleDB's scheduler is a session, too.
            cursor.execute("select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = %s", [name])

    def _execute(self, query: str, *names: str) -> None:
        with self._admin.cursor() as cursor:
            cursor.execute(sql.SQL(query).format(*(sql.Identifier(name) for name in names)))


class PGlite:
    """PostgreSQL with TimescaleDB in WebAssembly, a child of this process: see `timescale/bridge.mjs`."""

    has_sessions = False
    is_of_this_run = False

    def __init__(self) -> None:
        self._bridge = subprocess.Popen(
            ["node", "bridge.mjs"], cwd=BRIDGE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._port = int(self._answer())

    @staticmethod
    def why_not() -> str | None:
        """Say what PGlite lacks here; None: nothing."""
        if not shutil.which("node"):
            return "TIMESCALE_URL names no TimescaleDB server, and node is not there to run PGlite"
        if not (BRIDGE / "node_modules").is_dir():
            return "TIMESCALE_URL names no TimescaleDB server, and PGlite is not installed: make test-timescale"
        return None

    def close(self) -> None:
        assert self._bridge.stdin
        self._bridge.stdin.close()
        self._bridge.wait(timeout=300)

    def create(self, template: str | None = None) -> str:
        name = f"test_{secrets.token_hex(8)}"
        self._command("create", name, *([template.rpartition("/")[2]] if template else []))
        return f"postgresql://postgres:any@127.0.0.1:{self._port}/{name}"

    def drop(self, url: str) -> None:
        self._command("drop", url.rpartition("/")[2])

    def settle(self, url: str) -> None:
        pass  # the bridge copies it between two transactions

    def _command(self, *words: str) -> None:
        assert self._bridge.stdin
        self._bridge.stdin.write(" ".join(words) + "\n")
        self._bridge.stdin.flush()
        if (answer := self._answer()) != "ok":
            raise RuntimeError(f"PGlite: {' '.join(words)}: {answer}")

    def _answer(self) -> str:
        assert self._bridge.stdout
        return self._bridge.stdout.readline().strip()
