from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from schemas.errors import TerminalError
from tasks.warehouse import embedded_lock
from tasks.warehouse.embedded_home import Home
from tasks.warehouse.embedded_lock import is_locked, lock_for_server


def test_lock_is_held_as_long_as_a_process_that_has_inherited_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_lock, "_WAIT_SECONDS", 0.2)
    home = Home(tmp_path, tmp_path, None)
    before = is_locked(home)

    with lock_for_server(home) as lock:
        heir = subprocess.Popen(["sleep", "60"], pass_fds=(lock,))
    held = is_locked(home)
    with pytest.raises(TerminalError) as refused, lock_for_server(home):
        pass
    heir.kill()
    heir.wait()

    assert (before, held, is_locked(home)) == (False, True, False)
    assert f"on {socket.gethostname()} since 20" in str(refused.value)


def test_program_inherits_only_what_it_is_given(tmp_path: Path) -> None:
    home = Home(tmp_path, Path("/bin"), None)

    with lock_for_server(home) as lock:
        given, others = (
            home.call("ls", f"/proc/self/fd/{lock}", inherited=inherited).returncode for inherited in ((lock,), ())
        )

    assert given == 0
    assert others != 0
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(lock)
