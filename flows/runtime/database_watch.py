"""End a run whose embedded PostgreSQL has ended or has no space left.

Prefect keeps its data there, too: it would go on trying for minutes, and not even a signal would end the run.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flows.runtime.stopping import end_at_once
from schemas.settings import Settings
from tasks.warehouse.embedded_postgres import find_trouble

_POLL_SECONDS = 1.0
_GRACE_SECONDS = 10.0  # a server that is started again by then is found again by retries


@contextmanager
def ending_without_database(settings: Settings) -> Iterator[None]:
    """End this process and its children with one line and exit code 1 once the server has been lost for ten seconds."""
    ended = threading.Event()
    threading.Thread(target=_watch, args=(settings.state_dir, ended), daemon=True).start()
    try:
        yield
    except BaseException:
        if trouble := find_trouble(settings.state_dir):
            end_at_once(trouble, 1)
        raise
    finally:
        ended.set()


def _watch(state_dir: Path, ended: threading.Event) -> None:
    worked_at = time.monotonic()
    while not ended.wait(_POLL_SECONDS):
        if not (trouble := find_trouble(state_dir)):
            worked_at = time.monotonic()
        elif time.monotonic() - worked_at > _GRACE_SECONDS:
            end_at_once(trouble, 1)
