from __future__ import annotations

import ast
import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterator
from uuid import UUID

import pytest

from schemas.problems import (
    FileProblem,
    FileRemark,
    Kind,
    Language,
    Step,
    StepProblem,
    describe,
    describe_failed_step,
    name_step,
)
from schemas.settings import PROJECT_ROOT

ENGLISH = "the sentence of a library"
KNOWN_LOAD = {
    "source_file": "2025-04-30/a.csv",
    "load_id": UUID(int=7),
    "finished_at": dt.datetime(2025, 4, 30, tzinfo=dt.UTC),
}
STEP_DATA: dict[str, object] = {
    "error": ENGLISH,
    "folder": "/var/artifacts",
    "nodes": "ml_hourly_by_building",
    "mappings": "boiler.yaml",
}
# What is described with a row of the load log, or without a FileError.
FIELDS_ELSEWHERE: dict[FileProblem, dict[str, object]] = {
    FileProblem.ALREADY_LOADED: KNOWN_LOAD,
    FileProblem.ROLLED_BACK: KNOWN_LOAD,
    FileProblem.SAME_CONTENT: KNOWN_LOAD,
    FileProblem.IN_PROGRESS: KNOWN_LOAD,
    FileProblem.STILL_HELD: KNOWN_LOAD,
    FileProblem.INTERRUPTED: {},
    FileProblem.UNFINISHED: {},
}


def raisers() -> dict[FileProblem, list[frozenset[str]]]:
    """Return the keywords with which the program raises each problem."""
    found: dict[FileProblem, list[frozenset[str]]] = defaultdict(list)
    for folder in ("flows", "tasks", "schemas"):
        for file in (PROJECT_ROOT / folder).rglob("*.py"):
            for problem, keywords in raised_in(ast.parse(file.read_text(encoding="utf-8"))):
                found[problem].append(keywords)
    return found


def raised_in(module: ast.Module) -> Iterator[tuple[FileProblem, frozenset[str]]]:
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and node.args and ast.unparse(node.args[0]).startswith("FileProblem."):
            code = ast.unparse(node.args[0]).removeprefix("FileProblem.")
            yield FileProblem[code], frozenset(keyword.arg or "**" for keyword in node.keywords)


RAISERS = raisers()


def sample(problem: FileProblem) -> dict[str, object]:
    if problem in FIELDS_ELSEWHERE:
        return FIELDS_ELSEWHERE[problem]
    return {name: ENGLISH if name == "error" else f"<{name}>" for name in RAISERS[problem][0]}


@pytest.mark.parametrize("problem", FileProblem)
def test_every_problem_is_raised_somewhere_always_with_the_same_data(problem: FileProblem) -> None:
    assert problem in FIELDS_ELSEWHERE or len(set(RAISERS[problem])) == 1


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("problem", [problem for problem in FileProblem if problem not in FIELDS_ELSEWHERE])
def test_text_of_a_problem_shows_all_that_its_raisers_pass(problem: FileProblem, language: Language) -> None:
    data = sample(problem)

    text = describe(problem, language, **data)

    assert all(str(value) in text for value in data.values())
    assert not re.search(r"[{}]", text)


def test_library_that_quotes_a_page_of_a_damaged_file_is_cut_short() -> None:
    text = describe(FileProblem.DAMAGED, error="x" * 3_000)

    assert len(text) < 1_000
    assert text.endswith("x…")


def prose_of(line: str) -> str:
    """Leave out commands, settings, file formats and keys of a mapping: they are names in every language."""
    return re.sub(r"dataops( [a-z]+)+|<\w+>", "", line)


@pytest.mark.parametrize("problem", FileProblem)
def test_no_line_mixes_russian_with_an_english_sentence(problem: FileProblem) -> None:
    first, *details = describe(problem, Language.RUSSIAN, **sample(problem)).split("\n")

    assert re.search(r"[а-яё]", prose_of(first))
    assert not re.search(r"[A-Za-z]+ [A-Za-z]+ [A-Za-z]+", prose_of(first))
    assert details in ([], [ENGLISH])


@pytest.mark.parametrize("problem", [*FileProblem, *StepProblem])
def test_developers_read_english_alone(problem: FileProblem | StepProblem) -> None:
    data = sample(problem) if isinstance(problem, FileProblem) else STEP_DATA

    text = describe(problem, Language.ENGLISH, **data)

    assert re.search(r"[a-z]+ [a-z]+", text)
    assert not re.search(r"[а-яё]", text, re.IGNORECASE)


@pytest.mark.parametrize("problem", StepProblem)
def test_operators_read_of_a_failed_step_one_line_without_what_a_library_says(problem: StepProblem) -> None:
    text = describe(problem, Language.RUSSIAN, **STEP_DATA)

    assert re.search(r"[а-яё]", text)
    assert ENGLISH not in text
    assert "\n" not in text


@pytest.mark.parametrize("kind", Kind)
def test_kinds_of_files_are_named_in_the_language_of_the_sentence(kind: Kind) -> None:
    russian, english = (describe(FileProblem.WRONG_KIND, language, kind=kind) for language in Language)

    assert re.match(r"это .*[а-яё]{4}.*: такой файл", russian)
    assert re.match(r"this is an? [\w ]+, which", english, re.ASCII)


@pytest.mark.parametrize("step", Step)
def test_steps_are_named_in_the_language_of_the_sentence(step: Step) -> None:
    russian, english = (describe(FileProblem.INTERNAL_ERROR, language, step=step, error="") for language in Language)

    assert f"на шаге «{name_step(step)}»" in russian
    assert re.fullmatch(r"[а-яё ]+", name_step(step))
    assert re.match(r"a bug of the program, step [a-z ]+:", english)
    assert describe_failed_step(step, "ошибка") == f"шаг «{name_step(step)}» ({step}): ошибка"


def test_a_cause_without_details_leaves_no_empty_line() -> None:
    assert "\n" not in describe(FileProblem.DAMAGED, error="")


def test_remarks_are_russian() -> None:
    assert all(re.fullmatch(r"[а-яё ,:]+(\{\w+\}[а-яё ]*)*", text) for text in FileRemark)
