from __future__ import annotations

import sys
from pathlib import Path

import pytest

from flows.runtime import temporary_server
from flows.runtime.temporary_server import start_temporary_server
from schemas.errors import TransientError
from schemas.settings import Settings


def test_server_that_ends_instead_of_answering_is_one_line_with_what_it_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho started\necho no database >&2\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(temporary_server, "server_environment", lambda _: {})

    with pytest.raises(TransientError, match=r"^Prefect's temporary server does not start; it says: no database$"):
        start_temporary_server(Settings(state_dir=tmp_path))
