r"""Regular expressions of mappings, in a linear engine (RE2): no pattern can make a run hang on any text.

RE2 knows no look-around and no back-references, and its `\d`, `\s` and `\w` are ASCII: they are written out here, for
the texts are Russian, and numbers follow no-break spaces.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Annotated, Any

import re2
from pydantic import AfterValidator

_CLASSES = {"d": r"\p{Nd}", "s": r"\p{Z}\t-\r\x{1c}-\x{1f}\x{85}", "w": r"\p{L}_\p{N}"}
_ESCAPE = r"\\(?P<letter>.)"
_ESCAPE_OR_BRACKETS = rf"(?s){_ESCAPE}|\[\^?\]?(?:\\.|[^\]\\])*\]"

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False


@lru_cache(maxsize=1_000)
def compile_pattern(pattern: str) -> Any:  # noqa: ANN401 - re2 has no types; as re.Pattern[str]
    """Compile a pattern.

    Raises:
        ValueError: what is wrong with it.

    """
    try:
        return re2.compile(re.sub(_ESCAPE_OR_BRACKETS, _write_out, pattern), _OPTIONS)
    except re2.error as error:
        raise ValueError(error.args[0].decode("utf-8", "replace")) from None


def extract(pattern: str | None, text: str | None) -> str | None:
    """Return what a pattern finds in a text, its first group or all it matches, without spaces around; None: nothing.

    No pattern is the whole text.
    """
    match = compile_pattern(pattern or "(?s).*").search(text or "")
    found: str = ((match[1] if match.re.groups else match[0]) or "") if match else ""
    return found.strip() or None


def _write_out(token: re.Match[str]) -> str:
    letter = token["letter"]
    if letter is None:
        return re.sub(rf"(?s){_ESCAPE}", _write_out_in_brackets, token[0])
    if letter in "bB":
        raise ValueError(rf"\{letter} knows Latin letters only")
    members = _CLASSES.get(letter.lower())
    return f"[{'^' if letter.isupper() else ''}{members}]" if members else token[0]


def _write_out_in_brackets(token: re.Match[str]) -> str:
    letter = token["letter"]
    if letter in "DSW":
        raise ValueError(rf"no \{letter} in brackets")
    return _CLASSES.get(letter, token[0])


def require_pattern(value: str) -> str:
    """Return a pattern of a mapping.

    Raises:
        ValueError: says what it must be.

    """
    try:
        compile_pattern(value)
    except ValueError as error:
        raise ValueError(f"a regular expression as RE2 reads it ({error})") from None
    return value


Regex = Annotated[str, AfterValidator(require_pattern)]
"""A pattern in a mapping."""
