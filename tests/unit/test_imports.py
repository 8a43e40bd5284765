"""Importing changes nothing in the process: allocators, frozen heap and log filters are a run's, set at its start."""

from __future__ import annotations

import json
import subprocess
import sys

from schemas.settings import PROJECT_ROOT

_IMPORT_ALL = """
import gc, importlib, json, logging, pkgutil, sys

import prefect, pyarrow

pool, looked_up = pyarrow.default_memory_pool().backend_name, []
sys.addaudithook(lambda event, args: looked_up.append(str(args[1])) if event == "ctypes.dlsym" else None)


def filters():
    loggers = [logging.getLogger(), *(logging.getLogger(name) for name in list(logging.root.manager.loggerDict))]
    return {f"{logger.name}: {filter}" for logger in loggers for filter in logger.filters}


import flows, schemas, tasks

# Python 3.12 itself begins with a frozen heap.
before, frozen, names = filters(), gc.get_freeze_count(), []
for package in (schemas, tasks, flows):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
            names.append(module.name)
print(json.dumps({
    "modules": names,
    "mallopt": "mallopt" in looked_up,
    "pool_changed": pyarrow.default_memory_pool().backend_name != pool,
    "frozen": gc.get_freeze_count() - frozen,
    "filters": sorted(name for name in filters() - before if "dataops" in name or "flows." in name or "tasks." in name),
}))
"""


def test_importing_any_module_changes_no_allocator_freezes_no_heap_and_installs_no_log_filter() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _IMPORT_ALL],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert {"tasks.warehouse.heap", "flows.runtime.context", "flows.commands.run"} <= set(found.pop("modules"))
    assert found == {"mallopt": False, "pool_changed": False, "frozen": 0, "filters": []}
