from __future__ import annotations

import re
import time

import pytest

from schemas.patterns import compile_pattern, extract

# Latin, Greek, Cyrillic, spaces and punctuation, letterlike signs such as №.
LETTERS = [chr(code) for code in (*range(0x600), *range(0x2000, 0x2200))]


def test_catastrophic_pattern_takes_no_time_on_any_text() -> None:
    pattern = compile_pattern("(a+)+$")
    started = time.monotonic()

    # The short text costs an engine that tries one way after the other some ten seconds, the long one for ever.
    assert pattern.search("a" * 27 + "!") is None
    assert time.monotonic() - started < 2, "matching 28 characters"
    assert pattern.search("a" * 1_000_000 + "!") is None
    assert time.monotonic() - started < 5, "matching a million characters"


@pytest.mark.parametrize("pattern", [r"\d", r"\D", r"\s", r"\S", r"\w", r"\W", r"[\d.]", r"[^\w-]", r"[]\s]", r"\\w"])
def test_classes_mean_what_python_means_in_russian_texts_too(pattern: str) -> None:
    ours, python = compile_pattern(pattern), re.compile(pattern)

    different = [text for text in [*LETTERS, r"\w"] if bool(ours.search(text)) != bool(python.search(text))]

    assert different == []


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        (r"(?<=№)\d+", "(?<="),
        (r"(a)\1", r"\1"),
        (r"((a{100}){100}){100}", "repetition"),
        (r"\bитп", "Latin letters only"),
        (r"[\S.]", "in brackets"),
        ("([", "missing ]"),
    ],
)
def test_pattern_that_the_engine_does_not_know_is_refused_with_the_part(pattern: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        compile_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"№\s*(\d+)", "ВКТ № 12 ", "12"),
        (r"№\s*\d+", "ВКТ № 12 ", "№ 12"),
        (r"№(\d*)", "№", None),
        (None, " ВКТ\n7 ", "ВКТ\n7"),
        (None, None, None),
        ("x", "y", None),
    ],
)
def test_first_group_or_all_that_matches_is_extracted(pattern: str | None, text: str | None, found: str | None) -> None:
    assert extract(pattern, text) == found
