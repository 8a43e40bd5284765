"""SQL statements, one a file; `{stage}`, `{quality}`, `{core}` and `{features}` stand for the schemas."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from schemas.settings import Settings

_FOLDER = Path(__file__).parent


@cache
def _text(name: str) -> str:
    return (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def statement(name: str, settings: Settings) -> str:
    """Give one statement with the schema names of the settings (checked identifiers) filled in."""
    return fill_schemas(_text(name), settings)


def fill_schemas(text: str, settings: Settings) -> str:
    """Replace `{core}` and its like by schema names; values never pass through here, they are bound."""
    for role, name in settings.schemas.items():
        text = text.replace("{" + role + "}", name)
    return text
