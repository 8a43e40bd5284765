"""Processes that end with the one that started them, however that one ended: kill -9 leaves nobody behind.

`python -m flows.runtime.child MODULE ARGUMENTS` runs a module like `python -m`; what it starts knows its id. The
kernel's own signal on a parent's death is not used: it comes when the thread ends that started the child.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
import time

PARENT = "DATAOPS_PARENT_PID"
"""The process to end with. Not the parent as the child finds it: that may have died while the child started."""
_LOOK_SECONDS = 1.0
_END_SECONDS = 20.0

_parent_has_ended = threading.Event()


def end_with_parent() -> None:
    """End this process soon after the one that started it, if that was a worker or one of our commands."""
    named = os.environ.pop(PARENT, None)
    # A worker that was started by hand does not tell its id; the processes of its runs are known by this variable.
    if parent := int(named) if named else "PREFECT__FLOW_RUN_ID" in os.environ and os.getppid():
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def has_lost_parent() -> bool:
    """Return True once this process has to end because the one that started it has ended."""
    return _parent_has_ended.is_set()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    _parent_has_ended.set()
    os.kill(os.getpid(), signal.SIGTERM)  # a run says that it crashed, a server closes its connections
    time.sleep(_END_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Run the module that the first argument names."""
    end_with_parent()
    os.environ[PARENT] = str(os.getpid())
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
