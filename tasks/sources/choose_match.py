"""Choose the glob of a draft: files like the one at hand, and none that other mappings take."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from schemas.mappings import SourceMapping, takes_path
from schemas.months import MONTH_WORD
from tasks.sources.quoting import quote

_MIN_LETTERS = 3
"""Fewer are in names of other suppliers by chance."""


def draft_match(file_name: str, others: Sequence[SourceMapping], known_paths: Iterable[str]) -> list[str]:
    """Write the key `match`, with a question where only the bare name is safe.

    `known_paths` are those of files that are at hand; what other mappings take of them, the glob must not take.
    """
    own = [mapping for mapping in others if not mapping.fallback]
    lines = ["# Which files: globs on the path below the day's folder."]
    if takers := [mapping.name for mapping in own if mapping.takes(file_name)]:
        lines.append(f"# ??? Taken already by {', '.join(takers)}: change their match, or add exclude there.")
    glob, escaped = open_numbers(file_name), _without_wildcards(file_name)
    taken = [path for path in [*known_paths, *_examples(own)] if any(mapping.takes(path) for mapping in own)]
    if len(re.findall(r"[^\W\d_]", glob.rpartition(".")[0])) < _MIN_LETTERS:
        return [*lines, f"match: [{quote(escaped)}]  # ??? {_FEW_WORDS}"]
    if any(takes_path([glob], path) for path in taken):
        return [*lines, f"match: [{quote(escaped)}]  # ??? {quote(glob)} would take files of other mappings"]
    return [*lines, f"match: [{quote(glob)}]"]


_FEW_WORDS = 'this file alone: its name has too few letters to tell it from others\'. Is there a folder: "acme/*.csv"?'


def open_numbers(file_name: str) -> str:
    """Return the file's name with numbers and months left open: mostly they are dates and codes."""
    stem, point, suffix = _without_wildcards(file_name).rpartition(".")
    return re.sub(rf"\d+|(?i:(?<![^\W\d_]){MONTH_WORD}(?![^\W\d_]))", "*", stem) + point + re.sub(r"\d+", "*", suffix)


def _without_wildcards(file_name: str) -> str:
    return re.sub(r"[*?\[\]]", "?", file_name)


def _examples(mappings: Sequence[SourceMapping]) -> list[str]:
    """Return names that other mappings take, whether there are such files or not."""
    globs = [glob for mapping in mappings if isinstance(mapping.match, list) for glob in mapping.match]
    return [
        re.sub(r"\[[^\]]*\]", "0", glob).replace("?", "0").replace("*", filler)
        for glob in globs
        for filler in ("", "1", "2025-04-01")
    ]
