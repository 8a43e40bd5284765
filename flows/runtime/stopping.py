"""How SIGTERM and Ctrl-C end a process: whatever it is busy with, after a grace time.

Apart from what asyncio and Prefect need, so that commands start at once.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from schemas.errors import RunFailedError

if TYPE_CHECKING:
    from uuid import UUID

GRACE_SECONDS = 8.0
"""So long a process may take to end in good order; a worker gives it half a minute."""
ADVICE = "what is loaded stays, and the next run does the rest"


class Stopped(BaseException):
    """SIGTERM or Ctrl-C has ended the command."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}: {ADVICE}")
        self.exit_code = 128 + number


class _Process:
    """What is known of this process's end."""

    cancel_run: Callable[[], object] | None = None
    """Cancels the run that this process is busy with."""
    why: Stopped | RunFailedError | None = None
    """Why it ends before its time."""
    cancelled_id: UUID | None = None
    """The flow run, if it was cancelled in the UI."""
    has_said_why = False
    """Whether the command says it."""


process = _Process()


def heed_signals() -> None:
    """End the command within the grace time on SIGTERM and Ctrl-C."""
    bound_signals()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _on_signal)


def _on_signal(number: int, _: FrameType | None) -> None:
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)
    if process.cancel_run is None:  # else the listener cancels it
        process.has_said_why = True
        raise Stopped(number)


def bound_signals() -> None:
    """Bound how long the process takes to end once it gets a signal, which the handler in place sees as well.

    A thread hears it at once. The main thread does not where it waits for a lock, if the signal came just before.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)

    def listen() -> None:
        while (number := os.read(reader, 1)[0]) not in (signal.SIGTERM, signal.SIGINT):
            pass
        process.why = stopped = Stopped(number)
        end_soon(str(stopped), stopped.exit_code)
        if process.cancel_run:
            process.cancel_run()

    threading.Thread(target=listen, daemon=True).start()


def end_soon(reason: str, exit_code: int) -> None:
    """End the process after the grace time, if it has not ended by then."""
    end_within(GRACE_SECONDS, reason, exit_code)


def end_within(seconds: float, reason: str, exit_code: int) -> None:
    """End the process after a while, if it has not ended by then, whatever it is busy with."""

    def end() -> None:
        time.sleep(seconds)
        end_at_once(None if process.has_said_why else reason, exit_code)

    threading.Thread(target=end, daemon=True).start()


def end_at_once(reason: str | None, exit_code: int) -> NoReturn:
    """End the process and its children, whatever they are busy with; None: the reason has been said."""
    import psutil

    logging.disable()  # the line is the last one
    with suppress(OSError):  # the worker that reads it has ended
        if reason:
            os.write(2, f"error: {reason}\n".encode())
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            child.kill()
    os._exit(exit_code)


def is_ending() -> bool:
    """Return True once the process has been told to end: what fails then fails because of that."""
    return process.why is not None
