"""What the parts of one run share: who runs, for which day, and how a part ends when files failed."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from prefect.client.schemas.objects import State
from pydantic import BaseModel

from tasks.claim_files import Run
from tasks.connect_warehouse import is_transient


class RunContext(BaseModel):
    """The parent flow run, its claim key and the day; small, so that it travels as a flow parameter."""

    flow_run_id: UUID
    claim_key: int
    day: dt.date

    @property
    def run(self) -> Run:
        """As the tasks know it."""
        return Run(self.flow_run_id, self.claim_key, self.day)


class PartResult(BaseModel):
    """What a subflow leaves behind: how many loads it took a step further."""

    loads: int


def is_worth_retrying(task: object, task_run: object, state: State[Any]) -> bool:
    """Tell Prefect to retry what a lost connection or a concurrent load broke, and nothing else."""
    return isinstance(state.data, BaseException) and is_transient(state.data)


RETRY: dict[str, Any] = {
    "retries": 3,
    "retry_delay_seconds": [1, 5, 20],
    "retry_condition_fn": is_worth_retrying,
}
"""How a group of files is tried again; each try finds out from the database what is left."""
