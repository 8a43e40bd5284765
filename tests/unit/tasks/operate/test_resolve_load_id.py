from __future__ import annotations

from tasks.operate.resolve_load_id import short_load_id
from tasks.warehouse.load_log import new_load_id


def test_loads_of_one_millisecond_differ_in_the_end_of_their_ids() -> None:
    load_ids = [new_load_id(1_750_000_000) for _ in range(100)]

    short_ids = {short_load_id(load_id): load_id for load_id in load_ids}

    assert len(short_ids) == 100
    assert all(len(short) == 8 and str(load_id).endswith(short) for short, load_id in short_ids.items())
