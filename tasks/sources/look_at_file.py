"""Look at an unknown file: the cells of its sheets, and the keys of a mapping that say how it is cut into cells."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any, NamedTuple

from schemas.problems import Kind
from tasks.sources.find_node_rows import find_node_rows, name_repeated
from tasks.sources.find_positions import find_positions
from tasks.sources.find_tables import Sheet, find_tables
from tasks.sources.quoting import quote
from tasks.sources.recognise_dates import OPEN

_MAX_NAMED = 10
_MAX_SHOWN = 80


class Looked(NamedTuple):
    """What a file holds, as far as it can be seen without a mapping."""

    sheets: list[Sheet]
    cut: Sequence[str] = ()
    """Lines of a mapping: how the file is cut into cells, where delimiters do not say it."""


def look_at_text(sheets: list[Sheet], lines: Sequence[str]) -> Looked:
    """Cut the lines of a text at the blanks that they share, where delimiters make no table of them."""
    if any(next(find_tables(sheet), None) for sheet in sheets) or (found := find_positions(lines)) is None:
        return Looked(sheets)
    cut = Sheet(None, [found.cut(line) for line in lines])
    if next(find_tables(cut), None) is None:
        return Looked(sheets)
    doubt = f"; {OPEN} a single blank may also be inside of a column" if found.is_narrow else ""
    starts = ", ".join(map(str, found.starts))
    return Looked([cut], [f"positions: [{starts}]  # {found.lines} lines with data have blanks before these{doubt}"])


def look_at_nodes(root: Any, kind: Kind) -> Looked:  # noqa: ANN401 - lxml has no types
    """Take the elements that come again, each with a time and a number, for the rows of a table."""
    found = find_node_rows(root)
    if found is None:
        repeated = [f"#   {one}" for one in islice(name_repeated(root), _MAX_NAMED)]
        return Looked(
            [], [f"# {OPEN} {kind}: no element that comes again has a time and a number. Such elements:", *repeated]
        )
    others = f"; {OPEN} or {', '.join(found.others[:_MAX_NAMED])}" if found.others else ""
    names = ", ".join(f"{prefix}: {quote(uri)}" for prefix, uri in found.namespaces.items())
    lines = [
        f"{kind}:  # FILE_PATTERNS must have names such as *.{kind}",
        *([f"  namespaces: {{{names}}}"] if names else []),
    ]
    lines += [f"  rows: {quote(found.rows)}  # {found.total} of them{others}", "  columns:"]
    for place, (heading, path) in enumerate(found.columns.items()):
        sample = next((cell for row in found.cells if (cell := row[place])), "")
        lines.append(f"    {quote(heading)}: {quote(path)}  # such as {quote(sample[:_MAX_SHOWN])}")
    return Looked([Sheet(None, [[*found.columns], *found.cells])], lines)
