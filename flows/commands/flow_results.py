"""From the state that a flow ended in to its result, or to what it raised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from schemas.errors import RunFailedError

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State

Result = TypeVar("Result")


async def result_of(state: State[Any], kind: type[Result]) -> Result:
    """Return what a flow returned, or raise what it raised.

    Raises:
        RunFailedError: the run was cancelled or crashed before it came to a result.

    """
    if state.is_cancelled():
        raise RunFailedError(state.message or "the run was cancelled")
    result = await state.aresult(raise_on_failure=False)
    if isinstance(result, Exception):
        raise result
    if not isinstance(result, kind):
        raise RunFailedError(state.message or "the run did not finish")
    return result
