"""The two families of error: terminal ones a person must mend, transient ones that a retry cures."""

from __future__ import annotations


class DataopsError(Exception):
    """Something the user can act on; its text is one readable sentence or list, never with a secret."""


class TerminalError(DataopsError):
    """Trying again without a change gives the same answer: a bad file, a wrong setting, a missing table."""


class TransientError(DataopsError):
    """Trying again may help: a lost connection, a lock held by another run."""


class SettingsError(TerminalError):
    """A setting has a wrong value; the text names the variable, the value and what is allowed."""


class MappingError(TerminalError):
    """A source mapping is wrong; the text names the YAML file, the line and the key."""


class FileError(TerminalError):
    """A file as a whole cannot be read; the text says why and what to do, in Russian for the operators."""


class RunFailedError(TerminalError):
    """Some files of a run failed (the others are loaded); the text names each with its reason."""
