from __future__ import annotations

from tasks.ingest.remember import remember


def test_the_same_object_is_asked_once_and_an_equal_one_again() -> None:
    asked = []

    @remember
    def length(items: list[int], factor: int = 1) -> int:
        asked.append((items, factor))
        return len(items) * factor

    first, equal = [1, 2], [1, 2]

    assert [length(first), length(first), length(equal), length(first, factor=2)] == [2, 2, 2, 4]
    assert asked == [(first, 1), (equal, 1), (first, 2)]
    assert asked[1][0] is equal
