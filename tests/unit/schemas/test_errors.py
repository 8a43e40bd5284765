from __future__ import annotations

import logging
import pickle

import pytest

from flows.runtime.run_log import prepare_logging
from schemas.errors import FailedStep, FileError, RunFailedError, StepError, in_plain_words
from schemas.problems import FileProblem, Language, Step, StepProblem, describe_failed_step
from schemas.settings import Settings


def test_failed_run_names_its_files_and_of_very_many_only_the_first() -> None:
    few = RunFailedError.of({"a.csv": "damaged", "b.csv": "empty"})
    many = RunFailedError.of({f"{number}.csv": "damaged" for number in range(35_000)})

    assert str(few) == "'a.csv': damaged; 'b.csv': empty"
    assert "'0.csv': damaged" in str(many)
    assert "и ещё 34990" in str(many)
    assert len(str(many)) < 400


def test_failed_run_names_its_files_then_its_steps_and_what_these_say_comes_before() -> None:
    dbt = StepError(StepProblem.DBT_NODES_FAILED, nodes="ml_hourly", error="ml_hourly: out of luck")
    lost = StepError(StepProblem.FAILED, error="PostgreSQL is not reachable")

    error = RunFailedError.of(
        {"a.xlsx": "повреждён\nFile is not a zip file"}, [FailedStep(Step.DBT, dbt), FailedStep(Step.REPORT, lost)]
    )

    assert str(error).split("\n") == [
        "dbt: ml_hourly: out of luck",
        "report: PostgreSQL is not reachable",
        f"'a.xlsx': повреждён; {describe_failed_step(Step.DBT, 'ошибка в ml_hourly')}; "
        + describe_failed_step(Step.REPORT, "ошибка, подробности в журнале запуска"),
    ]
    assert error.line == str(error).split("\n")[-1]
    assert error.language is Language.RUSSIAN


def test_failed_backfill_names_its_days_and_why_each_failed_on_lines_before() -> None:
    few = RunFailedError.of_days({"2025-04-29": "'a.csv': пустой", "2025-04-30": "it was cancelled"})
    many = RunFailedError.of_days({f"day {number}": "повреждён" for number in range(365)})

    assert str(few).split("\n") == [
        "2025-04-29: 'a.csv': пустой",
        "2025-04-30: it was cancelled",
        "не загружены дни: 2025-04-29, 2025-04-30",
    ]
    assert many.line.endswith("day 9, и ещё 355")
    assert len(many.details) == 365


@pytest.mark.parametrize(
    "error",
    [
        StepError(StepProblem.ARTIFACTS_NOT_WRITABLE, folder="/a", error="Read-only file system"),
        RunFailedError.of({"a.csv": "damaged"}, [FailedStep(Step.LOAD, StepError(StepProblem.FAILED, error="lost"))]),
    ],
    ids=["step", "run"],
)
def test_errors_pass_between_processes(error: StepError | RunFailedError) -> None:
    copied = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own

    assert (type(copied), str(copied), copied.language) == (type(error), str(error), error.language)
    assert getattr(copied, "line", None) == getattr(error, "line", None)


def test_file_error_passes_between_processes_with_its_code_and_data() -> None:
    error = FileError(FileProblem.NUL_BYTE, offset=7)

    copied = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own

    assert (copied.problem, copied.data, str(copied)) == (FileProblem.NUL_BYTE, {"offset": 7}, str(error))


def test_bug_of_ours_in_a_step_has_its_own_code_and_the_exception_on_a_second_line() -> None:
    error = FileError.of(KeyError("x"), step=Step.INGEST)

    assert (error.problem, str(error).split("\n")[1]) == (FileProblem.INTERNAL_ERROR, "KeyError: 'x'")
    assert str(error).startswith("ошибка программы на шаге «чтение»")
    assert error.describe(Language.ENGLISH).startswith("a bug of the program, step reading")
    assert FileError.of(error, step=Step.LOAD) is error


def test_pydantics_words_for_programmers_are_left_out() -> None:
    assert in_plain_words("Value error, 'x' is not one of 'a'") == "'x' is not one of 'a'"
    assert in_plain_words("Input should be greater than 0") == "must be greater than 0"


@pytest.mark.parametrize(
    ("error", "has_traceback"), [(FileError(FileProblem.ENCRYPTED), False), (KeyError("a bug"), True)]
)
def test_log_has_no_traceback_of_what_the_user_can_act_on(error: Exception, has_traceback: bool) -> None:
    record = logging.LogRecord(
        "prefect.flow_runs", logging.ERROR, __file__, 1, "it failed", None, (type(error), error, None)
    )

    prepare_logging(Settings())
    is_said = logging.getLogger(record.name).filter(record)

    assert is_said
    assert bool(record.exc_info) is has_traceback
