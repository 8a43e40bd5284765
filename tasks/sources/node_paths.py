"""Places in a file of XML or JSON, seen from an element that is a row: its paths, and the texts at them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

_TAG = re.compile(r"(\{(?P<namespace>[^{}]*)\})?(?P<name>.*)")
_PREFIX = re.compile(r"[A-Za-z_][\w.-]*")
_WORDS = re.compile(r"(?<=[a-zа-я])(?=[A-ZА-Я])|_")
_SAYS_LITTLE = re.compile(r"(?i)start|begin|end|from|to|code|id|name|no|number|unit|date|time")
_MAX_DEPTH = 4

Path = tuple[str, ...]
"""Tags from the root down."""


class Place(NamedTuple):
    """Where a text is, seen from a row."""

    above: str | None
    """Tag of the element around the row from where the steps go; None: the row itself."""
    steps: Path
    attribute: str | None
    nth: int = 1
    """Which of the elements of that tag around the row it is, from the inside."""

    def named(self, row: str) -> list[str]:
        """Return what may name its column, the nearest word last."""
        return [name_of(tag) for tag in (self.above or row, *self.steps, self.attribute) if tag]


class Names:
    """The names of a file in paths: those in a namespace have a prefix."""

    def __init__(self, root: Any) -> None:  # noqa: ANN401 - lxml has no types
        own = {uri: prefix for prefix, uri in root.nsmap.items() if prefix and _PREFIX.fullmatch(prefix)}
        self._own: dict[str, str] = own
        self.used: dict[str, str] = {}
        """Prefix → namespace."""

    def qualify(self, tag: str) -> str:
        """Return the name of an element or attribute in a path."""
        match = _TAG.fullmatch(tag)
        namespace, name = (match["namespace"], match["name"]) if match else (None, tag)
        if not namespace:
            return name
        free = next(prefix for number in range(1, 99) if self.used.get(prefix := f"n{number}", namespace) == namespace)
        prefix = self._own.get(namespace, free)
        self.used[prefix] = namespace
        return f"{prefix}:{name}"

    def path_to(self, place: Place) -> str:
        """Return the path from a row to a place."""
        steps = [f"ancestor::{self.qualify(place.above)}[{place.nth}]"] if place.above else []
        steps += map(self.qualify, place.steps)
        return "/".join([*steps, *([f"@{self.qualify(place.attribute)}"] if place.attribute else [])]) or "."


def name_of(tag: str) -> str:
    """Return a tag without its namespace."""
    return tag.rpartition("}")[2]


def heading_of(place: Place, row: str) -> str:
    """Return a heading for a place: the last word of its path, and the one before where that says little."""
    if place == Place(None, (), None):
        return "value"
    names = place.named(row)
    count = 2 if _SAYS_LITTLE.fullmatch(names[-1]) else 1
    return " ".join(" ".join(_WORDS.split(name)) for name in names[-count:])


def elements_by_path(root: Any) -> dict[Path, list[Any]]:  # noqa: ANN401 - as above
    """Return the elements of a file by their tags from the root, in the order of the file."""
    found: defaultdict[Path, list[Any]] = defaultdict(list)
    waiting: list[tuple[Path, Any]] = [((), root)]
    while waiting:
        path, element = waiting.pop()
        path = (*path, element.tag)
        found[path].append(element)
        waiting += [(path, child) for child in reversed(element) if isinstance(child.tag, str)]
    return found


class Texts:
    """The texts that belong to a row: in it, and once in each element around it."""

    def __init__(self) -> None:
        self._around: dict[tuple[Any, str], dict[Place, str | None]] = {}

    def of(self, row: Any) -> dict[Place, str | None]:  # noqa: ANN401 - as above
        """Return the texts by their places; None: there are several."""
        texts = _once(_inside(row, None, (), None))
        child, tags = row, Counter[str]()
        for element in row.iterancestors():
            key = element, child.tag
            tags[element.tag] += 1
            if key not in self._around:
                found = _once(_inside(element, element.tag, (), child.tag))
                self._around[key] = {place._replace(nth=tags[element.tag]): text for place, text in found.items()}
            texts = {**self._around[key], **texts}
            child = element
        return texts


def _once(found: Iterator[tuple[Place, str]]) -> dict[Place, str | None]:
    texts: dict[Place, str | None] = {}
    for place, text in found:
        texts[place] = None if place in texts else text
    return texts


def _inside(element: Any, above: str | None, steps: Path, without: str | None) -> Iterator[tuple[Place, str]]:  # noqa: ANN401
    """Yield the texts of an element: its attributes, and those of elements that hold nothing else."""
    for attribute, text in element.attrib.items():
        if text.strip():
            yield Place(above, steps, attribute), text.strip()
    children = [child for child in element if isinstance(child.tag, str)]
    if not children and (text := "".join(element.itertext()).strip()):
        yield Place(above, steps, None), text
    if len(steps) < _MAX_DEPTH:
        for child in children:
            if child.tag != without:
                yield from _inside(child, above, (*steps, child.tag), None)
