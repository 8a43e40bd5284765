from __future__ import annotations

from flows.commands.provenance import revision_columns

SAME = {"old_quality": 0, "new_quality": 0}


def test_qualities_are_shown_beside_the_values_where_one_has_changed() -> None:
    columns = revision_columns([SAME, {"old_quality": 0, "new_quality": 1}])

    assert columns[2:6] == ("old_value", "new_value", "old_quality", "new_quality")


def test_qualities_are_left_out_where_none_has_changed() -> None:
    assert "old_quality" not in revision_columns([SAME])
