from __future__ import annotations

import pytest

from tests.waiting import wait_for, wait_for_result


async def test_what_is_waited_for_is_returned() -> None:
    answers = iter([0, 1, 2])

    assert await wait_for("two", lambda: next(answers), every=0, done=lambda number: number == 2) == 2


async def test_who_waits_in_vain_learns_for_what_and_what_was_seen_last() -> None:
    async def state() -> str:
        return "Cancelling"

    with pytest.raises(TimeoutError, match="waited 0 s for the run to end; last seen: 'Cancelling'"):
        await wait_for_result("the run to end", state, 0, every=0, done=lambda name: name == "Cancelled")
