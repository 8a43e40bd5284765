from __future__ import annotations

import uuid

import pytest

from schemas.load_states import LoadStatus
from tasks.warehouse.load_log import LogRow, new_load_id
from tests.harness import DAY

NOW = 1_745_960_400.123


def test_load_id_is_a_version_7_uuid_of_its_millisecond() -> None:
    load_id = new_load_id(NOW)

    assert load_id.int >> 80 == 1_745_960_400_123
    assert (load_id.version, load_id.variant) == (7, uuid.RFC_4122)


def test_load_ids_of_one_millisecond_differ_and_those_of_later_ones_are_greater() -> None:
    same_time = [new_load_id(NOW) for _ in range(1_000)]

    assert len(set(same_time)) == 1_000
    assert max(same_time) < new_load_id(NOW + 0.002)


@pytest.mark.parametrize("status", LoadStatus)
def test_load_ended_in_core_if_it_succeeded_in_full_or_in_part(status: LoadStatus) -> None:
    values = dict.fromkeys(LogRow._fields) | {"load_id": uuid.uuid4(), "business_date": DAY, "status": status}
    row = LogRow(**values)  # type: ignore[arg-type]

    assert row.ended_in_core == (status in ("success", "partial"))
