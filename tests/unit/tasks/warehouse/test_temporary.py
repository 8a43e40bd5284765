from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from schemas.settings import PROJECT_ROOT
from tasks.warehouse.temporary import delete_abandoned_folders, temporary_folder

OWNER = """
import time
from tasks.warehouse.temporary import temporary_folder
with temporary_folder() as folder:
    (folder / "sheet.arrow").touch()
    print(folder, flush=True)
    time.sleep(600)
"""


@pytest.fixture(autouse=True)
def temp_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_folder_of_a_killed_process_is_deleted_and_that_of_a_living_one_stays(temp_dir: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER],
        env=os.environ | {"TMPDIR": str(temp_dir)},
        cwd=PROJECT_ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout
    folder = Path(owner.stdout.readline().strip())

    delete_abandoned_folders()
    while_alive = (folder / "sheet.arrow").exists()
    owner.kill()
    owner.wait()
    owner.stdout.close()
    delete_abandoned_folders()

    assert while_alive
    assert not folder.exists()


def test_what_is_not_ours_stays(temp_dir: Path) -> None:
    others = temp_dir / "dataops-tests"
    others.mkdir()

    delete_abandoned_folders()

    assert others.is_dir()


def test_folder_that_is_deleted_before_its_owner_has_locked_it_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    original = tempfile.mkdtemp

    def make_and_lose_the_first(prefix: str) -> str:
        made.append(original(prefix=prefix))
        if len(made) == 1:
            delete_abandoned_folders()
        return made[-1]

    monkeypatch.setattr(tempfile, "mkdtemp", make_and_lose_the_first)

    with temporary_folder() as folder:
        assert folder.is_dir()

    assert len(made) == 2


def test_folder_is_gone_after_use() -> None:
    with temporary_folder() as folder:
        assert folder.is_dir()

    assert not folder.exists()
