from __future__ import annotations

import pytest
from prefect.states import Cancelled, Completed, Failed

from flows.commands.flow_results import result_of
from schemas.errors import RunFailedError, TerminalError


async def test_result_of_a_completed_flow_is_what_it_returned() -> None:
    assert await result_of(Completed(data=7), int) == 7


async def test_error_of_a_failed_flow_is_raised_as_it_was() -> None:
    with pytest.raises(TerminalError, match="the reason"):
        await result_of(Failed(data=TerminalError("the reason")), int)


async def test_cancelled_and_unfinished_flows_have_failed() -> None:
    with pytest.raises(RunFailedError, match="by hand"):
        await result_of(Cancelled(message="by hand"), int)
    with pytest.raises(RunFailedError, match="did not finish"):
        await result_of(Completed(data="not a number"), int)
