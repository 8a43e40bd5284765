"""The two families of error: terminal ones that a person must fix, transient ones that a retry cures."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, Self

from schemas.problems import (
    FileProblem,
    Language,
    Problem,
    RunFailure,
    Step,
    StepProblem,
    describe,
    describe_failed_step,
)

_MAX_NAMED = 10


class DataopsError(Exception):
    """Something the user can act on; its text is one readable sentence or list, never with a secret."""

    language: Language = Language.ENGLISH
    """Of its text: administrators and developers read English, operators Russian."""


class TerminalError(DataopsError):
    """Trying again without a change gives the same answer: a bad file, a wrong setting, a missing table."""


class TransientError(DataopsError):
    """Trying again may help: a lost connection, a lock held by another run."""


class ClaimLostError(TerminalError):
    """Another process has taken the run's loads over, or loaded their content: this one must not write any more."""


class SettingsError(TerminalError):
    """A setting has a wrong value; the text names the variable, the value and what is allowed."""


class MappingError(TerminalError):
    """A source mapping is wrong; the text names the YAML file, the line and the key."""

    def __init__(self, text: str, *, file_name: str = "") -> None:
        super().__init__(f"{file_name}: {text}" if file_name else text)
        self.file_name = file_name


class DefinitionError(TerminalError):
    """A file of metrics, units or kinds of meters is wrong; the text names the file, the line and the key."""


def in_plain_words(sentence: str) -> str:
    """Return what pydantic says of a wrong value without the words that are meant for programmers."""
    return sentence.replace("Value error, ", "").replace("Input should be", "must be")


class CodedError(TerminalError):
    """An error with a code and data; the catalogue makes a text of them in any language."""

    problem: Problem
    data: dict[str, object]
    """What the text is made of, such as the name of a missing column."""

    def __init__(self, problem: Problem, **data: object) -> None:
        self.problem = problem
        self.data = data
        super().__init__(self.describe(self.language))

    def describe(self, language: Language) -> str:
        """Return the text in a language."""
        return describe(self.problem, language, **self.data)

    def __reduce__(self) -> tuple[Callable[..., Self], tuple[()]]:
        """Let the error pass between processes: by its code and data, not by its text."""
        return partial(type(self), self.problem, **self.data), ()


class FileError(CodedError):
    """A file as a whole cannot be loaded; the text says why and what to do, in Russian for the operators."""

    language = Language.RUSSIAN
    problem: FileProblem

    @classmethod
    def of(cls, error: Exception, *, step: Step) -> FileError:
        """Return the error that the load log shows: the file's own, or a bug of ours in a step."""
        if isinstance(error, FileError):
            return error
        return cls(FileProblem.INTERNAL_ERROR, step=step, error=f"{type(error).__name__}: {error}")


class StepError(CodedError):
    """A step failed, whatever its files; the text is English, for administrators."""

    problem: StepProblem
    step: Step | None = None
    """None: the one whose flow it ended."""


class FailedStep(NamedTuple):
    """A step of a run that failed, and not because of its files."""

    step: Step
    error: StepError

    @property
    def detail(self) -> str:
        """For administrators, in English."""
        return f"{self.step}: {self.error}"

    @property
    def why(self) -> str:
        """For operators, in Russian."""
        return self.error.describe(Language.RUSSIAN)

    def __str__(self) -> str:
        """For operators, with the step's name, in one line."""
        return describe_failed_step(self.step, self.why)


class RunFailedError(TerminalError):
    """A run failed in part: what else it had to do is done."""

    line: str
    """Names all that failed: the last line of a command."""
    details: Sequence[str]
    """What it does not say, a line each; they come before it."""
    files: Mapping[str, str]
    """Source file → why it failed: all of them."""
    steps: Sequence[FailedStep]
    """What failed whatever the files."""
    summary: Mapping[str, Any] | None = None
    """What the run did, for machines; None where it did nothing."""

    def __init__(self, line: str, details: Iterable[str] = ()) -> None:
        self.line = line
        self.details = list(details)
        self.files = {}
        self.steps = []
        super().__init__("\n".join([*self.details, line]))

    @classmethod
    def of(cls, files: Mapping[str, str], steps: Sequence[FailedStep] = ()) -> Self:
        """Name the files that failed with their reasons, of very many only the first, then the steps; in Russian."""
        named = [
            RunFailure.FILE.format(name=name, why=why.partition("\n")[0])
            for name, why in itertools.islice(files.items(), _MAX_NAMED)
        ]
        if (more := len(files) - len(named)) > 0:
            named.append(RunFailure.MORE.format(more=more))
        error = cls._in_russian("; ".join([*named, *map(str, steps)]), [step.detail for step in steps])
        error.files = dict(files)
        error.steps = list(steps)
        return error

    @classmethod
    def of_days(cls, days: Mapping[str, str]) -> Self:
        """Name the days of a backfill that failed, of very many only the first; why they failed is in the details."""
        named = list(itertools.islice(days, _MAX_NAMED))
        if (more := len(days) - len(named)) > 0:
            named.append(RunFailure.MORE_DAYS.format(more=more))
        details = [f"{day}: {line}" for day, why in days.items() for line in why.splitlines()]
        return cls._in_russian(RunFailure.DAYS.format(days=", ".join(named)), details)

    @classmethod
    def _in_russian(cls, line: str, details: Iterable[str]) -> Self:
        error = cls(line, details)
        error.language = Language.RUSSIAN
        return error
