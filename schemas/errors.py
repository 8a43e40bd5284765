"""The two families of error: terminal ones that a person must fix, transient ones that a retry cures."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Self

from schemas.problems import FileProblem, describe

_MAX_NAMED = 10


class DataopsError(Exception):
    """Something the user can act on; its text is one readable sentence or list, never with a secret."""


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


class FileError(TerminalError):
    """A file as a whole cannot be loaded; the text says why and what to do, in Russian for the operators."""

    problem: FileProblem
    data: dict[str, object]
    """What the text is made of, such as the name of a missing column."""

    def __init__(self, problem: FileProblem, **data: object) -> None:
        self.problem = problem
        self.data = data
        super().__init__(describe(problem, **data))

    def __reduce__(self) -> tuple[Callable[..., FileError], tuple[FileProblem, dict[str, object]]]:
        """Let the error pass between processes: by its code and data, not by its text."""
        return _file_error, (self.problem, self.data)

    @classmethod
    def of(cls, error: Exception, *, step: str) -> FileError:
        """Return the error that the load log shows: the file's own, or a bug of ours in a step."""
        if isinstance(error, FileError):
            return error
        return cls(FileProblem.INTERNAL_ERROR, step=step, error=f"{type(error).__name__}: {error}")


def _file_error(problem: FileProblem, data: dict[str, object]) -> FileError:
    return FileError(problem, **data)


class RunFailedError(TerminalError):
    """Some files of a run failed (the others are loaded); the text names them with their reasons."""

    summary: Mapping[str, object] | None = None
    """What the run did, for machines; None where it did nothing."""

    @classmethod
    def of(cls, failed: Mapping[str, str]) -> Self:
        """Name the files that failed; of very many only the first ones, for the load log has all."""
        named = [f"{name!r}: {why.partition(chr(10))[0]}" for name, why in itertools.islice(failed.items(), _MAX_NAMED)]
        if (more := len(failed) - len(named)) > 0:
            named.append(f"and {more} more: dataops status, quality.quality_load_log")
        return cls("; ".join(named))
