"""Find the rows of an unknown file of XML or JSON: elements that come again, each with a time and a number."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from schemas.node_rows import ITEM, NUMBER
from schemas.units import is_unit
from tasks.sources.cells import Row, is_number
from tasks.sources.draft_identity import is_like_a_code
from tasks.sources.find_tables import FoundColumn
from tasks.sources.measure_times import says_end, says_length, says_start
from tasks.sources.node_paths import Names, Path, Place, Texts, elements_by_path, heading_of, name_of

_MAX_ROWS = 2_000
_MAX_SAMPLES = 200
_MAX_COLUMNS = 40
_MANY = 8
"""So many times as numerous are the parts of what has a time of its own, if they are the rows."""
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")
_COMPACT_CLOCK = re.compile(r"([01]\d|2[0-4])[0-5]\d")
_SAYS_CLOCK = re.compile(r"(?i)time|hour|час|врем")


class FoundRows(NamedTuple):
    """Elements of a file that may be the rows of a table."""

    namespaces: dict[str, str]
    """Prefix in the paths → namespace."""
    rows: str
    """Path of the elements."""
    total: int
    others: list[str]
    """Other elements that may be the rows, with their number."""
    columns: dict[str, str]
    """Heading → path."""
    cells: list[Row]
    """Below the headings."""


class _Column(NamedTuple):
    place: Place
    found: FoundColumn

    @property
    def is_own(self) -> bool:
        return self.place.above is None

    @property
    def is_compact_clock(self) -> bool:
        """Whether it holds times such as 0030."""
        heading, samples = self.found.heading, self.found.samples
        says = says_start(heading) or says_end(heading) or _SAYS_CLOCK.search(heading)
        return bool(says and samples) and all(map(_COMPACT_CLOCK.fullmatch, samples))

    @property
    def says_time(self) -> bool:
        found = self.found
        return self.is_compact_clock or found.dates() is not None or found.mostly(_CLOCK.fullmatch)

    @property
    def is_value(self) -> bool:
        found = self.found
        return self.is_own and found.mostly(is_number) and not self.says_time and not is_like_a_code(found)

    @property
    def is_of_use(self) -> bool:
        """Whether a text around the rows may be a time, a length, a code or a unit."""
        found = self.found
        says = self.says_time or says_length(found.heading) or is_like_a_code(found)
        return says or found.mostly(is_unit)


class _Candidate(NamedTuple):
    path: Path
    total: int
    columns: list[_Column]

    @property
    def rank(self) -> tuple[int, int]:
        """Most numerous first, of equals the outermost."""
        has_own_time = any(column.is_own and column.says_time for column in self.columns)
        return -self.total * (_MANY if has_own_time else 1), len(self.path)


def find_node_rows(root: Any) -> FoundRows | None:  # noqa: ANN401 - lxml has no types
    """Return the elements that are likeliest to be rows; None: none has a time and a number."""
    elements, texts = elements_by_path(root), Texts()
    repeated = {path: same for path, same in elements.items() if len(same) > 1}
    candidates = [
        _Candidate(path, len(same), _columns(path, same[:_MAX_SAMPLES], texts)) for path, same in repeated.items()
    ]
    likely = sorted(filter(_may_be_rows, candidates), key=lambda one: one.rank)
    names = Names(root)
    if not likely:
        return next(_find_side_by_side(repeated, texts, names), None)
    path = likely[0].path
    outer = [one for one in likely if not any(_is_inside(one.path, other.path) for other in likely)]
    others = [_describe(one.path, one.total) for one in outer if one.path != path and not _is_inside(path, one.path)]
    # The whole path to the items of an array tells an empty array from another file.
    is_only = path[-1] != ITEM and sum(other[-1] == path[-1] for other in elements) == 1
    rows = f"//{names.qualify(path[-1])}" if is_only else "".join(f"/{names.qualify(tag)}" for tag in path)
    columns = _columns(path, elements[path][:_MAX_ROWS], texts)
    paths = {column.found.heading: _path(column, names) for column in columns}
    cells: list[Row] = [[*row] for row in zip(*map(_cells, columns), strict=True)]
    return FoundRows(names.used, rows, len(elements[path]), others, paths, cells)


def _find_side_by_side(repeated: Mapping[Path, list[Any]], texts: Texts, names: Names) -> Iterator[FoundRows]:
    """Yield the arrays of times that have as long arrays of numbers beside them."""
    arrays = {path: same for path, same in repeated.items() if path[-1] == ITEM and not any(map(len, same))}
    columns = {
        path: FoundColumn(name_of(path[-2]), None, [item.text for item in same]) for path, same in arrays.items()
    }
    for path, same in arrays.items():
        if columns[path].dates() is None:
            continue
        beside = {
            other: column
            for other, column in columns.items()
            if other != path and other[:-2] == path[:-2] and len(column.cells) == len(same) and column.mostly(is_number)
        }
        if not beside:
            continue
        paths = {columns[path].heading: "."}
        for other, column in beside.items():
            paths[column.heading] = f"../../{names.qualify(other[-2])}/{ITEM}[${NUMBER}]"
        own = [columns[path], *beside.values()]
        found = [one for one in _columns(path, same[:_MAX_ROWS], texts) if not one.is_own]
        around = {" ".join(one.place.named(path[-1])): one for one in found}
        paths |= {heading: _path(one, names) for heading, one in around.items()}
        cells = zip(*(one.cells[:_MAX_ROWS] for one in own), *map(_cells, around.values()), strict=True)
        rows = "".join(f"/{names.qualify(tag)}" for tag in path)
        yield FoundRows(names.used, rows, len(same), [], paths, [[*row] for row in cells])


def _is_inside(path: Path, other: Path) -> bool:
    return len(path) > len(other) and path[: len(other)] == other


def _may_be_rows(one: _Candidate) -> bool:
    return any(column.says_time for column in one.columns) and any(column.is_value for column in one.columns)


def name_repeated(root: Any) -> Iterator[str]:  # noqa: ANN401 - as above
    """Yield the elements that come again, the most numerous first."""
    repeated = {path: len(same) for path, same in elements_by_path(root).items() if len(same) > 1}
    for path, count in sorted(repeated.items(), key=lambda item: -item[1]):
        yield _describe(path, count)


def _describe(path: Path, total: int) -> str:
    return f"{total} of {'/'.join(map(name_of, path))}"


def _columns(path: Path, rows: Sequence[Any], texts: Texts) -> list[_Column]:
    """Return what each row has once, in it or around it; of what is around it, what may be of use."""
    found = [texts.of(row) for row in rows]
    several = {place for one in found for place, text in one.items() if text is None}
    places = [place for place in dict.fromkeys(place for one in found for place in one) if place not in several]
    # The texts of the row itself come first.
    places.sort(key=lambda place: place.above is not None)
    columns: list[_Column] = []
    for place in places:
        heading = heading_of(place, path[-1])
        if heading in {column.found.heading for column in columns}:
            heading = " ".join(place.named(path[-1]))
        column = _Column(place, FoundColumn(heading, None, [one.get(place) for one in found]))
        is_new = heading not in {other.found.heading for other in columns}
        if is_new and len(columns) < _MAX_COLUMNS and (column.is_own or column.is_of_use):
            columns.append(column)
    return columns


def _path(column: _Column, names: Names) -> str:
    path = names.path_to(column.place)
    return f"concat(substring({path}, 1, 2), ':', substring({path}, 3))" if column.is_compact_clock else path


def _cells(column: _Column) -> list[str | None]:
    cells = column.found.cells
    return [cell and f"{cell[:2]}:{cell[2:]}" for cell in cells] if column.is_compact_clock else cells
