from __future__ import annotations

from prefect.states import Failed

from schemas.errors import TerminalError, TransientError
from tasks.load.prefect_task import merge_loads_task


def test_merge_is_tried_again_only_after_a_transient_error() -> None:
    should_retry = merge_loads_task.retry_condition_fn

    assert merge_loads_task.retries == 3
    assert should_retry is not None
    assert should_retry(merge_loads_task, None, Failed(data=TransientError("lost")))  # type: ignore[arg-type]
    assert not should_retry(merge_loads_task, None, Failed(data=TerminalError("bad file")))  # type: ignore[arg-type]
