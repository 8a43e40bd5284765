from __future__ import annotations

from uuid import uuid4

from tasks.load.plan_merges import MergePlan, ValidatedLoad


def load(name: str, readings: int = 10, *, shares_readings: bool = False) -> ValidatedLoad:
    return ValidatedLoad(uuid4(), name, None, readings, None, None, is_released=False, shares_readings=shares_readings)


def names(batches: list[list[ValidatedLoad]]) -> list[list[str]]:
    return [[load.source_file for load in batch] for batch in batches]


def test_loads_that_share_no_readings_are_merged_in_batches_by_size() -> None:
    plan = MergePlan.of([load("a"), load("b"), load("large", 200_000), load("c")])

    assert names(plan.side_by_side) == [["a", "b"], ["large"], ["c"]]
    assert plan.in_order == []


def test_loads_that_share_readings_are_merged_one_by_one_in_the_order_of_their_files() -> None:
    plan = MergePlan.of([load("a", shares_readings=True), load("b"), load("c", shares_readings=True)])

    assert names(plan.side_by_side) == [["b"]]
    assert names(plan.in_order) == [["a"], ["c"]]
