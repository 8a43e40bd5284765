"""Parse a file of XML or JSON into a tree of elements, which the paths of a mapping address."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from lxml import etree

from schemas.errors import FileError
from schemas.node_rows import ITEM
from schemas.problems import FileProblem, Kind
from schemas.settings import Settings
from tasks.ingest.detect_dialect import detect_encoding
from tasks.ingest.detect_kind import DTD
from tasks.warehouse.storage import LOCAL

_MAX_MB = 16
"""A file is held in memory as a tree with all its rows, some forty times as big."""
_HEAD_BYTES = 1 << 18
_NOT_IN_A_NAME = re.compile(r"^(?![A-Za-z_\u00c0-\uffff])[\s\S]|[^\w.-]|[ªµº]")
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_VALUE = re.compile(r"\S")


def parse_nodes(file: Path, kind: Kind, settings: Settings) -> Any:  # noqa: ANN401 - lxml has no types
    """Return the root of a file of XML or JSON.

    Raises:
        FileError: it is too big, dangerous or damaged.

    """
    max_megabytes = min(settings.max_unpacked_mb, _MAX_MB)
    with LOCAL.open(file) as stream:
        content = stream.read((max_megabytes << 20) + 1)
    if len(content) > max_megabytes << 20:
        raise FileError(FileProblem.PAGE_TOO_BIG, kind=kind, max_megabytes=max_megabytes)
    return _parse_json(file, content) if kind is Kind.JSON else _parse_xml(file, content)


def _parse_xml(file: Path, content: bytes) -> Any:  # noqa: ANN401 - as above
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


def _parse_json(file: Path, content: bytes) -> Any:  # noqa: ANN401 - as above
    """Return the element `json` of a value, or of the values that follow each other, as items.

    A member is an element of its name, in which XML's forbidden characters are `_x0020_` as SQL/XML has them (ISO
    9075-14); a name that comes twice is two elements. An item of an array is an element `item`. Numbers stay as they
    are written.
    """
    encoding = detect_encoding(file, content[:_HEAD_BYTES])
    root = etree.Element("json")
    decoder = json.JSONDecoder(object_pairs_hook=_Members, parse_float=str, parse_int=str, parse_constant=str)
    try:
        text = content.decode(encoding).removeprefix("\ufeff")
        values, end = list[Any](), 0
        while begin := _VALUE.search(text, end):
            value, end = decoder.raw_decode(text, begin.start())
            values.append(value)
        _fill(root, values[0] if len(values) == 1 else values)
    except UnicodeDecodeError as error:
        raise FileError(FileProblem.BYTE_NOT_IN_ENCODING, offset=error.start, encoding=encoding) from None
    except (ValueError, RecursionError) as error:
        raise FileError(FileProblem.DAMAGED, error=str(error)) from None
    return root


class _Members(tuple[tuple[str, Any], ...]):
    """The members of a JSON object, in their order."""

    __slots__ = ()


def _fill(element: Any, value: Any) -> None:  # noqa: ANN401 - lxml has no types, and JSON gives anything
    if isinstance(value, _Members):
        for name, member in value:
            _fill(etree.SubElement(element, _element_name(name)), member)
    elif isinstance(value, list):
        for item in value:
            _fill(etree.SubElement(element, ITEM), item)
    elif value is not None:
        element.text = _NOT_IN_XML.sub("�", str(value).lower() if isinstance(value, bool) else value)


def _element_name(name: str) -> str:
    return _NOT_IN_A_NAME.sub(lambda match: f"_x{ord(match[0]):04X}_", name) or "_"
