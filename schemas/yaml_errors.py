"""What is wrong with a YAML file that people write: the line, the key, and what is allowed."""

from __future__ import annotations

from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from schemas.errors import in_plain_words


def describe_syntax(error: YAMLError | ValueError) -> str:
    """Return what the YAML parser refuses, and where."""
    mark = getattr(error, "problem_mark", None)
    line = f"line {mark.line + 1}: " if mark else ""
    return f"{line}{getattr(error, 'problem', None) or str(error).splitlines()[0]}"


def describe_value(item: Any, keys: tuple[Any, ...], allowed: str) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    """Return what pydantic refuses at a key; `allowed` says of an unknown key which ones are known."""
    text = in_plain_words(item["msg"])
    text = text.partition(" should ")[2] or text.removeprefix("must ")
    text = f"must {text}" if text.startswith(("be ", "match ", "have ")) else f"must be {text}"
    if item["type"] == "extra_forbidden":
        text = f"there is no such key; {allowed}" if allowed else "there is no such key"
    elif item["type"] == "missing":
        text = "must be given"
    elif isinstance(item["input"], str | int | float):
        text = f"{text}, not {item['input']!r}"
    return f"{'.'.join(str(key) for key in keys) or 'document'}: {text}"


def line_of(node: Any, keys: tuple[Any, ...]) -> int:  # noqa: ANN401 - YAML gives anything
    """Find the line of a key as a person counts it; of a missing key, that of what should hold it."""
    line = getattr(getattr(node, "lc", None), "line", 0) or 0
    for key in keys:
        if isinstance(node, CommentedMap) and key in node:
            line, node = node.lc.key(key)[0], node[key]
        elif isinstance(node, CommentedSeq) and isinstance(key, int) and key < len(node):
            line, node = node.lc.item(key)[0], node[key]
    return line + 1
