"""Read the nodes of a file of XML or JSON that its mapping names as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lxml import etree

from schemas.errors import FileError
from schemas.node_rows import NUMBER, SAYS_NUMBER, NodeRows
from schemas.problems import FileProblem
from tasks.ingest.grids import RowsGrid

_NOWHERE = 1 << 30
_STRING = etree.XPath("string()", smart_strings=False)


class NodesGrid(RowsGrid):
    """A line with the names of the columns, and below it one for each node that is a row."""

    counts_blank_lines = True

    @classmethod
    def of(cls, root: Any, spec: NodeRows) -> NodesGrid:  # noqa: ANN401 - lxml has no types
        """Evaluate the paths.

        Raises:
            FileError: the file has something else where its rows should be, or a cell that could be one of several.

        """
        nodes = _evaluate(spec, "rows", spec.rows, root)
        if not nodes and not _holds_nothing(root, spec):
            raise FileError(FileProblem.NO_ROWS_AT_PATH, path=spec.rows)
        if not all(map(etree.iselement, nodes)):
            raise FileError(FileProblem.PATH_FAILED, key="rows", path=spec.rows, error="these are no elements")
        beside = {name: path for name, path in spec.columns.items() if SAYS_NUMBER.search(path)}
        numbers = _numbers(nodes, spec, beside) if beside else [1] * len(nodes)
        lines = enumerate(zip(nodes, numbers, strict=True), start=2)
        return cls(
            [[*spec.columns], *([_cell(spec, name, *row, line=line) for name in spec.columns] for line, row in lines)]
        )


def _numbers(nodes: Sequence[Any], spec: NodeRows, beside: Mapping[str, str]) -> list[int]:
    """Return which of the elements of its name in the same element each row is; with as many must be what is beside.

    Raises:
        FileError: there are more.

    """
    numbers: dict[Any, int] = {}
    seen: set[tuple[Any, str]] = set()
    for node in nodes:
        parent = node.getparent()
        if (parent, node.tag) in seen:
            continue
        seen.add((parent, node.tag))
        siblings = [node] if parent is None else parent.findall(node.tag)
        numbers |= {sibling: number for number, sibling in enumerate(siblings, start=1)}
        for name, path in beside.items():
            behind, nowhere = (_evaluate(spec, name, path, node, number=n) for n in (len(siblings) + 1, _NOWHERE))
            if str(behind) != str(nowhere):
                raise FileError(FileProblem.NODES_LEFT_BESIDE, column=name, path=path, count=len(siblings))
    return [numbers[node] for node in nodes]


def _holds_nothing(root: Any, spec: NodeRows) -> bool:  # noqa: ANN401 - as above
    """Return True if the elements that would hold the rows are there, and empty: no path finds a row in them."""
    found = _evaluate(spec, "rows", spec.holder, root) if spec.holder else []
    return bool(found) and all(etree.iselement(element) and element.find("*") is None for element in found)


def _cell(spec: NodeRows, column: str, row: Any, number: int, *, line: int) -> str | None:  # noqa: ANN401 - as above
    path = spec.columns[column]
    found = _evaluate(spec, column, path, row, number=number)
    if not isinstance(found, list):
        return str(found).strip() or None
    # Numbers in an element, or in an array, must not run together into one.
    count = sum(len(_with_text(node)) if etree.iselement(node) and len(node) else 1 for node in found)
    if count > 1:
        raise FileError(FileProblem.SEVERAL_NODES, column=column, path=path, line=line, count=count)
    texts = [_STRING(node) if etree.iselement(node) else str(node) for node in found]
    return "".join(texts).strip() or None


def _with_text(element: Any) -> list[Any]:  # noqa: ANN401 - as above
    """Return the elements in an element, or that itself, that hold text of their own."""
    own = {node: [node.text, *(child.tail for child in node)] for node in element.iter(etree.Element)}
    return [node for node, texts in own.items() if any(text and text.strip() for text in texts)]


def _evaluate(spec: NodeRows, key: str, path: str, node: Any, *, number: int = 1) -> Any:  # noqa: ANN401 - as above
    try:
        return spec.compiled(path)(node, **{NUMBER: number})
    except etree.XPathError as error:
        raise FileError(FileProblem.PATH_FAILED, key=key, path=path, error=str(error)) from None
