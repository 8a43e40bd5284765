from __future__ import annotations

import pytest
from pydantic import ValidationError

from schemas.patterns import Regex
from schemas.spec_types import CellName, Heading, Listed, Strict


class Section(Strict):
    heading: Heading = "Дата"
    regex: Regex = ""
    cell: CellName = "A1"
    names: tuple[str, ...] = ()


def test_heading_may_be_written_as_the_column_that_it_is() -> None:
    assert Section.model_validate({"heading": {"column": "Ед."}}).heading == "Ед."


@pytest.mark.parametrize("values", [{"heading": ""}, {"regex": "(?=a)"}, {"cell": "1A"}, {"other": 1}])
def test_what_no_key_can_mean_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Section.model_validate(values)


def test_one_text_is_a_list_of_one() -> None:
    assert Listed.func("Дата") == ["Дата"]  # type: ignore[call-arg]
