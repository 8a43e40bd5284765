"""Remember what was found out of an object: the files of a day have the same mappings, and most the same headers."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Concatenate, ParamSpec, TypeVar

A = TypeVar("A")
P = ParamSpec("P")
R = TypeVar("R")
_MAX_REMEMBERED = 500


class _Same:
    """Stands for an object: equal to what stands for the same one."""

    __slots__ = ("it",)

    def __init__(self, it: object) -> None:
        self.it = it

    def __hash__(self) -> int:
        return id(self.it)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.it is self.it


def remember(function: Callable[Concatenate[A, P], R]) -> Callable[Concatenate[A, P], R]:
    """Call a function once for the same first object, which nobody changes, and equal other arguments."""

    @lru_cache(maxsize=_MAX_REMEMBERED)
    def call(same: _Same, *args: P.args, **kwargs: P.kwargs) -> R:
        return function(same.it, *args, **kwargs)  # type: ignore[arg-type]

    @wraps(function)
    def remembered(first: A, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return call(_Same(first), *args, **kwargs)  # type: ignore[arg-type]

    return remembered
