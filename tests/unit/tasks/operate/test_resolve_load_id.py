from __future__ import annotations

import pytest

from tasks.operate.resolve_load_id import is_load_id

WHOLE = "01a2151d-6c18-712f-ab87-4acecdff6776"


@pytest.mark.parametrize("text", [WHOLE, WHOLE.upper(), WHOLE[:13], "01a2", "01a2151d-"])
def test_id_or_its_beginning_may_name_a_load(text: str) -> None:
    assert is_load_id(text)


@pytest.mark.parametrize("text", ["", "01a", "seven", "data/raw/a.csv", f"{WHOLE}0", "01a2%", "2025.csv"])
def test_other_text_does_not(text: str) -> None:
    assert not is_load_id(text)
