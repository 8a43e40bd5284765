"""The first process of a container: runs a command, and stops the embedded PostgreSQL when that has ended.

A container ends with its first process, and what still runs in it is killed: the database would have to recover at each
start. Called as `python -m flows.runtime.container COMMAND …`.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress

from schemas.errors import DataopsError
from schemas.settings import load_settings
from tasks.warehouse import embedded_postgres


def main() -> None:
    """Run the command, then stop the server; its exit code is the command's."""
    code = run(sys.argv[1:])
    try:
        embedded_postgres.stop(load_settings().state_dir)
    except DataopsError as error:
        sys.stderr.write(f"error: {error}\n")
    sys.exit(code)


def run(command: list[str]) -> int:
    """Run a command to its end and return its exit code; orphans are reaped, as a first process must."""
    child = os.posix_spawnp(command[0], command, os.environ)

    def pass_on(received: int, _: object) -> None:
        is_sent_by_terminal = received == signal.SIGINT and sys.stdin.isatty()
        if not is_sent_by_terminal:
            with suppress(ProcessLookupError):
                os.kill(child, received)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, pass_on)
    while True:
        ended, status = os.wait()
        if ended == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


if __name__ == "__main__":
    main()
