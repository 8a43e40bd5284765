from __future__ import annotations

import pytest

from tasks.operate.resolve_load_id import is_load_id, short_load_id
from tasks.warehouse.load_log import new_load_id

WHOLE = "01a2151d-6c18-712f-ab87-4acecdff6776"


@pytest.mark.parametrize("text", [WHOLE, WHOLE.upper(), WHOLE[:13], WHOLE[-8:], "01a2", "01a2151d-"])
def test_id_or_a_part_of_it_may_name_a_load(text: str) -> None:
    assert is_load_id(text)


@pytest.mark.parametrize("text", ["", "01a", "seven", "data/raw/a.csv", f"{WHOLE}0", "01a2%", "2025.csv"])
def test_other_text_does_not(text: str) -> None:
    assert not is_load_id(text)


def test_loads_of_one_millisecond_differ_in_the_end_of_their_ids() -> None:
    load_ids = [new_load_id(1_750_000_000) for _ in range(100)]

    short_ids = {short_load_id(load_id): load_id for load_id in load_ids}

    assert len(short_ids) == 100
    assert all(len(short) == 8 and str(load_id).endswith(short) for short, load_id in short_ids.items())
