"""How the spellings of words in files are folded to what they have in common."""

from __future__ import annotations

import functools
import re
import unicodedata

# Letters that look alike, Cyrillic → Latin, so that `Т1` (Cyrillic) and `T1` are the same word.
_LOOK_ALIKES = str.maketrans("авеёкмнорстухі", "abeekmhopctyxi")
_MARKS = str.maketrans({"³": "3", "²": "2", "°": "o", "º": "o", "˚": "o", "−": "-", "–": "-", "\xa0": " "})
_MAX_HEADING = 200
_POINT_IN_NUMBER = re.compile(r"(?<=\d)\.(?=[\d*?\[])")
_POINT_AFTER_DIGIT = re.compile(r"(?<=\d)\.")

SPACES = r"[ \t\x{00a0}\x{202f}\x{2009}]"
"""What files write within and around numbers, as RE2 has it."""
MISSING = (
    rf"(?i)^{SPACES}*([-–—]+|н/д|нд|н\.{SPACES}?д\.?|нет({SPACES}+данных)?|ош\.{SPACES}?д\.?|n/a|na|nan|null|none"
    rf"|no{SPACES}+data)?{SPACES}*$"
)
"""Words for a value that is missing, as RE2 has it; an empty cell is one."""


def fold(text: str) -> str:
    """Fold a heading, metric or unit to what its spellings have in common.

    Case, look-alike letters, `ё`, spaces, dots, underscores and superscripts are folded.
    """
    # Sheets repeat the same headings hundreds of times; a long cell is not a heading.
    return _fold_once(text) if len(text) <= _MAX_HEADING else _fold(text)


def fold_word(text: str) -> str:
    """Fold a word in a cell, or a glob over such words: as a heading, but `1.1` is not `11`."""
    return fold(_POINT_IN_NUMBER.sub(",", text))


def fold_code(text: str) -> str:
    """Fold a word in a cell, or a glob over such words, in which points part what is beside them: `TE101.PV`."""
    return fold(_POINT_AFTER_DIGIT.sub(",", text))


def _fold(text: str) -> str:
    text = unicodedata.normalize("NFC", text).translate(_MARKS).lower().translate(_LOOK_ALIKES)
    # The letters are Latin by now: `куб. м` and `m^3` are м3.
    return re.sub(r"[\s._]+", "", text).replace("kyбm", "m3").replace("m^3", "m3")


_fold_once = functools.lru_cache(maxsize=10_000)(_fold)
