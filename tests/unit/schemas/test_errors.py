from __future__ import annotations

import logging
import pickle

import pytest

from flows.runtime.run_log import prepare_logging
from schemas.errors import FileError, RunFailedError
from schemas.problems import FileProblem
from schemas.settings import Settings


def test_failed_run_names_its_files_and_of_very_many_only_the_first() -> None:
    few = RunFailedError.of({"a.csv": "damaged", "b.csv": "empty"})
    many = RunFailedError.of({f"{number}.csv": "damaged" for number in range(35_000)})

    assert str(few) == "'a.csv': damaged; 'b.csv': empty"
    assert "'0.csv': damaged" in str(many)
    assert "and 34990 more" in str(many)
    assert len(str(many)) < 400


def test_file_error_passes_between_processes_with_its_code_and_data() -> None:
    error = FileError(FileProblem.NUL_BYTE, offset=7)

    copied = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own

    assert (copied.problem, copied.data, str(copied)) == (FileProblem.NUL_BYTE, {"offset": 7}, str(error))


def test_bug_of_ours_in_a_step_has_its_own_code_and_the_exception_on_a_second_line() -> None:
    error = FileError.of(KeyError("x"), step="чтение")

    assert (error.problem, str(error).split("\n")[1]) == (FileProblem.INTERNAL_ERROR, "KeyError: 'x'")
    assert FileError.of(error, step="загрузка") is error


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
