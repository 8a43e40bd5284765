"""What needs no server; starting, killing and sharing one is in tests/integration/test_database.py."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from pydantic import SecretStr

from schemas.errors import TerminalError
from tasks.warehouse import embedded_postgres
from tasks.warehouse.embedded_home import Home
from tasks.warehouse.embedded_postgres import create_database, embedded_facts, status, stop


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    found = Home(tmp_path / "postgres", tmp_path / "bin", None)
    found.folder.mkdir()
    monkeypatch.setattr(embedded_postgres, "find_home", lambda _: found)
    return found


def test_facts_are_told_of_the_embedded_server_alone_and_without_the_password(home: Home, tmp_path: Path) -> None:
    before = embedded_facts(tmp_path, SecretStr("postgresql://dataops:secret@127.0.0.1:5/dataops"))
    home.write("password", "secret", mode=0o600)

    own = embedded_facts(tmp_path, SecretStr("postgresql://dataops:secret@127.0.0.1:5/dataops"))
    other = embedded_facts(tmp_path, SecretStr("postgresql://dataops:another@db/dataops"))

    assert own == {"data folder": str(home.data), "password file": str(home.password_file)}
    assert before == other == {}


def test_server_that_was_never_started_does_not_run(home: Home, tmp_path: Path) -> None:
    assert status(tmp_path) == (False, home.folder, None, None)
    assert not stop(tmp_path)
    assert not stop(tmp_path / "none")


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("name", ["", "A", "a-b", "a; drop database b", "a" * 64])
def test_name_that_would_need_quotes_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(TerminalError, match="not a name for a database"):
        create_database(tmp_path, name)


def test_pid_of_a_process_that_is_no_server_of_this_folder_does_not_count(home: Home) -> None:
    home.data.mkdir(parents=True)

    for line in (str(os.getpid()), "999999999", "", "no number"):
        (home.data / "postmaster.pid").write_text(f"{line}\n")
        assert not embedded_postgres._has_process(home)

    server = subprocess.Popen(["sleep", "60"], cwd=home.data)
    (home.data / "postmaster.pid").write_text(f"{server.pid}\n")
    runs = embedded_postgres._has_process(home)
    server.kill()
    while psutil.Process(server.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    is_zombie_counted = embedded_postgres._has_process(home)
    server.wait()

    assert runs
    assert not is_zombie_counted
