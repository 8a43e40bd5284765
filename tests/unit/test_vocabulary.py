from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from schemas.settings import PROJECT_ROOT

# Words that have been replaced by one clear word each; see CONTRIBUTING.md.
REPLACED = {
    "judge": "validate",
    "judged": "validated",
    "judging": "validating",
    "fate": "action",
    "fates": "actions",
    "twins": "duplicates",
    "unequal": "changed_rows",
    "_patiently": "retry_on_lock",
    "telling load": "example load",
    "telling_load": "example_load",
    "settled(": "deterministic_sum(",
    "foreign core": "externally managed core",
    "foreign_core": "external_core",
    "_MOST_": "_MAX_",
    "LEAST_": "MIN_",
    "Tell whether": "Return True if",
    "lay_out": "a verb that says what is written",
    "forget_": "delete_",
    "class World": "PipelineHarness",
    "class Lab": "BenchEnvironment",
    "somebody else": "someone else",
    "anew": "again",
    "mended": "corrected",
    "a process of its own": "a separate process",
}
SUFFIXES = {".py", ".sql", ".md", ".yml", ".yaml", ".toml", ".j2"}
# Applied in the field: these never change.
APPLIED = {f"000{number}" for number in range(1, 7)}


def _pattern(word: str) -> re.Pattern[str]:
    # A word that ends or begins with `_` is a piece of a longer name.
    before = "" if word.startswith("_") else r"(?<![^\W_])"
    after = "" if word[-1] in "_()" else r"(?![^\W_])"
    # Names of constants are not the words of a sentence: a test may speak of `at_most_100_files`.
    return re.compile(before + re.escape(word) + after, 0 if word.isupper() else re.IGNORECASE)


PATTERNS = {word: _pattern(word) for word in REPLACED}


def _files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT_ROOT, capture_output=True, check=True, text=True)
    return [
        path
        for name in listed.stdout.split("\0")
        if (path := PROJECT_ROOT / name).suffix in SUFFIXES and path.is_file() and not _is_exempt(path)
    ]


def _is_exempt(path: Path) -> bool:
    is_applied = path.parent == PROJECT_ROOT / "schemas" / "migrations" and path.name[:4] in APPLIED
    return is_applied or path == Path(__file__)


@pytest.mark.skipif(not (PROJECT_ROOT / ".git").exists(), reason="only a checkout says which files are ours")
def test_one_thing_has_one_name() -> None:
    found = [
        f"{path.relative_to(PROJECT_ROOT)}:{number}: {word!r} is called {REPLACED[word]!r} here"
        for path in _files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        for word, pattern in PATTERNS.items()
        if pattern.search(line)
    ]

    assert found == [], "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("word", "line", "is_found"),
    [
        pytest.param("judge", "def judge(rows):", True, id="a_name"),
        pytest.param("judge", "the_judge_of", True, id="a_piece_of_a_name"),
        pytest.param("judge", "judgement", False, id="another_word"),
        pytest.param("anew", "Anew", True, id="in_capitals"),
        pytest.param("anew", "Manewitsch", False, id="inside_a_word"),
        pytest.param("forget_", "forget_loads", True, id="the_beginning_of_a_name"),
        pytest.param("_MOST_", "_MOST_AT_ONCE", True, id="the_middle_of_a_name"),
        pytest.param("settled(", "unsettled(", False, id="the_end_of_a_word"),
    ],
)
def test_words_are_found_whole(word: str, line: str, *, is_found: bool) -> None:
    assert (PATTERNS[word].search(line) is not None) is is_found
