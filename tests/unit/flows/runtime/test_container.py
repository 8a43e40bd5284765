from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.settings import PROJECT_ROOT


@pytest.mark.parametrize(
    ("script", "code"), [("exit 0", 0), ("exit 3", 3), ("kill -KILL $$", 137)], ids=["good", "failed", "killed"]
)
def test_exit_code_is_the_commands(tmp_path: Path, script: str, code: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flows.runtime.container", "sh", "-c", script],
        env=os.environ | {"STATE_DIR": str(tmp_path / "state")},
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (code, "")
