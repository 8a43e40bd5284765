"""SQL statements, one a file in the `sql/` folder beside the module that runs them.

`{stage}`, `{quality}`, `{core}` and `{features}` stand for the schemas; `:load_id` is a bound parameter. A file of
several statements begins with the comment `-- A script: …`, which says why; it takes no parameters.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from schemas.settings import Settings

# `:name`, but neither a cast (`::date`) nor an assignment or a slice.
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_][a-z0-9_]*)\b")


class Statements:
    """The statements of one step: `await connection.fetch(*sql("find_load", settings, load_id=load_id))`."""

    def __init__(self, module_file: str) -> None:
        self._folder = Path(module_file).parent / "sql"

    def text(self, name: str, settings: Settings) -> str:
        """Return a statement without parameters: a script, or one with further names to fill in."""
        return fill_schemas(_read(self._folder / f"{name}.sql"), settings)

    def __call__(self, name: str, settings: Settings, /, **values: object) -> tuple[str, *tuple[object, ...]]:
        """Return a statement with numbered parameters, as asyncpg takes it, followed by their values.

        Raises:
            TypeError: a parameter has no value, or a value no parameter.

        """
        numbered, names = number_parameters(_read(self._folder / f"{name}.sql"))
        if values.keys() != set(names):
            raise TypeError(f"{name}.sql takes {', '.join(names) or 'no parameters'}, not {', '.join(values)}")
        return fill_schemas(numbered, settings), *(values[name] for name in names)


@cache
def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8")


@cache
def number_parameters(text: str) -> tuple[str, tuple[str, ...]]:
    """Return a statement with `$1` and so on for `:name`, and the names in that order."""
    names = tuple(dict.fromkeys(_PARAMETER.findall(text)))
    return _PARAMETER.sub(lambda match: f"${names.index(match[1]) + 1}", text), names


def fill_schemas(text: str, settings: Settings) -> str:
    """Replace `{core}` and its like by schema names; values never pass through here, they are bound."""
    for role, name in settings.schemas.items():
        text = text.replace("{" + role + "}", name)
    return text


SHARED = Statements(__file__)
"""What more than one step asks."""
