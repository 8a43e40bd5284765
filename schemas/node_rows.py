"""What of a file of XML or JSON are rows and cells, as a mapping says it by path expressions (XPath 1.0)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Annotated, Any

from lxml import etree
from pydantic import AfterValidator, Field, ValidationInfo

from schemas.spec_types import Strict, Text

_PARTS_OF_PATH = re.compile(r"""'[^']*'|"[^"]*"|//?|[\[\]()|]|[^'"/\[\]()|]+""")
NUMBER = "n"
"""Variable in the paths of columns: which of the elements of its name in the same element a row is, from 1."""
SAYS_NUMBER = re.compile(rf"\${NUMBER}\b")
ITEM = "item"
"""Name of the elements that stand for the items of a JSON array; the members of an object are those of their names."""
Prefix = Annotated[str, Field(pattern=r"^[A-Za-z_][\w.-]*$")]


@lru_cache(maxsize=1_000)
def compile_path(path: str, namespaces: tuple[tuple[str, str], ...] = ()) -> Any:  # noqa: ANN401 - lxml has no types
    """Compile a path expression, to be called with the node that it is evaluated from.

    Raises:
        ValueError: what is wrong with it.

    """
    try:
        compiled = etree.XPath(path, namespaces=dict(namespaces), regexp=False, smart_strings=False)
        # Which knows prefixes and functions; to compile looks at neither.
        compiled(etree.Element("_"), **{NUMBER: 1})
    except (etree.XPathError, ValueError) as error:
        raise ValueError(f"a path expression of XPath 1.0 ({error})") from None
    return compiled


def _checked_path(path: str, info: ValidationInfo) -> str:
    compile_path(path, tuple(info.data.get("namespaces", {}).items()))
    return path


def _checked_rows(path: str, info: ValidationInfo) -> str:
    found = compile_path(path, tuple(info.data.get("namespaces", {}).items()))(etree.Element("_"), **{NUMBER: 1})
    if not isinstance(found, list) or SAYS_NUMBER.search(path):
        raise ValueError("a path that selects nodes")
    return path


class NodeRows(Strict):
    """Which nodes are rows, and what their cells are."""

    namespaces: dict[Prefix, Text] = Field(default_factory=dict)
    """Prefix in the paths → namespace; a name without a prefix is one without a namespace."""
    rows: Annotated[Text, AfterValidator(_checked_rows)]
    """Selects the nodes that are rows, from the root of the file."""
    columns: Annotated[dict[Text, Annotated[Text, AfterValidator(_checked_path)]], Field(min_length=1)]
    """Heading → path from the row to the one node, or the text, that is its cell; NUMBER is the row's."""

    @property
    def holder(self) -> str | None:
        """Path to the elements that hold the rows: the path of the rows without its last step; None: it has none."""
        depth, position, last = 0, 0, None
        for part in _PARTS_OF_PATH.findall(self.rows):
            depth += (part in "[(") - (part in "])")
            if part == "|" and depth == 0:
                return None
            last = (position, part) if part in ("/", "//") and depth == 0 else last
            position += len(part)
        if last is None:
            return "."
        return self.rows[: last[0]] or ("/*" if last[1] == "//" else None)

    def compiled(self, path: str) -> Any:  # noqa: ANN401 - as above
        """Return one of its paths, to be called with a node."""
        return compile_path(path, tuple(self.namespaces.items()))
