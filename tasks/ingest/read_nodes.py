"""Read the nodes of an XML file that its mapping names as rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lxml import etree

from schemas.errors import FileError
from schemas.problems import FileProblem, Kind
from schemas.settings import Settings
from schemas.xml_rows import XmlRows
from tasks.ingest.detect_kind import DTD
from tasks.ingest.grids import RowsGrid
from tasks.warehouse.storage import LOCAL

_MAX_MB = 16
"""A file is held in memory as a tree with all its rows, some forty times as big."""
_STRING = etree.XPath("string()", smart_strings=False)


class XmlGrid(RowsGrid):
    """A line with the names of the columns, and below it one for each node that is a row."""

    counts_blank_lines = True

    @classmethod
    def open(cls, file: Path, spec: XmlRows, settings: Settings) -> XmlGrid:
        """Parse a file, and evaluate the paths.

        Raises:
            FileError: it is too big, dangerous or damaged, has something else where its rows should be, or a cell that
                could be one of several.

        """
        root = parse_xml(file, settings)
        nodes = _evaluate(spec, "rows", spec.rows, root)
        if not nodes and not _holds_nothing(root, spec):
            raise FileError(FileProblem.XML_WITHOUT_ROWS, path=spec.rows)
        if not all(map(etree.iselement, nodes)):
            raise FileError(FileProblem.XML_PATH_FAILED, key="rows", path=spec.rows, error="these are no elements")
        lines = enumerate(nodes, start=2)
        return cls(
            [[*spec.columns], *([_cell(spec, name, node, line) for name in spec.columns] for line, node in lines)]
        )


def _holds_nothing(root: Any, spec: XmlRows) -> bool:  # noqa: ANN401 - lxml has no types
    """Return True if the elements that would hold the rows are there, and empty: no path finds a row in them."""
    found = _evaluate(spec, "rows", spec.holder, root) if spec.holder else []
    return bool(found) and all(etree.iselement(element) and element.find("*") is None for element in found)


def parse_xml(file: Path, settings: Settings) -> Any:  # noqa: ANN401 - lxml has no types
    """Return the root of a file.

    Raises:
        FileError: it is too big, dangerous or damaged.

    """
    max_megabytes = min(settings.max_unpacked_mb, _MAX_MB)
    with LOCAL.open(file) as stream:
        content = stream.read((max_megabytes << 20) + 1)
    if len(content) > max_megabytes << 20:
        raise FileError(FileProblem.PAGE_TOO_BIG, kind=Kind.XML, max_megabytes=max_megabytes)
    # Without its NULs, UTF-16 is searched too.
    if DTD.search(content.replace(b"\0", b"")):
        raise FileError(FileProblem.XML_DTD, part=file.name)
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise FileError(FileProblem.DAMAGED, error=error.msg) from None
    # In an encoding that is not like ASCII the search has seen nothing.
    if root.getroottree().docinfo.doctype:
        raise FileError(FileProblem.XML_DTD, part=file.name)
    return root


def _cell(spec: XmlRows, column: str, row: Any, line: int) -> str | None:  # noqa: ANN401 - as above
    path = spec.columns[column]
    found = _evaluate(spec, column, path, row)
    if not isinstance(found, list):
        return str(found).strip() or None
    if len(found) > 1:
        raise FileError(FileProblem.XML_SEVERAL_NODES, column=column, path=path, line=line, count=len(found))
    texts = [_STRING(node) if etree.iselement(node) else str(node) for node in found]
    return "".join(texts).strip() or None


def _evaluate(spec: XmlRows, key: str, path: str, node: Any) -> Any:  # noqa: ANN401 - as above
    try:
        return spec.compiled(path)(node)
    except etree.XPathError as error:
        raise FileError(FileProblem.XML_PATH_FAILED, key=key, path=path, error=str(error)) from None
